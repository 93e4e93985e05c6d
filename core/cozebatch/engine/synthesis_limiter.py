"""A concurrency limiter for the synthesis workers: first come, first served; the limit may change at any time."""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio
import anyio.lowlevel


class ConcurrencyLimiter:
    """Lets at most `limit` in. Lowering the limit drains: those inside stay."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._waiting: deque[anyio.Event] = deque()
        self.busy = 0

    @property
    def limit(self) -> int:
        return self._limit

    def set_limit(self, limit: int) -> None:
        self._limit = limit
        self._let_in()

    @asynccontextmanager
    async def place(self) -> AsyncIterator[None]:
        turn = anyio.Event()
        self._waiting.append(turn)
        self._let_in()
        try:
            await turn.wait()
        except anyio.get_cancelled_exc_class():
            if turn.is_set():
                self._leave()
            else:
                self._waiting.remove(turn)
            raise
        try:
            yield
        finally:
            self._leave()

    def _let_in(self) -> None:
        while self._waiting and self.busy < self._limit:
            self.busy += 1
            self._waiting.popleft().set()

    def _leave(self) -> None:
        self.busy -= 1
        self._let_in()
