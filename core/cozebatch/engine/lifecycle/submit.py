"""The step that costs money: one submission, its intent on disk before it leaves, its answer before anything else."""

from __future__ import annotations

from typing import Any, assert_never

import anyio

from cozebatch.engine.lifecycle.execution_record import ExecutionRecord
from cozebatch.engine.lifecycle.task_context import TaskContext
from cozebatch.engine.lifecycle.upload import UploadStep
from cozebatch.model.errors import Category, ErrorInfo, LostClaimError, StepError
from cozebatch.model.rows import new_claim
from cozebatch.model.task import State, Task, parameters_digest
from cozebatch.model.text import Text
from cozebatch.policy.retry import Again, Fail, Hold, PauseBatch
from cozebatch.ports import Accepted, Change, Execution, PutExecution, Refused, Submission, Unanswered

NO_ANSWER_BEFORE_EXIT = Text("程序退出时还没收到返回。", "No response had come when the program was interrupted.")


class SubmitStep:
    """From a slot to an accepted execution, or to what else became of the submission."""

    def __init__(self, context: TaskContext, record: ExecutionRecord) -> None:
        self._context = context
        self._state = context.state
        self._record = record
        self._upload = UploadStep(context)

    async def claim(self, task: Task) -> bool:
        """Mark the record as running, where that is wanted, before anything is paid. True if the task goes on."""
        context, sink = self._context, self._context.adapters.sink
        if sink is None or task.record_id is None or not sink.writes("running"):
            return True
        if not context.row.claimed:  # on disk first: a record with our mark may not be listed any more
            await context.set_facts(claimed=True, claim=new_claim())
        try:
            taken = await sink.claim(task, name=context.row.claim, asked=context.row.asked)
        except StepError as failed:
            if isinstance(failed, LostClaimError):
                await context.set_facts(claim=new_claim())
            await self._claim_failed(failed)
            return False
        if taken is not None:
            await context.move(State.SKIPPED, note=taken.message, claimed=False, claim="")
            return False
        return True

    async def submit(self, task: Task) -> bool:
        """Start one execution. True if Coze accepted it and its id is on disk."""
        await self._state.rate_limiter.acquire(urgent=True)
        if await self._context.cancelled_now():
            return False
        if not self._state.may_send:
            self._state.queue.add(task.task_id, "submit", front=True)
            return False
        if not await self._upload.uploaded(task):
            return False
        if not self._state.may_send:
            self._state.queue.add(task.task_id, "submit", front=True)
            return False
        with self._state.submissions.under_way(task.task_id):
            return await self._submit_once(task)

    async def unanswered(self, message: Text) -> None:
        """An execution may have been started: it counts as one, whoever decides what comes next."""
        await self._unanswered(ErrorInfo(Category.UNKNOWN_SUBMIT, message))

    async def back_in_line(self, error: ErrorInfo, *changes: Change, delay: float | None, **facts: Any) -> None:
        """Back to `pending`: at once to the front of the line, or after `delay` seconds."""
        context, queue = self._context, self._state.queue
        await context.move_persistently(State.PENDING, *changes, error=error, **facts)
        if await context.cancelled_now():
            return
        if delay is None:
            queue.add(context.task_id, "submit", front=True)
        else:
            queue.add_later(context.task_id, "submit", delay)

    async def _claim_failed(self, failed: StepError) -> None:
        context = self._context
        refusals = self._state.submissions.refused(context.task_id)
        decision = self._state.retry.submission_refused(failed.info, refusals.count, refusals.waited)
        match decision:
            case Again():
                context.ledger.retrying(context.task_id, "claim", failed.info, decision.delay)
                delay = max(decision.delay, failed.retry_after or 0.0)
                self._state.queue.add_later(context.task_id, "submit", delay)
            case Fail() | PauseBatch():
                self._state.submissions.forget_refusals(context.task_id)
                await context.give_up(failed.info)
            case _:
                assert_never(decision)

    async def _submit_once(self, task: Task) -> bool:
        context = self._context
        number = context.row.submissions + 1
        service = context.adapters.service
        parameters = service.parameters_of(task)
        intent = Execution(
            task.task_id,
            number,
            "sent",
            sent_at=context.ledger.clock.wall(),
            workflow=service.workflow,
            parameters=parameters,
            digest=parameters_digest(parameters),
        )
        with context.ledger.counting_submission():
            attempt = context.row.attempts + 1
            await context.move(State.SUBMITTING, PutExecution(intent), attempt=attempt, submissions=number)
        self._state.spending.give_back(task.task_id)
        self._record.begin(intent)
        sent_at = anyio.current_time()
        answer = await self._send(task)
        if isinstance(answer, Refused):
            context.ledger.refused()
        match answer:
            case Accepted():
                await self._accepted(answer)
                return True
            case Refused() if answer.error.category is Category.THROTTLED:
                self._state.slots.throttled(sent_at=sent_at, retry_after=answer.retry_after)
                self._state.pauses.throttled(answer.error)
                change = self._record.update(status="refused", error=answer.error)
                await self.back_in_line(answer.error, change, delay=None)
            case Refused():
                await self._refused(task, answer)
            case Unanswered():
                await self._unanswered(answer.error)
            case _:
                assert_never(answer)
        return False

    async def _send(self, task: Task) -> Submission:
        """Send the one request. Nothing interrupts it but the last seconds of a drain."""
        self._state.rate_limiter.count_sent()
        with self._state.submissions.on_the_wire():
            try:
                return await self._context.adapters.service.submit(task)
            except Exception as error:  # noqa: BLE001 - a bug of ours: what the service did is not known
                self._context.log_traceback(error)
                message = Text.same(f"{type(error).__name__}: {error}")
                return Unanswered(ErrorInfo(Category.UNKNOWN_SUBMIT, message))
        return Unanswered(ErrorInfo(Category.UNKNOWN_SUBMIT, NO_ANSWER_BEFORE_EXIT))

    async def _accepted(self, answer: Accepted) -> None:
        facts: dict[str, Any] = {"execute_id": answer.execute_id, "debug_url": answer.debug_url}
        change = self._record.update(status="running", logid=answer.logid, **facts)
        if self._record.clock_jumped:  # the machine slept: the execution is not as old as its intent
            facts["submitted_at"] = self._context.ledger.clock.wall()
            change = self._record.update(sent_at=facts["submitted_at"])
        self._state.submissions.forget_refusals(self._context.task_id)
        self._state.slots.accepted(self._context.task_id)
        self._state.pauses.accepted()
        attempts = self._context.row.attempts + 1
        await self._context.move_persistently(State.RUNNING, change, attempts=attempts, **facts)
        self._state.queue.reject_doubted()  # requests are not wrong in general: theirs were

    async def _refused(self, task: Task, answer: Refused) -> None:
        context, error = self._context, answer.error
        if answer.files and (forgotten := await self._upload.forgotten(task, answer.files)) is not None:
            await self.back_in_line(error, self._record.update(status="refused", error=error), *forgotten, delay=None)
            return
        refusals = self._state.submissions.refused(context.task_id)
        decision = self._state.retry.submission_refused(error, refusals.count, refusals.waited)
        change = self._record.update(status="refused", error=error)
        match decision:
            case Again():
                await self.back_in_line(error, change, delay=max(decision.delay, answer.retry_after or 0.0))
            case PauseBatch():
                self._state.pauses.pause(decision.reason, error)
                await self.back_in_line(error, change, delay=None)
            case Fail() if error.category is Category.INVALID_REQUEST and not self._state.pauses.accepted_any:
                self._state.submissions.forget_refusals(context.task_id)
                await context.move_persistently(State.PENDING, change, error=error)
                if not await context.cancelled_now():
                    self._state.queue.doubt(context.task_id)
                    self._state.pauses.doubted(error)
            case Fail():
                self._state.submissions.forget_refusals(context.task_id)
                await context.fail(error, change)
            case _:
                assert_never(decision)

    async def reject(self) -> None:
        """Its request alone was wrong: other tasks were accepted, or there are none to compare it with."""
        error = self._context.row.error
        assert error is not None
        await self._context.fail(error)

    async def _unanswered(self, error: ErrorInfo) -> None:
        row = self._context.row
        change = self._record.update(status="unanswered", error=error)
        counts = {"attempts": row.attempts + 1, "failures": row.failures + 1}
        decision = self._state.retry.submission_unanswered(row.failures + 1)
        match decision:
            case Hold():
                await self._context.move_persistently(State.HELD, change, error=error, unanswered=True, **counts)
            case Again():
                await self.back_in_line(error, change, delay=decision.delay, **counts)
            case _:
                assert_never(decision)
