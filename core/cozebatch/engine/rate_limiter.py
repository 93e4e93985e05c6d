"""One limit on requests per second for submissions and polls together; submissions go first.

It starts at what Coze's largest plan allows, halves when Coze says that requests come too fast, and recovers slowly.
"""

from __future__ import annotations

from collections import deque

import anyio
import anyio.lowlevel

DEFAULT_RATE = 500.0
"""Requests per second of Coze's largest plan (docs/coze.md, limits)."""

SLOWEST = 1.0
SHORTEST = 0.0005
"""Seconds of a wait, at least: what rounding leaves of a token would be waited for in no time, again and again."""
RECOVERY_PER_SECOND = 1.02


class RateLimiter:
    """A token bucket with two queues. `rate` is in requests per second; a fifth of a second may come at once."""

    def __init__(self, rate: float = DEFAULT_RATE) -> None:
        self._full_rate = rate
        self.rate = rate
        self._sent = 0
        self._tokens = self._burst
        self._filled_at = float("-inf")
        self._urgent: deque[anyio.Event] = deque()
        self._normal: deque[anyio.Event] = deque()
        self._work = anyio.Event()

    async def acquire(self, *, urgent: bool) -> None:
        """Wait for the right to send one request."""
        self._refill()
        if not self._urgent and not self._normal and self._tokens >= 1.0:
            self._tokens -= 1.0
            await anyio.lowlevel.checkpoint()
            return
        queue = self._urgent if urgent else self._normal
        turn = anyio.Event()
        queue.append(turn)
        self._work.set()
        try:
            await turn.wait()
        finally:
            if not turn.is_set():
                queue.remove(turn)

    @property
    def sent(self) -> int:
        """Requests sent so far."""
        return self._sent

    def count_sent(self) -> None:
        """A request leaves now."""
        self._sent += 1

    def slow_down(self) -> None:
        """Coze says that requests come too fast."""
        self._refill()
        self.rate = max(SLOWEST, self.rate / 2)
        self._tokens = min(self._tokens, self._burst)

    async def serve(self) -> None:
        """Hand out turns, until cancelled."""
        while True:
            await self._work.wait()
            self._work = anyio.Event()
            while self._urgent or self._normal:
                self._refill()
                if self._tokens < 1.0:
                    await anyio.sleep(max(SHORTEST, (1.0 - self._tokens) / self.rate))
                    continue
                self._tokens -= 1.0
                (self._urgent or self._normal).popleft().set()

    @property
    def _burst(self) -> float:
        return max(1.0, self.rate / 5)

    def _refill(self) -> None:
        now = anyio.current_time()
        passed = now - self._filled_at
        if passed <= 0:
            return
        self._filled_at = now
        if self.rate < self._full_rate:
            self.rate = min(self._full_rate, self.rate * RECOVERY_PER_SECOND ** min(passed, 600.0))
        self._tokens = min(self._burst, self._tokens + passed * self.rate)
