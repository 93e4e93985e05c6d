"""Many screens that come at once leave the engine its turns."""

from __future__ import annotations

from collections import Counter
from typing import Any

import anyio
import anyio.lowlevel
import pytest
from anyio.abc import ByteStream, TaskGroup

from cozebatch.engine.event_bus import Bus
from cozebatch.model import events
from cozebatch.model.rows import Row
from cozebatch.model.text import Text
from cozebatch_tui.attach import link
from cozebatch_tui.attach.wire import Lines, line_of

pytestmark = pytest.mark.anyio

SCREENS = 16
ROWS = tuple(Row(f"t{n}", n, title=f"标题{n}") for n in range(10 * link.PAGE))
LOG = tuple(events.Noted(wall=1e9, clock=0, level="info", text=Text.same(f"{n}")) for n in range(500))


class Taken(ByteStream):
    """A screen that takes all at once and says nothing."""

    async def send(self, item: bytes) -> None:
        await anyio.lowlevel.checkpoint()

    async def receive(self, max_bytes: int = 65536) -> bytes:
        await anyio.sleep_forever()
        raise AssertionError

    async def send_eof(self) -> None:
        raise NotImplementedError

    async def aclose(self) -> None:
        await anyio.lowlevel.checkpoint()


class Batch:
    """What links need of their host."""

    size, waiting, ended, code = len(ROWS), 0, True, 0

    def __init__(self) -> None:
        self.bus, self.turn = Bus(), anyio.Lock()

    def look(self) -> tuple[dict[str, Any], tuple[Row, ...], tuple[events.Event, ...]]:
        return {}, ROWS, LOG

    def left(self) -> bool:
        return False

    async def answer(self, order: Any) -> dict[str, Any]:
        raise NotImplementedError


async def test_no_two_pages_are_made_in_one_turn_of_the_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    turn = 0
    made: Counter[int] = Counter()

    def counted(value: dict[str, Any]) -> bytes:
        made[turn] += 1
        return line_of(value)

    async def count_turns() -> None:
        nonlocal turn
        while True:
            turn += 1
            await anyio.lowlevel.checkpoint()

    async def show(batch: Batch, orders: TaskGroup) -> None:
        await link.Link(batch, Lines(Taken()), orders).run()

    monkeypatch.setattr(link, "line_of", counted)
    batch = Batch()
    async with anyio.create_task_group() as counting:
        counting.start_soon(count_turns)
        async with anyio.create_task_group() as group:
            for _ in range(SCREENS):
                group.start_soon(show, batch, group)
        counting.cancel_scope.cancel()
    assert made.total() == SCREENS * (len(ROWS) + len(LOG)) // link.PAGE
    assert max(made.values()) <= 2
