"""One attached screen, seen from the engine: it gets a snapshot, then events; its orders are carried out.

A screen that does not read slows nothing but itself: its queue is bounded, and beyond the bound it gets a fresh
snapshot instead of what it missed.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any, Protocol, TypeVar

import anyio
import anyio.lowlevel
from anyio.abc import TaskGroup

from cozebatch.engine.event_bus import Bus, Subscription
from cozebatch.model.event_json import event_to_json
from cozebatch.model.events import Event
from cozebatch.model.rows import Row
from cozebatch_tui.attach.values import error_to_json
from cozebatch_tui.attach.wire import Lines, WireError, line_of

T = TypeVar("T")

PAGE = 250
"""Rows, or events, in one line: some 3 ms of work. The engine works on between two lines, of whichever screens."""
EVENTS_EVERY = 0.05
"""Seconds between two lines of events: 20 a second are as many as a screen paints."""
LEAST_QUEUE = 5000
PING_EVERY = 10.0
ORDERS_AT_ONCE = 8


class Batch(Protocol):
    """What a link needs of its host."""

    bus: Bus

    turn: anyio.Lock
    """Held by the link that makes a line of many rows or events, so that 16 screens that come at once do not make 16
    of them without a pause for the engine."""

    def look(self) -> tuple[dict[str, Any], tuple[Row, ...], tuple[Event, ...]]:
        """Head, rows and log of the batch at this moment."""
        ...

    @property
    def size(self) -> int:
        """Number of rows."""
        ...

    @property
    def waiting(self) -> int:
        """New executions that a trial has left for later."""
        ...

    @property
    def ended(self) -> bool: ...

    @property
    def code(self) -> int | None: ...

    def left(self) -> bool:
        """Look again whether the batch may end. True if no other screen looks at it."""
        ...

    async def answer(self, order: Mapping[str, Any]) -> dict[str, Any]: ...


class Link:
    """`orders` is the task group that outlives the link: what was begun for a screen is not broken off with it."""

    def __init__(self, batch: Batch, lines: Lines, orders: TaskGroup) -> None:
        self._batch = batch
        self._lines = lines
        self._orders = orders
        self._room = anyio.Semaphore(ORDERS_AT_ONCE)
        self._news = anyio.Event()
        self._sequence = 0
        self.left = False
        """The operator has left on purpose; the batch's end is still told."""
        self.gone = anyio.Event()
        """Set by the host, when nothing more is sent."""

    def wake(self) -> None:
        self._news.set()

    async def run(self) -> None:
        """Until the screen leaves, breaks off, or the batch has ended."""
        async with anyio.create_task_group() as group:
            group.start_soon(self._until_lost, self._send, group)
            group.start_soon(self._until_lost, self._receive, group)

    async def _until_lost(self, work: Callable[[], Awaitable[None]], group: TaskGroup) -> None:
        with suppress(WireError):
            await work()
        group.cancel_scope.cancel()

    async def _send(self) -> None:
        while True:
            subscription = self._batch.bus.subscribe(self.wake, most=max(LEAST_QUEUE, 2 * self._batch.size))
            head, page, log = self._batch.look()  # no `await` since the subscription: nothing is missed or doubled
            try:
                await self._send_snapshot(head, page, log)
                if await self._send_events(subscription):
                    return
            finally:
                self._batch.bus.unsubscribe(subscription)

    async def _send_snapshot(self, head: dict[str, Any], rows: tuple[Row, ...], log: tuple[Event, ...]) -> None:
        await self._lines.send({"head": head})
        await self._send_pages(rows, lambda page: {"rows": [row.to_json() for row in page]})
        await self._send_pages(log, lambda page: {"log": [event_to_json(event) for event in page]})
        await self._lines.send({"ready": True, "waiting": self._batch.waiting})

    async def _send_pages(self, values: Sequence[T], told: Callable[[Sequence[T]], dict[str, Any]]) -> None:
        """A line for each page. One link at a time makes one; no link waits for another's to be taken."""
        for start in range(0, len(values), PAGE):
            async with self._batch.turn:
                line = line_of(told(values[start : start + PAGE]))
            await self._lines.send_line(line)
            await anyio.lowlevel.checkpoint()

    async def _send_events(self, subscription: Subscription) -> bool:
        """True when the batch has ended and all was told; False when this screen has missed events."""
        while True:
            has_ended = self._batch.ended  # asked before the last look at the queue
            self._news = anyio.Event()
            found = subscription.take()
            if subscription.has_lost:
                return False
            await self._send_pages(found, self._told)
            if has_ended:
                await self._lines.send({"bye": True, "code": self._batch.code})
                return True
            if found:
                await anyio.sleep(EVENTS_EVERY)
                continue
            with anyio.move_on_after(PING_EVERY) as waited:
                await self._news.wait()
            if waited.cancelled_caught:
                await self._lines.send({"ping": True})

    def _told(self, found: Sequence[Event]) -> dict[str, Any]:
        self._sequence += 1
        told = [event_to_json(event) for event in found]
        return {"seq": self._sequence, "ev": told, "waiting": self._batch.waiting}

    async def _receive(self) -> None:
        while (value := await self._lines.receive()) is not None:
            if value.get("do") == "leave":
                self.left = True
                await self._lines.send({"id": value.get("id"), "ok": self._batch.left()})
            elif "do" in value:
                await self._room.acquire()
                self._orders.start_soon(self._obey, value)

    async def _obey(self, order: Mapping[str, Any]) -> None:
        try:
            result = {"id": order.get("id"), **await self._batch.answer(order)}
            try:
                await self._lines.send(result)
            except WireError as error:  # the answer cannot be sent as it is, or the screen is gone
                with suppress(WireError):
                    await self._lines.send({"id": order.get("id"), "error": error_to_json(error)})
        finally:
            self._room.release()
