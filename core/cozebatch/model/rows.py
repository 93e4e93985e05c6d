"""The row of facts about each task, how a move changes it, and the counters of a run.

The journal stores rows, events carry them, and every screen shows them: one value, so that they cannot disagree.
"""

from __future__ import annotations

import secrets
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from enum import StrEnum
from operator import attrgetter
from typing import Any

from cozebatch.model.errors import ErrorInfo
from cozebatch.model.question import Question
from cozebatch.model.task import State, may_move
from cozebatch.model.text import Text
from cozebatch.model.value_class import valueclass


def new_claim() -> str:
    """A random name for a claim of a record."""
    return secrets.token_hex(4)


class Stage(StrEnum):
    """The two resources; each has its own limit."""

    COZE = "coze"
    SYNTHESIS = "synthesis"


@valueclass(frozen=True, slots=True)
class Row:
    """All facts of one task except its texts and Coze's output, which stay in the journal.

    Wall times are Unix seconds. `…_clock` are marks on the run's clock, for durations and the timeline; they
    belong to the latest attempt, `first_…_clock` to the first. `coze_slot_seconds` and
    `worker_seconds` add up over all attempts.
    """

    task_id: str
    position: int
    title: str = ""
    account_id: str = ""
    project_name: str = ""
    record_id: str | None = None
    fingerprint: str = ""
    state: State = State.PENDING
    attempts: int = 0
    """All executions ever started for it, unanswered ones included, because they may have been paid."""
    submissions: int = 0
    """Requests to start an execution sent for it in this run, refused ones included."""
    failures: int = 0
    """Executions that Coze reported as failed since the last rerun by a person."""
    execute_id: str | None = None
    debug_url: str | None = None
    has_output: bool = False
    """Coze's output of `execute_id` is on disk."""
    execution_failed: bool = False
    """Coze reported the execution `execute_id` as failed; continuing costs a new one."""
    unanswered: bool = False
    """Its latest submission got no clear answer, and it is still unknown whether an execution exists."""
    claimed: bool = False
    """Claiming its record was started, so the table may show our mark."""
    claim: str = ""
    """Names the claim that was started last: its marks begin so. Marks of an earlier one, which somebody else won, do
    not count. Empty with `claimed`: any mark of this state folder counts (rows of older versions)."""
    given_up: bool = False
    """It failed for trouble that passes, before its submission: the table was not told, and the next start takes it
    up."""
    edited: bool = False
    """Title and script are the operator's, not the source's."""
    asked: bool = False
    """A person asked for this task's next execution, so it needs no claim."""
    adopted: bool = False
    stage: str | None = None
    fraction: float | None = None
    """Progress within `stage`, 0..1, while it can be measured."""
    submitted_at: float | None = None
    coze_finished_at: float | None = None
    finished_at: float | None = None
    entered_clock: float = 0.0
    first_submit_clock: float | None = None
    submit_clock: float | None = None
    slot_clock: float | None = None
    """When it got its Coze slot."""
    coze_end_clock: float | None = None
    first_synthesis_clock: float | None = None
    synthesis_clock: float | None = None
    synthesis_end_clock: float | None = None
    end_clock: float | None = None
    coze_seconds: float = 0.0
    """Duration of the latest execution, from its submission until we learned of its end."""
    synthesis_seconds: float = 0.0
    coze_slot_seconds: float = 0.0
    worker_seconds: float = 0.0
    lag_seconds: float | None = None
    """Delay from the end of the execution (Coze's `update_time`) until we learned of it."""
    tokens_in: int = 0
    tokens_out: int = 0
    tokens: int = 0
    draft_path: str | None = None
    video_path: str | None = None
    note: Text | None = None
    """Why it was skipped or held, or what a person should know about it."""
    error: ErrorInfo | None = None
    question: Question | None = None
    """What its execution asks a person; it waits at Coze until that is answered."""
    reused: bool = False
    """Its result is that of an execution which was paid for as another task's."""
    resumed_at: float | None = None
    """When its execution went on after a question was answered (Unix seconds): from then on it runs."""

    @property
    def waits(self) -> bool:
        """Its execution is paid for and waits for an answer to its question."""
        return self.state is State.HELD and self.question is not None

    def to_json(self) -> dict[str, Any]:
        """JSON for the journal; holds only what differs from a new row."""
        kept = {
            name: value
            for (name, default), value in zip(_ROW_DEFAULTS, _values(self), strict=True)
            if value is not default and value != default
        }
        for name in ("error", "note", "question"):
            if name in kept:
                kept[name] = kept[name].to_json()
        return kept

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Row:
        """Raises `KeyError` where what every row has is missing. What only a later version knows is left out.

        The values are given by place: by name, a row takes twice the time, and a start may read 100,000.
        """
        values = [value["task_id"], value["position"], *_DEFAULTS]
        for name, fact in value.items():
            if (place := _PLACES.get(name)) is not None:
                values[place] = fact
        if "state" in value:
            values[_PLACES["state"]] = _STATES[value["state"]]
        if "account_id" in value:
            values[_PLACES["account_id"]] = sys.intern(value["account_id"])  # many rows have the same
        if value.get("error") is not None:
            values[_PLACES["error"]] = ErrorInfo.from_json(value["error"])
        if value.get("note") is not None:
            values[_PLACES["note"]] = Text.from_json(value["note"])
        if value.get("question") is not None:
            values[_PLACES["question"]] = Question.from_json(value["question"])
        return cls(*values)


_STATES: Mapping[str, State] = {state.value: state for state in State}
_ROW_DEFAULTS = tuple((f.name, f.default) for f in fields(Row))
_DEFAULTS = tuple(default for _, default in _ROW_DEFAULTS[2:])
_PLACES = {f.name: place for place, f in enumerate(fields(Row))}
_values = attrgetter(*_PLACES)


def changed(row: Row, **facts: Any) -> Row:
    """The row with these `facts`. `dataclasses.replace` does the same in twice the time, and a start changes the rows
    of 100,000 tasks."""
    values = list(_values(row))
    for name, value in facts.items():
        values[_PLACES[name]] = value
    return Row(*values)


@dataclass(slots=True)
class Counters:
    """Counts of a run over all its processes, in addition to its rows."""

    submissions: int = 0
    polls: int = 0
    retries: int = 0
    throttled: int = 0
    errors: dict[str, int] = field(default_factory=dict)
    """Number of errors per category, over all attempts."""

    def copy(self) -> Counters:
        return Counters(self.submissions, self.polls, self.retries, self.throttled, dict(self.errors))

    def to_json(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.__slots__}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Counters:
        return cls(**{name: value[name] for name in cls.__slots__ if name in value})


class IllegalMove(AssertionError):
    """A move that `task.MOVES` does not allow. It is always a bug, never caused by input."""


def moved(row: Row, after: State, *, wall: float, clock: float, **facts: Any) -> Row:
    """The row after a move to `after` at `wall` (Unix seconds) and `clock` (seconds on the run's clock).

    Keeps the time marks and sums that follow from the move itself; `facts` are any other fields that change with
    it. A move clears the error unless it is given again. Raises `IllegalMove`.
    """
    before = row.state
    if not may_move(before, after):
        raise IllegalMove(f"{row.task_id}: {before} -> {after}")
    changes: dict[str, Any] = {"state": after, "entered_clock": clock, "stage": None, "fraction": None, "error": None}
    changes["given_up"] = False
    if before.in_flight and not after.in_flight:
        changes["coze_slot_seconds"] = row.coze_slot_seconds + _since(row.slot_clock, clock)
        changes["slot_clock"] = None
    if before is State.RUNNING:
        changes["coze_end_clock"] = clock
        changes["coze_seconds"] = _since(row.submit_clock, clock)
    if before is State.SYNTHESIZING:
        changes["synthesis_end_clock"] = clock
        changes["synthesis_seconds"] = _since(row.synthesis_clock, clock)
        changes["worker_seconds"] = row.worker_seconds + _since(row.synthesis_clock, clock)
    if before.is_end:
        changes |= {"finished_at": None, "end_clock": None, "note": None, "question": None}
    if after.in_flight and not before.in_flight:
        changes["slot_clock"] = clock
    if after is State.SUBMITTING:
        changes |= {"submit_clock": clock, "submitted_at": wall, "coze_end_clock": None, "coze_finished_at": None}
        changes |= {"execute_id": None, "debug_url": None, "has_output": False, "adopted": False, "asked": False}
        changes["unanswered"] = False
        changes |= {"execution_failed": False, "resumed_at": None, "reused": False}
        changes |= {"synthesis_clock": None, "synthesis_end_clock": None, "lag_seconds": None}
        if row.first_submit_clock is None:
            changes["first_submit_clock"] = clock
    if after is State.RUNNING:
        changes["unanswered"] = False
    if after is State.RUNNING and row.submit_clock is None:
        changes |= {"submit_clock": clock, "first_submit_clock": row.first_submit_clock or clock}
    if after is State.RUNNING and row.submitted_at is None:
        changes["submitted_at"] = wall
    if after is State.SYNTHESIZING:
        changes |= {"synthesis_clock": clock, "synthesis_end_clock": None}
        if row.first_synthesis_clock is None:
            changes["first_synthesis_clock"] = clock
    if after.is_end:
        changes |= {"finished_at": wall, "end_clock": clock}
    return changed(row, **{**changes, **facts})


def _since(mark: float | None, clock: float) -> float:
    return 0.0 if mark is None else max(0.0, clock - mark)
