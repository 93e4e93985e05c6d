"""Delivers the write-backs owed to the table: one writer, coalesced, retried, never lost.

A write-back is stored in the journal together with the outcome; after a crash the next start delivers it. A newer
outcome of a task replaces one that was not delivered yet.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import Literal

import anyio

from cozebatch.engine.ledger import Ledger
from cozebatch.model.errors import ErrorInfo, JournalError, StepError
from cozebatch.model.rows import Row
from cozebatch.model.task import State
from cozebatch.policy.retry import RetryPolicy
from cozebatch.ports import Delivered, Delivery, Settle, StatusSink

BATCH = 200
"""Records a write carries at most."""

LINGER = 2.0
"""Seconds a delivery waits, at most, for others to be written with it."""

FILMS_AT_ONCE = 3

PATIENCE = 120.0
"""Seconds of running time after which a delivery is given up for this run; it stays owed."""


class Outbox:
    """Delivers outcomes through the sink; moves tasks from `writing_back` to `done`.

    `on_change` is called whenever something was delivered or given up.
    """

    def __init__(
        self,
        ledger: Ledger,
        sink: StatusSink | None,
        retry: RetryPolicy,
        first_serial: int,
        on_change: Callable[[], None],
    ) -> None:
        self._ledger = ledger
        self._sink = sink
        self._retry = retry
        self._serials = itertools.count(first_serial)
        self._owed: dict[str, Delivery] = {}
        self._unready: dict[str, Delivery] = {}
        """Those whose films are still brought to the table's service."""
        self._bringing: set[int] = set()
        self._films = anyio.Event()
        self._first_tried: dict[int, float] = {}
        self._given_up: set[str] = set()
        """Tasks whose write-back was given up for this run."""
        self._work = anyio.Event()
        self._hurry = anyio.Event()
        self._on_change = on_change

    @property
    def owed(self) -> int:
        return len(self._owed)

    @property
    def still_owes(self) -> bool:
        """Whether anything is owed to the table, given up for this run or not."""
        return bool(self._owed or self._given_up)

    def draft(self, row: Row, outcome: Literal["done", "failed"], result: str) -> Delivery | None:
        """The delivery that this outcome makes due; None where nothing is written for it."""
        if self._sink is None or row.record_id is None or not self._sink.writes(outcome):
            return None
        return Delivery(next(self._serials), row.task_id, row.record_id, outcome, result)

    def add(self, delivery: Delivery) -> None:
        """It is on disk; deliver it."""
        self._owed[delivery.task_id] = delivery
        self._given_up.discard(delivery.task_id)
        self._unready.pop(delivery.task_id, None)
        if self._sink is not None and delivery.outcome == "done" and self._sink.shows_films():
            self._unready[delivery.task_id] = delivery
            self._films.set()
        else:
            self._work.set()

    def hurry(self) -> None:
        """Nothing else is going on: do not wait for other deliveries."""
        self._hurry.set()

    async def serve(self) -> None:
        """Deliver, until cancelled."""
        failures = 0
        while True:
            await self._work.wait()
            if len(self._owed) < BATCH and not failures:
                with anyio.move_on_after(LINGER):
                    await self._hurry.wait()
            self._hurry = anyio.Event()
            batch = list(itertools.islice(self._ready(), BATCH))
            wait = await self._deliver(batch) if batch else None
            if not any(True for _ in self._ready()):
                self._work = anyio.Event()
            failures = failures + 1 if wait is not None else 0
            if wait is not None:
                await anyio.sleep(max(wait, self._retry.backoff(failures, cap=30.0)))

    async def bring_films(self) -> None:
        """Bring films to the table's service, a few at a time, until cancelled. Outcomes wait for their own films."""
        at_once = anyio.CapacityLimiter(FILMS_AT_ONCE)
        async with anyio.create_task_group() as group:
            while True:
                await self._films.wait()
                self._films = anyio.Event()
                for delivery in list(self._unready.values()):
                    if delivery.serial not in self._bringing:
                        self._bringing.add(delivery.serial)
                        group.start_soon(self._bring, delivery, at_once)

    def _ready(self) -> Iterator[Delivery]:
        return (delivery for delivery in self._owed.values() if delivery.task_id not in self._unready)

    async def _bring(self, delivery: Delivery, at_once: anyio.CapacityLimiter) -> None:
        assert self._sink is not None
        tries = 0
        while self._unready.get(delivery.task_id) is delivery:
            try:
                async with at_once:
                    told = await self._sink.bring(delivery)
            except StepError as failed:
                self._first_tried.setdefault(delivery.serial, self._ledger.clock.now())
                if self._out_of_patience(delivery):
                    self._unready.pop(delivery.task_id, None)
                    await self._settle(delivery, failed.info)
                    break
                tries += 1
                self._ledger.note("warning", failed.info.message, delivery.task_id)
                await anyio.sleep(max(failed.retry_after or 0.0, self._retry.backoff(tries, cap=30.0)))
                continue
            for text in told:
                self._ledger.note("warning", text, delivery.task_id)
            if self._unready.get(delivery.task_id) is delivery:
                del self._unready[delivery.task_id]
                self._first_tried.pop(delivery.serial, None)
                self._work.set()
        self._bringing.discard(delivery.serial)

    async def _deliver(self, batch: list[Delivery]) -> float | None:
        """Write one batch. The wait asked for, when some of it is to be tried again; None when all is settled."""
        assert self._sink is not None
        now = self._ledger.clock.now()
        for delivery in batch:
            self._first_tried.setdefault(delivery.serial, now)
        answers = await self._sink.deliver(batch)
        by_serial = {delivery.serial: delivery for delivery in batch}
        wait: float | None = None
        for answer in answers:
            delivery = by_serial[answer.serial]
            if isinstance(answer, Delivered):
                await self._settle(delivery, None)
            elif answer.final or self._out_of_patience(delivery):
                await self._settle(delivery, answer.error)
            else:
                wait = max(wait or 0.0, answer.retry_after or 0.0)
                self._ledger.note("warning", answer.error.message, delivery.task_id)
        return wait

    def _out_of_patience(self, delivery: Delivery) -> bool:
        return self._ledger.clock.now() - self._first_tried[delivery.serial] > PATIENCE

    async def _settle(self, delivery: Delivery, error: ErrorInfo | None) -> None:
        """Delivered, or given up for now (then it stays owed in the journal and the next start tries again)."""
        settled = Settle(delivery.serial, error)
        tries = 0
        while True:
            row = self._ledger.rows.get(delivery.task_id)
            latest = self._owed.get(delivery.task_id)
            try:
                if row is not None and row.state is State.WRITING_BACK and latest is delivery:
                    await self._ledger.move(delivery.task_id, State.DONE, settled, error=error)
                else:
                    await self._ledger.write(settled)
                break
            except JournalError as failed:  # the table has it; until the disk knows, it is not written again
                tries += 1
                self._ledger.note("error", failed.text, delivery.task_id)
                await anyio.sleep(self._retry.backoff(tries, cap=10.0))
        if error is not None:
            self._ledger.note("error", error.message, delivery.task_id)
        if latest is delivery:
            del self._owed[delivery.task_id]
            if error is not None:
                self._given_up.add(delivery.task_id)
        self._first_tried.pop(delivery.serial, None)
        self._on_change()
