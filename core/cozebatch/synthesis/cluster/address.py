"""Addresses of a dask scheduler, and when one may be used without encryption. Pure.

Whoever reaches a scheduler or a worker of dask can run any program there, so plain tcp stays on this machine.
"""

from __future__ import annotations

from dataclasses import dataclass

from cozebatch.model.loopback import is_loopback_host
from cozebatch.model.text import Text
from cozebatch.model.urls import split_url

PORT = 8786
"""Of a dask scheduler, unless it is told another one."""

NOT_AN_ADDRESS = Text(
    "应为 dask 调度器的地址，如 tls://192.168.1.10:8786",
    "should be the address of a dask scheduler, such as tls://192.168.1.10:8786",
)
PLAIN = Text(
    "tcp:// 不加密，谁连上都能在这些机器上运行程序，所以只允许本机。请用 tls:// 并配证书（docs/cluster.md）",
    "tcp:// is not encrypted: whoever connects can run programs on these machines. It is for this machine only; use "
    "tls:// with certificates (docs/cluster.md)",
)
NO_CERTIFICATE = Text(
    "tls:// 要配证书：ca、cert、key 三个文件（docs/cluster.md）",
    "tls:// needs the files of a certificate: ca, cert and key (docs/cluster.md)",
)


@dataclass(frozen=True, slots=True)
class Tls:
    """PEM files. Any certificate that `ca` has signed may be a scheduler, a worker or an engine: host names are not
    compared, so `ca` must sign nothing else."""

    ca: str
    cert: str
    key: str


@dataclass(frozen=True, slots=True)
class Address:
    """Where a scheduler listens."""

    scheme: str
    host: str
    port: int

    @property
    def is_encrypted(self) -> bool:
        return self.scheme == "tls"

    @property
    def is_loopback(self) -> bool:
        return is_loopback_host(self.host)

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}"


def parse_address(text: str) -> Address | None:
    """`tls://HOST:PORT` or `tcp://HOST:PORT`; None for anything else. Without a port it is dask's own."""
    parts = split_url(text.strip())
    if parts is None or parts.scheme not in ("tls", "tcp") or not parts.hostname or parts.port == 0:
        return None
    if parts.path.strip("/") or parts.query or parts.fragment or parts.username or parts.password:
        return None
    if not all("!" <= character <= "~" for character in parts.hostname):
        return None
    return Address(parts.scheme, parts.hostname, parts.port or PORT)


def why_not(address: Address, *, has_certificate: bool, insecure: bool) -> Text | None:
    """What forbids to use this address; None if nothing does. `insecure`: the operator answers for plain tcp."""
    if address.is_encrypted:
        return None if has_certificate else NO_CERTIFICATE
    return None if address.is_loopback or insecure else PLAIN
