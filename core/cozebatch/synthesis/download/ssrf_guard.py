"""Which network addresses media may come from, and a transport that connects to nothing else.

A URL in Coze's output is text from outside: it must not make this machine talk to services of its own network.
The host is resolved here, every address checked, and the connection made to the checked address itself, so that
a second, different answer of the name service cannot slip in between.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Sequence

import anyio
import httpx

from cozebatch.model.errors import Category
from cozebatch.synthesis.failures import clean, failure

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address

_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_IPV4_COMPATIBLE = ipaddress.IPv6Network("::/96")


def allowed(address: IPAddress, *, allow_loopback: bool = False) -> bool:
    """Whether media may be fetched from there: public addresses, and with `allow_loopback` loopback and private ones.

    IPv4 addresses inside IPv6 ones (mapped, NAT64, 6to4, Teredo) count as what is inside.
    """
    if isinstance(address, ipaddress.IPv6Address):
        inner = _inside(address)
        if inner is not None:
            return allowed(inner, allow_loopback=allow_loopback)
        if address.scope_id is not None:
            return False
    if address.is_unspecified or address.is_multicast or address.is_link_local:
        return False
    if address.is_loopback or (address.is_private and not address.is_reserved and _is_lan(address)):
        return allow_loopback
    return address.is_global and not address.is_private and not address.is_reserved


def _is_lan(address: IPAddress) -> bool:
    nets = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16") if address.version == 4 else ("fc00::/7",)
    return any(address in ipaddress.ip_network(net) for net in nets)


def _inside(address: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address.sixtofour is not None:
        return address.sixtofour
    if address.teredo is not None:
        return address.teredo[1]
    if address in _NAT64 or (address in _IPV4_COMPATIBLE and int(address) > 1):
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return None


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


class GuardedTransport(httpx.AsyncBaseTransport):
    """Sends each request to a checked address of its host; TLS and the Host header keep the host's name.

    `network` does the connecting. Connections are not reused (its pool knows them by address only, not by name).
    """

    def __init__(self, *, allow_loopback: bool) -> None:
        self._allow_loopback = allow_loopback
        self._network = httpx.AsyncHTTPTransport(limits=httpx.Limits(max_keepalive_connections=0))

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        url = request.url
        port = url.port or (443 if url.scheme == "https" else 80)
        addresses = await resolve(url.host, port, allow_loopback=self._allow_loopback)
        for address in addresses[:-1]:
            try:
                return await self._send(request, address)
            except httpx.ConnectError:
                continue
        return await self._send(request, addresses[-1])

    async def _send(self, request: httpx.Request, address: IPAddress) -> httpx.Response:
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
        return await self._network.handle_async_request(pinned)

    async def aclose(self) -> None:
        await self._network.aclose()
