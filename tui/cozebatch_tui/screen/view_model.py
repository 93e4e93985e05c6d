"""The screen's read model: takes events from the engine's thread into a board and reports what to repaint.

Called by a timer about a dozen times a second, whatever the event rate; nothing here waits.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import assert_never

from cozebatch.model import events
from cozebatch.model.board import Board
from cozebatch.model.statistics import Remaining
from cozebatch.model.task import State
from cozebatch_tui.presentation.end_estimate import ENDS_NEEDED, EndEstimate
from cozebatch_tui.presentation.tally import Tally
from cozebatch_tui.presentation.usage import UsageHistory
from cozebatch_tui.session.controls import Reader, Snapshot

LINES_KEPT = 5000
GUESS = 300.0
"""Seconds of an execution at Coze of which nothing is known."""


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

    def __init__(self, subscription: Reader) -> None:
        self._subscription = subscription
        self.board = Board()
        self.log: deque[events.Event] = deque(maxlen=LINES_KEPT)
        self.logged = 0
        """How many events with a log line there were, ever."""
        self.tally = Tally()
        self.paid = 0
        self.tokens = 0
        """Sums over all rows, as of the last `add_up`."""
        self.left: Remaining | None = None
        """The smoothed time until the end; None while it would be a guess."""
        self._estimate = EndEstimate()
        self.waiting = 0
        """Tasks that a trial left for later."""
        self._stale = True

    def pump(self) -> Changes:
        changes = Changes()
        for event in self._subscription.take():
            changes.any = self._stale = True
            if isinstance(event, Snapshot):
                self._begin_anew(event)
                changes.new_rows = changes.errors = True
                changes.finished = event.board.finished
                continue
            self.board.apply(event)
            self.tally.count(event, self.board)
            if not isinstance(event, events.Loaded | events.TaskProgress | events.Gauges):
                self.log.append(event)
                self.logged += 1
            match event:
                case events.Loaded():
                    changes.new_rows = True
                    changes.errors = True
                case events.TaskState():
                    changes.errors = changes.errors or event.before.is_end or event.after.is_end
                case events.RunFinished():
                    changes.finished = event
                case (
                    events.RunStarted()
                    | events.LimitChanged()
                    | events.Gauges()
                    | events.TaskProgress()
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

    def _begin_anew(self, snapshot: Snapshot) -> None:
        """Show this from now on. The board stays the same object: widgets hold it."""
        self.board.take_over(snapshot.board)
        self.tally = snapshot.tally
        self.log.clear()
        self.log.extend(snapshot.log)
        self.logged += len(snapshot.log)

    @property
    def reused(self) -> int:
        """Executions and results reused from earlier runs instead of paid for again."""
        return self.tally.reused

    @property
    def usage(self) -> UsageHistory:
        """How the slots were used."""
        return self.tally.usage

    @property
    def usual(self) -> float | None:
        """Seconds of a usual execution in earlier batches; None if there were none."""
        return self._estimate.usual

    @usual.setter
    def usual(self, seconds: float | None) -> None:
        self._estimate.usual = seconds

    def throughput(self) -> list[int]:
        """Tasks finished in each minute of running time, oldest first."""
        return self.tally.throughput(self.board.clock)

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
    def tokens_each(self) -> float | None:
        """Tokens of an execution, by those of this batch that have ended; None before the first."""
        used = [row.tokens / row.attempts for row in self.board.rows.values() if row.tokens and row.attempts]
        return sum(used) / len(used) if used else None

    @property
    def to_pay(self) -> int:
        """Executions that waiting tasks will start, retries aside."""
        return self.board.counts[State.PENDING]
