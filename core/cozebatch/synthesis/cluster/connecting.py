"""Connects to a scheduler, or says why that is not possible."""

from __future__ import annotations

import errno
import logging
import socket
import ssl
import struct
import warnings
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from distributed import Client
from distributed.security import Security
from distributed.versions import VersionMismatchWarning

from cozebatch.model.os_reason import NO_SCHEDULER, os_reason
from cozebatch.model.text import Text
from cozebatch.synthesis.cluster.address import Address, Tls
from cozebatch.synthesis.failures import clean

CONNECT = 10.0
ANSWER = 5.0

_NUMBER = struct.Struct("<Q")
_MOST_FRAMES = 1 << 20
_LOGGERS = ("distributed", "tornado", "asyncio")
_PARTS = ("cert", "key")


@dataclass(frozen=True, slots=True)
class Cluster:
    """Where the scheduler is, how this machine proves itself, and the shared folder as this machine sees it."""

    address: Address
    share: Path
    tls: Tls | None = None


def connect(cluster: Cluster) -> Client:
    """A new client. Blocks up to about `CONNECT` seconds. Raises `OSError`."""
    _quieten()
    _require_scheduler(cluster)
    try:
        return Client(
            str(cluster.address),
            timeout=CONNECT,
            security=security_of(cluster.tls) if cluster.address.is_encrypted else Security(),
            set_as_default=False,
            name="cozebatch",
        )
    except (ValueError, RuntimeError, ImportError) as error:  # a certificate or an answer that makes no sense
        raise OSError(None, clean(str(error))) from error


def _require_scheduler(cluster: Cluster) -> None:
    """Raise `OSError` unless what listens there speaks first and like dask: its client waits for ever for a stranger.

    A side of a connection begins with the number of frames that follow, 64 bits, little-endian (distributed.comm.tcp).
    """
    address, tls = cluster.address, cluster.tls
    with socket.create_connection((address.host, address.port), CONNECT) as plain:
        plain.settimeout(ANSWER)
        if tls is None or not address.is_encrypted:
            beginning = _receive(plain, _NUMBER.size)
        else:
            context = ssl.create_default_context(cafile=tls.ca)
            context.check_hostname = False
            context.load_cert_chain(tls.cert, tls.key)
            with context.wrap_socket(plain) as encrypted:
                beginning = _receive(encrypted, _NUMBER.size)
    if len(beginning) < _NUMBER.size or _NUMBER.unpack(beginning)[0] > _MOST_FRAMES:
        raise OSError(errno.EPROTO, NO_SCHEDULER.en)


def _receive(stream: socket.socket, count: int) -> bytes:
    """So many bytes; fewer if it ends before."""
    received = b""
    while len(received) < count and (more := stream.recv(count - len(received))):
        received += more
    return received


def disconnect(client: Client) -> None:
    with suppress(OSError, RuntimeError, AssertionError):  # the scheduler may be gone; dask gives up by itself
        client.close(timeout=2)


def security_of(tls: Tls | None) -> Security:
    """Encrypted connections only, to those whose certificate the same CA has signed. Raises `OSError` for files that
    cannot be read."""
    assert tls is not None, "tls:// without certificates is refused before"
    for path in (tls.ca, tls.cert, tls.key):
        with open(path, "rb"):
            pass
    roles = {f"tls_{role}_{part}": getattr(tls, part) for role in ("client", "scheduler", "worker") for part in _PARTS}
    return Security(require_encryption=True, tls_ca_file=tls.ca, **roles)


def not_reached(address: Address, error: OSError) -> Text:
    why = os_reason(error)
    return Text(
        f"连不上合成集群 {address}：{clean(why.zh, 200)}",
        f"The cluster at {address} cannot be reached: {clean(why.en, 200)}",
    )


def _quieten() -> None:
    """Keep the lines of dask, and of the event loop that it runs, off the screen: what matters is said by us."""
    for name in _LOGGERS:
        logger = logging.getLogger(name)
        logger.handlers[:] = [logging.NullHandler()]
        logger.propagate = False
    for name in list(logging.root.manager.loggerDict):
        if name.startswith(("distributed.", "tornado.")):
            logging.getLogger(name).handlers.clear()
            logging.getLogger(name).propagate = True
    warnings.filterwarnings("ignore", category=VersionMismatchWarning)
