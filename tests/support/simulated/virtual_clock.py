"""Virtual time for schedules: it stands still while anything can run, and jumps to the next deadline when nothing can.

It does what `trio.testing.MockClock(autojump_threshold=0)` does, in one turn of the event loop instead of two. Threads
and sockets take no part in it.
"""

from __future__ import annotations

import math

import trio.abc


class VirtualClock(trio.abc.Clock):
    """The clock of one schedule; it begins at 0."""

    def __init__(self) -> None:
        self._now = 0.0

    def start_clock(self) -> None:
        pass

    def current_time(self) -> float:
        return self._now

    def deadline_to_sleep_time(self, deadline: float) -> float:
        """Trio asks this only when no task can run: then the deadline comes at once."""
        if deadline == math.inf:
            return math.inf
        self._now = max(self._now, deadline)
        return 0.0

    def jump(self, seconds: float) -> None:
        """Let time pass that nobody lives through."""
        self._now += seconds
