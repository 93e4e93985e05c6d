"""A task's way through Coze, download and synthesis: from when to when on the run's clock, and how each went. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from cozebatch.model import events
from cozebatch.model.errors import Category
from cozebatch.model.rows import Row
from cozebatch.model.task import State

Name = Literal["coze", "download", "synthesis"]
Outcome = Literal["waits", "goes on", "done", "failed", "unclear", "left"]
"""`unclear`: nobody knows what became of it. `left`: the task ended before the stage did, for no fault of the stage."""

_OF_SYNTHESIS = frozenset(
    {Category.SYNTHESIS, Category.SYNTHESIS_TIMEOUT, Category.WORKER_CRASHED, Category.DRAFT_FOLDER, Category.MEDIA}
)


@dataclass(frozen=True, slots=True)
class Leg:
    """One stage. `start` is None if it was not begun, or if only its length is known. Seconds of the run's clock."""

    name: Name
    start: float | None
    seconds: float
    outcome: Outcome
    failures: int = 0


def course(row: Row, now: float, told: Iterable[events.Event] = (), *, with_films: bool = True) -> list[Leg]:
    """`now` on the run's clock; `told`: the events of this task, of which the failed tries are counted. The time of a
    stage stops with the task: that of a held one, too, of which nobody knows whether it still runs."""
    end = row.end_clock if row.state.is_end and row.end_clock is not None else now
    tries = _tries(told)
    legs = [_coze(row, end)]
    if with_films:
        legs += [_download(row, end, tries["download"]), _synthesis(row, end, tries["synthesis"])]
    return legs


def _coze(row: Row, end: float) -> Leg:
    failures = max(0, row.failures)
    if row.submit_clock is None or row.state is State.PENDING:
        done = row.has_output or row.coze_end_clock is not None
        return Leg(
            "coze", None, row.coze_seconds, "done" if done and row.state is not State.PENDING else "waits", failures
        )
    until = row.coze_end_clock if row.coze_end_clock is not None else end
    seconds = row.coze_seconds if row.coze_end_clock is not None and row.coze_seconds else until - row.submit_clock
    if row.state.in_flight:
        outcome: Outcome = "goes on"
    elif row.has_output or row.state in (
        State.DOWNLOADING,
        State.QUEUED,
        State.SYNTHESIZING,
        State.WRITING_BACK,
        State.DONE,
    ):
        outcome = "done"
    elif row.state is State.HELD:
        outcome = "unclear"
    elif row.state is State.FAILED:
        outcome = "failed"
    else:
        outcome = "left"
    return Leg("coze", row.submit_clock, max(0.0, seconds), outcome, failures)


def _download(row: Row, end: float, failures: int) -> Leg:
    """Until its synthesis begins: waiting for a worker belongs to it."""
    start = row.coze_end_clock
    if not row.has_output or start is None or row.state is State.PENDING:
        return Leg("download", None, 0.0, "waits", failures)
    until = row.synthesis_clock if row.synthesis_clock is not None and row.synthesis_clock >= start else end
    if row.state in (State.DOWNLOADING, State.QUEUED):
        outcome: Outcome = "goes on"
    elif row.synthesis_clock is not None or row.state in (State.DONE, State.WRITING_BACK):
        outcome = "done"
    else:
        outcome = "failed" if row.state is State.FAILED else "left"
    return Leg("download", start, max(0.0, until - start), outcome, failures)


def _synthesis(row: Row, end: float, failures: int) -> Leg:
    start = row.synthesis_clock
    if start is None or row.state is State.PENDING:
        return Leg("synthesis", None, 0.0, "waits", failures)
    until = row.synthesis_end_clock if row.synthesis_end_clock is not None and row.synthesis_end_clock >= start else end
    if row.state is State.SYNTHESIZING:
        outcome: Outcome = "goes on"
    elif row.state in (State.DONE, State.WRITING_BACK):
        outcome = "done"
    elif row.state is State.FAILED and row.error is not None and row.error.category in _OF_SYNTHESIS:
        outcome = "failed"
    else:
        outcome = "left"
    return Leg("synthesis", start, max(0.0, until - start), outcome, failures)


def _tries(told: Iterable[events.Event]) -> dict[str, int]:
    """How often download and synthesis failed since the result was there."""
    tries = {"download": 0, "synthesis": 0}
    for event in told:
        match event:
            case events.TaskState(after=State.SUBMITTING):
                tries = {"download": 0, "synthesis": 0}
            case events.Retrying(step="download"):
                tries["download"] += 1
            case events.TaskState(before=State.SYNTHESIZING, error=error) if error is not None:
                tries["synthesis"] += 1
            case events.TaskState(before=State.DOWNLOADING, after=State.FAILED):
                tries["download"] += 1
            case _:
                pass
    return tries
