"""Real proxies and a real TLS server on loopback: whatever host a proxy is asked for, it leads to one server.

with tls_front(coze.url, authority, "coze.test") as port, proxy("socks5", port) as running:
    ...  # point the program at https://coze.test, with the variable ALL_PROXY set to running.url
"""

from __future__ import annotations

import base64
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Literal

import pytest
import trustme

VARIABLES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "SSL_CERT_FILE", "SSL_CERT_DIR")

Kind = Literal["http", "socks5", "socks4"]


def set_environment(monkeypatch: pytest.MonkeyPatch, **variables: str) -> None:
    """Exactly these variables about proxies and certificates, and no others."""
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)


@dataclass
class RunningProxy:
    kind: Kind
    port: int
    asked_for: list[tuple[str, int]] = field(default_factory=list)
    """The hosts and ports that tunnels were wanted to."""

    @property
    def url(self) -> str:
        return f"{self.kind}://127.0.0.1:{self.port}"

    def url_with(self, user: str, password: str) -> str:
        return f"{self.kind}://{user}:{password}@127.0.0.1:{self.port}"


@contextmanager
def proxy(
    kind: Kind,
    leads_to: int,
    *,
    login: tuple[str, str] | None = None,
    refuses: bool = False,
    hangs_up: bool = False,
) -> Iterator[RunningProxy]:
    """A proxy whose every tunnel leads to the port `leads_to` of this machine. `login`: wanted user and password.
    `refuses`: every tunnel. `hangs_up`: in the middle of its own answer."""
    handshake = {"http": _http, "socks5": _socks5, "socks4": _socks4}[kind]

    def treat(connection: socket.socket) -> None:
        if hangs_up:
            connection.recv(65536)
            connection.sendall(b"H" if kind == "http" else b"\x05")
            return
        if handshake(connection, running, login, refuses):
            with socket.create_connection(("127.0.0.1", leads_to)) as inner:
                _pipe_both(connection, inner)

    with _listening(treat) as port:
        running = RunningProxy(kind, port)
        yield running


@contextmanager
def tls_front(url: str, authority: trustme.CA, *hosts: str) -> Iterator[int]:
    """HTTPS before a plain HTTP server, under a certificate for `hosts`; gives the port."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*hosts).configure_cert(context)
    upstream = int(url.rpartition(":")[2])

    def treat(connection: socket.socket) -> None:
        with (
            context.wrap_socket(connection, server_side=True) as secure,
            socket.create_connection(("127.0.0.1", upstream)) as inner,
        ):
            _pipe_both(secure, inner)

    with _listening(treat) as port:
        yield port


@contextmanager
def _listening(treat: Callable[[socket.socket], None]) -> Iterator[int]:
    listener = socket.create_server(("127.0.0.1", 0))
    open_: list[socket.socket] = []

    def serve(connection: socket.socket) -> None:
        with connection, suppress(OSError):
            connection.settimeout(20)
            treat(connection)

    def work() -> None:
        with suppress(OSError):
            while True:
                connection, _ = listener.accept()
                open_.append(connection)
                threading.Thread(target=serve, args=(connection,), daemon=True).start()

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        with suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        for connection in open_:
            connection.close()


def _pipe_both(one: socket.socket, other: socket.socket) -> None:
    back = threading.Thread(target=_pipe, args=(other, one), daemon=True)
    back.start()
    _pipe(one, other)
    back.join(20)


def _pipe(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
    with suppress(OSError):
        target.shutdown(socket.SHUT_WR)


def _http(connection: socket.socket, running: RunningProxy, login: tuple[str, str] | None, refuses: bool) -> bool:
    head = b""
    while b"\r\n\r\n" not in head:
        head += connection.recv(65536)
    host, _, port = head.split()[1].decode().rpartition(":")
    running.asked_for.append((host.strip("[]"), int(port)))
    wanted = base64.b64encode(":".join(login).encode()) if login else b""
    if login and b"Proxy-Authorization: Basic " + wanted not in head:
        connection.sendall(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
        return False
    if refuses:
        connection.sendall(b"HTTP/1.1 403 Forbidden by the company\r\nContent-Length: 0\r\n\r\n")
        return False
    connection.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
    return True


def _socks5(connection: socket.socket, running: RunningProxy, login: tuple[str, str] | None, refuses: bool) -> bool:
    methods = _exactly(connection, _exactly(connection, 2)[1])
    if login and 2 not in methods:
        connection.sendall(b"\x05\xff")
        return False
    connection.sendall(b"\x05\x02" if login else b"\x05\x00")
    if login:
        user = _exactly(connection, _exactly(connection, 2)[1])
        password = _exactly(connection, _exactly(connection, 1)[0])
        good = (user.decode(), password.decode()) == login
        connection.sendall(b"\x01\x00" if good else b"\x01\x01")
        if not good:
            return False
    kind = _exactly(connection, 4)[3]
    if kind == 3:
        host = _exactly(connection, _exactly(connection, 1)[0]).decode()
    else:
        family = socket.AF_INET if kind == 1 else socket.AF_INET6
        host = socket.inet_ntop(family, _exactly(connection, 4 if kind == 1 else 16))
    running.asked_for.append((host, int.from_bytes(_exactly(connection, 2), "big")))
    connection.sendall(bytes([5, 2 if refuses else 0, 0, 1, 0, 0, 0, 0, 0, 0]))
    return not refuses


def _socks4(connection: socket.socket, running: RunningProxy, login: tuple[str, str] | None, refuses: bool) -> bool:
    head = _exactly(connection, 8)
    while _exactly(connection, 1) != b"\x00":
        pass
    host = socket.inet_ntoa(head[4:])
    if host.startswith("0.0.0."):
        name = b""
        while (letter := _exactly(connection, 1)) != b"\x00":
            name += letter
        host = name.decode()
    running.asked_for.append((host, int.from_bytes(head[2:4], "big")))
    connection.sendall(bytes([0, 0x5B if refuses else 0x5A, 0, 0, 0, 0, 0, 0]))
    return not refuses


def _exactly(connection: socket.socket, count: int) -> bytes:
    data = b""
    while len(data) < count:
        piece = connection.recv(count - len(data))
        if not piece:
            raise OSError("the client went away")
        data += piece
    return data
