"""What the operator may ask of a run while it goes on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, Literal, assert_never

import anyio

from cozebatch.engine.admission import Admission
from cozebatch.engine.adoption import belongs_to, recorded_execution, why_not_adopt
from cozebatch.engine.answers import GivenAnswer, put_answer, question_of
from cozebatch.engine.edit_row import STILL_GOING_ON, edit_row
from cozebatch.engine.outbox import Outbox
from cozebatch.engine.pauses import OPERATOR
from cozebatch.engine.run_state import RunState
from cozebatch.engine.seen import PAID_MEANWHILE, differs
from cozebatch.engine.text_outbox import TextOutbox
from cozebatch.model import events
from cozebatch.model.allowance import Allowance
from cozebatch.model.errors import JournalError, UsageError
from cozebatch.model.rows import Row, Stage
from cozebatch.model.task import State
from cozebatch.model.text import Text
from cozebatch.planning.price import free_step, needs_new_execution
from cozebatch.ports import Execution, Owe, PutExecution

NOT_ENDED = Text("任务还在进行，不能认领。", "The task has not ended; nothing was adopted.")


class OperatorCommands:
    """Call these from the engine's own event loop, at any time while the run goes on."""

    def __init__(self, state: RunState, outbox: Outbox, texts: TextOutbox, admission: Admission) -> None:
        self._state = state
        self._ledger = state.ledger
        self._outbox = outbox
        self._texts = texts
        self._admission = admission
        self._one_at_a_time = anyio.Lock()
        """A command sees the rows as the one before left them: no task is started twice by two quick presses."""

    async def pause(self, *, seen: int | None = None) -> bool:
        """Submit nothing new until `resume`; what runs goes on. `seen`: see `resume`."""
        if self._is_outdated(seen):
            return False
        if OPERATOR not in self._state.pauses.reasons:
            self._state.pauses.pause(OPERATOR)
        return True

    async def resume(self, *, seen: int | None = None) -> bool:
        """Go on after a pause, whatever its reason.

        `seen`: the board's `pause_changes` that the operator had before his eyes. Where there was another change
        since, nothing is done and the answer is False: somebody else was faster.
        """
        if self._is_outdated(seen):
            return False
        if self._state.pauses:
            self._state.pauses.resume()
            self._changed()
        return True

    def _is_outdated(self, seen: int | None) -> bool:
        return seen is not None and seen != self._ledger.board.pause_changes

    async def toggle_pause(self) -> None:
        """Pause, or resume if anything has paused the batch."""
        await (self.resume() if self._state.pauses else self.pause())

    async def retry(
        self, task_ids: Iterable[str], *, may_pay: bool = False, seen: Mapping[str, int] | None = None
    ) -> list[str]:
        """Go on from the step that failed, where something paid for can be used. With `may_pay`, start a new, paid
        execution where only that helps: ask a person first, with the number (`planning.price`). `seen`: see `rerun`.

        Returns the ids it was done for. Raises `JournalError`.
        """
        done = []
        async with self._one_at_a_time:
            for task_id in task_ids:
                row = self._ledger.rows[task_id]
                if differs(row, seen):
                    continue
                if await self._retry(row) or (may_pay and needs_new_execution(row) and await self._rerun(row)):
                    done.append(task_id)
        self._changed()
        return done

    async def go_on(self) -> list[str]:
        """The trial was good: start what it left for later, all of it paid. Returns the ids."""
        async with self._one_at_a_time:
            released = self._state.queue.release_reserved()
        self._changed()
        return released

    async def rerun(self, task_ids: Iterable[str], *, seen: Mapping[str, int] | None = None) -> list[str]:
        """Start a new, paid execution for tasks that have ended. Returns the ids it was done for.

        `seen`: the `attempts` of each row that the operator had before his eyes. A row with another number is left
        alone: somebody else has paid for it since. Raises `JournalError`.
        """
        done = []
        async with self._one_at_a_time:
            for task_id in task_ids:
                row = self._ledger.rows[task_id]
                if not differs(row, seen) and await self._rerun(row):
                    done.append(task_id)
        self._changed()
        return done

    async def takes_texts(self) -> bool:
        """Whether an edited title and script can be written into the source."""
        return await self._texts.are_writable()

    async def edit(
        self, task_id: str, title: str, content: str, *, write_back: bool = False, seen: int | None = None
    ) -> None:
        """Paid: run a task that has ended again, with another title and script, which are on record from now on
        (`planning.edits`). `write_back`: they are owed to the source, too. `seen`: the row's `attempts` that
        the operator had before his eyes.

        Raises `UsageError` and leaves the task as it was when it has not ended, when somebody else has paid for it
        since, when there is no script, or when both are the same as before. Raises `JournalError`.
        """
        async with self._one_at_a_time:
            if seen is not None and self._ledger.rows[task_id].attempts != seen:
                raise UsageError(PAID_MEANWHILE)
            await self._edit(task_id, title, content, write_back=write_back)
        self._changed()

    async def adopt(self, task_id: str, execute_id: str) -> None:
        """Watch this execution for that task instead of paying.

        Raises `UsageError` and leaves the task as it was when it has not ended, when Coze does not know the execution,
        or when another task has it. Raises `JournalError`.
        """
        async with self._one_at_a_time:
            await self._adopt(task_id, execute_id)
        self._changed()

    async def answer(self, task_id: str, answer: GivenAnswer) -> None:
        """Answer the question that the task's execution waits with; it goes on then, and nothing more is paid for.

        The answer is on disk when this returns, and is sent after that. Raises `UsageError` and leaves all as it was
        when the task waits for no answer, or when the question cannot have this one. Raises `JournalError`.
        """
        async with self._one_at_a_time:
            service = self._state.adapters.service
            await put_answer(self._ledger, service, self._ledger.rows[task_id], answer)
            self._look_at_question(task_id)
        self._changed()

    async def give(self, answers: Mapping[str, GivenAnswer]) -> None:
        """Answers that a start brings along. One that is refused is told in the log."""
        for task_id, answer in answers.items():
            try:
                question_of(self._ledger.rows.get(task_id), task_id)
                await self.answer(task_id, answer)
            except (UsageError, JournalError) as error:
                texts = error.complaints if isinstance(error, UsageError) else (error.text,)
                for text in texts:
                    self._ledger.note("error", text, task_id)

    async def cancel(self, task_ids: Iterable[str]) -> None:
        """Give tasks up. An execution in flight cannot be stopped: it is watched for its slot, its result kept.

        Raises `JournalError`; a task whose cancelling could not be written goes on.
        """
        async with self._one_at_a_time:
            for task_id in task_ids:
                await self._cancel(task_id)
        self._changed()

    async def set_limit(self, stage: Stage, limit: int) -> None:
        """Change the operator's limit, at least to 1. Lowering drains, never kills."""
        limit = max(1, limit)
        match stage:
            case Stage.COZE:
                self._state.slots.set_user_limit(limit)
            case Stage.SYNTHESIS:
                limiter = self._state.synthesis_limiter
                limiter.set_user_limit(limit)
                self._ledger.publish(
                    events.LimitChanged(
                        stage=stage, limit=limiter.limit, user_limit=limit, reason=OPERATOR, **self._ledger.stamp()
                    )
                )
                self._state.activity.notify()
            case _:
                assert_never(stage)

    async def change_limit(self, stage: Stage, step: int) -> int:
        """Raise or lower the operator's limit by `step`, at least to 1. Returns the new limit."""
        limit = max(1, self._ledger.board.limits[stage].user + step)
        await self.set_limit(stage, limit)
        return limit

    async def allow(self, more: int | None, until: float | None, *, seen: int | None = None) -> bool:
        """From now on at most so many more new executions, and none after `until` (Unix seconds); None: no such limit.

        Ends a pause that the limits before had caused. `seen`: the board's `allowance_changes` that the operator had
        before his eyes; where it was set again since, nothing is done and the answer is False. Raises `JournalError`,
        and then nothing has changed.
        """
        async with self._one_at_a_time:
            if seen is not None and seen != self._ledger.board.allowance_changes:
                return False
            await self._ledger.allow(Allowance(more, until))
            self._state.spending.raised()
        self._changed()
        return True

    def look_again(self) -> None:
        """Ask `keep_open` of `Engine.run` again: its answer may be another one now."""
        self._state.activity.notify()

    def stop(self) -> None:
        """Drain: submit nothing more, wait for answers to requests already sent, write them down, and end the run."""
        self._state.start_draining()

    async def _retry(self, row: Row) -> bool:
        task_id, step = row.task_id, free_step(row)
        if step is None:
            return False
        if step == "deliver":
            await self._deliver_again(row)
            return True
        if step == "question":
            self._look_at_question(task_id)
            return True
        if self._admission.is_live(task_id):
            if row.state is State.CANCELLED and task_id in self._state.slots:
                await self._ledger.move(task_id, State.RUNNING, adopted=True)  # its task run still polls
                return True
            return False
        await self._continue_from(task_id, step)
        return True

    def _look_at_question(self, task_id: str) -> None:
        """Whether it still waits, and if it does, with the answer on record."""
        if self._admission.is_live(task_id):
            self._state.given_answers.add(task_id)
        else:
            self._state.queue.add(task_id, "question")

    async def _rerun(self, row: Row) -> bool:
        if not row.state.is_end or self._admission.is_live(row.task_id):
            return False
        self._state.queue.withdraw(row.task_id)
        await self._ledger.move(row.task_id, State.PENDING, failures=0, asked=True)
        self._state.queue.add(row.task_id, "submit")
        return True

    async def _edit(self, task_id: str, title: str, content: str, *, write_back: bool) -> None:
        if not self._ledger.rows[task_id].state.is_end or self._admission.is_live(task_id):
            raise UsageError(STILL_GOING_ON)
        async with self._texts.recording:
            journal, run = self._ledger.journal, self._ledger.run
            found = edit_row(
                await self._ledger.task(task_id),
                title,
                content,
                edits=await journal.edits(),
                rows=self._ledger.rows.values(),
                source_key=run.source_key,
                wall=self._ledger.clock.wall(),
                write_back=write_back,
            )
            self._state.queue.withdraw(task_id)
            await self._ledger.move(task_id, State.PENDING, *found.changes, failures=0, asked=True, **found.facts)
            self._texts.add([found.edit])
        self._state.queue.add(task_id, "submit")

    async def _adopt(self, task_id: str, execute_id: str) -> None:
        row = self._ledger.rows[task_id]
        if not row.state.is_end or self._admission.is_live(task_id):
            raise UsageError(NOT_ENDED)
        for other in self._ledger.rows.values():
            if other.execute_id == execute_id and other.task_id != task_id:
                raise UsageError(belongs_to(other.task_id, execute_id))
        service, run = self._state.adapters.service, self._ledger.run
        task = await self._ledger.task(task_id)
        why_not = await why_not_adopt(service, self._ledger.journal, run.source_key, task, execute_id)
        if why_not is not None:
            raise UsageError(why_not)
        self._state.queue.withdraw(task_id)
        row = self._ledger.rows[task_id]
        same = row.execute_id == execute_id
        sent_at = row.submitted_at if same and row.submitted_at is not None else self._ledger.clock.wall()
        execution = await recorded_execution(self._ledger.journal, run.run_id, task_id, execute_id) or Execution(
            task_id, row.submissions + 1, "running", sent_at, execute_id, workflow=service.workflow
        )
        facts: dict[str, Any] = {"execute_id": execute_id, "has_output": False, "execution_failed": False}
        facts |= {"attempts": max(1, row.attempts), "debug_url": row.debug_url if same else None}
        facts |= {"submitted_at": sent_at, "failures": max(0, row.failures - row.unanswered)}
        change = PutExecution(replace(execution, status="running"))
        await self._ledger.move(task_id, State.RUNNING, change, adopted=True, **facts)
        self._state.queue.add(task_id, "watch")

    async def _cancel(self, task_id: str) -> None:
        row = self._ledger.rows[task_id]
        live = self._admission.is_live(task_id)
        if row.state is State.HELD and (row.waits or not live):  # given up, without anything being found out
            self._state.queue.withdraw(task_id)
            await self._ledger.move(task_id, State.CANCELLED)
        elif row.state.is_end or row.state is State.WRITING_BACK:
            return
        elif not live:
            await self._cancel_waiting(task_id)
        elif not self._state.cancellations.request(task_id):
            self._state.poll_waits.poll_now(task_id)

    async def _continue_from(self, task_id: str, step: Literal["watch", "finish"]) -> None:
        match step:
            case "watch":
                await self._ledger.move(task_id, State.RUNNING, adopted=True)
            case "finish":
                await self._ledger.move(task_id, State.DOWNLOADING)
            case _:
                assert_never(step)
        self._state.queue.add(task_id, step)

    async def _cancel_waiting(self, task_id: str) -> None:
        step = self._state.queue.withdraw(task_id)  # first: no task run may start while the move is written
        try:
            await self._ledger.move(task_id, State.CANCELLED)
        except JournalError:
            if step is not None:
                self._state.queue.add(task_id, step, front=True)
            raise

    async def _deliver_again(self, row: Row) -> None:
        paths = [path for path in (row.video_path, row.draft_path) if path]
        delivery = self._outbox.draft(row, "done", "\n".join(paths))
        if delivery is not None:
            await self._ledger.move(row.task_id, State.WRITING_BACK, Owe(delivery))
            self._outbox.add(delivery)

    def _changed(self) -> None:
        self._state.activity.mark_changed()
        self._state.activity.notify()
