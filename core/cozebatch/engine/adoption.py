"""Checks an execution that a person names for a task, before anything is written down."""

from __future__ import annotations

from dataclasses import replace

from cozebatch.model.errors import StepError
from cozebatch.model.task import Task, parameters_digest
from cozebatch.model.text import Text
from cozebatch.ports import Execution, Journal, WorkflowService


async def why_not_adopt(
    service: WorkflowService, journal: Journal, source_key: str, task: Task, execute_id: str
) -> Text | None:
    """None when Coze knows the execution under our workflow and no other task has it; else why it is not adopted.

    An execution that the record knows to have been started with other parameters is another task's, too: `row-1` is
    another row once the file was sorted. Raises `JournalError`.
    """
    digest, key = parameters_digest(service.parameters_of(task)), await journal.asked_as(execute_id)
    for recorded in await journal.record():
        if recorded.execute_id != execute_id and recorded.key != key:
            continue
        if recorded.status == "reused":
            continue
        if (recorded.source_key, recorded.task_id) != (source_key, task.task_id):
            return belongs_to(recorded.task_id, execute_id)
        if recorded.execute_id != execute_id:
            return Text(
                f"执行 {execute_id} 答复后改用执行 ID {recorded.execute_id}，没有认领；认领后一个。",
                f"Execution {execute_id} goes on as {recorded.execute_id} since it was answered; it was not adopted. "
                "Adopt that one.",
            )
        if recorded.digest not in (None, digest):
            return Text(
                f"执行 {execute_id} 提交时的参数与任务 {task.task_id} 现在的不同，没有认领。",
                f"Execution {execute_id} had other parameters than task {task.task_id} has now; it was not adopted.",
            )
    try:
        result = await service.poll(execute_id)
    except StepError as failed:
        why = failed.info.message
        return Text(
            f"没能向扣子核实执行 {execute_id}，没有认领：{why.zh}",
            f"Execution {execute_id} could not be checked with Coze; it was not adopted: {why.en}",
        )
    if result.status == "unknown":
        return Text(
            f"扣子在这个工作流里查不到执行 {execute_id}，没有认领。请核对编号；刚提交的要过一分钟才查得到。",
            f"Coze has no execution {execute_id} of this workflow; it was not adopted. Check the id; one that was just "
            "started may take a minute to be known.",
        )
    return None


def belongs_to(task_id: str, execute_id: str) -> Text:
    """Another task has it already."""
    return Text(
        f"执行 {execute_id} 已属于任务 {task_id}，没有认领。",
        f"Execution {execute_id} belongs to task {task_id} already; it was not adopted.",
    )


async def recorded_execution(journal: Journal, run_id: str, task_id: str, execute_id: str) -> Execution | None:
    """What the record has of an execution: of this task in this run, else of an earlier run. Raises `JournalError`."""
    for execution in reversed(await journal.executions(run_id, task_id)):
        if execution.execute_id == execute_id:
            return replace(execution, parameters=None)
    for recorded in await journal.record():
        if recorded.execute_id == execute_id and recorded.status != "reused":
            return recorded.execution
    return None
