"""Delivers edited titles and scripts that a person wants in the table, too. They are owed on disk until they are there.

Once the row has the texts, the edit is put on record as made from these: it stays in force, whatever the table made of
line breaks and blanks, and nothing is paid for again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

import anyio

from cozebatch.engine.ledger import Ledger
from cozebatch.model.errors import Category, JournalError, StepError
from cozebatch.model.text import Text
from cozebatch.policy.retry import RetryPolicy
from cozebatch.ports import Edit, PutEdit, RowText, StatusSink

PATIENCE = 120.0
"""Seconds of running time after which a text is given up for this run; it stays owed."""


class TextOutbox:
    """One writer; `on_change` is called whenever something was delivered or given up."""

    def __init__(
        self, ledger: Ledger, sink: StatusSink | None, retry: RetryPolicy, on_change: Callable[[], None]
    ) -> None:
        self._ledger = ledger
        self._sink = sink
        self._retry = retry
        self._on_change = on_change
        self._owed: dict[str, Edit] = {}
        self._given_up: set[str] = set()
        self._work = anyio.Event()
        self.recording = anyio.Lock()
        """Held while an edit on record is read and changed."""

    @property
    def owed(self) -> int:
        """How many are still tried in this run."""
        return len(self._owed)

    @property
    def still_owes(self) -> bool:
        """Whether anything is owed to the table, given up for this run or not."""
        return bool(self._owed or self._given_up)

    async def are_writable(self) -> bool:
        """Whether the source's columns take an edited title and script."""
        return self._sink is not None and await self._sink.takes_texts()

    def add(self, edits: Iterable[Edit]) -> None:
        """They are on disk; deliver those that are owed."""
        if self._sink is None:
            return
        for edit in edits:
            if edit.source_key != self._ledger.run.source_key:
                continue
            self._given_up.discard(edit.key)
            self._owed.pop(edit.key, None)  # the one before it is not wanted any more
            if edit.owed:
                self._owed[edit.key] = edit
                self._work.set()

    async def serve(self) -> None:
        """Deliver, until cancelled."""
        while True:
            await self._work.wait()
            self._work = anyio.Event()
            while self._owed:
                await self._deliver(next(iter(self._owed.values())))
                self._on_change()

    async def _deliver(self, edit: Edit) -> None:
        """Try until it is delivered, refused, replaced by a newer one, or given up for this run."""
        assert self._sink is not None
        since, tries = self._ledger.clock.now(), 0
        before, after = (edit.source_title, edit.source_content), (edit.title, edit.content)
        while self._owed.get(edit.key) is edit:
            try:
                found = await self._sink.write_text(edit.task_id, before, after)
            except StepError as failed:
                tries += 1
                final = failed.info.category is Category.SOURCE
                if final or self._ledger.clock.now() - since > PATIENCE:
                    await self._give_up(edit, failed, final=final)
                    return
                self._ledger.note("warning", failed.info.message, edit.task_id)
                await anyio.sleep(max(failed.retry_after or 0.0, self._retry.backoff(tries, cap=30.0)))
            else:
                await self._settle(edit, found)
                return

    async def _settle(self, edit: Edit, found: RowText) -> None:
        """The row says `found` now. If it was edited again meanwhile, the newer edit is made from that."""
        self._ledger.note("info", Text("改过的文案已写回表格", "the edited script is in the table"), edit.task_id)
        title, content = found
        try:
            task = await self._ledger.task(edit.task_id)
            made_from = replace(task, title=title, content=content).fingerprint()
        except (JournalError, LookupError):  # a task of an earlier run
            made_from = edit.made_from
        await self._write(edit, made_from=made_from, source_title=title, source_content=content)
        await self._unmark(edit.task_id, found)

    async def _unmark(self, task_id: str, found: RowText) -> None:
        """A task of this run whose texts are those of its row now is shown as edited no more."""
        row = self._ledger.rows.get(task_id)
        if row is None or not row.edited:
            return
        try:
            task = await self._ledger.task(task_id)
            if (task.title, task.content) == found:
                await self._ledger.amend(task_id, edited=False)
        except (JournalError, LookupError) as failed:  # the next start finds out by itself
            self._ledger.note("warning", Text.same(str(failed)), task_id)

    async def _give_up(self, edit: Edit, failed: StepError, *, final: bool) -> None:
        """For good if it is `final`, else for this run."""
        self._ledger.note("error", failed.info.message, edit.task_id)
        if final:
            await self._write(edit)
        elif self._owed.get(edit.key) is edit:
            del self._owed[edit.key]
            self._given_up.add(edit.key)

    async def _write(self, edit: Edit, **facts: str) -> None:
        """It is owed no more, unless the row was edited again meanwhile; the `facts` hold in any case."""
        tries = 0
        while True:
            try:
                async with self.recording:
                    latest = next((e for e in await self._ledger.journal.edits() if e.key == edit.key), edit)
                    told = replace(latest, **facts, owed=latest.owed and latest != edit)  # type: ignore[arg-type]
                    await self._ledger.write(PutEdit(told))
                    self._owed.pop(edit.key, None)
                    self.add([told])
                return
            except JournalError as failed:
                tries += 1
                self._ledger.note("error", failed.text, edit.task_id)
                await anyio.sleep(self._retry.backoff(tries, cap=10.0))
