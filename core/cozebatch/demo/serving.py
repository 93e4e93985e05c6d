"""Runs an ASGI application on a loopback port for as long as a `with` block lasts.

Demo and tests talk to the simulated services over real sockets. The server has a thread and an
event loop of its own, so that whoever talks to it may use any event loop, or none, or be another process.
"""

from __future__ import annotations

import socket
import sys
import threading
from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from contextlib import contextmanager
from typing import Any

import anyio
import uvicorn
from anyio.lowlevel import checkpoint
from uvicorn.protocols.http.h11_impl import H11Protocol

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[MutableMapping[str, Any], Receive, Send], Awaitable[None]]

CUT = "cozebatch.cut"
"""The key in an ASGI scope under which `serve` puts a function that cuts the connection without an answer."""

_START_TIMEOUT = 10.0
_STOP_TIMEOUT = 10.0
_TICK = 0.02


@contextmanager
def serve(app: App, *, port: int = 0) -> Iterator[str]:
    """Serve `app` on 127.0.0.1 and yield its base URL, such as `http://127.0.0.1:40123`.

    `port` 0 takes a free one; OSError when the port is taken. Requests still open when the block ends are cut. An
    exception that escaped the application is raised at the end of the block, unless the block itself raised.
    """
    listener = _listen(port)
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    watched = _Watched(app)
    server = _Server(
        uvicorn.Config(
            watched,
            http=_Protocol,
            loop="asyncio",
            ws="none",
            log_config=None,
            log_level="critical",
            access_log=False,
            proxy_headers=False,
            server_header=False,
        )
    )
    thread = threading.Thread(target=server.run, args=([listener],), name=f"serving {url}", daemon=True)
    thread.start()
    undisturbed = False
    try:
        if not server.ready.wait(_START_TIMEOUT) or server.failed:
            raise RuntimeError(f"the server for {url} did not start")
        yield url
        undisturbed = True
    finally:
        server.should_exit = True
        thread.join(_STOP_TIMEOUT)
        listener.close()
        if undisturbed:
            if thread.is_alive():
                raise RuntimeError(f"the server for {url} did not stop")
            if watched.errors:
                raise ExceptionGroup(f"the application at {url} failed", watched.errors)


def _listen(port: int) -> socket.socket:
    # Named, so that asyncio switches off Nagle: otherwise each small answer waits 40 ms for an acknowledgement.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        if sys.platform != "win32":  # where it would let two servers share one port
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", port))
        listener.listen(1024)
    except OSError:
        listener.close()
        raise
    return listener


class _Watched:
    """The application, with the exceptions that escaped it kept for the end."""

    def __init__(self, app: App) -> None:
        self._app = app
        self.errors: list[Exception] = []

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        try:
            await self._app(scope, receive, send)
        except Exception as error:
            if type(error).__name__ != "ClientDisconnect":  # starlette's word for a client that went away
                self.errors.append(error)
            raise


class _Protocol(H11Protocol):
    """Lets the application cut its connection: a fault that HTTP itself cannot express."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        app = self.app

        async def with_cut(scope: Any, receive: Any, send: Any) -> None:
            scope[CUT] = self._cut
            await app(scope, receive, send)

        self.app = with_cut

    async def _cut(self) -> None:
        cycle = self.cycle
        self.transport.abort()
        while not cycle.disconnected and not cycle.response_complete:
            await checkpoint()


class _Server(uvicorn.Server):
    """Says when it is ready, and stops at once instead of waiting for whoever still talks to it."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ready = threading.Event()
        self.failed = False

    def run(self, sockets: list[socket.socket] | None = None) -> None:
        try:
            super().run(sockets)
        except SystemExit:  # uvicorn's way to say that the application's start-up failed
            self.failed = True
        finally:
            self.ready.set()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.ready.set()

    async def main_loop(self) -> None:
        ticks_a_second = round(1 / _TICK)
        counter = 0
        while not await self.on_tick(0 if counter % ticks_a_second == 0 else 1):
            counter += 1
            await anyio.sleep(_TICK)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for server in self.servers:
            server.close()
        for connection in list(self.server_state.connections):
            connection.transport.abort()
        for task in list(self.server_state.tasks):
            task.cancel()
        while self.server_state.tasks or self.server_state.connections:  # noqa: ASYNC110 - plain sets of uvicorn
            await anyio.sleep(0.001)
        await self.lifespan.shutdown()
