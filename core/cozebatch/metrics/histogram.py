"""Counts durations in buckets, as Prometheus' histograms do."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence

EXECUTION_BOUNDS = (15.0, 30.0, 60.0, 120.0, 180.0, 240.0, 300.0, 420.0, 600.0, 900.0, 1800.0, 3600.0)
SYNTHESIS_BOUNDS = (1.0, 2.5, 5.0, 10.0, 20.0, 40.0, 60.0, 120.0, 300.0, 600.0, 1800.0)


class Histogram:
    """`bounds`: upper bounds in seconds, ascending; a last bucket without a bound is added."""

    def __init__(self, bounds: Sequence[float]) -> None:
        self._bounds = tuple(bounds)
        self._counts = [0] * (len(bounds) + 1)
        self.total = 0.0

    def observe(self, seconds: float) -> None:
        self._counts[bisect_left(self._bounds, seconds)] += 1
        self.total += seconds

    @property
    def count(self) -> int:
        return sum(self._counts)

    def buckets(self) -> Iterator[tuple[str, int]]:
        """Each bound as Prometheus writes it, and how many were at most that long."""
        reached = 0
        for bound, number in zip((*(f"{b:g}" for b in self._bounds), "+Inf"), self._counts, strict=True):
            reached += number
            yield bound, reached
