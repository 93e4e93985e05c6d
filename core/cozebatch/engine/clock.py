"""Time as the engine knows it: durations from the event loop's monotonic clock, timestamps from the wall clock."""

from __future__ import annotations

import time
from collections.abc import Callable

import anyio


class RunClock:
    """The run's own clock: seconds of running time, continued from where an earlier process stopped.

    `wall` gives Unix seconds and is replaced in tests. Made inside a running event loop.
    """

    def __init__(self, base: float = 0.0, wall: Callable[[], float] = time.time) -> None:
        self._offset = base - anyio.current_time()
        self.wall = wall

    def now(self) -> float:
        return anyio.current_time() + self._offset
