"""Decisions that the run which goes on and a later run share: what becomes of one task and of its row. Pure."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal, assert_never

from cozebatch.model.rows import Row
from cozebatch.model.task import CONTENT_ONLY, State, Task
from cozebatch.model.text import Text
from cozebatch.planning.planned import (
    CRASHED_WHILE_SENDING,
    JOURNAL_INCOMPLETE,
    NO_CONTENT,
    Action,
    OperatorOverrides,
    Planned,
    new_row,
)
from cozebatch.ports import Past


def resume_step(row: Row) -> Literal["finish", "watch", "submit", "paid", "deliver"] | None:
    """The step from which an ended task resumes for free. `paid`: only a new execution helps. None: nothing helps."""
    if row.state is State.DONE:
        return "deliver" if row.error is not None else None
    if row.state in (State.HELD, State.SKIPPED):
        return "paid" if row.state is State.HELD else None
    if row.has_output:
        return "finish"
    if row.execution_failed or row.unanswered:
        return "paid"
    if row.execute_id is not None:
        return "watch"
    return "submit"


def first_plan(
    task: Task, position: int, overrides: OperatorOverrides, *, incomplete: bool = False, claim: Past | None = None
) -> Planned:
    """`claim`: who may have claimed its record for us."""
    unknown = incomplete and task.task_id not in overrides.rerun and overrides.on_unknown_submit == "hold"
    if claim is None and task.task_id not in overrides.adopt and task.content.strip() and not unknown:
        return Planned(task, position, Action.SUBMIT)
    row = new_row(task, position)
    if claim is not None:
        row = replace(row, claimed=claim.row.claimed, claim=claim.row.claim)
    if task.task_id in overrides.adopt:
        return Planned(task, _adopting(row, overrides), Action.WATCH)
    if not task.content.strip():
        return skip(task, row, NO_CONTENT)
    if unknown:
        held = replace(row, state=State.HELD, error=JOURNAL_INCOMPLETE, unanswered=True)
        return Planned(task, held, Action.HOLD, error=JOURNAL_INCOMPLETE)
    return Planned(task, row, Action.SUBMIT)


def overridden(task: Task, row: Row, overrides: OperatorOverrides) -> Planned | None:
    """The operator's override for this task takes precedence. A task without a script is never paid for."""
    if task.task_id in overrides.adopt:
        return Planned(task, _adopting(row, overrides), Action.WATCH)
    if task.task_id in overrides.rerun and row.state is not State.RUNNING and task.content.strip():
        again = replace(row_for_another(task, row), attempts=row.attempts + (row.state is State.SUBMITTING), asked=True)
        return Planned(task, again, Action.SUBMIT)
    return None


def resumed(task: Task, row: Row, earlier: Past, overrides: OperatorOverrides) -> Planned:
    """The plan for a task that has not ended: it goes on from the state of `row`."""
    if not is_unverified(row) and row.state is not State.SUBMITTING:
        row = as_told(task, row)
    match row.state:
        case State.SUBMITTING if overrides.may_resubmit(max(1, earlier.started)):
            again = replace(resubmitted(row, earlier), state=State.PENDING, attempts=row.attempts + 1)
            return Planned(task, again, Action.SUBMIT)
        case State.SUBMITTING:
            held = replace(row, attempts=row.attempts + 1, state=State.HELD, error=CRASHED_WHILE_SENDING)
            held = replace(held, unanswered=True)
            return Planned(task, held, Action.HOLD, error=CRASHED_WHILE_SENDING)
        case State.RUNNING:
            return Planned(task, row, Action.WATCH)
        case State.DOWNLOADING | State.QUEUED | State.SYNTHESIZING:
            return Planned(task, row, Action.FINISH)
        case State.WRITING_BACK:
            return Planned(task, row, Action.DELIVER if earlier.owed else Action.FINISH)
        case State.PENDING | State.DONE | State.FAILED | State.HELD | State.CANCELLED | State.SKIPPED:
            return Planned(task, as_told(task, row), Action.SUBMIT)
        case _:
            assert_never(row.state)


def row_for_another(task: Task, row: Row) -> Row:
    """A row for a new execution. It keeps the counts of `row`."""
    return replace(
        new_row(task, row.position),
        attempts=row.attempts,
        submissions=row.submissions,
        claimed=row.claimed,
        claim=row.claim,
        first_submit_clock=row.first_submit_clock,
        coze_slot_seconds=row.coze_slot_seconds,
    )


def resubmitted(row: Row, earlier: Past) -> Row:
    """The row for an execution beside one that may exist: each that was started counts as a failure, so that there are
    at most 1 + max_retries in all (docs/contract.md §5)."""
    return replace(row, failures=max(row.failures, earlier.started, 1))


def as_told(task: Task, row: Row) -> Row:
    """The row as `task` describes it; the same object if it is so already, since a batch may have 100,000."""
    now: dict[str, str | bool] = {
        "title": task.title,
        "account_id": task.account_id,
        "project_name": task.project_name,
        "fingerprint": task.fingerprint(),
        "edited": task.edited,
    }
    if all(getattr(row, name) == value for name, value in now.items()):
        return row
    return replace(row, **now)  # type: ignore[arg-type]


def skip(task: Task, row: Row, note: Text) -> Planned:
    """`note`: why."""
    return Planned(task, replace(row, state=State.SKIPPED, note=note), Action.SKIP, note=note)


def _adopting(row: Row, overrides: OperatorOverrides) -> Row:
    """The row as it will be once the execution a person named is watched."""
    execute_id = overrides.adopt[row.task_id]
    attempts = max(1, row.attempts)
    return replace(
        row,
        state=State.RUNNING,
        execute_id=execute_id,
        attempts=attempts,
        debug_url=row.debug_url if row.execute_id == execute_id else None,
        submitted_at=row.submitted_at if row.execute_id == execute_id else None,
        has_output=False,
        execution_failed=False,
        unanswered=False,
        error=None,
        question=None,
        resumed_at=None,
        reused=False,
        end_clock=None,
        finished_at=None,
    )


def is_unverified(row: Row) -> bool:
    """Whether not all is known of what it was made from: it comes from a log or an imported file."""
    return not row.fingerprint or row.fingerprint.startswith(CONTENT_ONLY)


def was_given_up(row: Row) -> bool:
    """Whether the row failed for trouble that passes, before a submission: a claim that could not be settled is tried
    again (docs/contract.md §5). Rows of older versions do not say so; those that nothing was sent for did."""
    if row.state is not State.FAILED:
        return False
    return row.given_up or (row.claimed and not row.attempts and not row.submissions and row.execute_id is None)


def has_same_input(row: Row, task: Task) -> bool:
    """Whether the row was made from what `task` says, as far as is known."""
    if not row.fingerprint:
        return True
    if is_unverified(row):
        return row.fingerprint == task.content_fingerprint()
    return row.fingerprint == task.fingerprint()


def is_of_another_script(row: Row, task: Task) -> bool:
    """True for an imported result whose film is not made yet and whose script was changed since."""
    making = row.state in (State.DOWNLOADING, State.QUEUED, State.SYNTHESIZING)
    return making and is_unverified(row) and not has_same_input(row, task) and bool(task.content.strip())
