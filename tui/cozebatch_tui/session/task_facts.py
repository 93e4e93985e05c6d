"""What the journal has of one task, read at once: its script, what was sent, what came back, its submissions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from cozebatch.batch.batch import Batch
from cozebatch.model.task import Task
from cozebatch.planning.edits import edit_of
from cozebatch.ports import Asked, Edit, Execution


@dataclass(frozen=True, slots=True)
class TaskFacts:
    """`edit` gave the task its title and script; None if they are the source's. `parameters` were, or would be, sent to
    Coze. `output` is Coze's, as stored, secrets masked; None if there is none. `executions`, and what they `asked`, are
    the oldest first."""

    task: Task
    edit: Edit | None
    parameters: Mapping[str, str]
    output: str | None
    executions: Sequence[Execution]
    asked: Sequence[Asked] = ()


async def task_facts(batch: Batch, task_id: str) -> TaskFacts:
    """Of a task of the batch that runs; call it on the batch's event loop. Raises `JournalError`."""
    journal, board = batch.journal, batch.engine.board
    run_id, row = board.run_id or "", board.rows[task_id]
    task = await journal.task(run_id, task_id)
    executions = list(await journal.executions(run_id, task_id))
    return TaskFacts(
        task,
        edit_of(task, await journal.edits(), batch.source.key),
        batch.parameters_of(task),
        await journal.output(row.execute_id) if row.execute_id else None,
        executions,
        list(await journal.questions([execution.key for execution in executions])),
    )
