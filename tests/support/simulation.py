"""The whole life of a batch in virtual time, by seed: the real engine, retry, slots, pacing and journal promises
against models of Coze, the table, the synthesis and the operator, with crashes at any journal write and any moment.

    python -m support.simulation --count 10000        from `tests/`: many schedules, how many a second
    python -m support.simulation --seed 4711          one schedule again, told step by step

After each schedule the invariants of `simulation_checks.check` must hold; a violation names its seed.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import anyio
import trio.lowlevel
import trio.testing

from cozebatch.engine.clock import RunClock
from cozebatch.engine.engine import Engine, Outcome
from cozebatch.engine.event_bus import Subscription
from cozebatch.engine.options import Adapters, Options
from cozebatch.model.errors import JournalError
from cozebatch.model.events import Event, TaskState
from cozebatch.planning.planned import OperatorOverrides
from cozebatch.planning.recovery import plan
from cozebatch.policy.polling import HistoryPacing
from cozebatch.ports import (
    Delivery,
    RunRecord,
)
from support.fakes import tasks, wall
from support.models import Coze, CrashingJournal, Life, Pool, Table, Violation
from support.simulation_checks import MAX_RETRIES, check
from support.simulation_operator import operate


@dataclass
class Simulation:
    """One schedule."""

    seed: int
    talk: bool = False

    def __post_init__(self) -> None:
        self.rng = random.Random(self.seed)
        self.trouble = self.rng.choice([0.0, 0.5, 1.0, 2.0])
        self.work = tasks(self.rng.randint(1, 9))
        self.coze = Coze(random.Random(self.rng.random()), self.trouble)
        self.pool = Pool(random.Random(self.rng.random()), self.trouble)
        self.table = Table(random.Random(self.rng.random()), self.trouble)
        self.with_table = self.rng.random() < 0.7
        self.with_films = self.rng.random() < 0.8
        self.weather = random.Random(f"weather {self.seed}")
        self.stormy = self.weather.random() < 0.3
        self.coze.tells_times = self.weather.random() < 0.5
        self.table.claims = self.weather.random() < 0.3
        self.ahead = 0.0
        """By how much this machine's wall clock is wrong, seconds."""
        self.reruns: Counter[str] = Counter()
        self.outputs: set[str] = set()
        self.crashes = 0
        self.starts = 0
        self.operated = False
        self.subscription: Subscription | None = None

    async def run(self) -> None:
        journal = CrashingJournal()
        for _ in range(self.rng.choice([0, 0, 1, 1, 2, 3])):
            journal, outcome = await self._process(journal, self.rng.choice(["crash", "crash", "stop", "end"]))
            if await self._is_finished(journal):
                await check(self, journal, outcome)
                return
        self._calm()
        outcome = None
        for _ in range(8):
            journal, outcome = await self._process(journal, "end")
            if await self._is_finished(journal):
                break
        else:
            raise Violation(f"no end after quiet starts: {outcome}")
        await check(self, journal, outcome)

    def wall(self) -> float:
        return wall() + self.ahead

    async def _clocks(self) -> None:
        """The machine sleeps (with a monotonic clock that goes on, or stands still), or its clock is set."""
        clock = trio.lowlevel.current_clock()
        assert isinstance(clock, trio.testing.MockClock)
        for _ in range(self.weather.choice([1, 2, 4])):
            await anyio.sleep(self.weather.uniform(0, 600))
            seconds = self.weather.choice([20.0, 600.0, 7200.0, 2e5])
            what = self.weather.choice(["sleep", "forward", "back"])
            self.say(f"{what} {seconds:.0f} s")
            if what == "sleep":
                clock.jump(seconds)
            else:
                self.ahead += seconds if what == "forward" else -seconds

    async def _is_finished(self, journal: CrashingJournal) -> bool:
        last = await journal.last_run("sim")
        return last is not None and last.status == "finished"

    def _calm(self) -> None:
        """From now on everything works, so that the batch must come to its end."""
        for model in (self.coze, self.pool, self.table):
            model.trouble = 0.0
        self.trouble = 0.0

    async def _process(self, journal: CrashingJournal, way: str) -> tuple[CrashingJournal, Outcome | None]:
        """One process: starts, is operated, and ends in the given way."""
        self.starts += 1
        life = Life()
        self.coze.life = self.pool.life = self.table.life = life
        journal.life = life
        self.table.busy = False
        self.coze.credentials = True
        engine, planned, owed = await self._start(journal)
        moment = self.rng.uniform(0, 1500) if self.rng.random() < 0.5 else None
        if way == "crash" and moment is None:
            journal.crash_at = journal.writes + self.rng.randint(1, 40)
            journal.after = self.rng.random() < 0.5
        if way != "crash" and self.rng.random() < 0.1 * self.trouble:
            journal.refuse = {journal.writes + self.rng.randint(1, 40) + n for n in range(self.rng.randint(1, 4))}
        outcome: list[Outcome] = []
        self.say(f"start {self.starts}: {way} {[(p.task.task_id, p.action.value) for p in planned]}")

        async def run() -> None:
            outcome.append(await engine.run(planned, owed))
            group.cancel_scope.cancel()

        async def die() -> None:
            if moment is None:
                await journal.crashed.wait()
            else:
                await anyio.sleep(moment)
                journal.die()
            group.cancel_scope.cancel()

        async def stop() -> None:
            await anyio.sleep(self.rng.uniform(0, 800))
            engine.commands.stop()

        with anyio.fail_after(30 * 86400):
            async with anyio.create_task_group() as group:
                group.start_soon(run)
                group.start_soon(self._at_the_keys, engine)
                if self.stormy:
                    group.start_soon(self._clocks)
                if way == "crash":
                    group.start_soon(die)
                if way == "stop":
                    group.start_soon(stop)
        self._tell_events()
        if journal.left is not None:
            self.crashes += 1
            journal = journal.left
        else:
            journal = journal.survivor()
        lost = self.outputs - set(journal._outputs)
        if lost:
            raise Violation(f"results lost: {lost}")
        self.outputs = set(journal._outputs)
        return journal, outcome[0] if outcome and not life.dead else None

    async def _start(self, journal: CrashingJournal) -> tuple[Engine, list[Any], list[Delivery]]:
        last = await journal.last_run("sim")
        run = last or RunRecord("run1", "sim", "file", "w", self.wall())
        past = await journal.past("sim", [task.task_id for task in self.work])
        continuing = run.run_id if last else None
        gone = self.table.marked if self.with_table else ()
        planned = plan(
            self.work,
            past,
            OperatorOverrides(),
            continuing=continuing,
            source_is_authoritative=self.with_table,
            gone=gone,
        )
        limit = self.rng.choice([1, 2, 4, 16])
        self.coze.user_limit = limit
        self.coze.capacity = self.rng.choice([1, 3, 10**6])
        engine = Engine(
            run,
            journal=journal,
            adapters=Adapters(
                self.coze,
                HistoryPacing(30, await journal.durations("w")),
                json.loads,
                self.pool if self.with_films else None,
                self.table if self.with_table else None,
            ),
            options=Options(
                max_coze=limit,
                max_synthesis=self.rng.choice([1, 2, 4]),
                max_retries=MAX_RETRIES,
                execution_timeout=86400,
                gauge_interval=20.0,
                seed=self.rng.randrange(10**6),
            ),
            clock=RunClock(run.clock, self.wall),
            first_serial=await journal.last_serial() + 1,
        )
        self.subscription = engine.subscribe()
        return engine, planned, list(await journal.owed("sim")) if self.with_table else []

    async def _at_the_keys(self, engine: Engine) -> None:
        """A command that could not be written is told to whoever gave it; he does not try again."""
        try:
            await operate(self, engine)
        except JournalError as error:
            self.say(f"operator was told: {error}")
            await engine.commands.resume()

    def _tell_events(self) -> None:
        assert self.subscription is not None
        news: list[Event] = self.subscription.take()
        if not self.talk:
            return
        for event in news:
            if isinstance(event, TaskState):
                why = f" {event.error.category}" if event.error else ""
                print(f"{event.clock:9.2f} {event.task_id} {event.before} -> {event.after}{why}", event.execute_id)
            else:
                print(f"{event.clock:9.2f} {event.tag}")

    def say(self, text: str) -> None:
        if self.talk:
            print(f"          {text}")


def simulate(seed: int, *, talk: bool = False) -> Simulation:
    """Run one schedule. Raises `Violation`, possibly inside an exception group."""
    clock = trio.testing.MockClock(autojump_threshold=0)
    simulation = Simulation(seed, talk)
    anyio.run(simulation.run, backend="trio", backend_options={"clock": clock})
    return simulation


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, help="one schedule, told step by step")
    parser.add_argument("--first", type=int, default=0, help="first seed of many")
    parser.add_argument("--count", type=int, default=1000)
    options = parser.parse_args(arguments)
    if options.seed is not None:
        simulate(options.seed, talk=True)
        return 0
    began = time.perf_counter()
    broken = []
    executions = crashes = 0
    for seed in range(options.first, options.first + options.count):
        try:
            done = simulate(seed)
        except Exception as error:  # noqa: BLE001 - whatever it was, its seed is what matters
            broken.append(seed)
            print(f"seed {seed}: {_root(error)!r}")
        else:
            executions += len(done.coze.executions)
            crashes += done.crashes
    seconds = time.perf_counter() - began
    print(
        f"{options.count} schedules, {executions} executions, {crashes} crashes, {len(broken)} violations, "
        f"{options.count / seconds:.0f} schedules a second"
    )
    return 1 if broken else 0


def _root(error: BaseException) -> BaseException:
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


if __name__ == "__main__":
    sys.exit(main())
