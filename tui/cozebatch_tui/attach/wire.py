"""JSON lines over a byte stream, bounded: what one side sends costs the other no more memory than a limit.

The lines are UTF-8. Half a surrogate pair, which a title may hold, is sent as it is.
"""

from __future__ import annotations

import json
from typing import Any

import anyio
from anyio.abc import ByteStream

from cozebatch.bounds.json_values import read_json

HANDSHAKE_BYTES = 64 * 1024
"""The longest line of a side that has proven nothing yet."""
MOST_BYTES = 32 * 1024 * 1024
"""The longest line afterwards. The rows of a page, or the ids of 100,000 tasks, are far shorter."""
BLOCKED_SECONDS = 30.0
"""A reader that takes nothing for so long is given up."""


class WireError(Exception):
    """The other side sends what is no line of this protocol, or takes nothing any more."""


class Lines:
    """Sends and receives objects. Several tasks may send; one receives."""

    def __init__(self, stream: ByteStream, most_bytes: int = HANDSHAKE_BYTES) -> None:
        self.most_bytes = most_bytes
        self._stream = stream
        self._buffer = bytearray()
        self._looked_at = 0
        self._sending = anyio.Lock()

    async def send(self, value: dict[str, Any], within: float = BLOCKED_SECONDS) -> None:
        """Raises `WireError` when it is not taken `within` so many seconds, and for a line beyond the limit or no
        JSON, which is not sent. The stream is of no use after the first."""
        await self.send_line(line_of(value), within)

    async def send_line(self, line: bytes, within: float = BLOCKED_SECONDS) -> None:
        """Send what `line_of` has made. Raises `WireError` as `send` does."""
        try:
            with anyio.fail_after(within):
                async with self._sending:
                    await self._stream.send(line)
        except TimeoutError:
            raise WireError("nothing is taken any more") from None
        except (OSError, anyio.BrokenResourceError, anyio.ClosedResourceError) as error:
            raise WireError("the connection is lost") from error

    async def receive(self) -> dict[str, Any] | None:
        """The next object; None at the end of the stream. Raises `WireError`, also for half a line at its end."""
        while (end := self._buffer.find(b"\n", self._looked_at)) < 0:
            self._looked_at = len(self._buffer)
            if len(self._buffer) > self.most_bytes:
                raise WireError("a line without an end")
            try:
                self._buffer += await self._stream.receive()
            except anyio.EndOfStream:
                if self._buffer:
                    raise WireError("half a line") from None
                return None
            except (OSError, anyio.BrokenResourceError, anyio.ClosedResourceError) as error:
                raise WireError("the connection is lost") from error
        if end > self.most_bytes:
            raise WireError("a line too long")
        line = bytes(self._buffer[:end])
        del self._buffer[: end + 1]
        self._looked_at = 0
        return _read(line)

    async def aclose(self) -> None:
        """At once: nothing that waits is sent any more."""
        await anyio.aclose_forcefully(self._stream)


def line_of(value: dict[str, Any]) -> bytes:
    """The object as a line. Raises `WireError` for a line beyond the limit, or no JSON."""
    try:
        line = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace") + b"\n"
    except (TypeError, ValueError, RecursionError) as error:
        raise WireError("no JSON") from error
    if len(line) > MOST_BYTES:
        raise WireError("a line too long to send")
    return line


def _read(line: bytes) -> dict[str, Any]:
    try:
        value = read_json(line)
    except ValueError as error:
        raise WireError("no JSON") from error
    if not isinstance(value, dict):
        raise WireError("no object")
    return value
