"""How many slots of both limits were used, over the running time of a batch: what the timeline draws above the tasks.

The history is bounded: when it is long, two neighbouring periods become one.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import astuple, dataclass
from typing import Any

LONGEST = 2048
"""Periods."""
FINEST = 1.0
"""Seconds of the shortest period."""


@dataclass(frozen=True, slots=True)
class Used:
    """In one period: the most slots that were used, and the limits. `wanted` is what the operator has set."""

    coze: int = 0
    coze_limit: int = 0
    coze_wanted: int = 0
    synthesis: int = 0
    synthesis_limit: int = 0
    synthesis_wanted: int = 0

    def and_then(self, later: Used) -> Used:
        """Both as one period: the most of each, and the limits that hold at its end."""
        return Used(
            max(self.coze, later.coze),
            later.coze_limit,
            later.coze_wanted,
            max(self.synthesis, later.synthesis),
            later.synthesis_limit,
            later.synthesis_wanted,
        )


class UsageHistory:
    """Periods in order of their start, each lasting until the next one."""

    def __init__(self) -> None:
        self._starts: list[float] = []
        self._most: list[Used] = []
        self._last: list[Used] = []
        """What held at the end of each period, and after it until the next."""
        self._step = FINEST

    def record(self, clock: float, used: Used) -> None:
        """`clock`: seconds of running time, never less than before."""
        if self._starts and clock - self._starts[-1] < self._step:
            self._most[-1], self._last[-1] = self._most[-1].and_then(used), used
            return
        self._starts.append(clock)
        self._most.append(used)
        self._last.append(used)
        if len(self._starts) > LONGEST:
            self._halve()

    def between(self, start: float, end: float) -> Used | None:
        """The most that was used from `start` to before `end`; None before the first period."""
        first, last = bisect_right(self._starts, start) - 1, bisect_right(self._starts, end)
        found: Used | None = None
        for place in range(max(0, first), last):
            begins_before = place == first and self._starts[place] + self._step <= start
            used = self._last[place] if begins_before else self._most[place]
            found = used if found is None else found.and_then(used)
        return found

    def to_json(self) -> dict[str, Any]:
        return {
            "starts": self._starts,
            "most": [astuple(used) for used in self._most],
            "last": [astuple(used) for used in self._last],
            "step": self._step,
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> UsageHistory:
        history = cls()
        history._starts, history._step = list(value["starts"]), value["step"]
        history._most = [Used(*used) for used in value["most"]]
        history._last = [Used(*used) for used in value["last"]]
        return history

    def _halve(self) -> None:
        pairs = range(0, len(self._starts) - 1, 2)
        most = [self._most[place].and_then(self._most[place + 1]) for place in pairs]
        last = [self._last[place + 1] for place in pairs]
        starts = [self._starts[place] for place in pairs]
        if len(self._starts) % 2:
            starts.append(self._starts[-1])
            most.append(self._most[-1])
            last.append(self._last[-1])
        self._starts, self._most, self._last = starts, most, last
        self._step *= 2
