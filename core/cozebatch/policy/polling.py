"""Decides when to poll an execution next. Pure.

`Pacing` is the port; `FixedInterval` is the guide's own rule, `HistoryPacing` the better one once it has seen
enough executions of the workflow to know when they tend to end.
"""

from __future__ import annotations

import bisect
from collections.abc import Iterable
from typing import Protocol

SHORTEST_WAIT = 2.0
"""Seconds between two polls of one execution, where the operator's own interval is a usual one."""

SHARE_OF_INTERVAL = 8.0
"""An operator who asks for short intervals runs short executions: looks come closer by as much, so that knowing when
executions end is of use there, too."""

NOT_YET_KNOWN = 60.0
"""Seconds for which Coze may not know an execution that there is (docs/coze.md, 4314)."""

ENOUGH = 5
"""Executions seen before history is believed."""

POLLS_IN_CORE = 24
"""Polls spent, at most, on the ages between the first and the last tenth of the ends seen."""

_KEPT = 500


class Pacing(Protocol):
    """Decides waits; one object for all executions of a run."""

    def next_wait(self, age: float) -> float:
        """Seconds until the next poll of an execution that was submitted `age` seconds ago."""

    def observe(self, seconds: float) -> None:
        """An execution ended `seconds` after its submission."""


class FixedInterval:
    """Polls each execution every `poll_interval` seconds."""

    def __init__(self, poll_interval: float) -> None:
        self._interval = poll_interval

    def next_wait(self, age: float) -> float:
        return self._interval

    def observe(self, seconds: float) -> None:
        """A fixed interval learns nothing."""


class HistoryPacing:
    """Polls when an end is likely.

    `poll_interval` stays the longest wait. Before the earliest likely end looks are as rare as that allows, and one is
    timed to fall on the window's start. Inside the window they come closely, half as closely in its tails, where few
    executions end. Past it the execution is an unusual one and the fixed interval is back. Without history it
    behaves like the fixed interval.
    """

    def __init__(self, poll_interval: float, history: Iterable[float] = ()) -> None:
        self._interval = poll_interval
        self._shortest = min(SHORTEST_WAIT, poll_interval / SHARE_OF_INTERVAL)
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
        start = max(0.0, self._quantile(0.02) - self._shortest)
        if age < start:
            return self._approach(start - age)
        first, last = self._quantile(0.1), self._quantile(0.9)
        step = max(self._shortest, (last - first) / POLLS_IN_CORE)
        if age >= self._quantile(0.98) + self._interval:
            return self._interval
        return min(self._interval, step if first <= age < last else 2 * step)

    def _quantile(self, share: float) -> float:
        return self._ordered[int((len(self._ordered) - 1) * share)]

    def _approach(self, distance: float) -> float:
        """The longest wait that reaches the window's start in equal steps."""
        steps = max(1, -(-int(distance * 1000) // max(1, int(self._interval * 1000))))
        return max(self._shortest, distance / steps)
