"""The batch has ended and the screen is still open: what is started then is on disk, and a kill loses nothing."""

from __future__ import annotations

from collections.abc import Callable

import anyio
import pytest

from cozebatch.engine.engine import Engine
from cozebatch.engine.options import Options
from cozebatch.model.errors import Category
from cozebatch.model.task import State
from support.fakes import FakeCoze, FakeSynthesizer, World, tasks

pytestmark = pytest.mark.anyio


async def killed_after(world: World, command: Callable[[Engine], object], seconds: float) -> None:
    """Run one task to its failed end, give a command, and stop dead `seconds` later."""
    engine, planned, owed = await world.prepare(tasks(1))

    async def run() -> None:
        await engine.run(planned, owed, keep_open=True)

    async with anyio.create_task_group() as group:
        group.start_soon(run)
        with anyio.fail_after(86400):
            while engine.board.counts[State.FAILED] != 1:  # noqa: ASYNC110 - in virtual time this costs nothing
                await anyio.sleep(1)
        await anyio.sleep(60)
        ended = await world.journal.last_run("test")
        assert ended is not None
        assert ended.status == "finished"
        await command(engine)  # type: ignore[misc]
        await anyio.sleep(seconds)
        left = world.journal.copy()
        group.cancel_scope.cancel()
    world.journal = left


@pytest.mark.parametrize("seconds", [0.0, 0.05, 0.15, 5.0, 301.0, 331.0, 350.0])
async def test_a_rerun_that_is_killed_is_continued_and_not_paid_again(seconds: float) -> None:
    world = World(coze=FakeCoze(mishaps={"t1": ["fail"]}), options=Options(max_retries=0, seed=1))

    await killed_after(world, lambda engine: engine.commands.rerun(["t1"]), seconds)
    run = await world.journal.last_run("test")
    assert run is not None
    assert run.status == "open"
    outcome = await world.run(tasks(1))
    assert outcome.statistics.done + outcome.statistics.held == 1
    assert world.coze.started("t1") <= 2
    assert len(await world.journal.runs()) == 1


async def test_a_free_retry_that_is_killed_is_continued() -> None:
    world = World(synthesizer=FakeSynthesizer(mishaps={"t1": [Category.SYNTHESIS] * 4}))
    await killed_after(world, lambda engine: engine.commands.retry(["t1"]), 1.0)
    outcome = await world.run(tasks(1))
    assert outcome.statistics.done == 1
    assert world.coze.started("t1") == 1


async def test_two_quick_presses_start_one_execution() -> None:
    world = World(coze=FakeCoze(mishaps={"t1": ["fail"]}), options=Options(max_retries=0, seed=1))

    async def twice(engine: Engine) -> None:
        async with anyio.create_task_group() as group:
            for _ in range(2):
                group.start_soon(engine.commands.rerun, ["t1"])

    await killed_after(world, twice, 30.0)
    assert world.coze.started("t1") == 2


async def test_a_retry_of_a_refused_submission_pays_only_when_it_may() -> None:
    world = World(coze=FakeCoze(mishaps={"t1": ["refused-content_rejected"]}))

    async def press(engine: Engine) -> None:
        assert await engine.commands.retry(["t1"]) == []
        assert await engine.commands.retry(["t1"], may_pay=True) == ["t1"]

    await killed_after(world, press, 30.0)
    assert world.coze.started("t1") == 1


async def test_no_time_passes_between_the_end_and_what_is_started_then() -> None:
    world = World(synthesizer=FakeSynthesizer(duration=60.0, mishaps={"t1": [Category.SYNTHESIS] * 4}))
    engine, planned, owed = await world.prepare(tasks(1))
    async with anyio.create_task_group() as group:

        async def run() -> None:
            await engine.run(planned, owed, keep_open=True)

        group.start_soon(run)
        with anyio.fail_after(86400):
            while engine.board.counts[State.FAILED] != 1:  # noqa: ASYNC110 - in virtual time this costs nothing
                await anyio.sleep(1)
        ended = engine.statistics().elapsed_seconds
        await anyio.sleep(50_000)
        assert engine.statistics().elapsed_seconds == pytest.approx(ended, abs=2)
        await engine.commands.retry(["t1"])
        with anyio.fail_after(86400):
            while engine.board.counts[State.DONE] != 1:  # noqa: ASYNC110
                await anyio.sleep(1)
        await anyio.sleep(1000)
        assert engine.statistics().elapsed_seconds == pytest.approx(ended + 60, abs=10)
        engine.commands.stop()


async def test_a_trial_starts_so_many_and_the_rest_of_the_same_run_when_told() -> None:
    world = World()
    engine, planned, owed = await world.prepare(tasks(5))
    async with anyio.create_task_group() as group:

        async def run() -> None:
            await engine.run(planned, owed, keep_open=True, trial=2)

        group.start_soon(run)
        await anyio.sleep(5000)
        assert (engine.board.counts[State.DONE], engine.board.counts[State.PENDING]) == (2, 3)
        assert len(world.coze.executions) == 2
        await engine.commands.cancel(["t5"])
        assert await engine.commands.go_on() == ["t3", "t4"]
        assert await engine.commands.go_on() == []
        await anyio.sleep(5000)
        assert (engine.board.counts[State.DONE], engine.board.counts[State.CANCELLED]) == (4, 1)
        assert len(world.coze.executions) == 4
        engine.commands.stop()
    ended = await world.journal.last_run("test")
    assert ended is not None
    assert ended.status == "finished"


async def test_a_trial_that_is_left_is_continued_by_the_next_start() -> None:
    world = World()
    engine, planned, owed = await world.prepare(tasks(3))
    outcome = await engine.run(planned, owed, trial=1)
    assert (outcome.status, outcome.statistics.pending) == ("finished", 2)
    run = await world.journal.last_run("test")
    assert run is not None
    assert run.status == "interrupted"
    assert (await world.run(tasks(3))).statistics.done == 3
    assert len(world.coze.executions) == 3
    assert len(await world.journal.runs()) == 1
