"""What the operator allows to be paid for is never exceeded, and nothing that was allowed is lost."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio
import pytest

from cozebatch.engine.engine import Engine
from cozebatch.engine.options import Options
from cozebatch.journal.memory import MemoryJournal
from cozebatch.model.allowance import ANY_NUMBER, Allowance
from cozebatch.model.task import State
from cozebatch.ports import Change, PutRun, RunRecord
from support.fakes import FakeCoze, World, tasks, wall

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


@pytest.mark.parametrize("is_used_on", [False, True])
async def test_a_kill_after_the_end_is_like_a_quit_after_it(is_used_on: bool) -> None:
    """The run is over, also while its screen stays open: the next start may pay for as many again, and for no more."""
    world = World(max_executions=3)
    async with kept_open(world) as engine:
        await anyio.sleep(3000)
        assert set(engine.board.paused) == {"max_executions"}
        if is_used_on:
            await engine.commands.cancel(["t8"])  # writes once more
    assert (await last_run(world)).status == "stopped"
    outcome = await world.run(tasks(8))
    assert len(world.coze.executions) == 6
    assert outcome.status == "stopped"
    assert outcome.statistics.done == 6


async def test_a_kill_right_before_the_end_pays_for_nothing_more_in_that_run() -> None:
    """The limit is reached, and that is on disk; that the run has ended is not: the next start ends it, unpaid."""

    class Journal(MemoryJournal):
        left: MemoryJournal | None = None

        async def write(self, *changes: Change) -> None:
            if self.left is None and any(isinstance(c, PutRun) and c.run.status == "stopped" for c in changes):
                self.left = self.copy()
            await super().write(*changes)

    journal = Journal()
    world = World(max_executions=3, journal=journal)
    await world.run(tasks(8))
    assert journal.left is not None
    world.journal = journal.left
    assert (await last_run(world)).status == "open"
    outcome = await world.run(tasks(8))
    assert (outcome.status, len(world.coze.executions)) == ("stopped", 3)
    await world.run(tasks(8))
    assert len(world.coze.executions) == 6


async def test_what_was_allowed_after_the_end_is_kept_over_a_kill() -> None:
    world = World(max_executions=2, coze=FakeCoze(duration=lambda _: 100.0), options=Options(max_coze=1, seed=7))
    async with kept_open(world) as engine:
        await anyio.sleep(3000)
        await engine.commands.allow(3, None)
        await anyio.sleep(150)
        assert 2 < len(world.coze.executions) < 5
    world.max_executions = None
    outcome = await world.run(tasks(8))
    assert len(world.coze.executions) == 5
    assert outcome.paused == ("max_executions",)


@asynccontextmanager
async def kept_open(world: World) -> AsyncIterator[Engine]:
    """A run of eight tasks whose screen stays open; it is killed where the block ends."""
    engine, planned, owed = await world.prepare(tasks(8))

    async def run() -> None:
        await engine.run(planned, owed, keep_open=True)

    async with anyio.create_task_group() as group:
        group.start_soon(run)
        yield engine
        left = world.journal.copy()
        group.cancel_scope.cancel()
    world.collect()
    world.journal = left


async def last_run(world: World) -> RunRecord:
    last = await world.journal.last_run("test")
    assert last is not None
    return last


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


@pytest.mark.parametrize(("ahead", "started"), [(3600.0, 4), (-3600.0, 10)])
async def test_a_clock_that_is_set_moves_the_time_to_stop_with_it(ahead: float, started: int) -> None:
    """Half past six is what the clock on the wall says: set past it, no more is started; set back, there is time for
    all. What runs is finished in any case, and nothing is paid twice."""
    since = [float("inf")]

    def set_later() -> float:
        now = wall()
        return now + (ahead if now >= since[0] else 0.0)

    world = World(coze=FakeCoze(duration=lambda _: 100.0), options=Options(max_coze=2, seed=1), wall=set_later)
    since[0] = world.wall() + 130.0
    world.until = world.wall() + 250.0
    outcome = await world.run(tasks(10))
    assert len(world.coze.executions) == started
    assert outcome.statistics.done == started
    assert outcome.status == ("finished" if started == 10 else "stopped")


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
