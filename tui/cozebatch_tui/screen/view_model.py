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
from cozebatch.model.statistics import Remaining
from cozebatch.model.task import State
from cozebatch_tui.presentation.end_estimate import ENDS_NEEDED, EndEstimate
from cozebatch_tui.presentation.usage import UsageHistory, Used

LINES_KEPT = 5000
BUCKET = 60.0
"""Seconds of running time that one bar of the throughput shows."""
BUCKETS_KEPT = 240
GUESS = 300.0
"""Seconds of an execution at Coze of which nothing is known."""

_IN_FLIGHT = tuple(state for state in State if state.in_flight)


@dataclass(frozen=True, slots=True)
class Pace:
    """Seconds of a usual execution at Coze; `guessed` if neither this batch nor an earlier one tells them."""

    coze_seconds: float
    guessed: bool = False


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
        """The smoothed time until the end; None while it would be a guess."""
        self._estimate = EndEstimate()
        self.waiting = 0
        """Tasks that a trial left for later."""
        self.usage = UsageHistory()
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
                    self._record_usage(event.clock)
                case events.RunFinished():
                    changes.finished = event
                case events.RunStarted() | events.LimitChanged() | events.Gauges():
                    self._record_usage(event.clock)
                case (
                    events.TaskProgress()
                    | events.Retrying()
                    | events.Throttled()
                    | events.Paused()
                    | events.Resumed()
                    | events.Allowed()
                    | events.Noted()
                ):
                    pass  # the board has it
                case _:
                    assert_never(event)
        changes.dirty = self.board.take_dirty()
        return changes

    @property
    def usual(self) -> float | None:
        """Seconds of a usual execution in earlier batches; None if there were none."""
        return self._estimate.usual

    @usual.setter
    def usual(self, seconds: float | None) -> None:
        self._estimate.usual = seconds

    def throughput(self) -> list[int]:
        """Tasks finished in each minute of running time, oldest first."""
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
        self.left = self._estimate.remaining(self.board, is_over=self.is_over)

    def pace(self) -> Pace:
        """Of this batch, else of earlier ones, else a guess. The cost grows with the number of tasks."""
        ended = [row.coze_seconds for row in self.board.rows.values() if row.coze_end_clock is not None]
        if len(ended) >= ENDS_NEEDED:
            return Pace(sum(ended) / len(ended))
        return Pace(self.usual) if self.usual else Pace(GUESS, guessed=True)

    @property
    def is_over(self) -> bool:
        """Whether nothing goes on: all has ended, but for what a trial left for later."""
        return bool(self.board.rows) and self.board.unfinished <= self.waiting

    @property
    def to_pay(self) -> int:
        """Executions that waiting tasks will start, retries aside."""
        return self.board.counts[State.PENDING]

    def _record_usage(self, clock: float) -> None:
        counts, limits = self.board.counts, self.board.limits
        coze, synthesis = limits[Stage.COZE], limits[Stage.SYNTHESIS]
        self.usage.record(
            clock,
            Used(
                sum(counts[state] for state in _IN_FLIGHT),
                coze.in_force,
                coze.user,
                counts[State.SYNTHESIZING],
                synthesis.in_force,
                synthesis.user,
            ),
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
