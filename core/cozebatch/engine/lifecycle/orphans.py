"""Orphan executions: executions in flight without a task of this run that count against the limit all the same.

An earlier process started them, for tasks left out this time or for a run that the operator chose to forget. Each
holds a slot until it is seen to have ended. Its output was paid for and is stored.
"""

from __future__ import annotations

import anyio

from cozebatch.engine.lifecycle.poll import NOT_YET_KNOWN
from cozebatch.engine.run_state import RunState
from cozebatch.model.errors import JournalError, StepError
from cozebatch.model.rows import Row
from cozebatch.ports import PutOutput

FAILED_POLLS = 5
"""Polls failed in a row after which an orphan is given up."""


class OrphanExecution:
    """The execution of `row`, which belongs to an earlier run or to a task left out. Its slot is taken at once, before
    any task is admitted."""

    def __init__(self, row: Row, state: RunState) -> None:
        assert row.execute_id is not None
        self._row = row
        self._execute_id = row.execute_id
        self._state = state
        self._holder = f"orphan {row.execute_id}"
        state.slots.take(self._holder)
        state.slots.adopted(self._holder)

    async def watch(self) -> None:
        """Hold the slot until the execution has ended, was lost, or cannot be polled."""
        try:
            await self._until_ended()
        except JournalError as error:
            self._state.ledger.note("error", error.text, self._row.task_id)
        finally:
            self._state.slots.release(self._holder)

    async def _until_ended(self) -> None:
        state, wall = self._state, self._state.ledger.clock.wall
        submitted = self._row.submitted_at if self._row.submitted_at is not None else wall()
        started = anyio.current_time() - max(0.0, wall() - submitted)
        failed_in_a_row = 0
        while True:
            await state.rate_limiter.acquire(urgent=False)
            state.ledger.count_poll()
            state.rate_limiter.count_sent()
            age = anyio.current_time() - started
            try:
                result = await state.adapters.service.poll(self._execute_id)
            except StepError as failed:
                failed_in_a_row += 1
                if failed_in_a_row >= FAILED_POLLS:
                    state.ledger.note("warning", failed.info.message, self._row.task_id)
                    return
                await anyio.sleep(failed.retry_after or state.retry.backoff(failed_in_a_row))
                continue
            failed_in_a_row = 0
            if result.age is not None:
                age = min(age, result.age)  # our clock may have been another one when it was submitted
            if result.status == "succeeded":
                await state.ledger.write(PutOutput(self._execute_id, result.output or ""))
            if result.status not in ("running", "unknown") or age >= state.options.execution_timeout:
                return
            if result.status == "unknown" and age >= NOT_YET_KNOWN:
                return
            await anyio.sleep(state.adapters.pacing.next_wait(age))
