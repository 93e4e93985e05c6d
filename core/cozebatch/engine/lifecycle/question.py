"""An execution that waits for a person: look whether it still does, and send the answer that is on record.

It is paid for, and no answer pays for another one. Before each request the execution is looked at: only while it still
asks the same, the answer leaves; so an answer whose response was lost is never sent twice blindly. What Coze refuses is
looked at once more: where the execution has gone on, the refusal means nothing.

The task stays `held` until a look or Coze's response shows that the execution goes on. While it waits, it keeps no
slot: nothing of it runs. Each look and each answer has one. From the moment an answer is about to leave, the execution
is on record as running, and holds a slot until a look shows that it still waits.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, assert_never

from cozebatch.engine.lifecycle.execution_record import ExecutionRecord
from cozebatch.engine.lifecycle.poll import PollStep
from cozebatch.engine.lifecycle.task_context import TaskContext
from cozebatch.model.errors import Category, ErrorInfo, StepError
from cozebatch.model.question import Question
from cozebatch.model.task import State
from cozebatch.model.text import Text
from cozebatch.planning.planned import EXPIRED, is_expired
from cozebatch.policy.polling import NOT_YET_KNOWN
from cozebatch.policy.retry import concerns_all
from cozebatch.ports import Accepted, Asked, Change, PollResult, PutAsked, Refused, Submission, Unanswered

MOST_LOOKS = 5
"""Looks that fail in a row before the task is left as it is, until somebody asks again."""
PASSING = frozenset({Category.NETWORK, Category.SERVER, Category.THROTTLED})
"""Refusals after which the same answer is sent again."""


async def on_record(context: TaskContext, record: ExecutionRecord, question: Question) -> tuple[Asked, list[Change]]:
    """The question as it is on record from now on, and the changes for that. What was asked before has been answered.
    Raises `JournalError`."""
    ledger = context.ledger
    known = {asked.question.event_id: asked for asked in await ledger.journal.questions([record.key])}
    asked, changes = known.pop(question.event_id, None), closed(known.values())
    if asked is None:
        asked = Asked(record.key, question, ledger.clock.wall(), context.row.execute_id or "")
        changes.append(PutAsked(asked))
    elif asked.status in ("taken", "elsewhere"):  # it asks the same again
        asked = replace(asked, question=question, status="open")
        changes.append(PutAsked(asked))
    return asked, changes


def closed(asked: Any) -> list[Change]:
    """The changes that say of questions of an execution that it has gone on."""
    found: list[Change] = []
    for one in asked:
        if one.status == "sent":
            found.append(PutAsked(replace(one, status="taken")))
        elif one.status in ("open", "given", "refused"):
            found.append(PutAsked(replace(one, status="elsewhere")))
    return found


class QuestionStep:
    """From a question to an execution that goes on."""

    def __init__(self, context: TaskContext, record: ExecutionRecord, poll: PollStep) -> None:
        self._context = context
        self._state = context.state
        self._record = record
        self._poll = poll

    async def goes_on(self) -> bool:
        """True if the execution goes on and the task is `running`. False if it still waits, or that cannot be found
        out now; the task is as it was. Raises `JournalError`."""
        context = self._context
        await self._record.load()
        assert context.row.execute_id is not None
        self._state.orphans.hand_over(context.row.execute_id)
        if not self._record.may_run:
            self._record.ended()
        failed = sent = unknown = 0
        refused: tuple[str, ErrorInfo] | None = None
        while context.row.waits and not self._state.draining:
            try:
                result = await self._poll.look()
            except StepError as error:
                failed += 1
                if not await self._may_look_again(error, failed):
                    return False
                continue
            failed = 0
            if not context.row.waits:  # given up meanwhile
                return False
            if result.status == "unknown":
                unknown += 1
                if await self._is_dropped(result) or self._record.in_flight is None or unknown >= MOST_LOOKS:
                    return False
                await self._state.poll_waits.wait(context.task_id, NOT_YET_KNOWN / MOST_LOOKS)
                continue
            unknown = 0
            if result.status != "interrupted":
                return await self._went_on()
            asked = await self._asked(result)
            if refused is not None and refused[0] == asked.question.event_id:
                await self._refused(asked, refused[1])
                return False
            if not asked.is_to_be_sent or sent > context.options.max_retries:
                return False
            sent += 1
            answer = await self._send(asked)
            match answer:
                case None:
                    return False
                case Accepted():
                    return context.row.state is State.RUNNING
                case Refused() if concerns_all(answer.error):
                    context.ledger.note("error", answer.error.message, context.task_id)
                    return False
                case Refused() if answer.error.category in PASSING:
                    await self._wait(answer.error, sent, answer.retry_after)
                case Refused():
                    refused = (asked.question.event_id, answer.error)
                case Unanswered():
                    await self._wait(answer.error, sent, None)
                case _:
                    assert_never(answer)
        return False

    async def _may_look_again(self, failed: StepError, in_a_row: int) -> bool:
        if failed.info.category is Category.THROTTLED:
            self._state.rate_limiter.slow_down()
        if concerns_all(failed.info) or in_a_row >= MOST_LOOKS:
            self._context.ledger.note("warning", failed.info.message, self._context.task_id)
            return False
        await self._wait(failed.info, in_a_row, failed.retry_after)
        return True

    async def _wait(self, error: ErrorInfo, tries: int, retry_after: float | None) -> None:
        self._context.ledger.note("warning", error.message, self._context.task_id)
        pause = self._state.retry.growing_pause(tries) if retry_after is None else retry_after
        await self._state.poll_waits.wait(self._context.task_id, pause)

    async def _is_dropped(self, result: PollResult) -> bool:
        """Coze does not know it: for good, or for a while."""
        context, row = self._context, self._context.row
        if is_expired(row, context.ledger.clock.wall()):
            error = replace(EXPIRED, logid=result.logid)
            change = self._record.update(status="lost", error=error)
            self._record.ended()
            await context.ledger.amend(context.task_id, change, question=None, error=error)
            return True
        context.ledger.note(
            "warning",
            Text("扣子现在查不到这次等你答复的执行。", "Coze does not know the execution that waits just now."),
            context.task_id,
        )
        return False

    async def _asked(self, result: PollResult) -> Asked:
        """Put on record what it asks now."""
        context = self._context
        question = result.question or Question()
        asked, changes = await on_record(context, self._record, question)
        if self._record.in_flight is not None:  # the answer did not arrive
            changes.append(self._record.update(status="interrupted"))
            self._record.ended()
        if changes or context.row.question != question:
            await context.ledger.amend(context.task_id, *changes, question=question, error=result.error)
        return asked

    async def _went_on(self) -> bool:
        """It goes on, or has ended: it was answered, here or elsewhere."""
        context = self._context
        changes = closed(await context.ledger.journal.questions([self._record.key]))
        wall = context.ledger.clock.wall()
        await self._run(*changes, self._record.update(status="running", resumed_at=wall))
        return context.row.state is State.RUNNING

    async def _send(self, asked: Asked) -> Submission | None:
        """Send the answer once, on disk as sent before it leaves. None if nothing was sent."""
        context = self._context
        assert asked.answer is not None
        await self._state.rate_limiter.acquire(urgent=True)
        if self._state.draining or not context.row.waits:
            return None
        with self._state.submissions.under_way(context.task_id):
            asked = replace(asked, status="sent", error=None)
            wall = context.ledger.clock.wall()
            await context.ledger.write(PutAsked(asked), self._record.update(status="running", resumed_at=wall))
            answer = await self._resume(asked.question, asked.answer or "")
            if isinstance(answer, Accepted):
                await self._accepted(asked, answer)
        return answer

    async def _resume(self, question: Question, answer: str) -> Submission:
        context = self._context
        self._state.rate_limiter.count_sent()
        with self._state.submissions.on_the_wire():
            try:
                return await context.adapters.service.resume(question, answer, self._record.workflow_id)
            except Exception as error:  # noqa: BLE001 - a bug of ours: what the service did is not known
                context.log_traceback(error)
                message = Text.same(f"{type(error).__name__}: {error}")
                return Unanswered(ErrorInfo(Category.UNKNOWN_SUBMIT, message))
        return Unanswered(
            ErrorInfo(Category.UNKNOWN_SUBMIT, Text("退出时还没有返回。", "No response before the exit."))
        )

    async def _accepted(self, asked: Asked, answer: Accepted) -> None:
        """Coze has the answer. It may call the execution by another id from now on."""
        facts: dict[str, Any] = {"execute_id": answer.execute_id}
        facts["debug_url"] = answer.debug_url or self._context.row.debug_url
        change = self._record.update(status="running", logid=answer.logid, **facts)
        self._poll.answered(asked.question.event_id)
        await self._run(PutAsked(replace(asked, status="taken")), change, **facts)

    async def _run(self, *changes: Change, **facts: Any) -> None:
        """The execution goes on. A task that was given up meanwhile stays so; the execution keeps its slot as an
        orphan."""
        context = self._context
        facts["resumed_at"] = context.ledger.clock.wall()
        self._state.slots.adopted(context.task_id)

        async def write() -> None:
            if context.row.waits:
                await context.move(State.RUNNING, *changes, adopted=True, **facts)
            else:
                await context.ledger.amend(context.task_id, *changes, **facts)

        await context.persist(write, facts.get("execute_id"))

    async def _refused(self, asked: Asked, error: ErrorInfo) -> None:
        """Coze did not take the answer, and still asks the same."""
        context, row = self._context, self._context.row
        said = error.message
        asks = asked.question.text.splitlines()[0][:200] if asked.question.text else ""
        message = Text(
            f"扣子没有接受你的答复：{said.zh}。它还在问：{asks}",
            f"Coze did not take your answer: {said.en}. It still asks: {asks}",
        )
        shown = ErrorInfo(Category.WORKFLOW_INTERRUPTED, message, code=error.code, logid=error.logid)
        change = PutAsked(replace(asked, status="refused", error=error))
        await context.ledger.amend(row.task_id, change, error=shown)
        context.ledger.note("warning", message, row.task_id)
