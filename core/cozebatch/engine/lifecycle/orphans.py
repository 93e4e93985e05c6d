"""Orphan executions: executions in flight without a task of this run that count against the limit all the same.

An earlier process started them, for tasks left out this time or for a run that the operator chose to forget. Each
holds a slot until it is seen to have ended. Its output was paid for and is stored.
"""

from __future__ import annotations

import anyio

from cozebatch.engine.lifecycle.poll import NOT_YET_KNOWN
from cozebatch.engine.run_state import RunState
from cozebatch.model.errors import JournalError, StepError
from cozebatch.ports import PollResult, PutOutput, Recorded

FAILED_POLLS = 5
"""Polls failed in a row after which an orphan is given up."""


class OrphanExecution:
    """The execution `recorded`, which no task of the run waits for. Its slot is taken at once, before any task is
    admitted."""

    def __init__(self, recorded: Recorded, state: RunState) -> None:
        assert recorded.execute_id is not None
        self._recorded = recorded
        self._execute_id = recorded.execute_id
        self._state = state
        self._holder = f"orphan {recorded.execute_id}"
        state.slots.take(self._holder)
        state.slots.adopted(self._holder)

    async def watch(self) -> None:
        """Hold the slot until the execution has ended, was lost, or cannot be polled."""
        try:
            await self._until_ended()
        except JournalError as error:
            self._state.ledger.note("error", error.text, self._recorded.task_id)
        finally:
            self._state.slots.release(self._holder)

    async def _until_ended(self) -> None:
        state, wall = self._state, self._state.ledger.clock.wall
        started = anyio.current_time() - max(0.0, wall() - self._recorded.sent_at)
        failed_in_a_row = 0
        while True:
            await state.rate_limiter.acquire(urgent=False)
            state.ledger.count_poll()
            state.rate_limiter.count_sent()
            age = anyio.current_time() - started
            try:
                result = await state.adapters.service.poll(self._execute_id, self._recorded.workflow_id or None)
            except StepError as failed:
                failed_in_a_row += 1
                if failed_in_a_row >= FAILED_POLLS:
                    state.ledger.note("warning", failed.info.message, self._recorded.task_id)
                    return
                await anyio.sleep(failed.retry_after or state.retry.backoff(failed_in_a_row))
                continue
            failed_in_a_row = 0
            if result.age is not None:
                age = min(age, result.age)  # our clock may have been another one when it was submitted
            if result.status in ("succeeded", "failed", "interrupted"):
                await self._store(result)
            if result.status not in ("running", "unknown") or age >= state.options.execution_timeout:
                return
            if result.status == "unknown" and age >= NOT_YET_KNOWN:
                return
            await anyio.sleep(state.adapters.pacing.next_wait(age))

    async def _store(self, result: PollResult) -> None:
        """Put on record what it came to, for whoever has use for it."""
        ledger = self._state.ledger
        if result.status not in ("succeeded", "failed", "interrupted"):
            return
        ended_at = result.updated_at or ledger.clock.wall()
        ended = self._recorded.changed(result.status, ended_at=ended_at, error=result.error, logid=result.logid)
        output = [PutOutput(self._execute_id, result.output or "")] if result.status == "succeeded" else []
        await ledger.write(*output, ended)
