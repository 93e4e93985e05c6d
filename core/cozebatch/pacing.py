"""When to look at an execution next. Pure.

`Pacing` is the port; `FixedInterval` is the guide's own rule, `HistoryPacing` the better one once it has seen
enough executions of the workflow to know when they tend to end.
"""

from __future__ import annotations

import bisect
from collections.abc import Iterable
from typing import Protocol

SHORTEST_WAIT = 2.0
"""Seconds between two looks at one execution, unless the operator's own interval is shorter."""

ENOUGH = 5
"""Executions seen before history is believed."""

LOOKS_IN_WINDOW = 16
"""Looks spent, at most, between the earliest and the latest likely end."""

_KEPT = 500


class Pacing(Protocol):
    """Decides waits; one object for all executions of a run."""

    def next_wait(self, age: float) -> float:
        """Seconds until the next look at an execution that was submitted `age` seconds ago."""

    def observe(self, seconds: float) -> None:
        """An execution ended `seconds` after its submission."""


class FixedInterval:
    """Looks every `poll_interval` seconds, each execution on its own."""

    def __init__(self, poll_interval: float) -> None:
        self._interval = poll_interval

    def next_wait(self, age: float) -> float:
        return self._interval

    def observe(self, seconds: float) -> None:
        """A fixed interval learns nothing."""


class HistoryPacing:
    """Looks where an end is likely.

    `poll_interval` stays the longest wait. Before the earliest end seen (less a margin) looks are as rare as that
    allows, and one is timed to fall on the window's start; inside the window they come closely; past it the
    execution is an unusual one and the fixed interval is back. Without history it behaves like the fixed interval.
    """

    def __init__(self, poll_interval: float, history: Iterable[float] = ()) -> None:
        self._interval = poll_interval
        self._shortest = min(SHORTEST_WAIT, poll_interval)
        self._recent: list[float] = []
        self._ordered: list[float] = []
        for seconds in history:
            self.observe(seconds)

    def observe(self, seconds: float) -> None:
        self._recent.append(seconds)
        bisect.insort(self._ordered, seconds)
        if len(self._recent) > _KEPT:
            oldest = self._recent.pop(0)
            del self._ordered[bisect.bisect_left(self._ordered, oldest)]

    def next_wait(self, age: float) -> float:
        if len(self._ordered) < ENOUGH:
            return self._interval
        start, end = self._window()
        step = min(self._interval, max(self._shortest, (end - start) / LOOKS_IN_WINDOW))
        if age < start:
            return self._approach(start - age)
        return step if age < end else self._interval

    def _window(self) -> tuple[float, float]:
        """From when to when an end is likely: the middle 96 % seen so far, with a margin for what was not seen."""
        last = len(self._ordered) - 1
        low, high = self._ordered[int(last * 0.02)], self._ordered[last - int(last * 0.02)]
        margin = max(self._shortest, 0.1 * (high - low))
        return max(0.0, low - margin), high + margin

    def _approach(self, distance: float) -> float:
        """The longest wait that reaches the window's start in equal steps."""
        steps = max(1, -(-int(distance * 1000) // max(1, int(self._interval * 1000))))
        return max(self._shortest, distance / steps)
