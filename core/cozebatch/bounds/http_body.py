"""Receives the body of an HTTP answer: bounded, decoded, and ended cleanly when it cannot be used."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import anyio

from cozebatch.bounds.decoding import BodyDecoder, UnreadableBody

if TYPE_CHECKING:
    import httpx


@dataclass(slots=True)
class ReceivedBody:
    """A body as far as it came, and why it is not whole, where it is not."""

    body: bytearray = field(default_factory=bytearray)
    broken: str | None = None

    async def read(self, response: httpx.Response, most_bytes: int, scope: anyio.CancelScope) -> None:
        """Read at most `most_bytes`. A body that cannot be used is ended by cancelling `scope`, since leaving the loop
        would leave httpx's generators half-way. Raises `httpx.HTTPError`."""
        try:
            decoder = BodyDecoder(response.headers.get("content-encoding", ""), most_bytes)
        except UnreadableBody as error:
            self.broken = str(error)
            return  # nothing was read yet, so nothing is left half-way
        async for chunk in response.aiter_raw():
            if self.broken is None:
                try:
                    self.body += decoder.feed(chunk)
                except UnreadableBody as error:
                    self.broken = str(error)
                    scope.cancel()
        if self.broken is None:
            try:
                decoder.end()
            except UnreadableBody as error:
                self.broken = str(error)
