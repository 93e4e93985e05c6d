"""What every step of a task's way stands on: its row, how it moves, and what is done when disk or code fails."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import anyio

from cozebatch.engine.outbox import Outbox
from cozebatch.engine.run_state import RunState, StartStep, journal_brake
from cozebatch.model import events
from cozebatch.model.errors import ErrorInfo, JournalError
from cozebatch.model.rows import Row
from cozebatch.model.task import State
from cozebatch.model.text import Lang, Text
from cozebatch.ports import Change, Owe, Product, PutRow


class Walker:
    """One task on its way; the halves of the way are its subclasses."""

    def __init__(self, task_id: str, control: RunState, outbox: Outbox) -> None:
        self.task_id = task_id
        self.control = control
        self.ledger = control.ledger
        self.adapters = control.adapters
        self.outbox = outbox
        self._entry: StartStep = "submit"

    @property
    def row(self) -> Row:
        return self.ledger.rows[self.task_id]

    async def _move(self, after: State, *changes: Change, **facts: Any) -> None:
        await self.ledger.move(self.task_id, after, *changes, **facts)

    async def _set(self, **facts: Any) -> None:
        """Change facts of the row that nobody is told of, without moving it. Raises `JournalError`."""
        row = replace(self.row, **facts)
        with anyio.CancelScope(shield=True):  # disk and board must not part
            await self.ledger.write(PutRow(row))
        self.ledger.board.apply(events.Loaded(rows=(row,), **self.ledger.stamp()))

    async def _insist(self, after: State, *changes: Change, **facts: Any) -> None:
        """Move with news that must not be lost: while the disk refuses, hold on to it and try again."""

        async def move() -> None:
            await self._move(after, *changes, **facts)

        await self._insisting(move, facts.get("execute_id"))

    async def _insisting(self, action: Callable[[], Any], execute_id: str | None = None) -> None:
        tries = 0
        try:
            while True:
                try:
                    await action()
                    break
                except JournalError as error:
                    tries += 1
                    if tries == 1:
                        self.control.insisting += 1
                        self._tell_journal_failed(error, execute_id)
                    await anyio.sleep(min(5.0, 0.2 * 2.0**tries))
        finally:
            self.control.insisting -= tries > 0
        if tries:
            self.control.journal_works()

    async def _cancelled_here(self) -> bool:
        """Nothing is in flight: a wish to cancel is fulfilled at once."""
        if self.task_id not in self.control.cancelled:
            return False
        self.control.cancelled.discard(self.task_id)
        await self._move(State.CANCELLED)
        return True

    async def _complete(self, product: Product, *changes: Change, **facts: Any) -> None:
        """The film exists and is proven: done, or first written back where a table waits for it."""
        facts |= {"draft_path": product.draft_path, "video_path": product.video_path}
        paths = [path for path in (product.video_path, product.draft_path) if path]
        delivery = self.outbox.draft(self.row, "done", "\n".join(paths) or product.message or "")
        if delivery is None:
            await self._move(State.DONE, *changes, **facts)
        else:
            await self._move(State.WRITING_BACK, Owe(delivery), *changes, **facts)
            self.outbox.add(delivery)

    async def _fail(self, error: ErrorInfo, *changes: Change, **facts: Any) -> None:
        delivery = self.outbox.draft(self.row, "failed", explain(error, self.control.options.lang))
        if delivery is None:
            await self._insist(State.FAILED, *changes, error=error, **facts)
        else:
            await self._insist(State.FAILED, Owe(delivery), *changes, error=error, **facts)
            self.outbox.add(delivery)

    def _journal_failed(self, error: JournalError) -> None:
        """A move could not be written and the way breaks off here; it goes on when the journal works again."""
        self._tell_journal_failed(error)
        if not self.row.state.is_end and self.task_id not in self.control.slots:
            self.control.park(self.task_id, self._entry_again())

    def _tell_journal_failed(self, error: JournalError, execute_id: str | None = None) -> None:
        """The journal cannot be written: nothing new may be paid for, and everybody is told. `execute_id`: one that
        the row could not be given yet."""
        text = error.text
        if execute_id := execute_id or self.row.execute_id:
            text = Text(f"{text.zh}（execute_id {execute_id}）", f"{text.en} (execute_id {execute_id})")
        self.ledger.note("error", text, self.task_id)
        self.control.brake("journal", journal_brake(error))

    def _entry_again(self) -> StartStep:
        """Where the way goes on after it broke off in the present state."""
        match self.row.state:
            case State.PENDING:
                return self._entry
            case State.RUNNING:
                return "watch"
            case _:
                return "finish"

    def _log_traceback(self, error: Exception) -> None:
        text = "".join(traceback.format_exception(error))
        self.ledger.note("error", Text.same(text), self.task_id)


def explain(error: ErrorInfo, lang: Lang) -> str:
    """A sentence for the script's author: what happened, then what to do."""
    return error.full_message(lang)[:1000]
