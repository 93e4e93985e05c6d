"""The journal's record of the execution that a task run submitted or adopted."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from cozebatch.engine.lifecycle.task_context import TaskContext
from cozebatch.ports import Execution, PutExecution


class ExecutionRecord:
    """Shared by the submit step, which begins it, and the poll step, which ends it."""

    def __init__(self, context: TaskContext) -> None:
        self._context = context
        self._execution: Execution | None = None
        self._jumps = context.ledger.clock.jumps

    def begin(self, execution: Execution) -> None:
        """Its intent is on disk; time is measured from now."""
        self._execution = replace(execution, parameters=None)  # they are on record; in memory they would only weigh
        self._jumps = self._context.ledger.clock.jumps

    async def load(self) -> None:
        """Take up what the journal has of an adopted execution. Raises `JournalError`."""
        ledger, row = self._context.ledger, self._context.row
        past = await ledger.journal.executions(ledger.run.run_id, row.task_id)
        known = [execution for execution in past if execution.execute_id == row.execute_id]
        self._execution = replace(known[-1], parameters=None) if known else None

    @property
    def clock_jumped(self) -> bool:
        """Whether the clock jumped since it was submitted or taken up."""
        return self._jumps != self._context.ledger.clock.jumps

    def update(self, **facts: Any) -> PutExecution:
        """The change for the journal that says what became of the execution."""
        if self._execution is None:  # named by a person: we sent nothing
            row = self._context.row
            self._execution = Execution(
                row.task_id,
                row.submissions + 1,
                "running",
                sent_at=row.submitted_at or self._context.ledger.clock.wall(),
                execute_id=row.execute_id,
                workflow=self._context.adapters.service.workflow,
            )
        self._execution = replace(self._execution, **facts)
        return PutExecution(self._execution)
