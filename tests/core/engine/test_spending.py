"""What the operator allows to be paid for is never exceeded, and nothing that was allowed is lost."""

from __future__ import annotations

import random

import anyio
import pytest

from cozebatch.engine.options import Options
from cozebatch.model.allowance import ANY_NUMBER, Allowance
from cozebatch.model.task import State
from support.fakes import FakeCoze, World, tasks

pytestmark = pytest.mark.anyio


async def test_no_more_executions_are_started_than_allowed_and_the_rest_stays_pending() -> None:
    world = World(max_executions=3)
    outcome = await world.run(tasks(8))
    assert len(world.coze.executions) == 3
    assert (outcome.status, outcome.paused) == ("stopped", ("max_executions",))
    assert (outcome.statistics.done, outcome.statistics.pending) == (3, 5)
    assert not outcome.broken_off


async def test_exactly_as_many_tasks_as_allowed_is_an_ordinary_end() -> None:
    world = World(max_executions=4)
    outcome = await world.run(tasks(4))
    assert (outcome.status, outcome.paused) == ("finished", ())


async def test_retries_count() -> None:
    world = World(coze=FakeCoze(mishaps={"t1": ["fail", "fail"]}), max_executions=2, options=Options(max_coze=1))
    outcome = await world.run(tasks(3))
    assert len(world.coze.executions) == 2
    assert outcome.status == "stopped"
    assert outcome.broken_off == any(row.attempts for row in world.engine.board.in_state(State.PENDING))  # type: ignore[union-attr]


async def test_what_coze_refused_does_not_count() -> None:
    world = World(coze=FakeCoze(capacity=2, duration=lambda _: 30.0), max_executions=7)
    outcome = await world.run(tasks(12))
    assert outcome.statistics.throttled > 0
    assert len(world.coze.executions) == 7
    assert outcome.statistics.done == 7


async def test_what_got_no_answer_counts() -> None:
    world = World(coze=FakeCoze(mishaps={"t1": ["lost"], "t2": ["dropped"]}), max_executions=3)
    await world.run(tasks(6))
    assert len(world.coze.submissions) == 3


@pytest.mark.parametrize("seed", range(12))
async def test_kills_do_not_raise_what_is_allowed(seed: int) -> None:
    rng = random.Random(seed)
    coze = FakeCoze(mishaps={"t2": ["fail"], "t4": ["lost"]}, capacity=rng.randint(1, 6))
    world = World(coze=coze, max_executions=5)
    for _ in range(rng.randint(1, 4)):
        await world.crash_after(rng.uniform(0.01, 200.0), tasks(12))
        last = await world.journal.last_run("test")
        if last is not None and last.status != "open":
            break
    else:
        outcome = await world.run(tasks(12))
        assert outcome.status == "stopped"
    assert len(world.coze.executions) <= 5
    assert world.engine is not None
    assert world.engine.board.allowance.used <= 5


async def test_the_count_begins_anew_after_a_run_that_ended_by_itself() -> None:
    world = World(max_executions=3)
    await world.run(tasks(8))
    outcome = await world.run(tasks(8))
    assert len(world.coze.executions) == 6
    assert outcome.statistics.done == 6


async def test_a_run_that_was_cut_short_keeps_what_was_allowed_without_being_told_again() -> None:
    world = World(max_executions=3, coze=FakeCoze(duration=lambda _: 50.0))
    await world.crash_after(20.0, tasks(8))
    world.max_executions = None
    outcome = await world.run(tasks(8))
    assert len(world.coze.executions) == 3
    assert outcome.paused == ("max_executions",)


async def test_nothing_is_submitted_from_the_time_on_and_what_runs_is_finished() -> None:
    world = World(coze=FakeCoze(duration=lambda _: 100.0), options=Options(max_coze=2, seed=1))
    began = world.wall()
    world.until = began + 150.0
    outcome = await world.run(tasks(10))
    assert len(world.coze.executions) == 4
    assert (outcome.status, outcome.paused) == ("stopped", ("until",))
    assert outcome.statistics.done == 4
    assert not outcome.broken_off


async def test_a_time_that_has_passed_is_not_kept_for_the_next_process() -> None:
    world = World(coze=FakeCoze(duration=lambda _: 100.0), options=Options(max_coze=2, seed=1))
    world.until = world.wall() + 150.0
    await world.crash_after(120.0, tasks(6))
    world.until = None
    await anyio.sleep(100.0)
    outcome = await world.run(tasks(6))
    assert outcome.status == "finished"
    assert outcome.statistics.done == 6


async def test_the_operator_may_allow_more_and_the_run_goes_on() -> None:
    world = World(max_executions=2)
    engine, planned, owed = await world.prepare(tasks(6))
    async with anyio.create_task_group() as group:
        group.start_soon(lambda: engine.run(planned, owed, keep_open=True))
        await anyio.sleep(1000)
        assert set(engine.board.paused) == {"max_executions"}
        await engine.commands.resume()
        await anyio.sleep(1000)
        assert len(world.coze.executions) == 2  # resuming alone allows nothing
        await engine.commands.allow(3, None)
        await anyio.sleep(1000)
        assert len(world.coze.executions) == 5
        await engine.commands.allow(None, None)
        await anyio.sleep(1000)
        engine.commands.stop()
    assert len(world.coze.executions) == 6
    assert not engine.board.paused


async def test_a_pause_of_the_operator_outlasts_what_is_allowed() -> None:
    world = World(max_executions=1)
    engine, planned, owed = await world.prepare(tasks(3))
    async with anyio.create_task_group() as group:
        group.start_soon(lambda: engine.run(planned, owed, keep_open=True))
        await anyio.sleep(1000)
        await engine.commands.pause()
        await engine.commands.allow(None, None)
        await anyio.sleep(1000)
        assert len(world.coze.executions) == 1
        engine.commands.stop()


def test_what_is_allowed_is_counted_down() -> None:
    allowance = Allowance(most=2).counting(1)
    assert (allowance.left, allowance.spent(0.0)) == (1, None)
    assert allowance.counting(1).spent(0.0) == "max_executions"
    assert allowance.counting(1).counting(-1).spent(0.0) is None
    assert Allowance(until=10.0).spent(10.0) == "until"
    assert Allowance.from_json(allowance.to_json()) == allowance
    assert Allowance.from_json({}) == ANY_NUMBER
