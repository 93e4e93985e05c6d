"""A machine that sleeps, and a clock that is set: nothing times out for it, nothing runs backwards, and what went on at
Coze meanwhile is looked at at once."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace

import anyio
import pytest
import trio.testing

from cozebatch.engine.clock import RunClock
from cozebatch.engine.options import Options
from cozebatch.model.errors import Category
from cozebatch.model.events import Noted
from cozebatch.model.rows import Row
from cozebatch.model.task import State
from cozebatch.policy.polling import FixedInterval
from cozebatch.ports import Change, Delivered, Delivery, PollResult, PutRow, Undelivered
from cozebatch.synthesis.process.timeouts import wait_suspend_aware
from support.fakes import FakeCoze, FakeTable, World, error, tasks, wall

pytestmark = pytest.mark.anyio

HOUR = 3600.0


@dataclass
class WallClock:
    """A wall clock that can be set; the time slept through where the monotonic clock stands still is set too."""

    ahead: float = 0.0

    def __call__(self) -> float:
        return wall() + self.ahead


@dataclass
class SleepyCoze(FakeCoze):
    """What goes on at Coze follows the true time: it goes on while this machine's monotonic clock stands still."""

    slept: float = 0.0
    looked_at: list[float] = field(default_factory=list)

    async def poll(self, execute_id: str, workflow_id: str | None = None) -> PollResult:
        self.looked_at.append(anyio.current_time())
        result = await super().poll(execute_id)
        execution = self.executions[execute_id]
        started, ends = wall() - (anyio.current_time() - execution.started_at), self.duration(execution.task_id)
        if result.status == "running" and anyio.current_time() + self.slept >= execution.started_at + ends:
            result = replace(result, status="succeeded", output="{}", updated_at=started + ends)
        if result.updated_at is None:
            return result
        return replace(result, created_at=started, answered_at=wall() + self.slept)


def of(world: World) -> FakeCoze:
    assert isinstance(world.coze, FakeCoze)
    return world.coze


async def in_the_middle(world: World, seconds: float, then: Callable[[], Awaitable[None]], count: int = 3) -> Row:
    """Run `count` tasks and do something after `seconds`; the first task's row at the end."""
    engine, planned, owed = await world.prepare(tasks(count))
    async with anyio.create_task_group() as group:

        async def disturb() -> None:
            await anyio.sleep(seconds)
            await then()

        group.start_soon(disturb)
        await engine.run(planned, owed)
    world.collect()
    return engine.board.rows["t1"]


def virtual_clock() -> trio.testing.MockClock:
    from trio.lowlevel import current_clock

    clock = current_clock()
    assert isinstance(clock, trio.testing.MockClock)
    return clock


def jumped_by(clock: RunClock) -> float | None:
    jump = clock.beat()
    return None if jump is None else jump.seconds


def warnings_of(world: World) -> list[str]:
    return [e.text.en for e in world.events if isinstance(e, Noted) and e.level == "warning"]


async def test_the_runs_clock_counts_a_sleep_as_seconds_and_never_goes_back() -> None:
    clock = RunClock(100.0, wall)
    clock.start_beating(1.0)
    await anyio.sleep(1.0)
    assert clock.beat() is None
    assert clock.now() == pytest.approx(101.0)
    virtual_clock().jump(2 * HOUR)
    before_beat = clock.now()
    assert 101.0 < before_beat < 120.0
    assert jumped_by(clock) == pytest.approx(2 * HOUR - 1.0)
    assert before_beat <= clock.now() < 120.0
    await anyio.sleep(1.0)
    assert clock.beat() is None


async def test_a_wall_clock_that_is_set_is_told_by_how_much() -> None:
    set_clock = WallClock()
    clock = RunClock(0.0, set_clock)
    clock.start_beating(1.0)
    set_clock.ahead = HOUR
    await anyio.sleep(1.0)
    assert jumped_by(clock) == pytest.approx(HOUR)
    set_clock.ahead = -HOUR
    await anyio.sleep(1.0)
    assert jumped_by(clock) == pytest.approx(-2 * HOUR)
    set_clock.ahead += 3.0
    await anyio.sleep(1.0)
    assert clock.beat() is None, "what NTP slews away is no jump"


async def test_after_a_sleep_all_executions_are_looked_at_at_once() -> None:
    """The lid is closed for two hours where the monotonic clock stands still, as on Linux and macOS."""
    set_clock, coze = WallClock(), SleepyCoze()
    world = World(coze=coze, synthesizer=None, wall=set_clock, pacing=FixedInterval(250))
    woken: list[float] = []

    async def sleep() -> None:
        set_clock.ahead = coze.slept = 2 * HOUR
        woken.append(anyio.current_time())

    row = await in_the_middle(world, 20.0, sleep)
    assert row.state is State.DONE, row.error
    assert len(coze.looked_at) == 3
    assert all(at - woken[0] <= 1.5 for at in coze.looked_at)
    assert any("slept" in told for told in warnings_of(world))


async def test_what_an_execution_took_is_not_measured_across_a_sleep() -> None:
    set_clock, coze = WallClock(), SleepyCoze()
    world = World(coze=coze, synthesizer=None, wall=set_clock)

    async def sleep() -> None:
        set_clock.ahead = coze.slept = 2 * HOUR

    row = await in_the_middle(world, 20.0, sleep)
    assert row.coze_seconds == pytest.approx(300.0, abs=1.0), "by Coze's clock, which did not sleep"
    assert row.end_clock is not None
    assert 0.0 < row.end_clock < 60.0, "the run's own time leaves the sleep out"
    (execution,) = await world.journal.executions("run1", "t1")
    assert execution.seconds == pytest.approx(300.0, abs=1.0)


async def test_a_clock_that_is_put_back_gives_no_negative_duration() -> None:
    set_clock = WallClock(2 * HOUR)
    world = World(wall=set_clock)

    async def put_back() -> None:
        set_clock.ahead = 0.0

    row = await in_the_middle(world, 100.0, put_back)
    assert row.state is State.DONE
    assert row.coze_seconds > 0
    assert row.synthesis_seconds > 0
    assert row.lag_seconds is None, "by a clock that was put back, it ended before it was submitted"
    figures = world.engine.statistics().to_json() if world.engine else {}
    numbers = [value for value in figures.values() if isinstance(value, int | float)]
    assert numbers
    assert min(numbers) >= 0
    assert any("put back" in told for told in warnings_of(world))


async def test_a_task_that_could_not_connect_before_a_sleep_still_has_its_patience_after_it() -> None:
    """Two hours in which nobody tried are not two hours without a network (Windows: the monotonic clock goes on)."""
    coze = FakeCoze(mishaps={"t1": ["refused-network"] * 3})
    world = World(coze=coze, synthesizer=None)

    async def sleep() -> None:
        virtual_clock().jump(2 * HOUR)

    row = await in_the_middle(world, 0.5, sleep, count=1)
    assert row.state is State.DONE, world.moves("t1")
    assert coze.submissions.count("t1") == 4


async def test_a_write_back_that_failed_before_a_sleep_is_tried_again_after_it() -> None:
    offline = Undelivered(0, error(Category.NETWORK), final=False)
    tried = anyio.Event()

    class Table(FakeTable):
        async def deliver(self, batch: Sequence[Delivery]) -> Sequence[Delivered | Undelivered]:
            tried.set()
            return await super().deliver(batch)

    table = Table(refuse=[offline, offline, None])
    world = World(coze=FakeCoze(duration=lambda _: 10.0), synthesizer=None, table=table)

    async def sleep() -> None:
        await tried.wait()
        virtual_clock().jump(2 * HOUR)

    row = await in_the_middle(world, 1.0, sleep, count=1)
    assert row.state is State.DONE
    assert row.error is None
    assert table.written == [("rec1", "done")]


async def test_an_adopted_execution_is_not_lost_for_a_clock_that_was_wrong_when_it_was_submitted() -> None:
    """Submitted while the clock said a day in the past; Coze's own clock knows better."""
    coze = SleepyCoze()
    set_clock = WallClock(-30 * 24 * HOUR)
    world = World(coze=coze, synthesizer=None, wall=set_clock, options=Options(seed=7, execution_timeout=HOUR))
    await world.crash_after(60.0, tasks(1))
    set_clock.ahead = 0.0

    async def still_running(execute_id: str, workflow_id: str | None = None) -> PollResult:
        result = await FakeCoze.poll(coze, execute_id)
        began = wall() - (anyio.current_time() - coze.executions[execute_id].started_at)
        return replace(result, created_at=began, answered_at=wall())

    coze.poll = still_running  # type: ignore[method-assign]
    outcome = await world.run(tasks(1))
    assert outcome.statistics.to_json()["done"] == 1
    assert of(world).started("t1") == 1


async def test_a_time_limit_is_not_used_up_by_a_sleep() -> None:
    """As a child process that sleeps with the machine and then needs another 20 s."""
    child_ends = anyio.Event()

    async def close_the_lid() -> None:
        await anyio.sleep(5.0)
        virtual_clock().jump(2 * HOUR)
        await anyio.sleep(20.0)
        child_ends.set()

    async with anyio.create_task_group() as group:
        group.start_soon(close_the_lid)
        await wait_suspend_aware(child_ends.wait, 90.0)
    assert child_ends.is_set()


async def test_a_time_limit_ends_what_takes_too_long() -> None:
    began = anyio.current_time()
    with pytest.raises(TimeoutError):
        await wait_suspend_aware(anyio.sleep_forever, 100.0)
    assert anyio.current_time() - began == pytest.approx(100.0)


async def test_a_disk_that_is_slow_is_not_taken_for_a_sleep() -> None:
    world = World(synthesizer=None, pacing=FixedInterval(30))
    write = world.journal.write

    async def slow(*changes: Change) -> None:
        if not any(isinstance(change, PutRow) for change in changes):  # the clock's own saving
            await anyio.sleep(40.0)
        await write(*changes)

    world.journal.write = slow  # type: ignore[method-assign]
    outcome = await world.run(tasks(2))
    assert outcome.statistics.to_json()["done"] == 2
    assert warnings_of(world) == []
    assert world.engine is not None
    assert (world.engine.board.rows["t1"].end_clock or 0) > 300, "the run's clock went on all the time"
