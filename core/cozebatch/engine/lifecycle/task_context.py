"""What the steps of a task run share: the task's row, its state changes, and what happens when disk or code fails."""

from __future__ import annotations

import traceback
from collections.abc import Awaitable, Callable
from typing import Any, assert_never

import anyio

from cozebatch.engine.options import Adapters, Options, StartStep
from cozebatch.engine.outbox import Outbox
from cozebatch.engine.run_state import RunState
from cozebatch.model.errors import ErrorInfo, JournalError
from cozebatch.model.failure_cards import row_sentence
from cozebatch.model.rows import Row
from cozebatch.model.task import State, Task
from cozebatch.model.text import Text
from cozebatch.ports import Change, Film, Owe, Product, PutFilm

LOOK_AGAIN = 30.0
"""Seconds after which a waiting execution is looked at again where the disk refused to write."""


class TaskContext:
    """One task on its way through the run. The steps hold this; it holds no step."""

    def __init__(self, task_id: str, state: RunState, outbox: Outbox, start_step: StartStep) -> None:
        self.task_id = task_id
        self.state = state
        self.ledger = state.ledger
        self.adapters: Adapters = state.adapters
        self.options: Options = state.options
        self.outbox = outbox
        self.start_step = start_step

    @property
    def row(self) -> Row:
        return self.ledger.rows[self.task_id]

    async def task(self) -> Task:
        """The task's input, from the journal. Raises `JournalError`."""
        return await self.ledger.task(self.task_id)

    # Changing the row

    async def move(self, after: State, *changes: Change, **facts: Any) -> None:
        """Move the task, together with `changes`. Raises `JournalError`, and then nothing has moved."""
        await self.ledger.move(self.task_id, after, *changes, **facts)

    async def set_facts(self, **facts: Any) -> None:
        """Change facts of the row that no reader needs to know, without moving it. Raises `JournalError`."""
        await self.ledger.amend(self.task_id, **facts)

    async def move_persistently(self, after: State, *changes: Change, **facts: Any) -> None:
        """Move with news that must not be lost: while the disk refuses, keep it and try again."""
        await self.persist(lambda: self.move(after, *changes, **facts), facts.get("execute_id"))

    async def persist(self, write: Callable[[], Awaitable[None]], execute_id: str | None = None) -> None:
        """Call `write` until the disk takes it; the batch is paused meanwhile. `execute_id`: one that the row does not
        have yet, for the log."""
        try:
            await write()
            return
        except JournalError as error:
            failed = error
        with self.state.pauses.unwritten_change():
            self._report_journal_failure(failed, execute_id)
            tries = 1
            while True:
                await anyio.sleep(min(5.0, 0.2 * 2.0**tries))
                try:
                    await write()
                    return
                except JournalError:
                    tries += 1

    # The ends of the way

    async def complete(self, product: Product, *changes: Change, **facts: Any) -> None:
        """The film exists and is proven: write it back where a table waits for it, otherwise the task is done."""
        facts |= {"draft_path": product.draft_path, "video_path": product.video_path}
        for warning in product.warnings:
            self.ledger.note("warning", warning, self.task_id)
        if self.row.execute_id is not None:
            film = Film(self.ledger.clock.wall(), product.video_path, product.draft_path, product.message)
            changes = (*changes, PutFilm(self.row.execute_id, film, self.task_id))
        paths = [path for path in (product.video_path, product.draft_path) if path]
        delivery = self.outbox.draft(self.row, "done", "\n".join(paths) or product.message or "")
        if delivery is None:
            await self.move(State.DONE, *changes, **facts)
        else:
            await self.move(State.WRITING_BACK, Owe(delivery), *changes, **facts)
            self.outbox.add(delivery)

    async def fail(self, error: ErrorInfo, *changes: Change, **facts: Any) -> None:
        """End the task as failed, and tell in its row why, who can mend it and how."""
        delivery = self.outbox.draft(self.row, "failed", row_sentence(error, self.options.lang))
        if delivery is None:
            await self.move_persistently(State.FAILED, *changes, error=error, **facts)
        else:
            await self.move_persistently(State.FAILED, Owe(delivery), *changes, error=error, **facts)
            self.outbox.add(delivery)

    async def give_up(self, error: ErrorInfo) -> None:
        """End the task as failed for trouble that passes: told here, not written to the table, and taken up by the next
        start."""
        await self.move_persistently(State.FAILED, error=error, given_up=True)

    async def cancelled_now(self) -> bool:
        """Nothing is in flight: if the operator cancelled the task, it ends here."""
        if not self.state.cancellations.take(self.task_id):
            return False
        await self.move(State.CANCELLED)
        return True

    # What goes wrong on our side

    def journal_failed(self, error: JournalError) -> None:
        """A move could not be written and the task run ends; a new one continues when the journal works again."""
        self._report_journal_failure(error)
        if self.row.waits:  # an answer on record still has to be sent
            self.state.queue.add_later(self.task_id, "question", LOOK_AGAIN)
        elif not self.row.state.is_end and self.task_id not in self.state.slots:
            self.state.queue.suspend(self.task_id, self._step_to_continue())

    def log_traceback(self, error: Exception) -> None:
        text = "".join(traceback.format_exception(error))
        self.ledger.note("error", Text.same(text), self.task_id)

    def _report_journal_failure(self, error: JournalError, execute_id: str | None = None) -> None:
        """The journal cannot be written: nothing new may be paid for, and every reader learns why."""
        text = error.text
        if execute_id := execute_id or self.row.execute_id:
            text = Text(f"{text.zh}（execute_id {execute_id}）", f"{text.en} (execute_id {execute_id})")
        self.ledger.note("error", text, self.task_id)
        self.state.pauses.journal_failed(error)

    def _step_to_continue(self) -> StartStep:
        """Where a new task run continues after this one ended in the present state."""
        state = self.row.state
        match state:
            case State.PENDING:
                return self.start_step
            case State.RUNNING:
                return "watch"
            case State.SUBMITTING | State.DOWNLOADING | State.QUEUED | State.SYNTHESIZING | State.WRITING_BACK:
                return "finish"
            case State.DONE | State.FAILED | State.HELD | State.CANCELLED | State.SKIPPED:
                return "finish"
            case _:
                assert_never(state)
