"""What an earlier run left, and what to do with each task now. Pure decisions over rows and tasks.

The rule behind all of them: an execution that may exist is never started again unasked, and a result that was paid
for is gone on from.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Literal

from cozebatch.errors import Category, ErrorInfo
from cozebatch.ports import Past
from cozebatch.rows import Row
from cozebatch.task import State, Task
from cozebatch.texts import Text


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


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the operator said about earlier work (CONTRACT §1)."""

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
IN_DOUBT = ErrorInfo(
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
        "这次执行提交于 7 天以前，结果一直没有取回；Coze 只保留 7 天。",
        "This execution was submitted more than 7 days ago and its result was never fetched; Coze keeps it for 7 days.",
    ),
    hint=Text(
        "可用 --adopt 免费再看一次；确认没有结果后用 --rerun 重新付费执行。",
        "--adopt looks at it once more for free; when nothing is left, --rerun pays for a new execution.",
    ),
)
NO_CONTENT = Text("没有文案（content 为空）。", "It has no script (content is empty).")
DONE_EARLIER = Text("同样的内容已在之前的运行中完成。", "It was finished by an earlier run with the same input.")
DONE_BY_HEARSAY = Text(
    "导入的记录或日志显示它已完成；要再做一次请用 --rerun。",
    "Imported results or a log say that it was finished; use --rerun to have it made again.",
)
GONE = Text("任务来源里已没有这一行。", "The source no longer has this row.")


def plan(
    tasks: Sequence[Task],
    past: Mapping[str, Past],
    wishes: Wishes,
    *,
    continuing: str | None,
    table_says: bool,
    gone: Collection[str] = (),
    in_doubt: bool = False,
    now: float | None = None,
) -> list[Planned]:
    """What is to be done with each task, in order.

    `past` knows nothing of rows that were skipped: what such a task was before is what counts. `continuing` is the
    id of the run that goes on; None for a new one. `table_says`: the source itself tells what is to be done (a table
    whose status is written), so that a task which was finished and stands there again is wanted again. `gone`: tasks
    of the continued run that the source does not list any more. `in_doubt`: the journal was damaged, so that a task it
    does not know may have been paid for. With `now` (Unix seconds) executions are held whose results Coze no longer
    keeps.

    A row with an empty fingerprint is known by hearsay only (a log, an imported file): what it was made from is not
    known, so it counts as made from what the source says now.
    """
    decided = []
    for position, task in enumerate(tasks):
        earlier = None if wishes.fresh else past.get(task.task_id)
        if earlier is None:
            planned = _new(task, position, wishes, in_doubt=in_doubt and not wishes.fresh)
        elif continuing == earlier.run_id:
            planned = _same_run(task, position, earlier, wishes, task.task_id in gone)
        else:
            planned = _later_run(task, position, earlier, wishes, table_says)
        decided.append(planned if now is None else _held_if_expired(planned, wishes, now))
    return decided


def way_on(row: Row) -> Literal["finish", "watch", "submit", "paid", "deliver"] | None:
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


def _new(task: Task, position: int, wishes: Wishes, *, in_doubt: bool = False) -> Planned:
    row = _row(task, position)
    if task.task_id in wishes.adopt:
        return Planned(task, _adopting(row, wishes), Action.WATCH)
    if not task.content.strip():
        return _skip(task, row, NO_CONTENT)
    if in_doubt and task.task_id not in wishes.rerun and wishes.on_unknown_submit == "hold":
        held = replace(row, state=State.HELD, error=IN_DOUBT, unanswered=True)
        return Planned(task, held, Action.HOLD, error=IN_DOUBT)
    return Planned(task, row, Action.SUBMIT)


def _held_if_expired(planned: Planned, wishes: Wishes, now: float) -> Planned:
    """An execution whose result Coze has thrown away is not watched: a person decides what it was worth."""
    row = planned.row
    if planned.action is not Action.WATCH or row.task_id in wishes.adopt or row.submitted_at is None:
        return planned
    if now - row.submitted_at <= RESULTS_KEPT:
        return planned
    return Planned(planned.task, replace(row, state=State.HELD, error=EXPIRED), Action.HOLD, error=EXPIRED)


def _same_run(task: Task, position: int, earlier: Past, wishes: Wishes, gone: bool) -> Planned:
    """The run goes on: what ended stays ended, the rest goes on where it stood."""
    row = replace(earlier.row, position=position)
    if not row.fingerprint and not row.title:
        row = replace(row, title=task.title, account_id=task.account_id, project_name=task.project_name)
    asked = _asked(task, row, wishes)
    if asked is not None:
        return asked
    if row.state.is_end:
        return Planned(task, row, Action.KEEP)
    if row.state is State.PENDING and gone:
        return _skip(task, row, GONE)
    return _unfinished(task, row, earlier, wishes)


def _later_run(task: Task, position: int, earlier: Past, wishes: Wishes, table_says: bool) -> Planned:
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
    hearsay = not old.fingerprint
    same_input = hearsay or old.fingerprint == fresh.fingerprint
    asked = _asked(task, replace(kept, state=old.state), wishes)
    if asked is not None:
        return asked
    if not old.state.is_end:
        return _unfinished(task, replace(kept, state=old.state), earlier, wishes)
    if old.state is State.HELD or old.unanswered:  # given up is not found out
        held = replace(kept, state=State.HELD, error=old.error or CRASHED_WHILE_SENDING)
        return Planned(task, held, Action.HOLD, error=held.error)
    if old.state is State.DONE:
        if earlier.owed or hearsay or (same_input and not table_says):
            note = DONE_BY_HEARSAY if hearsay else DONE_EARLIER
            return _skip(task, replace(kept, draft_path=old.draft_path, video_path=old.video_path), note)
        return _new(task, position, wishes) if not task.content.strip() else Planned(task, again, Action.SUBMIT)
    if same_input and old.state in (State.FAILED, State.CANCELLED):
        way = way_on(old)
        if way == "finish":
            return Planned(task, replace(kept, state=State.DOWNLOADING), Action.FINISH)
        if way == "watch":
            return Planned(task, replace(kept, state=State.RUNNING), Action.WATCH)
    if not task.content.strip():
        return _new(task, position, wishes)
    return Planned(task, again, Action.SUBMIT)


def _asked(task: Task, row: Row, wishes: Wishes) -> Planned | None:
    """What the operator said about this very task comes first."""
    if task.task_id in wishes.adopt:
        return Planned(task, _adopting(row, wishes), Action.WATCH)
    if task.task_id in wishes.rerun and row.state is not State.RUNNING:
        again = replace(_row(task, row.position), attempts=row.attempts + (row.state is State.SUBMITTING))
        again = replace(again, submissions=row.submissions, first_submit_clock=row.first_submit_clock)
        return Planned(task, replace(again, coze_slot_seconds=row.coze_slot_seconds, asked=True), Action.SUBMIT)
    return None


def _unfinished(task: Task, row: Row, earlier: Past, wishes: Wishes) -> Planned:
    match row.state:
        case State.SUBMITTING if wishes.on_unknown_submit == "resubmit":
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
            now = _row(task, row.position)
            row = replace(row, title=now.title, account_id=now.account_id, project_name=now.project_name)
            return Planned(task, replace(row, fingerprint=now.fingerprint), Action.SUBMIT)


def _skip(task: Task, row: Row, note: Text) -> Planned:
    return Planned(task, replace(row, state=State.SKIPPED, note=note), Action.SKIP, note=note)


def _adopting(row: Row, wishes: Wishes) -> Row:
    """The row as it will be once the execution a person named is watched."""
    execute_id = wishes.adopt[row.task_id]
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
