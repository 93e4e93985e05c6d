"""The step that costs money: one submission, its intent on disk before it leaves, its answer before anything else.

A Coze slot is held from before the submission until the execution has ended.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import anyio

from cozebatch.engine.lifecycle.task_step import Walker
from cozebatch.engine.outbox import Outbox
from cozebatch.engine.run_state import RunState
from cozebatch.model.errors import Category, ErrorInfo, JournalError, StepError
from cozebatch.model.task import State, Task
from cozebatch.model.text import Text
from cozebatch.policy.retry import Again, Hold, PauseBatch
from cozebatch.ports import Accepted, Execution, PutExecution, Refused, Submission, Unanswered


class Submitting(Walker):
    """From the line to an accepted execution, or to what else came of it."""

    def __init__(self, task_id: str, control: RunState, outbox: Outbox) -> None:
        super().__init__(task_id, control, outbox)
        self._execution: Execution | None = None
        self._jumps = control.jumps
        """Of the clock, when the execution was submitted or taken up."""

    async def _submit(self) -> bool:
        task = await self.ledger.task(self.task_id)
        if not await self._claim(task):
            return False
        await self.control.rate_limiter.acquire(urgent=True)
        if await self._cancelled_here():
            return False
        if not self.control.may_submit:
            self.control.enqueue(self.task_id, "submit", front=True)
            return False
        self.control.submitting.add(self.task_id)
        try:
            return await self._submit_once(task)
        finally:
            self.control.submitting.discard(self.task_id)
            self.control.stir()

    async def _submit_once(self, task: Task) -> bool:
        number = self.row.submissions + 1
        intent = Execution(self.task_id, number, "sent", sent_at=self.ledger.clock.wall())
        self.ledger.board.counters.submissions += 1  # before the write, which takes the counters along
        try:
            await self._move(State.SUBMITTING, PutExecution(intent), attempt=self.row.attempts + 1, submissions=number)
        except JournalError:
            self.ledger.board.counters.submissions -= 1
            raise
        self._execution = intent
        self._jumps = self.control.jumps
        sent_at = anyio.current_time()
        answer = await self._send(task)
        match answer:
            case Accepted():
                return await self._accepted(answer)
            case Refused() if answer.error.category is Category.THROTTLED:
                self.control.throttle(sent_at=sent_at, retry_after=answer.retry_after)
                await self._back_in_line(answer.error, self._note(status="refused", error=answer.error), delay=None)
            case Refused():
                await self._refused(answer)
            case Unanswered():
                await self._unanswered(answer.error)
        return False

    async def _claim(self, task: Task) -> bool:
        """Mark the record as running, where that is wanted, before anything is paid."""
        sink = self.adapters.sink
        if sink is None or task.record_id is None or self.row.asked or not sink.writes("running"):
            return True
        if not self.row.claimed:  # on disk first: a record that bears our mark may not be listed any more
            await self._set(claimed=True)
        try:
            taken = await sink.claim(task)
        except StepError as failed:
            refusals = self.control.count_refusal(self.task_id)
            decision = self.control.retry.submission_refused(
                failed.info, refusals.count, self.ledger.clock.now() - refusals.since
            )
            if isinstance(decision, Again):
                self.ledger.retrying(self.task_id, "claim", failed.info, decision.delay)
                self.control.enqueue_later(self.task_id, "submit", max(decision.delay, failed.retry_after or 0.0))
            else:
                await self._fail(failed.info)
            return False
        if taken is not None:
            await self._move(State.SKIPPED, note=taken.message)
            return False
        return True

    async def _send(self, task: Task) -> Submission:
        """Send the one request. Nothing interrupts it but the last seconds of a drain."""
        self.control.requests += 1
        with anyio.CancelScope(shield=True) as scope:
            self.control.sending.add(scope)
            try:
                return await self.adapters.service.submit(task)
            except Exception as error:  # noqa: BLE001 - a bug of ours: what the service did is not known
                self._log_traceback(error)
                return Unanswered(unanswered(Text.same(f"{type(error).__name__}: {error}")))
            finally:
                self.control.sending.discard(scope)
        return Unanswered(
            unanswered(Text("程序退出时还没收到回答。", "No answer had come when the program was interrupted."))
        )

    async def _accepted(self, answer: Accepted) -> bool:
        note = self._note(
            status="running", execute_id=answer.execute_id, debug_url=answer.debug_url, logid=answer.logid
        )
        self.control.note_accepted(self.task_id)
        await self._insist(
            State.RUNNING,
            note,
            execute_id=answer.execute_id,
            debug_url=answer.debug_url,
            attempts=self.row.attempts + 1,
        )
        return True

    async def _refused(self, answer: Refused) -> None:
        refusals = self.control.count_refusal(self.task_id)
        decision = self.control.retry.submission_refused(
            answer.error, refusals.count, self.ledger.clock.now() - refusals.since
        )
        note = self._note(status="refused", error=answer.error)
        if isinstance(decision, Again):
            await self._back_in_line(answer.error, note, delay=max(decision.delay, answer.retry_after or 0.0))
        elif isinstance(decision, PauseBatch):
            self.control.brake(decision.reason, answer.error)
            await self._back_in_line(answer.error, note, delay=None)
        else:
            self.control.refusals.pop(self.task_id, None)
            if answer.error.category is Category.INVALID_REQUEST:
                self.control.note_refused_for_good(answer.error)
            await self._fail(answer.error, note)

    async def _unanswered(self, error: ErrorInfo) -> None:
        """An execution may have been started: it counts as one, whoever decides what comes next."""
        note = self._note(status="unanswered", error=error)
        attempts = self.row.attempts + 1
        decision = self.control.retry.submission_unanswered()
        if isinstance(decision, Hold):
            await self._insist(State.HELD, note, error=error, attempts=attempts, unanswered=True)
        else:
            assert isinstance(decision, Again)
            await self._back_in_line(error, note, delay=decision.delay, attempts=attempts)

    async def _back_in_line(self, error: ErrorInfo, note: PutExecution, *, delay: float | None, **facts: Any) -> None:
        """Back to `pending`: at once to the front of the line, or after `delay` seconds."""
        await self._insist(State.PENDING, note, error=error, **facts)
        if await self._cancelled_here():
            return
        if delay is None:
            self.control.enqueue(self.task_id, "submit", front=True)
        else:
            self.control.enqueue_later(self.task_id, "submit", delay)

    def _note(self, **facts: Any) -> PutExecution:
        """What became of the execution, for the journal."""
        if self._execution is None:  # adopted by hand: nothing was sent by us
            row = self.row
            self._execution = Execution(
                self.task_id,
                row.submissions + 1,
                "running",
                sent_at=row.submitted_at or self.ledger.clock.wall(),
                execute_id=row.execute_id,
            )
        self._execution = replace(self._execution, **facts)
        return PutExecution(self._execution)


def unanswered(message: Text) -> ErrorInfo:
    return ErrorInfo(Category.UNKNOWN_SUBMIT, message)
