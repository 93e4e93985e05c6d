"""Looking at an execution until it has ended, and putting down what it came to. Looks are free."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import anyio

from cozebatch.engine.lifecycle.submit import Submitting
from cozebatch.model import events
from cozebatch.model.errors import Category, ErrorInfo, StepError
from cozebatch.model.task import State
from cozebatch.model.text import Text
from cozebatch.planning.recovery import EXPIRED, is_expired
from cozebatch.policy.retry import Again, Decision, PauseBatch
from cozebatch.ports import Change, PollResult, Product, PutExecution, PutOutput, PutRow

NOT_YET_KNOWN = 60.0
"""Seconds after a submission during which Coze may not know the execution yet (docs/coze.md, 4314)."""

NOT_KNOWN = ErrorInfo(
    Category.EXECUTION_LOST, Text("Coze 已查不到这次执行。", "Coze does not know this execution any more.")
)
TOO_LONG = ErrorInfo(
    Category.EXECUTION_LOST,
    Text("执行超过了 execution_timeout。", "The execution ran longer than execution_timeout."),
)


class Watching(Submitting):
    """From an execution in flight to Coze's output on disk; what failed may go back in line."""

    async def _adopt(self) -> None:
        """Take up an execution that an earlier process started, or that a person named."""
        self.control.executing.add(self.task_id)
        if self.row.state is not State.RUNNING:
            await self._move(State.RUNNING, adopted=True)
        past = await self.ledger.journal.executions(self.ledger.run.run_id, self.task_id)
        known = [execution for execution in past if execution.execute_id == self.row.execute_id]
        self._execution = known[-1] if known else None

    async def _watch(self) -> bool:
        """Look at the execution until it has ended. A cancelled task is watched too: its slot is in use."""
        execute_id = self.row.execute_id
        assert execute_id is not None
        started = anyio.current_time() - self._age_at_adoption()
        wait = 0.0 if self.row.adopted else self.adapters.pacing.next_wait(0.0)
        failed_in_a_row = 0
        while True:
            await self._until_look(wait)
            if self.task_id in self.control.cancelled:
                self.control.cancelled.discard(self.task_id)
                if self.row.state is State.RUNNING:
                    await self._move(State.CANCELLED)
            await self.control.rate_limiter.acquire(urgent=False)
            self.ledger.board.counters.polls += 1
            self.control.requests += 1
            try:
                look = await self.adapters.service.poll(execute_id)
            except StepError as failed:
                failed_in_a_row += 1
                next_wait = await self._look_failed(failed, failed_in_a_row)
                if next_wait is None:
                    return False
                wait = next_wait
                continue
            failed_in_a_row = 0
            age = anyio.current_time() - started
            if self.row.adopted and look.age is not None:
                age = min(age, look.age)  # our clock may have been another one when it was submitted
            if look.status not in ("running", "unknown"):
                return await self._ended(look, age)
            if age >= self.control.options.execution_timeout or (look.status == "unknown" and age >= NOT_YET_KNOWN):
                await self._lost(look)
                return False
            wait = self.adapters.pacing.next_wait(age)
            if look.status == "unknown":
                wait = min(wait, NOT_YET_KNOWN / 6)

    def _age_at_adoption(self) -> float:
        if not self.row.adopted or self.row.submitted_at is None:
            return 0.0
        return max(0.0, self.ledger.clock.wall() - self.row.submitted_at)

    async def _until_look(self, wait: float) -> None:
        wanted = anyio.Event()
        self.control.polls_wanted[self.task_id] = wanted
        try:
            with anyio.move_on_after(wait):
                await wanted.wait()
        finally:
            del self.control.polls_wanted[self.task_id]

    async def _look_failed(self, failed: StepError, in_a_row: int) -> float | None:
        """Seconds until the next look; None when the watching ended."""
        error = failed.info
        if error.category is Category.THROTTLED:
            self.control.rate_limiter.slow_down()
            wait = self.control.retry.backoff(in_a_row) if failed.retry_after is None else failed.retry_after
            self.ledger.publish(events.Throttled(retry_in=round(wait, 3), **self.ledger.stamp()))
            return wait
        decision = self.control.retry.poll_failed(error, in_a_row)
        if isinstance(decision, Again):
            self.ledger.note("warning", error.message, self.task_id)
            return max(decision.delay, failed.retry_after or 0.0)
        if isinstance(decision, PauseBatch):
            self.control.brake(decision.reason, error)
            if self.row.state is State.RUNNING:
                self.control.park(self.task_id, "watch")
        elif self.row.state is State.RUNNING:
            await self._fail(error)
        return None

    async def _lost(self, look: PollResult) -> None:
        if look.status != "unknown":
            error = TOO_LONG
        elif is_expired(self.row, self.ledger.clock.wall()):
            error = EXPIRED
        else:
            error = NOT_KNOWN
        error = replace(error, logid=look.logid)
        if self.row.state is State.RUNNING:
            await self._fail(error, self._note(status="lost", error=error))

    async def _ended(self, look: PollResult, seconds: float) -> bool:
        """Put down what the execution came to; True when the way goes on to the film."""
        row, wall = self.row, self.ledger.clock.wall()
        ended_at = look.updated_at or wall
        facts: dict[str, Any] = {
            "coze_finished_at": ended_at,
            "debug_url": look.debug_url or row.debug_url,
            "tokens_in": row.tokens_in + look.tokens_in,
            "tokens_out": row.tokens_out + look.tokens_out,
            "tokens": row.tokens + look.tokens,
        }
        if row.adopted or self._jumps != self.control.jumps:  # our own clock did not run all the time
            by_wall = 0.0 if row.submitted_at is None else max(0.0, ended_at - row.submitted_at)
            ours = by_wall if row.adopted else max(seconds, by_wall)
            facts["coze_seconds"] = seconds = ours if look.seconds is None else look.seconds
        if look.status == "succeeded":
            return await self._succeeded(look, facts, seconds, max(0.0, wall - ended_at))
        error = look.error or ErrorInfo(Category.WORKFLOW_FAILED, Text("工作流失败。", "The workflow failed."))
        note = self._note(
            status="interrupted" if look.status == "interrupted" else "failed",
            ended_at=ended_at,
            seconds=seconds,
            error=error,
            logid=look.logid,
        )
        if row.state is not State.RUNNING:  # cancelled meanwhile
            await self.ledger.write(note)
        elif look.status == "interrupted":
            await self._fail(error, note, **facts)
        else:
            facts["execution_failed"] = True
            await self._execution_failed(error, note, facts)
        return False

    async def _succeeded(self, look: PollResult, facts: dict[str, Any], seconds: float, lag: float) -> bool:
        row = self.row
        assert row.execute_id is not None
        self.adapters.pacing.observe(seconds)
        changes: list[Change] = [PutOutput(row.execute_id, look.output or "")]
        changes.append(
            self._note(status="succeeded", ended_at=facts["coze_finished_at"], seconds=seconds, logid=look.logid)
        )
        facts |= {"has_output": True, "lag_seconds": lag}
        if row.state is not State.RUNNING:  # cancelled meanwhile: the result was paid for and is kept
            kept = replace(row, has_output=True, tokens=facts["tokens"])
            await self.ledger.write(PutRow(kept), *changes)
            self.ledger.load([kept])
            return False
        if self.adapters.synthesizer is None:
            await self._insisting(lambda: self._complete(Product(), *changes, **facts))
        else:
            await self._insist(State.DOWNLOADING, *changes, **facts)
        return True

    async def _execution_failed(self, error: ErrorInfo, note: PutExecution, facts: dict[str, Any]) -> None:
        """Coze itself reported a failure: another execution costs again, and is started only as often as allowed."""
        failures = self.row.failures + 1
        decision: Decision = self.control.retry.execution_failed(error, failures)
        if isinstance(decision, Again):
            await self._back_in_line(error, note, delay=decision.delay, failures=failures, **facts)
        elif isinstance(decision, PauseBatch):
            self.control.brake(decision.reason, error)
            await self._back_in_line(error, note, delay=None, failures=failures, **facts)
        else:
            await self._fail(error, note, failures=failures, **facts)
