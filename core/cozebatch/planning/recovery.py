"""What an earlier run left, and what to do with each task now. Pure decisions over rows and tasks.

The rule behind all of them: an execution that may exist is never started again unasked, and a result that was paid
for is gone on from.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Literal, Protocol, TypeVar

from cozebatch.model.errors import Category, ErrorInfo
from cozebatch.model.rows import Row
from cozebatch.model.task import CONTENT_ONLY, State, Task
from cozebatch.model.text import Text
from cozebatch.ports import Past


class Action(StrEnum):
    SUBMIT = "submit"
    """A new, paid execution."""
    WATCH = "watch"
    """Adopt the execution in flight."""
    FINISH = "finish"
    """Go on from Coze's result on disk."""
    DELIVER = "deliver"
    """The film exists; only the write-back is owed."""
    HOLD = "hold"
    SKIP = "skip"
    KEEP = "keep"
    """It ended in this run already."""


@dataclass(frozen=True, slots=True)
class Planned:
    """One task of the run: what is true of it (`row`, as it stands or will stand on disk) and what comes next."""

    task: Task
    row: Row
    action: Action
    error: ErrorInfo | None = None
    note: Text | None = None


class HasAction(Protocol):
    @property
    def action(self) -> Action: ...


T = TypeVar("T", bound=HasAction)


def limit_new(planned: Sequence[T], count: int) -> list[T]:
    """The same with at most `count` new executions: the first ones."""
    kept, left = [], count
    for p in planned:
        if p.action is Action.SUBMIT:
            left -= 1
            if left < 0:
                continue
        kept.append(p)
    return kept


@dataclass(frozen=True, slots=True)
class OperatorOverrides:
    """What the operator said about earlier work (docs/contract.md §1)."""

    fresh: bool = False
    rerun: frozenset[str] = frozenset()
    adopt: Mapping[str, str] = field(default_factory=dict)
    on_unknown_submit: Literal["hold", "resubmit"] = "hold"


CRASHED_WHILE_SENDING = ErrorInfo(
    Category.UNKNOWN_SUBMIT,
    Text(
        "上次运行在发出请求后、收到回答前中断。",
        "An earlier run ended after the request was sent and before its answer was on disk.",
    ),
)
JOURNAL_INCOMPLETE = ErrorInfo(
    Category.UNKNOWN_SUBMIT,
    Text(
        "状态文件曾损坏，查不到这个任务是否已经付费执行。",
        "The journal was damaged: whether this task was paid for already is not known.",
    ),
)
RESULTS_KEPT = 7 * 86400.0
"""Seconds for which Coze keeps what an execution came to (reference: workflow run histories)."""
EXPIRED = ErrorInfo(
    Category.EXECUTION_LOST,
    Text(
        "这次执行提交于 7 天以前，Coze 只保留 7 天，已查不到结果。",
        "This execution was submitted more than 7 days ago; Coze keeps results for 7 days and does not have it now.",
    ),
)
NO_CONTENT = Text("没有文案（content 为空）。", "It has no script (content is empty).")
DONE_EARLIER = Text("同样的内容已在之前的运行中完成。", "It was finished by an earlier run with the same input.")
DONE_AS_IMPORTED = Text(
    "导入的记录或日志显示它已完成；要再做一次请用 --rerun。",
    "Imported results or a log say that it was finished; use --rerun to have it made again.",
)
GONE = Text("任务来源里已没有这一行。", "The source no longer has this row.")


def plan(
    tasks: Sequence[Task],
    past: Mapping[str, Past],
    overrides: OperatorOverrides,
    *,
    continuing: str | None,
    source_is_authoritative: bool,
    gone: Collection[str] = (),
    incomplete: bool = False,
) -> list[Planned]:
    """What is to be done with each task, in order.

    `past` holds no skipped rows: it says what such a task was before.
    `continuing` is the id of the run that goes on; None for a new run.
    `source_is_authoritative`: the source says what is to be done (a table whose status column we write). A task that
    was finished and is listed there again is wanted again.
    `gone`: tasks of the continued run that the source no longer lists. A task that we began to claim may carry our
    mark, and the filter leaves it out for that reason.
    `incomplete`: the journal was damaged. A task that it does not know may have been paid for.

    An unverified row (from a log or an imported file) tells at most the script it was made from. If its fingerprint
    is empty, nothing is known of its input, and it counts as made from what the source says now.
    """
    decided = []
    for position, task in enumerate(tasks):
        earlier = None if overrides.fresh else past.get(task.task_id)
        if earlier is None:
            decided.append(_new(task, position, overrides, incomplete=incomplete and not overrides.fresh))
        elif continuing == earlier.run_id:
            decided.append(_same_run(task, position, earlier, overrides, task.task_id in gone))
        else:
            decided.append(_later_run(task, position, earlier, overrides, source_is_authoritative))
    return decided


def resume_step(row: Row) -> Literal["finish", "watch", "submit", "paid", "deliver"] | None:
    """How an ended task goes on for free; `paid` when only a new execution helps, None when there is no way."""
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


def _new(task: Task, position: int, overrides: OperatorOverrides, *, incomplete: bool = False) -> Planned:
    row = _row(task, position)
    if task.task_id in overrides.adopt:
        return Planned(task, _adopting(row, overrides), Action.WATCH)
    if not task.content.strip():
        return _skip(task, row, NO_CONTENT)
    if incomplete and task.task_id not in overrides.rerun and overrides.on_unknown_submit == "hold":
        held = replace(row, state=State.HELD, error=JOURNAL_INCOMPLETE, unanswered=True)
        return Planned(task, held, Action.HOLD, error=JOURNAL_INCOMPLETE)
    return Planned(task, row, Action.SUBMIT)


def is_expired(row: Row, now: float) -> bool:
    """Whether Coze will hardly have the result of the row's execution any more; `now` in Unix seconds."""
    return row.submitted_at is not None and now - row.submitted_at > RESULTS_KEPT


def _same_run(task: Task, position: int, earlier: Past, overrides: OperatorOverrides, gone: bool) -> Planned:
    """The run goes on: what ended stays ended, the rest goes on where it stood."""
    row = earlier.row if earlier.row.position == position else replace(earlier.row, position=position)
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
    if row.state.is_end:
        return Planned(task, row, Action.KEEP)
    if row.state is State.PENDING and gone and not row.claimed:
        return _skip(task, row, GONE)
    if _of_another_script(row, task):
        return Planned(task, _again(task, row), Action.SUBMIT)
    return _unfinished(task, row, earlier, overrides)


def _later_run(
    task: Task, position: int, earlier: Past, overrides: OperatorOverrides, source_is_authoritative: bool
) -> Planned:
    """A new run meets what earlier ones left: work that was paid for is taken over, with the marks of the old run's
    clock left behind."""
    old = earlier.row
    fresh = _row(task, position)
    kept = replace(
        fresh,
        attempts=old.attempts,
        execute_id=old.execute_id,
        debug_url=old.debug_url,
        submitted_at=old.submitted_at,
        coze_finished_at=old.coze_finished_at,
        has_output=old.has_output,
        execution_failed=old.execution_failed,
        unanswered=old.unanswered,
    )
    again = replace(fresh, attempts=old.attempts)
    hearsay = is_unverified(old) and old.end_clock is None  # what a run of ours ended is more than that
    same_input = _same_input(old, task)
    asked = _asked(task, replace(kept, state=old.state), overrides)
    if asked is not None:
        return asked
    if _of_another_script(old, task):
        return Planned(task, again, Action.SUBMIT)
    if not old.state.is_end:
        return _unfinished(task, replace(kept, state=old.state), earlier, overrides)
    if old.state is State.HELD or old.unanswered:  # given up is not found out
        held = replace(kept, state=State.HELD, error=old.error or CRASHED_WHILE_SENDING)
        return Planned(task, held, Action.HOLD, error=held.error)
    if old.state is State.DONE:
        if earlier.owed or (same_input and (hearsay or not source_is_authoritative)):
            note = DONE_AS_IMPORTED if hearsay else DONE_EARLIER
            return _skip(task, replace(kept, draft_path=old.draft_path, video_path=old.video_path), note)
        return _new(task, position, overrides) if not task.content.strip() else Planned(task, again, Action.SUBMIT)
    if same_input and old.state in (State.FAILED, State.CANCELLED):
        way = resume_step(old)
        if way == "finish":
            return Planned(task, replace(kept, state=State.DOWNLOADING), Action.FINISH)
        if way == "watch":
            return Planned(task, replace(kept, state=State.RUNNING), Action.WATCH)
    if not task.content.strip():
        return _new(task, position, overrides)
    return Planned(task, again, Action.SUBMIT)


def _asked(task: Task, row: Row, overrides: OperatorOverrides) -> Planned | None:
    """What the operator said about this very task comes first; without a script there is nothing to pay for."""
    if task.task_id in overrides.adopt:
        return Planned(task, _adopting(row, overrides), Action.WATCH)
    if task.task_id in overrides.rerun and row.state is not State.RUNNING and task.content.strip():
        again = replace(_again(task, row), attempts=row.attempts + (row.state is State.SUBMITTING), asked=True)
        return Planned(task, again, Action.SUBMIT)
    return None


def _again(task: Task, row: Row) -> Row:
    """A row for a new execution that goes on counting where `row` stood."""
    return replace(
        _row(task, row.position),
        attempts=row.attempts,
        submissions=row.submissions,
        first_submit_clock=row.first_submit_clock,
        coze_slot_seconds=row.coze_slot_seconds,
    )


def _unfinished(task: Task, row: Row, earlier: Past, overrides: OperatorOverrides) -> Planned:
    match row.state:
        case State.SUBMITTING if overrides.on_unknown_submit == "resubmit":
            return Planned(task, replace(row, state=State.PENDING, attempts=row.attempts + 1), Action.SUBMIT)
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
        case _:
            now = {"title": task.title, "account_id": task.account_id, "project_name": task.project_name}
            now["fingerprint"] = task.fingerprint()
            if any(getattr(row, name) != value for name, value in now.items()):
                row = replace(row, **now)  # type: ignore[arg-type]
            return Planned(task, row, Action.SUBMIT)


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
    """Whether it is a result by hearsay, not yet made into a film, of a script that was changed since."""
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


def _row(task: Task, position: int) -> Row:
    return Row(
        task_id=task.task_id,
        position=position,
        title=task.title,
        account_id=task.account_id,
        project_name=task.project_name,
        record_id=task.record_id,
        fingerprint=task.fingerprint(),
    )
