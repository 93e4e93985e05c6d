"""A task that is taken up again in the very moment in which the run ends: the run is not over on disk."""

from __future__ import annotations

import anyio
import pytest

from cozebatch.journal.memory import MemoryJournal
from cozebatch.model.errors import Category
from cozebatch.model.statistics import Statistics
from cozebatch.model.task import State
from cozebatch.ports import Change
from support.fakes import FakeSynthesizer, World, tasks

pytestmark = pytest.mark.anyio


class SlowJournal(MemoryJournal):
    """Each write takes half a second; after each, a kill would find this journal."""

    def __init__(self) -> None:
        super().__init__()
        self.killed_ones = 0

    async def write(self, *changes: Change) -> None:
        await anyio.sleep(0.5)
        await super().write(*changes)
        run = await self.last_run("test")
        assert run is not None
        states = [row.state for row in await self.rows(run.run_id)]
        if run.status == "finished" and not all(state.is_end for state in states):
            self.killed_ones += 1


@pytest.mark.parametrize("meanwhile", ["while the results are saved", "while the end is written"])
async def test_a_task_retried_as_the_run_ends_leaves_no_run_that_is_finished_on_disk(meanwhile: str) -> None:
    world = World(
        journal=(journal := SlowJournal()), synthesizer=FakeSynthesizer(mishaps={"t1": [Category.SYNTHESIS] * 4})
    )
    engine, planned, owed = await world.prepare(tasks(2))
    asked = anyio.Event()

    async with anyio.create_task_group() as group:

        async def retry() -> None:
            assert await engine.commands.retry(["t1"]) == ["t1"]

        async def save(status: str, statistics: Statistics) -> None:
            if asked.is_set():
                return
            asked.set()
            group.start_soon(retry)
            await anyio.sleep(2.0 if meanwhile == "while the results are saved" else 0.1)

        async def run() -> None:
            await engine.run(planned, owed, save_results=save, keep_open=True)

        group.start_soon(run)
        await asked.wait()
        with anyio.fail_after(86400):
            while engine.board.counts[State.DONE] < 2:  # noqa: ASYNC110 - costs no time: the clock jumps
                await anyio.sleep(1)
        await anyio.sleep(10)
        engine.commands.stop()
    assert journal.killed_ones == 0
    left = await journal.last_run("test")
    assert left is not None
    assert left.status == "finished"
