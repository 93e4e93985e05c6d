"""A concurrency limiter for the synthesis workers: first come, first served; both limits may change at any time.

The operator's limit is at least 1. What makes the films may have room for fewer, or for none for a while.
"""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio
import anyio.lowlevel


class ConcurrencyLimiter:
    """Lets at most `limit` in. Lowering the limit drains: those inside stay."""

    def __init__(self, user_limit: int, capacity: int | None = None) -> None:
        """`capacity`: how many films can be made at once; None: as many as the operator wants."""
        self._user_limit = user_limit
        self._capacity = capacity
        self._waiting: deque[anyio.Event] = deque()
        self.busy = 0

    @property
    def limit(self) -> int:
        """The limit in force."""
        return self._user_limit if self._capacity is None else min(self._user_limit, self._capacity)

    @property
    def user_limit(self) -> int:
        """What the operator set."""
        return self._user_limit

    def set_user_limit(self, limit: int) -> None:
        self._user_limit = limit
        self._let_in()

    def set_capacity(self, capacity: int) -> None:
        self._capacity = capacity
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
        while self._waiting and self.busy < self.limit:
            self.busy += 1
            self._waiting.popleft().set()

    def _leave(self) -> None:
        self.busy -= 1
        self._let_in()
