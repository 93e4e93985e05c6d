"""The read model: folds events into rows, counts, gauges and error groups.

The engine and every front keep a board of their own; the same events give the same board. Pure: no I/O, no clock.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import assert_never

from cozebatch.model import events
from cozebatch.model.allowance import ANY_NUMBER
from cozebatch.model.errors import Category, ErrorInfo
from cozebatch.model.rows import Counters, IllegalMove, Row, Stage
from cozebatch.model.task import State, may_move

GroupKey = tuple[Category, str | None]
"""Errors with the same category and the same code of the service have the same cause."""

_NOT_THE_TASKS = frozenset({Category.AUTH, Category.QUOTA, Category.DISK_FULL, Category.INVALID_REQUEST})
"""Categories that pause the whole batch; tasks put back in line because of them are not retried automatically."""


@dataclass(slots=True)
class ErrorGroup:
    """Tasks stopped by the same cause. `sample` is its latest error."""

    key: GroupKey
    sample: ErrorInfo
    task_ids: dict[str, None] = field(default_factory=dict)

    @property
    def count(self) -> int:
        return len(self.task_ids)


@dataclass(slots=True)
class Limit:
    """A resource's effective limit, the limit that the operator set, and why they differ."""

    in_force: int = 0
    user: int = 0
    reason: str = ""


class Board:
    """What is known of a run.

    `dirty` collects the ids of rows changed since `take_dirty` was last called: a screen repaints those.
    """

    def __init__(self) -> None:
        self.run_id: str | None = None
        self.total = 0
        self.rows: dict[str, Row] = {}
        self.counts: dict[State, int] = dict.fromkeys(State, 0)
        self.groups: dict[GroupKey, ErrorGroup] = {}
        self.limits: dict[Stage, Limit] = {Stage.COZE: Limit(), Stage.SYNTHESIS: Limit()}
        self.paused: dict[str, ErrorInfo | None] = {}
        self.gauges: events.Gauges | None = None
        self.counters = Counters()
        self.allowance = ANY_NUMBER
        self.finished: events.RunFinished | None = None
        self.clock = 0.0
        self.wall = 0.0
        self.pause_changes = 0
        """How often the batch was paused or resumed: a command that says which it saw cannot undo a newer one."""
        self.allowance_changes = 0
        """How often the allowance was set."""
        self.questions: set[str] = set()
        """Tasks whose execution waits for an answer."""
        self._dirty: set[str] = set()

    def apply(self, event: events.Event) -> None:
        """Fold one event in. Raises `IllegalMove` for a move the rows do not allow."""
        self.clock, self.wall = max(self.clock, event.clock), event.wall
        match event:
            case events.RunStarted():
                self.run_id, self.total, self.finished = event.run_id, event.total, None
                for stage, limit in ((Stage.COZE, event.max_coze), (Stage.SYNTHESIS, event.max_synthesis)):
                    self.limits[stage] = Limit(limit, limit)
            case events.Loaded():
                for row in event.rows:
                    self._put(row)
            case events.TaskState():
                self._move(event)
            case events.TaskProgress():
                row = self.rows[event.task_id]
                if not row.state.is_end:
                    self.rows[event.task_id] = replace(row, stage=event.stage, fraction=event.fraction)
                    self._dirty.add(event.task_id)
            case events.Retrying():
                self._count_error(event.error)
                self.counters.retries += 1
                row = self.rows[event.task_id]
                self.rows[event.task_id] = replace(row, error=event.error)
                self._dirty.add(event.task_id)
            case events.LimitChanged():
                self.limits[event.stage] = Limit(event.limit, event.user_limit, event.reason)
            case events.Throttled():
                self.counters.throttled += 1
            case events.Paused():
                self.paused[event.reason] = event.error
                self.pause_changes += 1
            case events.Resumed():
                self.paused.clear()
                self.pause_changes += 1
            case events.Gauges():
                self.gauges = event
                self.counters.submissions = event.counters.submissions
                self.counters.polls = event.counters.polls
                self.allowance = event.allowance
            case events.Allowed():
                self.allowance = event.allowance
                self.allowance_changes += 1
            case events.RunFinished():
                self.finished = event
            case events.Noted():
                pass
            case _:
                assert_never(event)

    def take_over(self, other: Board) -> None:
        """Become what `other` is, with all its rows dirty."""
        vars(self).update(vars(other))
        self._dirty = set(self.rows)

    def take_dirty(self) -> set[str]:
        dirty, self._dirty = self._dirty, set()
        return dirty

    @property
    def unfinished(self) -> int:
        return len(self.rows) - sum(self.counts[state] for state in State if state.is_end)

    def in_state(self, *states: State) -> Iterator[Row]:
        return (row for row in self.rows.values() if row.state in states)

    def _put(self, row: Row) -> None:
        old = self.rows.get(row.task_id)
        if old is not None:
            self.counts[old.state] -= 1
            self._ungroup(old)
        self.rows[row.task_id] = row
        if row.waits:
            self.questions.add(row.task_id)
        else:
            self.questions.discard(row.task_id)
        self.counts[row.state] += 1
        self._group(row)
        self._dirty.add(row.task_id)
        self.total = max(self.total, len(self.rows))

    def _move(self, event: events.TaskState) -> None:
        old = self.rows[event.task_id]
        if old.state is not event.before or not may_move(event.before, event.after):
            raise IllegalMove(f"{event.task_id}: {old.state}, told {event.before} -> {event.after}")
        self._put(event.row)
        if event.error is None or _is_no_attempt(event, event.error, old):
            return
        self._count_error(event.error)
        if event.after in (State.PENDING, State.QUEUED) and event.error.category not in _NOT_THE_TASKS:
            self.counters.retries += 1

    def _count_error(self, error: ErrorInfo) -> None:
        errors = self.counters.errors
        errors[error.category] = errors.get(error.category, 0) + 1

    def _group(self, row: Row) -> None:
        if row.error is None or not row.state.is_end:
            return
        key = (row.error.category, row.error.code)
        group = self.groups.setdefault(key, ErrorGroup(key, row.error))
        group.sample = row.error
        group.task_ids[row.task_id] = None

    def _ungroup(self, row: Row) -> None:
        if row.error is None:
            return
        key = (row.error.category, row.error.code)
        group = self.groups.get(key)
        if group is not None:
            group.task_ids.pop(row.task_id, None)
            if not group.task_ids:
                del self.groups[key]


def _is_no_attempt(event: events.TaskState, error: ErrorInfo, old: Row) -> bool:
    """Whether no attempt failed here: a submission over a limit, or one whose refusal was counted when it came."""
    if event.before is State.SUBMITTING:
        return error.category is Category.THROTTLED
    return event.before is State.PENDING and error.category is Category.INVALID_REQUEST and error == old.error


def replay(history: Iterable[events.Event]) -> Board:
    """The board after a complete history of events."""
    board = Board()
    for event in history:
        board.apply(event)
    return board


def seeded(counters: Counters, rows: Mapping[str, Row]) -> Board:
    """A board in the state that an earlier process of the run left."""
    board = Board()
    board.counters = counters.copy()
    for row in rows.values():
        board._put(row)
    return board
