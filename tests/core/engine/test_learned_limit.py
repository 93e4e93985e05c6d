"""What a run learned of the account's limit from its refusals is where the next run begins."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cozebatch.batch.account_limits import REMEMBERED, with_learned
from cozebatch.engine.options import Options
from cozebatch.model.events import LimitChanged, Throttled
from cozebatch.model.text import Text
from support.fakes import FakeCoze, World, tasks

pytestmark = pytest.mark.anyio

OPTIONS = Options(max_coze=16, seed=7, account="https://api.example w")


async def begun(world: World, *, later: float = 60.0) -> Text | None:
    """Give the world's next run what its journal knows so much later; the line for the log."""
    learned = await world.journal.learned_limit(OPTIONS.account)
    now = (learned.at if learned is not None else world.wall()) + later
    world.options, line = await with_learned(OPTIONS, world.journal, now)
    world.events = []
    return line


async def test_the_next_run_begins_with_what_coze_allowed() -> None:
    world = World(coze=FakeCoze(capacity=5, duration=lambda _: 60.0), options=OPTIONS)
    await world.run(tasks(30))
    first = sum(isinstance(event, Throttled) for event in world.events)
    line = await begun(world)
    assert line is not None
    assert world.options.learned_limit is not None
    assert 1 <= world.options.learned_limit <= 8
    await world.run(tasks(60)[30:])
    limits = [event for event in world.events if isinstance(event, LimitChanged)]
    assert (limits[0].reason, limits[0].limit, limits[0].user_limit) == ("learned", world.options.learned_limit, 16)
    assert sum(isinstance(event, Throttled) for event in world.events) < first
    assert world.coze.peak <= 5


async def test_the_last_executions_that_run_out_do_not_wear_the_lesson_off() -> None:
    durations = {f"t{n}": 60.0 for n in range(1, 30)} | {"t30": 4000.0}
    world = World(coze=FakeCoze(capacity=5, duration=lambda task_id: durations[task_id]), options=OPTIONS)
    await world.run(tasks(30))
    learned = await world.journal.learned_limit(OPTIONS.account)
    assert learned is not None
    assert 5 <= learned.executions <= 6


async def test_an_account_that_allows_more_by_now_is_found_out_and_the_lesson_forgotten() -> None:
    world = World(coze=FakeCoze(capacity=3, duration=lambda _: 60.0), options=replace(OPTIONS, max_coze=6))
    await world.run(tasks(30))
    await begun(world)
    world.options = replace(world.options, max_coze=6)
    world.coze.capacity = 16
    await world.run(tasks(150)[30:])
    assert world.coze.peak == 6
    assert await world.journal.learned_limit(OPTIONS.account) is None


async def test_a_lesson_counts_for_a_day_and_never_against_the_operator() -> None:
    world = World(coze=FakeCoze(capacity=5, duration=lambda _: 60.0), options=OPTIONS)
    await world.run(tasks(30))
    assert await begun(world, later=REMEMBERED) is None
    assert world.options.learned_limit is None
    assert await begun(world, later=-3600.0) is None, "a clock that was put back"
    assert (await with_learned(replace(OPTIONS, max_coze=2), world.journal, world.wall()))[1] is None
    other = replace(OPTIONS, account="https://api.example another")
    assert (await with_learned(other, world.journal, world.wall()))[1] is None


async def test_a_run_without_refusals_teaches_nothing() -> None:
    world = World(options=OPTIONS)
    await world.run(tasks(20))
    assert await world.journal.learned_limit(OPTIONS.account) is None
