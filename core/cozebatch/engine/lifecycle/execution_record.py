"""The journal's record of the execution that a task run submitted or adopted."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from cozebatch.engine.adoption import recorded_execution
from cozebatch.engine.lifecycle.task_context import TaskContext
from cozebatch.ports import Execution, PutExecution


class ExecutionRecord:
    """Shared by the submit step, which begins it, and the poll step, which ends it."""

    def __init__(self, context: TaskContext) -> None:
        self._context = context
        self._execution: Execution | None = None
        self._is_in_flight = False
        self._jumps = context.ledger.clock.jumps

    def begin(self, execution: Execution) -> None:
        """Its intent is on disk; time is measured from now."""
        self._execution = replace(execution, parameters=None)  # they are on record; in memory they would only weigh
        self._jumps = self._context.ledger.clock.jumps

    async def load(self) -> bool:
        """Take up what the journal has of an adopted execution; False when it has nothing. Raises `JournalError`; it
        counts as in flight then too."""
        self._execution, self._is_in_flight = self._named_by_a_person(), True
        ledger, row = self._context.ledger, self._context.row
        assert row.execute_id is not None
        known = await recorded_execution(ledger.journal, ledger.run.run_id, row.task_id, row.execute_id)
        if known is not None:
            self._execution = known
        return known is not None

    @property
    def key(self) -> str:
        """Our own name for the execution."""
        assert self._execution is not None, "begin or load first"
        return self._execution.key

    @property
    def may_run(self) -> bool:
        """Whether the record says so: an answer was sent to it, and it is not known to wait since."""
        return self._execution is not None and self._execution.status == "running"

    @property
    def in_flight(self) -> Execution | None:
        """The execution, as long as it is not known to have ended."""
        return self._execution if self._is_in_flight else None

    @property
    def workflow_id(self) -> str | None:
        """The workflow it is polled under; None for the one that is configured, or where that is not known."""
        workflow = self._execution.workflow if self._execution is not None else None
        return workflow.workflow_id if workflow is not None else None

    def ended(self) -> None:
        """Coze has reported its end."""
        self._is_in_flight = False

    @property
    def clock_jumped(self) -> bool:
        """Whether the clock jumped since it was submitted or taken up."""
        return self._jumps != self._context.ledger.clock.jumps

    def update(self, **facts: Any) -> PutExecution:
        """The change for the journal that says what became of the execution."""
        assert self._execution is not None, "begin or load first"
        self._is_in_flight = facts.get("status", self._execution.status) == "running" or self._is_in_flight
        if self._execution.status == "reused":  # it is on record as paid elsewhere, and stays an entry of its own kind
            facts.pop("status", None)
        self._execution = replace(self._execution, **facts)
        return PutExecution(self._execution)

    def _named_by_a_person(self) -> Execution:
        """An execution that no record has: we sent nothing."""
        row = self._context.row
        return Execution(
            row.task_id,
            row.submissions + 1,
            "running",
            sent_at=row.submitted_at or self._context.ledger.clock.wall(),
            execute_id=row.execute_id,
            workflow=self._context.adapters.service.workflow,
        )
