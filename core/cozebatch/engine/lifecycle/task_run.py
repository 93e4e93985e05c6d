"""One task's whole way through a run, from the slot it was given to its end.

Read `_run_steps` from top to bottom: claim, submit, poll, store the output, download, queue, synthesize, write back
(docs/contract.md §4). Every step writes down what it is about to do, does it, and writes down what came of it. So a
crash between any two lines loses nothing and pays for nothing twice. A step that returns False or None has already
moved the task to where it belongs: to an end, back in line, or suspended until a pause is over.
"""

from __future__ import annotations

from cozebatch.engine.lifecycle.execution_record import ExecutionRecord
from cozebatch.engine.lifecycle.poll import PollStep
from cozebatch.engine.lifecycle.produce import ProduceStep
from cozebatch.engine.lifecycle.question import QuestionStep
from cozebatch.engine.lifecycle.store_result import StoreStep
from cozebatch.engine.lifecycle.submit import SubmitStep
from cozebatch.engine.lifecycle.task_context import TaskContext
from cozebatch.engine.options import StartStep
from cozebatch.engine.outbox import Outbox
from cozebatch.engine.run_state import RunState
from cozebatch.model.errors import Category, ErrorInfo, JournalError
from cozebatch.model.task import State
from cozebatch.model.text import Text
from cozebatch.ports import Product


class TaskRun:
    """Runs one task. `run` never raises for what concerns this task alone."""

    def __init__(self, task_id: str, state: RunState, outbox: Outbox, start_step: StartStep) -> None:
        self._context = TaskContext(task_id, state, outbox, start_step)
        self._state = state
        self._record = record = ExecutionRecord(self._context)
        self._submit = SubmitStep(self._context, record)
        self._poll = PollStep(self._context, record)
        self._question = QuestionStep(self._context, record, self._poll)
        self._store = StoreStep(self._context, record, self._submit)

    async def run(self) -> None:
        try:
            await self._run_steps()
        except JournalError as error:
            self._context.journal_failed(error)
        except Exception as error:  # noqa: BLE001 - a bug must end one task, not the batch
            await self._broke(error)
        finally:
            self._state.cancellations.forget(self._context.task_id)

    async def _run_steps(self) -> None:
        context = self._context
        if context.start_step == "reject":
            await self._submit.reject()
            return
        if context.start_step != "finish" and not await self._execute():
            return
        with self._state.cancellations.interruptible(context.task_id) as scope:
            await self._produce()
        if scope.cancelled_caught:
            await context.move(State.CANCELLED)

    async def _execute(self) -> bool:
        """The paid half, in a Coze slot. True if the output is on disk and a film is to be made of it."""
        context = self._context
        try:
            if context.start_step == "submit":
                task = await context.task()
                if not await self._submit.claim(task):
                    return False
                if not await self._submit.submit(task):
                    return False
            elif context.start_step == "question":
                if not await self._question.goes_on():
                    return False
            else:
                await self._poll.adopt()
            ended = await self._poll.until_ended()
            if ended is None:
                return False
            return await self._store.store(ended)
        finally:
            self._leave_slot()

    def _leave_slot(self) -> None:
        """The slot is free once the execution has ended; until then it is watched on as an orphan."""
        if (execution := self._record.in_flight) is not None:
            self._state.orphans.add(execution, self._record.workflow_id)
        self._state.slots.release(self._context.task_id)
        if self._state.given_answers.take(self._context.task_id) and self._context.row.waits:
            self._state.queue.add(self._context.task_id, "question")

    async def _produce(self) -> None:
        """The free half: from the output on disk to the film, and to the table."""
        context = self._context
        if context.row.state in (State.WRITING_BACK, State.DONE):
            return
        if context.adapters.synthesizer is None:
            await context.complete(Product())
            return
        produce = ProduceStep(context, context.adapters.synthesizer)
        job = await produce.job()
        media = await produce.download(job)
        if media is None:
            return
        product = await produce.synthesize(job, media)
        if product is None:
            return
        await context.complete(product)
        await produce.discard(job)

    async def _broke(self, error: Exception) -> None:
        """A bug of ours ends this task, visibly, and no other."""
        context = self._context
        context.log_traceback(error)
        message = Text.same(f"{type(error).__name__}: {error}")
        if context.row.state is State.SUBMITTING:  # something may have been sent
            await self._submit.unanswered(message)
        elif context.row.state is not State.WRITING_BACK and not context.row.state.is_end:
            await context.fail(ErrorInfo(Category.INTERNAL, message))
