"""An execution that a person names is verified before anything is written, and is on disk in one step."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio
import pytest

from cozebatch.engine.engine import Engine
from cozebatch.engine.options import Options
from cozebatch.model.errors import Category, UsageError
from cozebatch.model.task import State
from cozebatch.ports import Execution, PutExecution
from support.fakes import FakeCoze, World, error, tasks

pytestmark = pytest.mark.anyio


@asynccontextmanager
async def with_a_held_task(world: World, count: int = 1) -> AsyncIterator[Engine]:
    engine, planned, owed = await world.prepare(tasks(count))

    async def run() -> None:
        await engine.run(planned, owed, keep_open=True)

    async with anyio.create_task_group() as group:
        group.start_soon(run)
        with anyio.fail_after(86400):
            while engine.board.counts[State.HELD] != 1 or engine.board.unfinished:  # noqa: ASYNC110
                await anyio.sleep(1)
        yield engine
        engine.commands.stop()


async def test_a_typing_mistake_leaves_the_task_held() -> None:
    world = World(coze=FakeCoze(mishaps={"t1": ["lost"]}))
    async with with_a_held_task(world) as engine:
        with pytest.raises(UsageError, match="Coze has no execution e7"):
            await engine.commands.adopt("t1", "e7")
        row = engine.board.rows["t1"]
        assert (row.state, row.unanswered) == (State.HELD, True)
        assert (await world.journal.rows("run1"))[0] == row
    outcome = await world.run(tasks(1))
    assert outcome.statistics.held == 1
    assert world.coze.started("t1") == 1


async def test_another_tasks_execution_is_refused() -> None:
    world = World(coze=FakeCoze(mishaps={"t1": ["lost"]}), options=Options(max_coze=1, seed=1))
    async with with_a_held_task(world, 2) as engine:
        assert engine.board.rows["t2"].execute_id == "e2"
        with pytest.raises(UsageError, match="belongs to task t2"):
            await engine.commands.adopt("t1", "e2")
        assert engine.board.rows["t1"].state is State.HELD


async def test_an_execution_that_the_record_has_for_a_row_of_another_source_is_refused() -> None:
    world = World(coze=FakeCoze(mishaps={"t1": ["lost"]}))
    async with with_a_held_task(world) as engine:
        other = Execution("x9", 1, "succeeded", 1.0, "e1", source_key="another", run_id="run0")
        await world.journal.write(PutExecution(other))
        with pytest.raises(UsageError, match="belongs to task x9"):
            await engine.commands.adopt("t1", "e1")
        assert engine.board.rows["t1"].state is State.HELD


async def test_what_cannot_be_verified_is_not_adopted() -> None:
    world = World(coze=FakeCoze(mishaps={"t1": ["lost"]}))
    async with with_a_held_task(world) as engine:
        world.coze.poll_error = lambda _: error(Category.NETWORK, "no route")
        with pytest.raises(UsageError, match="could not be checked with Coze; it was not adopted: no route"):
            await engine.commands.adopt("t1", "e1")
        assert engine.board.rows["t1"].state is State.HELD


async def test_a_kill_right_after_adopting_finds_the_task_running_its_execution() -> None:
    world = World(coze=FakeCoze(mishaps={"t1": ["lost"]}))
    async with with_a_held_task(world) as engine:
        await engine.commands.adopt("t1", "e1")
        left = world.journal.copy()
    row, run = (await left.rows("run1"))[0], await left.last_run("test")
    assert (row.state, row.execute_id) == (State.RUNNING, "e1")
    assert run is not None
    assert run.status == "open"
    executions = await left.executions("run1", "t1")
    assert ("running", "e1") in [(execution.status, execution.execute_id) for execution in executions]
    world.journal = left
    outcome = await world.run(tasks(1))
    assert outcome.statistics.done == 1
    assert world.coze.started("t1") == 1


async def test_a_finished_task_may_be_given_another_execution() -> None:
    world = World(options=Options(max_coze=1, seed=1), coze=FakeCoze(mishaps={"t2": ["lost"]}))
    async with with_a_held_task(world, 2) as engine:
        await engine.commands.adopt("t1", "e2")
        assert engine.board.rows["t1"].state is State.RUNNING


async def test_an_execution_that_was_started_for_another_script_of_the_same_place_is_refused() -> None:
    """A file without ids was sorted after `--fresh`: what the record has of `row-1` is another row's."""
    world = World(coze=FakeCoze(mishaps={"t1": ["lost"]}))
    async with with_a_held_task(world) as engine:
        earlier = Execution("t1", 1, "succeeded", 1.0, "e1", source_key="test", run_id="run0", digest="another script")
        await world.journal.write(PutExecution(earlier))
        with pytest.raises(UsageError, match="had other parameters"):
            await engine.commands.adopt("t1", "e1")
        assert engine.board.rows["t1"].state is State.HELD
