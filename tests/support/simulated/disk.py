"""A machine's disk: a journal that dies at a write it is told to, before or after that write has reached the disk, and
that may refuse writes. In memory, or on real SQLite without threads, which take no part in virtual time."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Protocol, TypeVar, cast

import anyio
import anyio.lowlevel
from anyio.abc import TaskGroup

from cozebatch.journal.memory import MemoryJournal
from cozebatch.journal.opening import journal_error, migrate
from cozebatch.journal.records import MEDIUM_COLUMNS
from cozebatch.journal.sqlite import SqliteJournal
from cozebatch.journal.sqlite import _Pending as Pending
from cozebatch.model.errors import JournalError
from cozebatch.model.rows import Row
from cozebatch.model.task import Task
from cozebatch.model.text import Text
from cozebatch.ports import (
    NO_HANDOVER,
    Change,
    Handover,
    Journal,
    Medium,
    PutExecution,
    PutMedium,
    PutOutput,
    PutRow,
    RunRecord,
    StoredInput,
)
from support.simulated.coze import Life
from support.simulated.judge import Judge

T = TypeVar("T")

COMMIT = 0.02
"""Seconds of a commit on SQLite."""


class Store(Journal, Protocol):
    def copy(self) -> Any: ...


class InlineSqlite(SqliteJournal):
    """The journal on SQLite in memory, its statements run in the event loop. A commit takes `COMMIT` seconds, in which
    the process may die."""

    def __init__(self, group: TaskGroup, image: bytes | None = None) -> None:
        connection = sqlite3.connect(":memory:", check_same_thread=False)
        if image is None:
            connection.isolation_level = None
            migrate(connection)
        else:
            connection.deserialize(image)
        connection.isolation_level = "DEFERRED"
        super().__init__(connection, anyio.CapacityLimiter(1))
        self._group = group
        group.start_soon(self._commit_forever)

    async def _commit(self, batch: list[Pending]) -> None:
        await anyio.sleep(COMMIT)
        error: JournalError | None = None
        try:
            self._apply(batch)
        except (sqlite3.Error, ValueError, OverflowError) as refused:
            error = journal_error(refused)
        for pending in batch:
            pending.error = error
            pending.done.set()

    async def _call(self, function: Callable[[], T]) -> T:
        try:
            return function()
        except sqlite3.Error as error:
            raise journal_error(error) from error
        finally:
            await anyio.lowlevel.checkpoint()

    def copy(self) -> InlineSqlite:
        return InlineSqlite(self._group, self._db.serialize())


def new_store(group: TaskGroup, *, sqlite: bool) -> Store:
    """`group` outlives the schedule's processes."""
    return cast(Store, InlineSqlite(group) if sqlite else MemoryJournal())


class Disk:
    """Port `Journal` for one process of a machine; `survivor` is what the next one finds."""

    def __init__(self, store: Store, judge: Judge, machine: str) -> None:
        self._store = store
        self._judge = judge
        self._machine = machine
        self.life = Life()
        self.crashed = anyio.Event()
        self.writes = 0
        self.crash_at: int | None = None
        self.after = False
        self.refuse: set[int] = set()
        self.ids: set[str] = set()
        """Executions whose ids are on this disk."""
        self.outputs: set[str] = set()
        self.stored_as: dict[str, str] = {}
        """The ids under which outputs are stored, by the ids that the executions were started with."""
        self.media: dict[tuple[str, str], Medium] = {}
        """Uploads that are on this disk, by content and place."""
        self._left: Disk | None = None

    @property
    def journal(self) -> Journal:
        """All that is not overridden here goes to the store."""
        return cast(Journal, self)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def begin(
        self, run: RunRecord, entries: Iterable[tuple[Task | StoredInput, Row]], handover: Handover = NO_HANDOVER
    ) -> None:
        kept = list(entries)
        await self._put(lambda: self._store.begin(run, kept, handover), [PutRow(row) for _, row in kept])

    async def write(self, *changes: Change) -> None:
        await self._put(lambda: self._store.write(*changes), changes)

    async def _put(self, put: Callable[[], Any], changes: Sequence[Change]) -> None:
        self.writes += 1
        number = self.writes
        if number in self.refuse and not self.life.dead:
            await anyio.lowlevel.checkpoint()
            raise JournalError(Text.same("the disk is full"))
        if number == self.crash_at and not self.after:
            self.die()
        if self.life.dead:  # of what a dead process writes nothing reaches the disk
            await anyio.lowlevel.checkpoint()
            return
        self._judge.writes(self._machine, changes, self.outputs)
        await put()
        for change in changes:
            match change:
                case PutRow(row) if row.execute_id is not None:
                    self.ids.add(self._judge.original(row.execute_id))
                case PutExecution(execution) if execution.execute_id is not None:
                    self.ids.add(self._judge.original(execution.execute_id))
                case PutMedium(medium):
                    self.media[medium.sha256, medium.place] = medium
                case PutOutput(execute_id, _):
                    self.outputs.add(self._judge.original(execute_id))
                    self.stored_as[self._judge.original(execute_id)] = execute_id
        if number == self.crash_at and self.after:
            self.die()

    def die(self) -> None:
        """The process ends at this moment."""
        if not self.life.dead:
            self._left = self._twin()
            self.life.dead = True
            self.crashed.set()

    def survivor(self) -> Disk:
        return self._left if self._left is not None else self._twin()

    def _twin(self) -> Disk:
        twin = Disk(self._store.copy(), self._judge, self._machine)
        twin.media = stored_media(twin._store)
        twin.ids, twin.outputs, twin.stored_as = set(self.ids), set(self.outputs), dict(self.stored_as)
        for execute_id in stored_outputs(twin._store):  # of writes that share a commit, one may hear of it later
            original = self._judge.original(execute_id)
            twin.outputs.add(original)
            twin.stored_as.setdefault(original, execute_id)
        return twin


def stored_media(store: Store) -> dict[tuple[str, str], Medium]:
    """The uploads that a store has, by content and place."""
    if isinstance(store, InlineSqlite):
        rows = store._db.execute(f"SELECT {MEDIUM_COLUMNS} FROM medium")
        return {(sha256, place): Medium(sha256, place, *rest) for sha256, place, *rest in rows}
    assert isinstance(store, MemoryJournal)
    return dict(store._media)


def stored_outputs(store: Store) -> list[str]:
    """The executions whose output a store has."""
    if isinstance(store, InlineSqlite):
        return [execute_id for (execute_id,) in store._db.execute("SELECT execute_id FROM output")]
    assert isinstance(store, MemoryJournal)
    return list(store._outputs)
