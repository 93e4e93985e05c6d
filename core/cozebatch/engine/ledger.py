"""Keeps rows, journal and events in step; every move of a task goes through here.

A move is on disk before it is published. The counters and the run's clock travel with every write, so that an
interrupted run continues counting where it stopped.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager, nullcontext
from dataclasses import replace
from typing import Any, Literal

import anyio

from cozebatch.engine.clock import RunClock
from cozebatch.engine.event_bus import Bus
from cozebatch.model import events
from cozebatch.model.allowance import ANY_NUMBER, Allowance
from cozebatch.model.board import Board
from cozebatch.model.errors import ErrorInfo, JournalError
from cozebatch.model.rows import Row, moved
from cozebatch.model.task import State, Task
from cozebatch.model.text import Text
from cozebatch.ports import NO_HANDOVER, Change, Handover, Journal, PutRow, PutRun, RunRecord, StoredInput

Level = Literal["debug", "info", "warning", "error"]


class Ledger:
    """The engine's own board, with the journal beneath it and the bus above."""

    def __init__(self, run: RunRecord, journal: Journal, clock: RunClock, bus: Bus) -> None:
        self.run = run
        self.journal = journal
        self.clock = clock
        self.bus = bus
        self.board = Board()
        self.board.counters = run.counters.copy()
        self.board.allowance = run.allowance
        self._after_write: list[Callable[[], None]] = []
        self._reopened = 0
        self._is_over = False
        """The run has ended by itself, and nothing was allowed or submitted since: the next start counts anew, also
        when this process, whose screen may stay open, is killed then."""
        self._turns: dict[str, anyio.Lock] = {}
        """One change of a row at a time: a change is computed from the row that the one before left."""

    @property
    def rows(self) -> dict[str, Row]:
        return self.board.rows

    @property
    def allowance(self) -> Allowance:
        """What the operator allows to be paid for."""
        return self.board.allowance

    def after_each_write(self, call: Callable[[], None]) -> None:
        """Call this after every write that reached the disk."""
        self._after_write.append(call)

    async def begin(self, entries: Iterable[tuple[Task | StoredInput, Row]], handover: Handover = NO_HANDOVER) -> None:
        """Put the run, its new or changed rows and what it takes over on disk."""
        await self.journal.begin(self._record(), entries, handover)

    async def task(self, task_id: str) -> Task:
        return await self.journal.task(self.run.run_id, task_id)

    async def move(
        self,
        task_id: str,
        after: State,
        *changes: Change,
        error: ErrorInfo | None = None,
        adopted: bool = False,
        attempt: int | None = None,
        **facts: Any,
    ) -> Row:
        """Move a task, together with `changes`; `facts` are further fields of its row.

        `attempt` is what the event says (default: the row's `attempts` after the move). Raises `JournalError`, and
        then nothing has moved.
        """
        async with self._turn(task_id):
            before = self.rows[task_id]
            wall, clock = self.clock.wall(), self.clock.now()
            if adopted:
                facts["adopted"] = True
            row = moved(before, after, wall=wall, clock=clock, error=error, **facts)
            with self._reopening() if before.state.is_end and not after.is_end else nullcontext():
                with anyio.CancelScope(shield=True):  # disk and board must not part
                    await self.journal.write(PutRow(row), *changes, PutRun(self._record()))
                self._written()
                self.publish_move(before.state, row, wall, clock, error=error, adopted=adopted, attempt=attempt)
        return row

    async def amend(self, task_id: str, *changes: Change, **facts: Any) -> None:
        """Change facts of a row without moving the task, together with `changes`. Raises `JournalError`."""
        async with self._turn(task_id):
            row = replace(self.rows[task_id], **facts)
            with anyio.CancelScope(shield=True):
                await self.journal.write(PutRow(row), *changes, PutRun(self._record()))
            self._written()
            self.load([row])

    async def write(self, *changes: Change) -> None:
        """Write what moves no task."""
        await self.journal.write(*changes, PutRun(self._record()))
        self._written()

    @contextmanager
    def counting_submission(self) -> Iterator[None]:
        """Count a submission whose intent is written within; the write takes the count along. Uncounted if it fails."""
        self._count_submission(1)
        try:
            yield
        except JournalError:
            self._count_submission(-1)
            raise

    def refused(self) -> None:
        """The latest submission was nothing paid; the next write says so."""
        self.board.allowance = self.allowance.counting(-1)

    async def allow(self, allowance: Allowance) -> None:
        """From now on the operator allows this. Raises `JournalError`, and then nothing has changed."""
        before, self.board.allowance = self.allowance, allowance
        was_over, self._is_over = self._is_over, False
        try:
            await self.write()
        except JournalError:
            self.board.allowance, self._is_over = before, was_over
            raise
        self.publish(events.Allowed(allowance=allowance, **self.stamp()))

    @property
    def is_reopening(self) -> bool:
        """Whether a task is being moved out of its end; on the board it is there still."""
        return self._reopened > 0

    def count_poll(self) -> None:
        self.board.counters.polls += 1

    async def close(
        self, status: Literal["finished", "interrupted", "stopped"], results_path: str | None, *, cut_short: bool
    ) -> None:
        """Write how the run ended, or that it is to be continued. `cut_short`: what was allowed is kept for that."""
        self.run = replace(self.run, status=status, finished_at=self.clock.wall(), results_path=results_path)
        self._is_over = not cut_short
        with anyio.CancelScope(shield=True):
            await self.journal.write(PutRun(self._record()))

    def publish(self, event: events.Event) -> None:
        self.board.apply(event)
        self.bus.publish(event)

    def publish_move(
        self,
        before: State,
        row: Row,
        wall: float,
        clock: float,
        *,
        error: ErrorInfo | None = None,
        adopted: bool = False,
        attempt: int | None = None,
    ) -> None:
        """Tell of a move that is on disk; `row` is as it is after that."""
        self.publish(
            events.TaskState(
                wall=wall,
                clock=clock,
                task_id=row.task_id,
                before=before,
                after=row.state,
                attempt=row.attempts if attempt is None else attempt,
                row=row,
                execute_id=row.execute_id,
                error=error,
                adopted=adopted,
            )
        )

    def load(self, rows: Iterable[Row]) -> None:
        self.publish(events.Loaded(rows=tuple(rows), **self.stamp()))

    def note(self, level: Level, text: Text, task_id: str | None = None) -> None:
        self.publish(events.Noted(level=level, text=text, task_id=task_id, **self.stamp()))

    def progress(self, task_id: str, stage: str, fraction: float) -> None:
        self.publish(events.TaskProgress(task_id=task_id, stage=stage, fraction=fraction, **self.stamp()))

    def retrying(self, task_id: str, step: str, error: ErrorInfo, delay: float) -> None:
        self.publish(events.Retrying(task_id=task_id, step=step, error=error, delay=delay, **self.stamp()))

    def advance_clock(self) -> float:
        """Bring the board's clock up to now; seconds of running time."""
        self.board.clock = max(self.board.clock, self.clock.now())
        return self.board.clock

    def stamp(self) -> dict[str, Any]:
        """The times every event carries."""
        return {"wall": self.clock.wall(), "clock": self.clock.now()}

    @asynccontextmanager
    async def _turn(self, task_id: str) -> AsyncIterator[None]:
        lock = self._turns.get(task_id)
        if lock is None:
            lock = self._turns[task_id] = anyio.Lock(fast_acquire=True)
        try:
            async with lock:
                yield
        finally:
            if not lock.locked() and self._turns.get(task_id) is lock:  # else who waited has it already
                del self._turns[task_id]

    @contextmanager
    def _reopening(self) -> Iterator[None]:
        """A task leaves its end within: a kill from here on leaves a run that is to be continued."""
        self.run = replace(self.run, status="open", finished_at=None)
        self._reopened += 1
        try:
            yield
        finally:
            self._reopened -= 1

    def _written(self) -> None:
        for call in self._after_write:
            call()

    def _record(self) -> RunRecord:
        allowance = ANY_NUMBER if self._is_over else self.allowance
        return replace(self.run, clock=self.clock.now(), counters=self.board.counters.copy(), allowance=allowance)

    def _count_submission(self, number: int) -> None:
        self._is_over = False
        self.board.counters.submissions += number
        self.board.allowance = self.allowance.counting(number)
