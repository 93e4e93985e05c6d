"""Which network addresses media may come from, and a transport that connects to nothing else.

A URL in Coze's output is text from outside: it must not make this machine talk to services of its own network.
The host is resolved here, every address checked, and the connection made to the checked address itself, so that
a second, different answer of the name service cannot slip in between.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import anyio

from cozebatch.model.errors import Category, UsageError
from cozebatch.network.certificates import tls_context
from cozebatch.network.httpx_library import httpx
from cozebatch.network.proxies import Proxy, proxy_for
from cozebatch.network.transport import transport
from cozebatch.synthesis.download.special_addresses import (
    PRIVATE,
    IPAddress,
    ipv4_inside,
    is_special,
    isatap_inside,
)
from cozebatch.synthesis.failures import clean, failure


def allowed(address: IPAddress, *, allow_loopback: bool = False) -> bool:
    """Whether media may be fetched from there: public addresses, and with `allow_loopback` loopback and private ones.

    An IPv6 address that leads to an IPv4 one counts as that; an ISATAP one needs both allowed.
    """
    if isinstance(address, ipaddress.IPv6Address):
        if address.scope_id is not None:
            return False
        if inside := ipv4_inside(address):
            return all(allowed(inner, allow_loopback=allow_loopback) for inner in inside)
        isatap = isatap_inside(address)
        if isatap is not None and not allowed(isatap, allow_loopback=allow_loopback):
            return False
    if address.is_loopback or any(address in network for network in PRIVATE):
        return allow_loopback
    return not is_special(address)


async def resolve(host: str, port: int, *, allow_loopback: bool = False) -> Sequence[IPAddress]:
    """The addresses of `host` to try, in order. Raises `StepError` (`download`) when there is none that is allowed.

    One forbidden address among several refuses the host: mixed public and private answers suggest DNS rebinding.
    """
    literal = _literal(host)
    if literal is not None:
        found: list[IPAddress] = [literal]
    else:
        try:
            with anyio.fail_after(10):
                answers = await anyio.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError, TimeoutError) as error:
            reason = clean(str(error))
            raise failure(
                Category.DOWNLOAD,
                f"无法解析域名 {clean(host, 80)}：{reason}",
                f"the host {clean(host, 80)} could not be resolved: {reason}",
            ) from None
        found = list(dict.fromkeys(ipaddress.ip_address(answer[4][0]) for answer in answers))
    if not found or not all(allowed(address, allow_loopback=allow_loopback) for address in found):
        raise failure(
            Category.DOWNLOAD,
            f"拒绝从非公网地址下载：{clean(host, 80)}",
            f"refused: {clean(host, 80)} is no public address",
        )
    return found


def _literal(host: str) -> IPAddress | None:
    try:
        return ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return None


@contextmanager
def _told_as_download() -> Iterator[None]:
    """Settings of the environment that cannot be used end this download."""
    try:
        yield
    except UsageError as error:
        (why,) = error.complaints
        raise failure(Category.DOWNLOAD, why.zh, why.en) from None


class GuardedTransport(httpx.AsyncBaseTransport):
    """Sends each request to a checked address of its host; TLS and the Host header keep the host's name.

    A proxy is asked for the checked address, too, and never for the name. Connections are not reused (a pool knows them
    by address only, not by name).
    """

    def __init__(self, *, allow_loopback: bool) -> None:
        self._allow_loopback = allow_loopback
        self._networks: dict[Proxy | None, httpx.AsyncBaseTransport] = {}

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        url = request.url
        port = url.port or (443 if url.scheme == "https" else 80)
        addresses = await resolve(url.host, port, allow_loopback=self._allow_loopback)
        network = self._network(self.proxy_of(url, addresses))
        for address in addresses[:-1]:
            try:
                return await self._send(network, request, address)
            except (httpx.ConnectError, httpx.ProxyError):
                continue
        return await self._send(network, request, addresses[-1])

    def proxy_of(self, url: httpx.URL, addresses: Sequence[IPAddress] = ()) -> Proxy | None:
        """The proxy through which `url` is fetched; none for what lies on this machine or in its network. Raises
        `StepError` for a proxy that cannot be used."""
        if any(not allowed(address) for address in addresses):
            return None
        with _told_as_download():
            return proxy_for(str(url))

    def _network(self, proxy: Proxy | None) -> httpx.AsyncBaseTransport:
        if proxy not in self._networks:
            limits = httpx.Limits(max_keepalive_connections=0)
            with _told_as_download():
                self._networks[proxy] = transport(proxy, tls_context(), limits)
        return self._networks[proxy]

    async def _send(
        self, network: httpx.AsyncBaseTransport, request: httpx.Request, address: IPAddress
    ) -> httpx.Response:
        extensions = {**request.extensions}
        if _literal(request.url.host) is None:
            extensions["sni_hostname"] = request.url.host
        pinned = httpx.Request(
            request.method,
            request.url.copy_with(host=str(address)),
            headers=request.headers,  # holds the Host header of the original URL already
            stream=request.stream,
            extensions=extensions,
        )
        return await network.handle_async_request(pinned)

    async def aclose(self) -> None:
        while self._networks:
            await self._networks.popitem()[1].aclose()
