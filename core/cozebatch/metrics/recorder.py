"""Follows a run and writes its metrics file: when it begins, every quarter of a minute, and when it ends."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import anyio.to_thread

from cozebatch.disk.writing import write_named
from cozebatch.engine.engine import Engine
from cozebatch.engine.event_bus import Bus, Subscription
from cozebatch.metrics.exposition import Observed, exposition
from cozebatch.model import events
from cozebatch.model.errors import unwrapped_groups
from cozebatch.model.os_reason import os_reason
from cozebatch.model.task import State
from cozebatch.model.text import Text

SECONDS = 15.0
"""Between two writes: what Prometheus' own scrapers are usually set to."""


@asynccontextmanager
async def measured(
    path: Path | None, engine: Engine, bus: Bus, *, started_at: float, wall: Callable[[], float]
) -> AsyncIterator[None]:
    """The run goes on inside the block. A file that cannot be written is told once and never disturbs the run.
    `path` None: nothing is written."""
    if path is None:
        yield
        return
    found, observed = bus.subscribe(), Observed()
    told: set[Text] = set()

    async def write(*, running: bool) -> None:
        observe(found, observed)
        text = exposition(engine.board, observed, started_at=started_at, now=wall(), running=running)
        try:
            await anyio.to_thread.run_sync(write_named, path, text)
        except OSError as error:
            why = os_reason(error)
            if why not in told:
                told.add(why)
                told_now = Text("指标文件无法写入：{why}", "The metrics file was not written: {why}")
                engine.note("warning", told_now.filled(why=why))

    async def keep_writing() -> None:
        while True:
            await write(running=True)
            await anyio.sleep(SECONDS)

    with unwrapped_groups():
        async with anyio.create_task_group() as group:
            group.start_soon(keep_writing)
            try:
                yield
            finally:
                group.cancel_scope.cancel()
                with anyio.CancelScope(shield=True):
                    await write(running=False)
                bus.unsubscribe(found)


def observe(found: Subscription, observed: Observed) -> None:
    """Fold what has been told since the last look into the durations and the number of films."""
    for event in found.take():
        if not isinstance(event, events.TaskState):
            continue
        row = event.row
        if event.before is State.RUNNING and event.after is not State.RUNNING and not row.adopted:
            observed.executions.observe(row.coze_seconds)
        if event.before is State.SYNTHESIZING and event.after in (State.WRITING_BACK, State.DONE):
            observed.syntheses.observe(row.synthesis_seconds)
            observed.films += 1
