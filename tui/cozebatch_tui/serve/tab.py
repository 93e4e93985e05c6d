"""One browser tab: a screen of its own, in a child process, drawn through a websocket.

The child is `attach` under Textual's web driver, which packs what it draws as `D`, and what it wants of the browser as
`M`: one byte, four bytes of length, the payload. The browser sends JSON lists: `["stdin", text]`, `["resize", {…}]`,
`["focus"]`, `["blur"]`, `["ping", x]`.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import anyio
from anyio.abc import ByteReceiveStream, ByteSendStream, Process
from anyio.streams.buffered import BufferedByteReceiveStream
from starlette.websockets import WebSocket, WebSocketDisconnect

from cozebatch.bounds.json_values import read_json

WIDTHS, HEIGHTS = (20, 500), (5, 200)
"""Columns and lines that a browser may ask for."""
END_SECONDS = 2.0
"""How long a child is given to leave by itself."""
_HELLO = b"__GANGLION__\n"
_MOST_BEFORE = 64 * 1024
_MOST_PACKET = 8 * 1024 * 1024


class Tab:
    """`arguments`: of the command behind `attach`."""

    def __init__(self, socket: WebSocket, arguments: Sequence[str]) -> None:
        self._socket = socket
        self._arguments = arguments
        self._sending = anyio.Lock()

    async def run(self, width: int, height: int) -> None:
        """Until the browser leaves or the child ends. No child outlives this."""
        child = await anyio.open_process(
            [sys.executable, "-P", "-m", "cozebatch_tui", "attach", *self._arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment(width, height),
        )
        try:
            async with anyio.create_task_group() as group:
                group.start_soon(self._show_all, child, group.cancel_scope)
                await self._take_all(child)
                group.cancel_scope.cancel()
        finally:
            with anyio.CancelScope(shield=True):
                await _end(child)

    async def _take_all(self, child: Process) -> None:
        """What the browser sends, to the child."""
        assert child.stdin is not None
        with suppress(WebSocketDisconnect, anyio.BrokenResourceError, anyio.ClosedResourceError):
            while True:
                packet = packed(await self._socket.receive_text())
                if packet is not None:
                    await child.stdin.send(packet)

    async def _show_all(self, child: Process, scope: anyio.CancelScope) -> None:
        """What the child draws, to the browser; what it says instead, if it cannot draw."""
        assert child.stdout is not None
        assert child.stderr is not None
        stream = BufferedByteReceiveStream(child.stdout)
        with suppress(WebSocketDisconnect, RuntimeError):
            if await _says_hello(stream):
                async with anyio.create_task_group() as group:
                    group.start_soon(_drop, child.stderr)
                    with suppress(WebSocketDisconnect, RuntimeError, anyio.EndOfStream, anyio.IncompleteRead):
                        await self._show_packets(stream)
                    group.cancel_scope.cancel()
            else:
                said = b"".join([some async for some in child.stderr])[-4000:]
                await self._socket.send_bytes(said.replace(b"\n", b"\r\n"))
        with suppress(RuntimeError):  # the browser was faster
            await self._socket.close()
        scope.cancel()

    async def _show_packets(self, stream: BufferedByteReceiveStream) -> None:
        while True:
            kind = await stream.receive_exactly(1)
            size = int.from_bytes(await stream.receive_exactly(4), "big")
            if size > _MOST_PACKET:
                return
            payload = await stream.receive_exactly(size)
            if kind == b"D":
                await self._socket.send_bytes(payload)
            elif kind == b"M":
                meta = read_json(payload)
                if meta.get("type") == "exit":
                    return
                if meta.get("type") == "open_url" and str(meta.get("url")).startswith("https://"):
                    await self._socket.send_text(json.dumps(["open_url", {"url": meta["url"], "new_tab": True}]))


def environment(width: int, height: int) -> dict[str, str]:
    """Of a child that draws for a browser."""
    return {
        **os.environ,
        "TEXTUAL_DRIVER": "cozebatch_tui.serve.driver:TabDriver",
        "TEXTUAL_COLOR_SYSTEM": "truecolor",
        "COLUMNS": str(width),
        "ROWS": str(height),
        "PYTHONUTF8": "1",
    }


def clamped(value: Any, bounds: tuple[int, int], otherwise: int) -> int:
    """A number of the browser's, within these bounds."""
    try:
        number = int(value)
    except (TypeError, ValueError, OverflowError):
        return otherwise
    return max(bounds[0], min(bounds[1], number))


def packed(message: str) -> bytes | None:
    """A message of the browser for the child; None for one that is none of its business."""
    try:
        value = read_json(message)
        kind = value[0]
    except (ValueError, TypeError, LookupError):
        return None
    content = value[1] if len(value) > 1 else None
    match kind:
        case "stdin" if isinstance(content, str):
            return _packet(b"D", content.encode("utf-8", "replace"))
        case "resize" if isinstance(content, dict):
            size = {
                "type": "resize",
                "width": clamped(content.get("width"), WIDTHS, 80),
                "height": clamped(content.get("height"), HEIGHTS, 24),
            }
            return _packet(b"M", json.dumps(size).encode())
        case "focus" | "blur":
            return _packet(b"M", json.dumps({"type": kind}).encode())
        case _:
            return None


def _packet(kind: bytes, payload: bytes) -> bytes:
    return kind + len(payload).to_bytes(4, "big") + payload


async def _says_hello(stream: BufferedByteReceiveStream) -> bool:
    try:
        await stream.receive_until(_HELLO, _MOST_BEFORE)
    except (anyio.EndOfStream, anyio.IncompleteRead, anyio.DelimiterNotFound):
        return False
    return True


async def _drop(stream: ByteReceiveStream) -> None:
    with suppress(anyio.EndOfStream, anyio.ClosedResourceError):
        while True:
            await stream.receive()


async def _end(child: Process) -> None:
    """Let it leave, and then end it."""
    if child.returncode is None:
        with suppress(anyio.BrokenResourceError, anyio.ClosedResourceError), anyio.move_on_after(0.5):
            stdin: ByteSendStream | None = child.stdin
            if stdin is not None:
                await stdin.send(_packet(b"M", json.dumps({"type": "quit"}).encode()))
        with anyio.move_on_after(END_SECONDS):
            await child.wait()
    if child.returncode is None:
        with suppress(ProcessLookupError):
            child.kill()
    await child.wait()
    await child.aclose()
