"""A TCP server that does with each connection exactly what a test says, for faults no HTTP server commits."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass
class RawServer:
    url: str
    requests: list[bytes] = field(default_factory=list)
    """What was read, a request each."""
    connections: int = 0


def read_request(connection: socket.socket) -> bytes:
    """One whole request, head and body; as much as came if the client went away."""
    data = b""
    while b"\r\n\r\n" not in data:
        piece = connection.recv(65536)
        if not piece:
            return data
        data += piece
    head, _, body = data.partition(b"\r\n\r\n")
    length = 0
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            length = int(value)
    while len(body) < length:
        piece = connection.recv(65536)
        if not piece:
            break
        body += piece
    return head + b"\r\n\r\n" + body


def whole(body: bytes, *, status: bytes = b"200 OK", headers: bytes = b"") -> bytes:
    """A complete HTTP answer."""
    return b"HTTP/1.1 %s\r\nContent-Length: %d\r\nContent-Type: application/json\r\n%s\r\n%s" % (
        status,
        len(body),
        headers,
        body,
    )


@contextmanager
def raw_server(treat: Callable[[socket.socket, RawServer], None]) -> Iterator[RawServer]:
    """Serve until the block ends; `treat` is called with each connection, one after the other, then it is closed."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.bind(("127.0.0.1", 0))
    listener.listen()
    server = RawServer(f"http://127.0.0.1:{listener.getsockname()[1]}")
    stopping = threading.Event()

    def work() -> None:
        while True:
            connection, _ = listener.accept()
            with connection:
                if stopping.is_set():
                    return
                server.connections += 1
                connection.settimeout(10)
                try:
                    treat(connection, server)
                except OSError:
                    continue  # the client went away first

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        stopping.set()
        with socket.create_connection(listener.getsockname()):
            thread.join(15)
        listener.close()
