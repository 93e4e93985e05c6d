"""Lets a courier see a run's events while it goes on."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio

from cozebatch.engine.engine import Engine
from cozebatch.engine.event_bus import Bus
from cozebatch.model.errors import unwrapped_groups
from cozebatch.notify.courier import Courier


@asynccontextmanager
async def telling(courier: Courier | None, engine: Engine, bus: Bus) -> AsyncIterator[None]:
    """The run goes on inside the block; after it the last card may still arrive, within the courier's patience."""
    if courier is None:
        yield
        return
    news = anyio.Event()
    found = bus.subscribe(lambda: news.set())

    def tell() -> None:
        for event in found.take():
            courier.tell(event, engine.board, engine.note)

    async def watch() -> None:
        nonlocal news
        while True:
            await news.wait()
            news = anyio.Event()
            tell()

    with unwrapped_groups():
        async with anyio.create_task_group() as group:
            group.start_soon(watch)
            group.start_soon(courier.serve, engine.note)
            try:
                yield
                tell()
                await courier.finish()
            finally:
                bus.unsubscribe(found)
            group.cancel_scope.cancel()
