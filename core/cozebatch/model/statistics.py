"""Computes a run's figures (docs/contract.md §6) and its remaining time from the board. Pure."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from cozebatch.model.board import Board
from cozebatch.model.rows import Row
from cozebatch.model.task import State


@dataclass(frozen=True, slots=True)
class Tokens:
    input: int
    output: int
    total: int


@dataclass(frozen=True, slots=True)
class Statistics:
    """The names and units of docs/contract.md §6: seconds, per cent for `success_rate`, 0..1 for the utilisations."""

    total_tasks: int
    done: int
    failed: int
    held: int
    cancelled: int
    skipped: int
    pending: int
    success_rate: float
    elapsed_seconds: float
    average_task_seconds: float
    p50_task_seconds: float
    p95_task_seconds: float
    average_coze_seconds: float
    average_synthesis_seconds: float
    coze_utilization: float
    synthesis_utilization: float
    average_detection_lag_seconds: float
    submissions: int
    polls: int
    retries: int
    throttled: int
    tokens: Tokens
    errors: dict[str, int]

    def to_json(self) -> dict[str, Any]:
        return {name: round(v, 3) if isinstance(v, float) else v for name, v in asdict(self).items()}


def compute(board: Board, *, elapsed: float, max_coze: int, max_synthesis: int) -> Statistics:
    """The current figures of the run; `elapsed` is its running time in seconds, of all its processes."""
    rows = list(board.rows.values())
    counts = board.counts
    done, failed, held = counts[State.DONE], counts[State.FAILED], counts[State.HELD]
    judged = done + failed + held
    spans = sorted(
        row.end_clock - row.first_submit_clock
        for row in rows
        if row.state is State.DONE and row.end_clock is not None and row.first_submit_clock is not None
    )
    now = board.clock
    return Statistics(
        total_tasks=len(rows),
        done=done,
        failed=failed,
        held=held,
        cancelled=counts[State.CANCELLED],
        skipped=counts[State.SKIPPED],
        pending=board.unfinished,
        success_rate=100.0 * done / judged if judged else 0.0,
        elapsed_seconds=elapsed,
        average_task_seconds=_mean(spans),
        p50_task_seconds=_percentile(spans, 0.50),
        p95_task_seconds=_percentile(spans, 0.95),
        average_coze_seconds=_mean([r.coze_seconds for r in rows if r.coze_end_clock is not None]),
        average_synthesis_seconds=_mean([r.synthesis_seconds for r in rows if r.synthesis_end_clock is not None]),
        coze_utilization=_utilization(
            (r.coze_slot_seconds + _open(r.slot_clock, now) for r in rows),
            (r.first_submit_clock for r in rows),
            (now if r.state.in_flight else r.coze_end_clock for r in rows),
            max_coze,
        ),
        synthesis_utilization=_utilization(
            (r.worker_seconds + (_open(r.synthesis_clock, now) if r.state is State.SYNTHESIZING else 0) for r in rows),
            (r.first_synthesis_clock for r in rows),
            (now if r.state is State.SYNTHESIZING else r.synthesis_end_clock for r in rows),
            max_synthesis,
        ),
        average_detection_lag_seconds=_mean([r.lag_seconds for r in rows if r.lag_seconds is not None]),
        submissions=board.counters.submissions,
        polls=board.counters.polls,
        retries=board.counters.retries,
        throttled=board.counters.throttled,
        tokens=Tokens(sum(r.tokens_in for r in rows), sum(r.tokens_out for r in rows), sum(r.tokens for r in rows)),
        errors=dict(sorted(board.counters.errors.items())),
    )


@dataclass(frozen=True, slots=True)
class Remaining:
    """An estimate of the `seconds` until all is done, and the resource that limits it."""

    seconds: float
    bottleneck: Literal["coze", "synthesis"]


def estimate_remaining(
    board: Board, *, coze_limit: int, synthesis_limit: int, usual: float | None = None
) -> Remaining | None:
    """Estimates the rest of the run from the pace so far. Before the first execution ended, from `usual`, the seconds
    of one in earlier runs; None without those.

    Each resource needs its remaining work divided by its limit; the slower one decides. After the last execution its
    own synthesis still follows.
    """
    coze = _Pace([r.coze_seconds for r in board.rows.values() if r.coze_end_clock is not None])
    synthesis = _Pace([r.synthesis_seconds for r in board.rows.values() if r.synthesis_end_clock is not None])
    each = coze.mean if coze.mean is not None else usual
    if each is None:
        return None
    to_run = [max(0.0, each - _open(r.submit_clock, board.clock)) for r in _in_flight(board)]
    to_run += [each] * board.counts[State.PENDING]
    per_film = synthesis.mean or 0.0
    films = len(to_run) + board.counts[State.DOWNLOADING] + board.counts[State.QUEUED]
    to_make = films * per_film
    to_make += sum(
        max(0.0, per_film - _open(r.synthesis_clock, board.clock)) for r in board.in_state(State.SYNTHESIZING)
    )
    coze_seconds = _makespan(to_run, max(1, coze_limit))
    coze_seconds += per_film if to_run else 0.0
    synthesis_seconds = to_make / max(1, synthesis_limit)
    if films or to_make:
        synthesis_seconds = max(synthesis_seconds, per_film if films else 0.0)
    if coze_seconds >= synthesis_seconds:
        return Remaining(coze_seconds, "coze")
    return Remaining(synthesis_seconds, "synthesis")


class _Pace:
    def __init__(self, seconds: Sequence[float]) -> None:
        self.mean = _mean(seconds) if seconds else None


def _in_flight(board: Board) -> Iterable[Row]:
    return board.in_state(*(state for state in State if state.in_flight))


def _makespan(durations: Sequence[float], slots: int) -> float:
    """The length of the list schedule of `durations`, in their order, on `slots`."""
    if len(durations) > 5000:
        return max(max(durations), sum(durations) / slots)
    free = [0.0] * min(slots, len(durations))
    for seconds in durations:
        heapq.heapreplace(free, free[0] + seconds)
    return max(free, default=0.0)


def _open(mark: float | None, now: float) -> float:
    return 0.0 if mark is None else max(0.0, now - mark)


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else 0.0


def _percentile(ordered: Sequence[float], share: float) -> float:
    """The percentile by the nearest-rank method."""
    if not ordered:
        return 0.0
    return ordered[max(0, min(len(ordered) - 1, -(-int(share * 100) * len(ordered) // 100) - 1))]


def _utilization(
    used: Iterable[float], starts: Iterable[float | None], ends: Iterable[float | None], limit: int
) -> float:
    begun = [s for s in starts if s is not None]
    ended = [e for e in ends if e is not None]
    if not begun or not ended or max(ended) <= min(begun):
        return 0.0
    return min(1.0, sum(used) / (max(1, limit) * (max(ended) - min(begun))))
