"""Polls an execution until it has ended. Polls are free; a cancelled task is polled too, since its slot is in use."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import assert_never

import anyio

from cozebatch.engine.lifecycle.execution_record import ExecutionRecord
from cozebatch.engine.lifecycle.task_context import TaskContext
from cozebatch.model import events
from cozebatch.model.errors import Category, ErrorInfo, StepError
from cozebatch.model.task import State
from cozebatch.model.text import Text
from cozebatch.planning.planned import EXPIRED, is_expired
from cozebatch.policy.polling import NOT_YET_KNOWN
from cozebatch.policy.retry import UNREACHABLE_PATIENCE, Again, Fail, PauseBatch
from cozebatch.ports import PollResult

NOT_KNOWN = ErrorInfo(
    Category.EXECUTION_LOST, Text("扣子已查不到这次执行。", "Coze does not know this execution any more.")
)
TOO_LONG = ErrorInfo(
    Category.EXECUTION_LOST,
    Text("执行超过了 execution_timeout。", "The execution ran longer than execution_timeout."),
)


@dataclass(frozen=True, slots=True)
class EndedExecution:
    """An execution that Coze reports as ended. By our clock: `seconds` since its submission; `unseen` since it was last
    seen running, or was submitted."""

    result: PollResult
    seconds: float
    unseen: float


class PollStep:
    """From an execution in flight to its end."""

    def __init__(self, context: TaskContext, record: ExecutionRecord) -> None:
        self._context = context
        self._state = context.state
        self._record = record
        self._answered: str | None = None
        """The question (`event_id`) whose answer Coze has just taken."""

    def answered(self, event_id: str) -> None:
        """Coze has taken the answer to this question: for a minute it may still show it as open."""
        self._answered = event_id

    async def adopt(self) -> None:
        """Take up an execution that an earlier process started, or that a person named."""
        context = self._context
        assert context.row.execute_id is not None
        self._state.slots.adopted(context.task_id)
        self._state.orphans.hand_over(context.row.execute_id)
        changes = [] if await self._record.load() else [self._record.update(status="running")]
        if context.row.state is not State.RUNNING:
            await context.move(State.RUNNING, *changes, adopted=True)
        elif changes:
            await context.ledger.write(*changes)

    async def until_ended(self) -> EndedExecution | None:
        """Poll until Coze reports the end. None if the execution is lost or polling cannot go on; then the task has
        been moved or suspended."""
        context, pacing = self._context, self._context.adapters.pacing
        started = anyio.current_time() - self._age_at_adoption()
        wait = 0.0 if context.row.adopted else pacing.next_wait(0.0)
        failed_in_a_row = 0
        failing_since = unknown_since = math.inf
        seen_running = started
        while True:
            await self._state.poll_waits.wait(context.task_id, wait)
            if self._state.cancellations.take(context.task_id) and context.row.state is State.RUNNING:
                await context.move(State.CANCELLED)
            asked = anyio.current_time()
            try:
                result = await self.look()
            except StepError as failed:
                now = anyio.current_time()
                failed_in_a_row += 1
                failing_since = min(failing_since, now)
                if now - started >= context.options.execution_timeout and now - failing_since >= UNREACHABLE_PATIENCE:
                    await self._lost(TOO_LONG)
                    return None
                next_wait = await self._failed(failed, failed_in_a_row, now - failing_since)
                if next_wait is None:
                    return None
                wait = next_wait
                continue
            failed_in_a_row, failing_since = 0, math.inf
            now = anyio.current_time()
            unknown_since = min(unknown_since, now) if result.status == "unknown" else math.inf
            age = now - started
            if context.row.adopted and result.age is not None:
                age = min(age, result.age)  # our clock may have been another one when it was submitted
            match result.status:
                case "interrupted" if self._is_stale(result, age):
                    seen_running = asked
                    wait = NOT_YET_KNOWN / 12
                case "succeeded" | "failed" | "interrupted":
                    self._record.ended()
                    return EndedExecution(result, age, now - seen_running)
                case "running" if age >= context.options.execution_timeout:
                    await self._lost(self._why_lost(result))
                    return None
                case "running":
                    seen_running = asked
                    wait = pacing.next_wait(age)
                case "unknown" if self._may_turn_up(age, now - unknown_since):
                    wait = min(pacing.next_wait(age), NOT_YET_KNOWN / 6)
                case "unknown":
                    await self._lost(self._why_lost(result))
                    return None
                case _:
                    assert_never(result.status)

    def _is_stale(self, result: PollResult, age: float) -> bool:
        """Whether the question it shows was answered a moment ago."""
        event_id = result.question.event_id if result.question is not None else None
        return event_id is not None and event_id == self._answered and age < NOT_YET_KNOWN

    def _may_turn_up(self, age: float, unknown_for: float) -> bool:
        """Whether Coze may know it again: it forgets for a while, but for good only after days."""
        if age >= self._context.options.execution_timeout and self._is_expired:
            return False
        return min(age, unknown_for) < NOT_YET_KNOWN

    @property
    def _is_expired(self) -> bool:
        return is_expired(self._context.row, self._context.ledger.clock.wall())

    def _age_at_adoption(self) -> float:
        row = self._context.row
        if not row.adopted or row.submitted_at is None:
            return 0.0
        since = max(row.submitted_at, row.resumed_at or 0.0)  # while it waited for an answer it did not run
        return max(0.0, self._context.ledger.clock.wall() - since)

    async def look(self) -> PollResult:
        """One poll, within the budget of requests. Raises `StepError`."""
        execute_id = self._context.row.execute_id
        assert execute_id is not None
        await self._state.rate_limiter.acquire(urgent=False)
        self._context.ledger.count_poll()
        self._state.rate_limiter.count_sent()
        return await self._context.adapters.service.poll(execute_id, self._record.workflow_id)

    async def _failed(self, failed: StepError, in_a_row: int, waited: float) -> float | None:
        """Seconds until the next poll; None when polling cannot go on. `waited`: seconds since the first failure in a
        row."""
        context, error = self._context, failed.info
        if error.category is Category.THROTTLED:
            self._state.rate_limiter.slow_down()
            wait = self._state.retry.backoff(in_a_row) if failed.retry_after is None else failed.retry_after
            context.ledger.publish(events.Throttled(retry_in=round(wait, 3), **context.ledger.stamp()))
            return wait
        decision = self._state.retry.poll_failed(error, in_a_row, waited)
        match decision:
            case Again():
                context.ledger.note("warning", error.message, context.task_id)
                return max(decision.delay, failed.retry_after or 0.0)
            case PauseBatch():
                self._state.pauses.pause(decision.reason, error)
                if context.row.state is State.RUNNING:
                    self._state.queue.suspend(context.task_id, "watch")
            case Fail():
                if context.row.state is State.RUNNING:
                    await context.fail(error)
            case _:
                assert_never(decision)
        return None

    def _why_lost(self, result: PollResult) -> ErrorInfo:
        if result.status != "unknown":
            error = TOO_LONG
        elif self._is_expired:
            error = EXPIRED
        else:
            error = NOT_KNOWN
        return replace(error, logid=result.logid)

    async def _lost(self, error: ErrorInfo) -> None:
        """The task ends. The execution keeps a slot: it is watched on without its task."""
        if self._context.row.state is State.RUNNING:
            await self._context.fail(error, self._record.update(status="lost", error=error))
