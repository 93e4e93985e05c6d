"""Connections through a proxy: HTTP `CONNECT`, SOCKS5 (RFC 1928, RFC 1929) and SOCKS4a, under httpx's own transport.

Everything goes through a tunnel, also plain HTTP: so the request is the same as on a direct connection, the address
that was checked is the one that is connected to, and TLS is spoken with the site and not with the proxy. Whatever fails
before the tunnel stands is a `ProxyError` or `ConnectError`: the request has surely not left.
"""

from __future__ import annotations

import base64
import ipaddress
import re
import ssl
from collections.abc import Iterable

import anyio
import httpcore

from cozebatch.network.httpx_library import httpx
from cozebatch.network.proxies import Proxy

_MOST_HEAD = 65_536
_SOCKS5_REFUSALS = {
    1: "general failure",
    2: "not allowed by its rules",
    3: "network unreachable",
    4: "host unreachable",
    5: "connection refused",
    6: "TTL expired",
    7: "command not supported",
    8: "address type not supported",
}


class TunnelTransport(httpx.AsyncHTTPTransport):
    """httpx's transport whose connections lead through a proxy."""

    def __init__(self, proxy: Proxy, *, tls: ssl.SSLContext, limits: httpx.Limits) -> None:
        super().__init__(verify=tls, limits=limits, trust_env=False)
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=tls,
            max_connections=limits.max_connections,
            max_keepalive_connections=limits.max_keepalive_connections,
            keepalive_expiry=limits.keepalive_expiry,
            network_backend=_TunnelBackend(proxy, tls),
        )


class _TunnelBackend(httpcore.AsyncNetworkBackend):
    """Connects to the proxy and asks it for a connection to the real host."""

    def __init__(self, proxy: Proxy, tls: ssl.SSLContext) -> None:
        self._proxy = proxy
        self._tls = tls
        self._network = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        proxy = self._proxy
        stream = await self._network.connect_tcp(proxy.host, proxy.port, timeout, local_address, socket_options)
        open_ = False
        try:
            if proxy.scheme == "https":
                stream = await stream.start_tls(self._tls, server_hostname=proxy.host, timeout=timeout)
            await self._ask(stream, host, port, timeout)
            open_ = True
        finally:
            if not open_:
                with anyio.CancelScope(shield=True):
                    await stream.aclose()
        return stream

    async def _ask(self, stream: httpcore.AsyncNetworkStream, host: str, port: int, timeout: float | None) -> None:
        try:
            with anyio.fail_after(timeout):
                match self._proxy.scheme:
                    case "socks5":
                        await _socks5(_Talk(stream), self._proxy, host, port)
                    case "socks4":
                        await _socks4(_Talk(stream), self._proxy, host, port)
                    case _:
                        await _connect(_Talk(stream), self._proxy, host, port)
        except TimeoutError:
            raise httpcore.ConnectTimeout("the proxy did not answer in time") from None
        except (httpcore.NetworkError, httpcore.TimeoutException) as error:
            raise httpcore.ProxyError(str(error) or "the proxy closed the connection") from None


class _Talk:
    """Bytes to and from the proxy, exactly as many as are wanted."""

    def __init__(self, stream: httpcore.AsyncNetworkStream) -> None:
        self._stream = stream
        self._read = b""

    async def send(self, data: bytes) -> None:
        await self._stream.write(data)

    async def exactly(self, count: int) -> bytes:
        while len(self._read) < count:
            await self._more()
        taken, self._read = self._read[:count], self._read[count:]
        return taken

    async def head(self) -> bytes:
        """Up to the empty line that ends an HTTP head."""
        while b"\r\n\r\n" not in self._read:
            if len(self._read) > _MOST_HEAD:
                raise httpcore.ProxyError("the proxy's answer has no end")
            await self._more()
        head, _, self._read = self._read.partition(b"\r\n\r\n")
        return head

    async def _more(self) -> None:
        piece = await self._stream.read(4096)
        if not piece:
            raise httpcore.ProxyError("the proxy closed the connection")
        self._read += piece


async def _connect(talk: _Talk, proxy: Proxy, host: str, port: int) -> None:
    place = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    lines = [f"CONNECT {place} HTTP/1.1", f"Host: {place}"]
    if proxy.user or proxy.password:
        login = base64.b64encode(f"{proxy.user}:{proxy.password}".encode()).decode("ascii")
        lines.append(f"Proxy-Authorization: Basic {login}")
    await talk.send("\r\n".join([*lines, "", ""]).encode("ascii"))
    status = (await talk.head()).split(b"\r\n", 1)[0]
    found = re.match(rb"HTTP/1\.\d (\d{3})", status)
    if found is None:
        raise httpcore.ProxyError("it does not answer like an HTTP proxy")
    if not 200 <= int(found[1]) < 300:
        raise httpcore.ProxyError(f"it refused: {status[9:120].decode('ascii', 'replace')}")


async def _socks5(talk: _Talk, proxy: Proxy, host: str, port: int) -> None:
    has_login = bool(proxy.user or proxy.password)
    await talk.send(b"\x05\x02\x00\x02" if has_login else b"\x05\x01\x00")
    version, method = await talk.exactly(2)
    if version != 5:
        raise httpcore.ProxyError("it does not answer like a SOCKS5 proxy")
    if method == 2 and has_login:
        user, password = proxy.user.encode()[:255], proxy.password.encode()[:255]
        await talk.send(bytes([1, len(user)]) + user + bytes([len(password)]) + password)
        if (await talk.exactly(2))[1] != 0:
            raise httpcore.ProxyError("it refused the user or password")
    elif method != 0:
        raise httpcore.ProxyError("it wants a user and password" if method == 255 else "it wants another login")
    await talk.send(b"\x05\x01\x00" + _socks5_address(host) + port.to_bytes(2, "big"))
    version, reply, _, kind = await talk.exactly(4)
    if version != 5 or reply != 0:
        raise httpcore.ProxyError(f"it refused: {_SOCKS5_REFUSALS.get(reply, 'unknown reason')}")
    length = {1: 4, 4: 16}.get(kind) or (await talk.exactly(1))[0]
    await talk.exactly(length + 2)


def _socks5_address(host: str) -> bytes:
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        name = host.encode("ascii")
        return bytes([3, len(name)]) + name
    return (b"\x01" if address.version == 4 else b"\x04") + address.packed


async def _socks4(talk: _Talk, proxy: Proxy, host: str, port: int) -> None:
    """SOCKS4a: the proxy finds a name's address itself. It knows no IPv6 addresses."""
    name = b""
    try:
        packed = ipaddress.IPv4Address(host).packed
    except ValueError:
        packed, name = b"\x00\x00\x00\x01", host.encode("ascii") + b"\x00"
    await talk.send(b"\x04\x01" + port.to_bytes(2, "big") + packed + proxy.user.encode() + b"\x00" + name)
    reply = await talk.exactly(8)
    if reply[0] != 0 or reply[1] != 0x5A:
        raise httpcore.ProxyError("it refused the connection, or is no SOCKS4 proxy")
