"""The engine's clock: durations from the event loop's monotonic clock, timestamps from the wall clock.

Either clock may jump. A suspended machine stops the event loop; on Windows its monotonic clock continues meanwhile, on
Linux and macOS it does not. People and NTP set the wall clock. So the run's clock counts only the time in which the
machine was awake, and `beat` reports jumps.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass

import anyio

STALL = 15.0
"""Seconds by which a beat may be late, or the two clocks may part, before that counts as a jump. A busy machine is
late by seconds at most; NTP corrects less than this by slewing."""


@dataclass(frozen=True, slots=True)
class Jump:
    """A gap caused by system suspend or a clock change.

    `seconds` > 0: the machine was suspended, or its clock was put forward. `seconds` < 0: the clock was put back.
    """

    seconds: float


class RunClock:
    """The run's own clock: seconds of running time, continued from where an earlier process stopped.

    `wall` gives Unix seconds and is replaced in tests. Made inside a running event loop. It never goes back; between
    two beats it believes at most the interval between them and `STALL`.
    """

    def __init__(self, base: float = 0.0, wall: Callable[[], float] = time.time) -> None:
        self.wall = wall
        self._base = base
        self._mark = anyio.current_time()
        self._wall_mark = wall()
        self._longest = math.inf
        self._jumps = 0
        self._paused = False

    @property
    def jumps(self) -> int:
        """How often the clocks jumped. A duration across a jump is not ours to measure."""
        return self._jumps

    def pause(self) -> None:
        """Nothing runs: no time passes until `resume`."""
        self._base = self.now()
        self._paused = True

    def resume(self) -> None:
        if self._paused:
            self._paused = False
            self._mark = anyio.current_time()

    def now(self) -> float:
        if self._paused:
            return self._base
        return self._base + min(anyio.current_time() - self._mark, self._longest)

    def start_beating(self, interval: float) -> None:
        """From now on `beat` is called every `interval` seconds."""
        self._set_marks()
        self._longest = interval + STALL

    def beat(self) -> Jump | None:
        """How the clocks have jumped since the beat before; None when they have not."""
        jump = self._jump()
        self._jumps += jump is not None
        return jump

    def _jump(self) -> Jump | None:
        passed, by_wall = anyio.current_time() - self._mark, self.wall() - self._wall_mark
        expected = self._longest - STALL
        self._set_marks()
        if max(passed, by_wall) - expected > STALL:
            return Jump(max(passed, by_wall) - expected)
        if passed - by_wall > STALL:
            return Jump(by_wall - passed)
        return None

    def _set_marks(self) -> None:
        self._base = self.now()
        self._mark, self._wall_mark = anyio.current_time(), self.wall()
