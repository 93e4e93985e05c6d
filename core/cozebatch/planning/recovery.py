"""Decides what to do with each task, from what earlier runs left. Pure decisions over rows and tasks.

Two rules hold for all of them: an execution that may exist is never started again unless a person asks for it, and a
result that was paid for is used.

It is longer than 300 lines since the rules for a run that goes on and for a later one are read side by side.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal, assert_never

from cozebatch.model.errors import Category
from cozebatch.model.rows import Row
from cozebatch.model.task import CONTENT_ONLY, State, Task
from cozebatch.model.text import Text
from cozebatch.planning.planned import (
    CRASHED_WHILE_SENDING,
    DONE_AS_ANOTHER,
    DONE_AS_IMPORTED,
    DONE_EARLIER,
    FAILURE_OWED,
    GONE,
    JOURNAL_INCOMPLETE,
    NO_CONTENT,
    RESULT_GONE,
    SHOWN_AS_OURS,
    Action,
    OperatorOverrides,
    Planned,
    new_row,
)
from cozebatch.planning.recognition import DigestOf
from cozebatch.ports import Past


def plan(
    tasks: Sequence[Task],
    past: Mapping[str, Past],
    overrides: OperatorOverrides,
    *,
    continuing: str | None,
    source_is_authoritative: bool,
    gone: Collection[str] = (),
    incomplete: bool = False,
    digest_of: DigestOf | None = None,
    positions: Sequence[int] | None = None,
) -> list[Planned]:
    """What is to be done with each task, in order. `positions`: of the tasks in the run; 0, 1, 2 … by default.

    `past` holds no skipped rows: it says what such a task was before. Only a task of the continued run that the source
    does not list now is there as the run skipped it, and stays so.
    `continuing`: the id of the run that is continued; None for a new run.
    `source_is_authoritative`: the source says what is to be done (a table whose status column we write). A task that
    was finished and is listed there again is wanted again.
    `gone`: tasks of the continued run that the source no longer lists. A task that we began to claim may carry our
    mark, and the filter leaves it out for that reason.
    `incomplete`: the journal was damaged. A task that it does not know may have been paid for.
    `digest_of`: tells whether a change concerns what is sent to Coze; without it, every change does.

    An unverified row (from a log or an imported file) tells at most the script it was made from. If its fingerprint
    is empty, nothing is known of its input, and it counts as made from what the source says now.
    """
    decided = []
    for position, task in enumerate(tasks) if positions is None else zip(positions, tasks, strict=True):
        earlier = None if overrides.fresh else past.get(task.task_id)
        if overrides.fresh:
            decided.append(_new(task, position, overrides, claim=past.get(task.task_id)))
        elif earlier is None:
            decided.append(_new(task, position, overrides, incomplete=incomplete))
        elif continuing == earlier.run_id:
            decided.append(
                _same_run(task, position, earlier, overrides, source_is_authoritative, gone=task.task_id in gone)
            )
        else:
            decided.append(_LaterRun(task, position, earlier, overrides, source_is_authoritative, digest_of).plan())
        if earlier is not None and earlier.by_content and decided[-1].action is not Action.SUBMIT:
            decided[-1] = replace(decided[-1], recognized=True)
    return decided


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


def _new(
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
        return _skip(task, row, NO_CONTENT)
    if unknown:
        held = replace(row, state=State.HELD, error=JOURNAL_INCOMPLETE, unanswered=True)
        return Planned(task, held, Action.HOLD, error=JOURNAL_INCOMPLETE)
    return Planned(task, row, Action.SUBMIT)


def _same_run(
    task: Task,
    position: int,
    earlier: Past,
    overrides: OperatorOverrides,
    source_is_authoritative: bool,
    *,
    gone: bool,
) -> Planned:
    """The run continues: ended tasks stay ended, the others resume where they were. An execution that was lost is
    looked for again, as in a new run; a table that was told of the failure keeps it."""
    row = earlier.row if earlier.row.position == position else replace(earlier.row, position=position)
    if row.task_id != task.task_id:  # a row without an id of its own, which stood elsewhere
        row = replace(row, task_id=task.task_id, record_id=task.record_id)
    if is_unverified(row):
        row = replace(
            row,
            title=task.title or row.title,
            account_id=task.account_id or row.account_id,
            project_name=task.project_name or row.project_name,
        )
    asked = _asked(task, row, overrides)
    if asked is not None:
        return asked
    if row.state is State.HELD and row.unanswered and overrides.may_resubmit(max(1, earlier.started)):
        return Planned(task, _resubmitted(_again(task, row), earlier), Action.SUBMIT)
    if _given_up(row):
        return Planned(task, _as_told(task, row), Action.SUBMIT)
    if not source_is_authoritative and (found := _looked_for_again(task, row)) is not None:
        return found
    if row.state.is_end:
        return Planned(task, row, Action.KEEP)
    if row.state is State.PENDING and gone and not row.claimed:
        return _skip(task, row, GONE)
    if _of_another_script(row, task):
        return Planned(task, _again(task, row), Action.SUBMIT)
    return _unfinished(task, row, earlier, overrides)


def _looked_for_again(task: Task, row: Row) -> Planned | None:
    """The free step for a task that failed because its execution could not be found: Coze may know it by now, or has
    told its result after the task had ended. None for all other tasks."""
    if row.state is not State.FAILED or row.error is None or not _same_input(row, task):
        return None
    step = resume_step(row)
    again = replace(row, error=None, finished_at=None, end_clock=None)
    if step == "watch":
        return Planned(task, replace(again, state=State.RUNNING), Action.WATCH)
    if step == "finish" and row.error.category is Category.EXECUTION_LOST:
        return Planned(task, replace(again, state=State.DOWNLOADING), Action.FINISH)
    return None


def _given_up(row: Row) -> bool:
    """Whether the row failed for trouble that passes, before a submission: a claim that could not be settled is tried
    again (docs/contract.md §5). Rows of older versions do not say so; those that nothing was sent for did."""
    if row.state is not State.FAILED:
        return False
    return row.given_up or (row.claimed and not row.attempts and not row.submissions and row.execute_id is None)


@dataclass(frozen=True, slots=True)
class _LaterRun:
    """A new run meets what earlier ones left: work that was paid for is taken over, with the marks of the old run's
    clock left behind."""

    task: Task
    position: int
    earlier: Past
    overrides: OperatorOverrides
    source_is_authoritative: bool
    digest_of: DigestOf | None

    def plan(self) -> Planned:
        task, old = self.task, self.earlier.row
        asked = _asked(task, replace(self._kept, state=old.state), self.overrides)
        if asked is not None:
            return asked
        if _of_another_script(old, task):
            return self._anew()
        if not old.state.is_end:
            row = replace(self._kept, state=old.state, failures=old.failures)
            return _unfinished(task, row, self.earlier, self.overrides)
        if old.state is State.HELD or old.unanswered:  # given up is not found out
            if self.overrides.may_resubmit(max(1, self.earlier.started)):
                anew = self._anew()
                return replace(anew, made=_resubmitted(anew.row, self.earlier))
            held = replace(self._kept, state=State.HELD, error=old.error or CRASHED_WHILE_SENDING)
            return Planned(task, held, Action.HOLD, error=held.error)
        if old.state is State.DONE:
            return self._after_done()
        return self._after_failure()

    def _after_done(self) -> Planned:
        task, old = self.task, self.earlier.row
        unverified = is_unverified(old) and old.end_clock is None  # a row that a run of ours ended is verified
        note = DONE_AS_IMPORTED if unverified else DONE_AS_ANOTHER if self.earlier.by_content else DONE_EARLIER
        if self.earlier.owed:
            return self._skip(note)
        if self.source_is_authoritative and task.shown is not None:
            return self._skip(SHOWN_AS_OURS)
        same = _same_input(old, task)
        if same and (unverified or not self.source_is_authoritative):
            return self._skip(note)
        if self.earlier.by_content or (not same and self._same_sent):
            if old.has_output:  # the film as the row wants it now
                return Planned(task, replace(self._kept, state=State.DOWNLOADING), Action.FINISH)
            return self._skip(note if self.earlier.by_content else RESULT_GONE)
        return self._anew()

    def _after_failure(self) -> Planned:
        """Failed or cancelled."""
        task, old = self.task, self.earlier.row
        if _given_up(old) and task.shown in (None, "running"):
            return self._anew()
        if old.state is State.FAILED and self.earlier.owed:
            return self._skip(FAILURE_OWED)
        if old.state is State.FAILED and self.source_is_authoritative and task.shown is not None:
            return self._skip(SHOWN_AS_OURS)
        if _same_input(old, task) or self._same_sent:
            step = resume_step(old)
            if step == "finish":
                return Planned(task, replace(self._kept, state=State.DOWNLOADING), Action.FINISH)
            if step == "watch":
                return Planned(task, replace(self._kept, state=State.RUNNING), Action.WATCH)
        return self._anew()

    @property
    def _kept(self) -> Row:
        """The row with what was paid for."""
        old = self.earlier.row
        return replace(
            new_row(self.task, self.position),
            attempts=old.attempts,
            claimed=old.claimed,
            claim=old.claim,
            execute_id=old.execute_id,
            debug_url=old.debug_url,
            submitted_at=old.submitted_at,
            coze_finished_at=old.coze_finished_at,
            has_output=old.has_output,
            execution_failed=old.execution_failed,
            unanswered=old.unanswered,
        )

    @property
    def _same_sent(self) -> bool:
        """Whether exactly this was sent to Coze: what was changed since concerns the film alone."""
        sent = self.earlier.digest
        return sent is not None and self.digest_of is not None and self.digest_of(self.task) == sent

    def _anew(self) -> Planned:
        """A new, paid execution."""
        if not self.task.content.strip():
            return _new(self.task, self.position, self.overrides)
        old = self.earlier.row
        row = replace(new_row(self.task, self.position), attempts=old.attempts)
        if not self.earlier.by_content and old.state is not State.DONE:  # our mark may stand in the table
            row = replace(row, claimed=old.claimed, claim=old.claim)
        if _given_up(old):
            row = replace(row, failures=old.failures, asked=old.asked)
        return Planned(self.task, row, Action.SUBMIT)

    def _skip(self, note: Text) -> Planned:
        old = self.earlier.row
        return _skip(self.task, replace(self._kept, draft_path=old.draft_path, video_path=old.video_path), note)


def _asked(task: Task, row: Row, overrides: OperatorOverrides) -> Planned | None:
    """The operator's override for this task takes precedence. A task without a script is never paid for."""
    if task.task_id in overrides.adopt:
        return Planned(task, _adopting(row, overrides), Action.WATCH)
    if task.task_id in overrides.rerun and row.state is not State.RUNNING and task.content.strip():
        again = replace(_again(task, row), attempts=row.attempts + (row.state is State.SUBMITTING), asked=True)
        return Planned(task, again, Action.SUBMIT)
    return None


def _again(task: Task, row: Row) -> Row:
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


def _resubmitted(row: Row, earlier: Past) -> Row:
    """The row for an execution beside one that may exist: each that was started counts as a failure, so that there are
    at most 1 + max_retries in all (docs/contract.md §5)."""
    return replace(row, failures=max(row.failures, earlier.started, 1))


def _unfinished(task: Task, row: Row, earlier: Past, overrides: OperatorOverrides) -> Planned:
    if not is_unverified(row) and row.state is not State.SUBMITTING:
        row = _as_told(task, row)
    match row.state:
        case State.SUBMITTING if overrides.may_resubmit(max(1, earlier.started)):
            again = replace(_resubmitted(row, earlier), state=State.PENDING, attempts=row.attempts + 1)
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
            return Planned(task, _as_told(task, row), Action.SUBMIT)
        case _:
            assert_never(row.state)


def _as_told(task: Task, row: Row) -> Row:
    """The row as `task` describes it; the same object if it is so already, since a batch may have 100,000."""
    now = {"title": task.title, "account_id": task.account_id, "project_name": task.project_name}
    now["fingerprint"] = task.fingerprint()
    if all(getattr(row, name) == value for name, value in now.items()):
        return row
    return replace(row, **now)  # type: ignore[arg-type]


def is_unverified(row: Row) -> bool:
    """Whether not all is known of what it was made from: it comes from a log or an imported file."""
    return not row.fingerprint or row.fingerprint.startswith(CONTENT_ONLY)


def _same_input(row: Row, task: Task) -> bool:
    """Whether the row was made from what `task` says, as far as is known."""
    if not row.fingerprint:
        return True
    if is_unverified(row):
        return row.fingerprint == task.content_fingerprint()
    return row.fingerprint == task.fingerprint()


def _of_another_script(row: Row, task: Task) -> bool:
    """True for an imported result whose film is not made yet and whose script was changed since."""
    making = row.state in (State.DOWNLOADING, State.QUEUED, State.SYNTHESIZING)
    return making and is_unverified(row) and not _same_input(row, task) and bool(task.content.strip())


def _skip(task: Task, row: Row, note: Text) -> Planned:
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
        end_clock=None,
        finished_at=None,
    )
