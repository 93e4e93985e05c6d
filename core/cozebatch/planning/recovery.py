"""Decides what to do with each task, from what earlier runs left. Pure decisions over rows and tasks.

Two rules hold for all of them: an execution that may exist is never started again unless a person asks for it, and a
result that was paid for is used.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from cozebatch.model.errors import Category
from cozebatch.model.project_name import differ_in_time_only
from cozebatch.model.rows import Row
from cozebatch.model.task import State, Task
from cozebatch.planning.decisions import (
    as_told,
    first_plan,
    has_same_input,
    is_of_another_script,
    is_unverified,
    overridden,
    resubmitted,
    resume_step,
    resumed,
    row_for_another,
    skip,
    was_given_up,
)
from cozebatch.planning.later_run import LaterRun
from cozebatch.planning.planned import CRASHED_WHILE_SENDING, GONE, Action, OperatorOverrides, Planned
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
    failures_are_told: bool = True,
) -> list[Planned]:
    """What is to be done with each task, in order. `positions`: of the tasks in the run; 0, 1, 2 … by default.

    `past` holds no skipped rows: it says what such a task was before. Only a task of the continued run that the source
    does not list now is there as the run skipped it, and stays so.
    `continuing`: the id of the run that is continued; None for a new run.
    `source_is_authoritative`: the source says what is to be done (a table whose status column we write). A task that
    was finished and is listed there again is wanted again.
    `failures_are_told`: the table is told of failures. If it is, a failed task that is listed again was set back.
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
            decided.append(first_plan(task, position, overrides, claim=past.get(task.task_id)))
        elif earlier is None:
            decided.append(first_plan(task, position, overrides, incomplete=incomplete))
        elif continuing == earlier.run_id and not (source_is_authoritative and _ended_untold(earlier)):
            decided.append(
                _same_run(task, position, earlier, overrides, source_is_authoritative, gone=task.task_id in gone)
            )
        else:
            later = LaterRun(task, position, earlier, overrides, source_is_authoritative, digest_of, failures_are_told)
            decided.append(later.plan())
        if earlier is not None:
            decided[-1] = _under_its_name(_unless_unanswered(decided[-1], earlier, overrides), earlier)
        if earlier is not None and earlier.by_content and decided[-1].action is not Action.SUBMIT:
            decided[-1] = replace(decided[-1], recognized=True)
    return decided


def _ended_untold(earlier: Past) -> bool:
    """Whether what is known is the end of another record, or of one that the run left to another machine: the table was
    told nothing about this one."""
    return (earlier.by_content or earlier.from_record) and earlier.row.state.is_end


def _unless_unanswered(planned: Planned, earlier: Past, overrides: OperatorOverrides) -> Planned:
    """A row whose script was sent before without an answer, and then changed and changed back, is held: only a person
    sends the same once more."""
    if planned.action is not Action.SUBMIT or not earlier.is_unanswered or overrides.fresh or planned.row.asked:
        return planned
    if overrides.may_resubmit(max(1, earlier.started)):
        return planned
    held = replace(planned.row, state=State.HELD, error=CRASHED_WHILE_SENDING, unanswered=True, execute_id=None)
    return Planned(planned.task, held, Action.HOLD, error=held.error)


def _under_its_name(planned: Planned, earlier: Past) -> Planned:
    """A film that was begun keeps its default name, which holds a time: what was made of it is found by that name."""
    task, old = planned.task, earlier.row
    if planned.action not in (Action.FINISH, Action.WATCH) or old.state is State.DONE or earlier.by_content:
        return planned
    if not isinstance(task, Task) or not task.default_name:
        return planned
    if not differ_in_time_only(old.project_name, task.project_name):
        return planned
    return replace(
        planned,
        task=task.with_project_name(old.project_name, default=True),
        made=replace(planned.row, project_name=old.project_name),
    )


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
    asked = overridden(task, row, overrides)
    if asked is not None:
        return asked
    if row.state is State.HELD and row.unanswered and overrides.may_resubmit(max(1, earlier.started)):
        return Planned(task, resubmitted(row_for_another(task, row), earlier), Action.SUBMIT)
    if was_given_up(row):
        return Planned(task, as_told(task, row), Action.SUBMIT)
    if not source_is_authoritative and (found := _looked_for_again(task, row)) is not None:
        return found
    if row.state.is_end:
        return Planned(task, row, Action.KEEP)
    if row.state is State.PENDING and gone and not (row.claimed or row.asked):
        return skip(task, row, GONE)
    if is_of_another_script(row, task):
        return Planned(task, row_for_another(task, row), Action.SUBMIT)
    return resumed(task, row, earlier, overrides)


def _looked_for_again(task: Task, row: Row) -> Planned | None:
    """The free step for a task that failed because its execution could not be found: Coze may know it by now, or has
    told its result after the task had ended. None for all other tasks."""
    if row.state is not State.FAILED or row.error is None or not has_same_input(row, task):
        return None
    step = resume_step(row)
    again = replace(row, error=None, finished_at=None, end_clock=None)
    if step == "watch":
        return Planned(task, replace(again, state=State.RUNNING), Action.WATCH)
    if step == "finish" and row.error.category is Category.EXECUTION_LOST:
        return Planned(task, replace(again, state=State.DOWNLOADING), Action.FINISH)
    return None
