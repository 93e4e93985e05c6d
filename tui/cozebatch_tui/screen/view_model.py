"""The screen's read model: takes events from the engine's thread into a board and reports what to repaint.

Called by a timer about a dozen times a second, whatever the event rate; nothing here waits.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import assert_never

from cozebatch.engine.event_bus import Subscription
from cozebatch.model import events
from cozebatch.model.board import Board
from cozebatch.model.rows import Stage
from cozebatch.model.statistics import Remaining, compute, estimate_remaining
from cozebatch.model.task import State

LINES_KEPT = 5000
BUCKET = 30.0
"""Seconds of running time that one bar of the throughput shows."""
BUCKETS_KEPT = 240


@dataclass(slots=True)
class Changes:
    """What changed in one pump."""

    dirty: set[str] = field(default_factory=set)
    new_rows: bool = False
    errors: bool = False
    finished: events.RunFinished | None = None
    any: bool = False


class ViewModel:
    """Board, log and sums, as of the last pump."""

    def __init__(self, subscription: Subscription) -> None:
        self._subscription = subscription
        self.board = Board()
        self.log: deque[events.Event] = deque(maxlen=LINES_KEPT)
        self.logged = 0
        """How many events with a log line there were, ever."""
        self.reused = 0
        """Executions and results reused from earlier runs instead of paid for again."""
        self.paid = 0
        self.tokens = 0
        """Sums over all rows, as of the last `add_up`."""
        self.left: Remaining | None = None
        self._stale = True
        self._done_in: deque[int] = deque(maxlen=BUCKETS_KEPT)
        self._bucket = 0

    def pump(self) -> Changes:
        changes = Changes()
        for event in self._subscription.take():
            changes.any = self._stale = True
            self.board.apply(event)
            if not isinstance(event, events.Loaded | events.TaskProgress | events.Gauges):
                self.log.append(event)
                self.logged += 1
            match event:
                case events.Loaded():
                    changes.new_rows = True
                    changes.errors = True
                case events.TaskState():
                    self._count(event)
                    changes.errors = changes.errors or event.before.is_end or event.after.is_end
                case events.RunFinished():
                    changes.finished = event
                case (
                    events.RunStarted()
                    | events.TaskProgress()
                    | events.Retrying()
                    | events.LimitChanged()
                    | events.Throttled()
                    | events.Paused()
                    | events.Resumed()
                    | events.Gauges()
                    | events.Noted()
                ):
                    pass  # the board has it
                case _:
                    assert_never(event)
        changes.dirty = self.board.take_dirty()
        return changes

    def throughput(self) -> list[int]:
        """Films finished in each half minute of running time, oldest first."""
        self._advance(self.board.clock)
        return list(self._done_in)

    def add_up(self) -> None:
        """Update the sums and the remaining time. The cost grows with the number of tasks: not for every paint."""
        if not self._stale:
            return
        self._stale = False
        rows = self.board.rows.values()
        self.paid = sum(row.attempts for row in rows)
        self.tokens = sum(row.tokens for row in rows)
        self.left = self._remaining()

    def average_coze(self) -> float:
        """Seconds of an average execution at Coze so far. The cost grows with the number of tasks."""
        limits = self.board.limits
        figures = compute(
            self.board,
            elapsed=self.board.clock,
            max_coze=max(1, limits[Stage.COZE].user),
            max_synthesis=max(1, limits[Stage.SYNTHESIS].user),
        )
        return figures.average_coze_seconds

    def _remaining(self) -> Remaining | None:
        limits = self.board.limits
        return estimate_remaining(
            self.board,
            coze_limit=limits[Stage.COZE].in_force,
            synthesis_limit=limits[Stage.SYNTHESIS].in_force,
        )

    def _count(self, event: events.TaskState) -> None:
        if event.before is State.PENDING and event.after in (State.RUNNING, State.DOWNLOADING, State.WRITING_BACK):
            self.reused += 1
        if event.after is State.DONE:
            self._advance(event.clock)
            self._done_in[-1] += 1

    def _advance(self, clock: float) -> None:
        bucket = int(clock // BUCKET)
        if not self._done_in:
            self._bucket = bucket
            self._done_in.append(0)
        while self._bucket < bucket:
            self._done_in.append(0)
            self._bucket += 1
