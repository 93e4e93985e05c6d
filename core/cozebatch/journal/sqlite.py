"""The journal on disk: SQLite in WAL mode. Every commit is synced; concurrent writers share commits.

All SQL runs in a worker thread, one call at a time; the event loop never waits for the disk. `write` puts its
changes into a queue. While one commit is synced, the queue collects the next, so throughput grows with the load.

What it can be asked is in `reader`.
"""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import anyio.to_thread

from cozebatch.journal.opening import FILE_NAME, DamagedJournal, is_copy, journal_error, open_to_read, open_to_write
from cozebatch.journal.reader import JournalReader
from cozebatch.journal.records import hand_over, put_changes, put_run, put_tasks
from cozebatch.journal.retention.outcome import JournalPruned
from cozebatch.journal.retention.pruning import Pruning
from cozebatch.journal.retention.vacuum import compact as compact_file
from cozebatch.model.errors import JournalError
from cozebatch.model.rows import Row
from cozebatch.model.task import Task
from cozebatch.model.text import Text
from cozebatch.ports import NO_HANDOVER, Change, Handover, RunRecord, StoredInput

__all__ = ["FILE_NAME", "DamagedJournal", "SqliteJournal", "open_journal", "read_journal"]

OLDER_COPY = Text(
    "状态文件是旧版本写的：这次只读，没有改动它；下次开始批次时会升级。",
    "The state was written by an earlier version: it is only looked at and left as it is; the next run updates it.",
)


@asynccontextmanager
async def open_journal(path: Path) -> AsyncIterator[SqliteJournal]:
    """Open the journal in the file `path`; creates or migrates it first. Raises `JournalError`."""
    limiter = anyio.CapacityLimiter(1)
    connection = await anyio.to_thread.run_sync(open_to_write, path, limiter=limiter)
    journal = SqliteJournal(connection, limiter)
    try:
        async with anyio.create_task_group() as group:
            group.start_soon(journal._commit_forever)
            try:
                yield journal
            finally:
                with anyio.CancelScope(shield=True):
                    await journal._drain()
                group.cancel_scope.cancel()
    finally:
        with anyio.CancelScope(shield=True):
            await anyio.to_thread.run_sync(connection.close, limiter=limiter)


@asynccontextmanager
async def read_journal(path: Path) -> AsyncIterator[SqliteJournal]:
    """Open the journal in the file `path` read-only; another process may be using it. Raises `JournalError`."""
    limiter = anyio.CapacityLimiter(1)
    connection = await anyio.to_thread.run_sync(open_to_read, path, limiter=limiter)
    try:
        yield SqliteJournal(connection, limiter)
    finally:
        with anyio.CancelScope(shield=True):
            await anyio.to_thread.run_sync(connection.close, limiter=limiter)


class _Pending:
    __slots__ = ("changes", "done", "error")

    def __init__(self, changes: tuple[Change, ...]) -> None:
        self.changes = changes
        self.done = anyio.Event()
        self.error: JournalError | None = None


class SqliteJournal(JournalReader):
    """See `ports.Journal`. Made by `open_journal`."""

    def __init__(self, connection: sqlite3.Connection, limiter: anyio.CapacityLimiter) -> None:
        super().__init__(connection, limiter)
        self._queue: list[_Pending] = []
        self._work = anyio.Event()
        self._idle = anyio.Event()
        self._idle.set()
        self._run_id = ""
        self._source_key = ""
        self.note: Text | None = OLDER_COPY if is_copy(connection) else None
        """What a person should know about the file."""

    async def begin(
        self, run: RunRecord, entries: Iterable[tuple[Task | StoredInput, Row]], handover: Handover = NO_HANDOVER
    ) -> None:
        def insert() -> None:
            with self._db:
                put_run(self._db, run)
                put_tasks(self._db, run.run_id, entries)
                hand_over(self._db, run, handover)

        await self._call(insert)
        self._run_id, self._source_key = run.run_id, run.source_key

    async def write(self, *changes: Change) -> None:
        assert self._run_id, "write before begin"
        pending = _Pending(changes)
        self._queue.append(pending)
        self._work.set()
        if self._idle.is_set():
            self._idle = anyio.Event()
        await pending.done.wait()
        if pending.error is not None:
            raise pending.error

    async def confirm_complete(self, source_key: str, now: float) -> None:
        def settle() -> None:
            with self._db:
                self._db.execute(
                    "INSERT INTO doubt (source_key, settled) VALUES (?, ?) "
                    "ON CONFLICT DO UPDATE SET settled = excluded.settled",
                    (source_key, now),
                )

        await self._call(settle)

    async def prune(self, before: float, *, dry: bool = False, compact: bool = False) -> JournalPruned:
        """Delete what is no longer needed of runs that ended before `before` (Unix seconds), in small steps. `compact`
        also makes the file smaller; `dry` only counts what would be deleted."""
        pruning = Pruning(self._db, before, spare=self._run_id, dry=dry)
        while await self._call(pruning.step):
            pass
        if compact and not dry:
            found = pruning.result.found
            found.saved, trouble = await self._call(lambda: compact_file(self._db))
            found.troubles += [trouble] if trouble is not None else []
        return pruning.result

    async def _commit_forever(self) -> None:
        while True:
            await self._work.wait()
            self._work = anyio.Event()
            batch, self._queue = self._queue, []
            with anyio.CancelScope(shield=True):
                await self._commit(batch)
            if not self._queue:
                self._idle.set()

    async def _commit(self, batch: list[_Pending]) -> None:
        error: JournalError | None = None
        try:
            await anyio.to_thread.run_sync(self._apply, batch, limiter=self._limiter)
        except (sqlite3.Error, ValueError, OverflowError) as refused:
            error = journal_error(refused)
        for pending in batch:
            pending.error = error
            pending.done.set()

    async def _drain(self) -> None:
        if self._queue or not self._idle.is_set():
            await self._idle.wait()

    def _apply(self, batch: list[_Pending]) -> None:
        with self._db:
            changes = [change for pending in batch for change in pending.changes]
            put_changes(self._db, self._source_key, self._run_id, changes)
