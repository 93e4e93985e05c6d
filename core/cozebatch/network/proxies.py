"""Which proxy leads to an address: `HTTP_PROXY`, `HTTPS_PROXY`, `ALL_PROXY` and `NO_PROXY`, or the system's settings.

Read here and not by httpx, which fails on odd entries of `NO_PROXY`. A password never shows: not in a text, not in a
`repr`. Imports `urllib.request` only when it is asked, since it is slow.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal, get_args
from urllib.parse import unquote

from cozebatch.model.errors import UsageError
from cozebatch.model.loopback import is_loopback_host
from cozebatch.model.text import Text
from cozebatch.model.urls import split_url

Scheme = Literal["http", "https", "socks5", "socks4"]

_SCHEMES: Mapping[str, Scheme] = MappingProxyType(
    {**{name: name for name in get_args(Scheme)}, "socks": "socks5", "socks5h": "socks5", "socks4a": "socks4"}
)
_PORTS: Mapping[str, int] = MappingProxyType({"http": 80, "https": 443, "socks5": 1080, "socks4": 1080})


@dataclass(frozen=True, slots=True)
class Proxy:
    """One proxy. Its text is the address without user and password."""

    scheme: Scheme
    host: str
    port: int
    user: str = field(default="", repr=False)
    password: str = field(default="", repr=False)

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}"


def proxy_for(url: str) -> Proxy | None:
    """The proxy that the environment names for `url`; None for a direct connection, as to this machine always.

    Raises `UsageError` for a proxy that cannot be used.
    """
    parts = split_url(url)
    host = parts.hostname if parts is not None else None
    if parts is None or host is None or is_loopback_host(host):
        return None
    from urllib.request import getproxies, getproxies_environment, proxy_bypass

    named = getproxies()
    text = named.get(parts.scheme) or named.get("all")
    if not text:
        return None
    port = parts.port or _PORTS.get(parts.scheme, 0)
    if is_exempt(named.get("no", ""), host, port):
        return None
    if not getproxies_environment() and proxy_bypass(host):  # the list of Windows or macOS
        return None
    return parse_proxy(text)


def parse_proxy(text: str) -> Proxy:
    """A proxy from the text of a variable; a text without a scheme is an HTTP proxy. Raises `UsageError`, which does
    not repeat the text: it may hold a password."""
    scheme, mark, rest = text.strip().partition("://")
    if not mark:
        scheme, rest = "http", scheme
    known = _SCHEMES.get(scheme.lower())
    login, _, place = rest.rpartition("@")  # a password may hold any sign
    found = re.fullmatch(r"(\[[0-9A-Fa-f:.%]+\]|[^\[\]:/?#\s]+)(?::(\d{1,5}))?(?:[/?#].*)?", place)
    if known is None or found is None or not 0 < int(found[2] or 1) <= 65535:
        raise UsageError(
            Text(
                "代理地址无法使用（HTTP_PROXY、HTTPS_PROXY、ALL_PROXY，或系统的代理设置）：应为 http://主机:端口 或 "
                "socks5://主机:端口。",
                "The proxy (HTTP_PROXY, HTTPS_PROXY, ALL_PROXY, or the system's) cannot be used: write "
                "http://HOST:PORT or socks5://HOST:PORT.",
            )
        )
    user, _, password = login.partition(":")
    port = int(found[2]) if found[2] else _PORTS[known]
    return Proxy(known, found[1].strip("[]"), port, unquote(user), unquote(password))


def is_exempt(no_proxy: str, host: str, port: int) -> bool:
    """Whether `NO_PROXY` names a host. Entries are `*`, names (with all names below them), addresses and networks, each
    with or without a port; whatever else stands there exempts nothing."""
    entries = [entry for entry in re.split(r"[,;\s]+", no_proxy.lower()) if entry]
    return any(entry == "*" or _names(entry, _ascii(host), port) for entry in entries)


def _names(entry: str, host: str, port: int) -> bool:
    entry = entry.rpartition("://")[2].rstrip("/") if "://" in entry else entry
    found = re.fullmatch(r"\[([^\]]*)\](?::(\d+))?", entry) or re.fullmatch(r"([^:]*)(?::(\d+))?", entry)
    name, only_port = (found[1], found[2]) if found is not None else (entry, None)
    if only_port is not None and int(only_port) != port:
        return False
    try:
        address = ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        name = _ascii(name.lstrip("*").strip("."))
        return bool(name) and (host == name or host.endswith(f".{name}"))
    try:
        return address in ipaddress.ip_network(name, strict=False)
    except ValueError:
        return False


def _ascii(name: str) -> str:
    """A host name as it stands in a request; names in other letters are encoded."""
    name = name.lower().rstrip(".")
    if name.isascii():
        return name
    try:
        return name.encode("idna").decode("ascii")
    except UnicodeError:
        return ""
