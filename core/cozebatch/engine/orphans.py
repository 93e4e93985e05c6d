"""Orphan executions: executions in flight that no task run watches, and that count against the limit all the same.

They are those of other runs and task files, of tasks left out or cancelled, and those whose task run ended before the
execution did: polls were refused, Coze did not know it for a while, a pause stopped the run, a bug ended it. Each holds
a slot until it is known to have ended, or was asked for in vain for `execution_timeout`. Its output was paid for and is
stored.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace

import anyio
from anyio.abc import TaskGroup

from cozebatch.engine.ledger import Ledger
from cozebatch.engine.options import Adapters
from cozebatch.engine.rate_limiter import RateLimiter
from cozebatch.engine.slots import Slots
from cozebatch.model.errors import Category, JournalError, StepError
from cozebatch.model.task import State
from cozebatch.policy.retry import RetryPolicy
from cozebatch.ports import Change, Execution, PollResult, PutExecution, PutOutput

LONGEST_PAUSE = 60.0
"""Seconds between two polls that fail."""


@dataclass(slots=True, eq=False)
class Orphan:
    """One execution, its place among the slots, and how its watching is ended. `workflow_id`: None for our own."""

    execution: Execution
    workflow_id: str | None
    scope: anyio.CancelScope = field(default_factory=anyio.CancelScope)

    @property
    def execute_id(self) -> str:
        assert self.execution.execute_id is not None
        return self.execution.execute_id

    @property
    def holder(self) -> str:
        return f"orphan {self.execute_id}"


class Orphans:
    """Watches them, while `serve` runs. `timeout` is `execution_timeout` in seconds."""

    def __init__(
        self,
        ledger: Ledger,
        adapters: Adapters,
        slots: Slots,
        rate_limiter: RateLimiter,
        retry: RetryPolicy,
        timeout: float,
    ) -> None:
        self._ledger = ledger
        self._adapters = adapters
        self._slots = slots
        self._rate_limiter = rate_limiter
        self._retry = retry
        self._timeout = timeout
        self._known: dict[str, Orphan] = {}
        self._group: TaskGroup | None = None

    async def serve(self) -> None:
        """Watch, until cancelled."""
        async with anyio.create_task_group() as group:
            self._group = group
            for orphan in self._known.values():
                group.start_soon(self._watch, orphan)
            try:
                await anyio.sleep(math.inf)
            finally:
                self._group = None  # the run ends: what is added now is watched by the next one

    def add(self, execution: Execution, workflow_id: str | None = None) -> None:
        """Take a slot for it at once, beyond the limit if need be, and watch it."""
        orphan = Orphan(execution, workflow_id)
        if orphan.execute_id in self._known:
            return
        self._known[orphan.execute_id] = orphan
        self._slots.take(orphan.holder)
        self._slots.adopted(orphan.holder)
        if self._group is not None:
            self._group.start_soon(self._watch, orphan)

    def hand_over(self, execute_id: str) -> None:
        """A task run, which holds a slot, watches this execution from now on."""
        if (orphan := self._known.get(execute_id)) is not None:
            orphan.scope.cancel()
            self._leave(orphan)

    def _leave(self, orphan: Orphan) -> None:
        if self._known.get(orphan.execute_id) is orphan:
            del self._known[orphan.execute_id]
            self._slots.release(orphan.holder)

    async def _watch(self, orphan: Orphan) -> None:
        with orphan.scope:
            result = await self._until_ended(orphan)
            if result is not None:
                await self._store(orphan, result)
        if not orphan.scope.cancelled_caught:
            self._leave(orphan)

    async def _until_ended(self, orphan: Orphan) -> PollResult | None:
        """What it came to; None when `execution_timeout` has passed."""
        wall = self._ledger.clock.wall
        started = anyio.current_time() - max(0.0, wall() - orphan.execution.runs_since)
        failed_in_a_row = 0
        while True:
            try:
                result = await self._poll(orphan)
            except StepError as failed:
                failed_in_a_row += 1
                wait = failed.retry_after
                if wait is None:
                    wait = self._retry.growing_pause(failed_in_a_row, base=2.0, cap=LONGEST_PAUSE)
                age = anyio.current_time() - started
            else:
                failed_in_a_row = 0
                age = anyio.current_time() - started
                if result.age is not None:
                    age = min(age, result.age)  # our clock may have been another one when it was submitted
                if result.status not in ("running", "unknown"):
                    return result
                wait = self._adapters.pacing.next_wait(age)
            if age >= self._timeout:
                return None
            await anyio.sleep(min(wait, max(0.0, self._timeout - age) + 1.0))

    async def _poll(self, orphan: Orphan) -> PollResult:
        """Raises `StepError`; a bug of ours counts as a poll that failed."""
        await self._rate_limiter.acquire(urgent=False)
        self._ledger.count_poll()
        self._rate_limiter.count_sent()
        try:
            return await self._adapters.service.poll(orphan.execute_id, orphan.workflow_id)
        except StepError as failed:
            if failed.info.category is Category.THROTTLED:
                self._rate_limiter.slow_down()
            raise

    async def _store(self, orphan: Orphan, result: PollResult) -> None:
        """Put on disk what it came to, for whoever has use for it; again and again while the disk refuses."""
        assert result.status != "unknown"
        if result.status == "interrupted":  # nothing of it runs while it waits; its task may be asked to look again
            waits = replace(orphan.execution, status="interrupted", logid=result.logid)
            await self._persist(orphan, [PutExecution(waits)], waits)
            return
        ended = replace(
            orphan.execution,
            status=result.status,
            ended_at=result.updated_at or self._ledger.clock.wall(),
            seconds=result.seconds,
            error=result.error,
            logid=result.logid,
        )
        succeeded = result.status == "succeeded"
        output = [PutOutput(orphan.execute_id, result.output or "")] if succeeded and result.error is None else []
        await self._persist(orphan, [*output, PutExecution(ended)], ended)

    async def _persist(self, orphan: Orphan, changes: list[Change], ended: Execution) -> None:
        tries = 0
        while True:
            try:
                with anyio.CancelScope(shield=True):
                    await self._write(orphan, changes, ended)
                return
            except JournalError as error:
                tries += 1
                self._ledger.note("error", error.text, orphan.execution.task_id)
                await anyio.sleep(self._retry.growing_pause(tries, base=1.0, cap=30.0))

    async def _write(self, orphan: Orphan, changes: list[Change], ended: Execution) -> None:
        task_id = orphan.execution.task_id
        row = self._ledger.rows.get(task_id)
        waits = ended.status == "interrupted"
        if waits or row is None or row.execute_id != orphan.execute_id or not row.state.is_end:
            await self._ledger.write(*changes)
        elif ended.status != "succeeded":
            # The task may have ended because Coze did not know the execution: this is what became of it.
            error = ended.error if row.state in (State.FAILED, State.CANCELLED) and ended.error else row.error
            await self._ledger.amend(task_id, *changes, execution_failed=True, error=error)
        else:
            await self._ledger.amend(task_id, *changes, has_output=ended.error is None, execution_failed=False)
