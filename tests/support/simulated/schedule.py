"""One schedule: a seed draws the world, troubled starts follow, then quiet ones until nothing is left to do."""

from __future__ import annotations

import random
import tempfile
from collections.abc import Sequence
from pathlib import Path
from unittest.mock import patch

import anyio
import trio._core._run as trio_run  # its documented seam for reproducible schedules

from cozebatch.engine import start
from cozebatch.engine.engine import Outcome
from cozebatch.model.errors import unwrapped_groups
from cozebatch.ports import Workflow
from support.simulated.coze import Coze
from support.simulated.disk import Disk, new_store
from support.simulated.drive import Drive, small_uploads
from support.simulated.judge import Judge, Violation
from support.simulated.machine import Machine, Way
from support.simulated.operator import operate
from support.simulated.rows import TaskFile
from support.simulated.swarm import QUIET, Fault, draw, draw_apart, told
from support.simulated.table import Table
from support.simulated.verdict import verdict
from support.simulated.virtual_clock import VirtualClock

QUIET_STARTS = 10
"""Starts without trouble within which everything must have come to its end."""


class Schedule:
    """What a seed draws, and how it went."""

    def __init__(self, seed: int, *, talk: bool = False, without: frozenset[Fault] = QUIET) -> None:
        self.seed = seed
        self.talk = talk
        self.rng = rng = random.Random(seed)
        self.faults = (draw(rng) | draw_apart(seed)) - without
        self.is_file = rng.random() < 0.5
        self.claims = not self.is_file and rng.random() < 0.5
        self.judge = Judge(with_films=rng.random() < 0.8, resubmits=rng.random() < 0.2)
        self.coze = Coze(random.Random(f"coze {seed}"), self.judge, self.faults, tells_times=rng.random() < 0.7)
        self.coze.lost = rng.choice([0.1, 0.1, 0.4])
        self.sqlite = rng.random() < 0.15
        self.machines: list[Machine] = []
        self.shows_films = not self.is_file and self.judge.with_films and Fault.FILMS_OUT in self.faults
        self.folder = Path()
        """Of the films."""

    @property
    def crashes(self) -> int:
        return sum(machine.crashes for machine in self.machines)

    def say(self, text: str) -> None:
        if self.talk:
            print(f"{anyio.current_time():9.2f} {text}")

    async def run(self) -> None:
        if not self.shows_films:
            await self._run()
            return
        with tempfile.TemporaryDirectory(prefix="films-") as folder, small_uploads():
            self.folder = Path(folder)
            await self._run()

    async def _run(self) -> None:
        self.say(f"faults: {told(self.faults)}; {'file' if self.is_file else 'table'}{' claimed' * self.claims}")
        async with anyio.create_task_group() as network:
            source = self._source(network)
            both = self.claims and self.rng.random() < 0.6
            self.machines = [self._machine(name, source, network) for name in (("a", "b") if both else ("a",))]
            async with anyio.create_task_group() as group:
                for machine in self.machines:
                    group.start_soon(self._troubled, machine)
            self.coze.calm()
            source.faults = QUIET
            for machine in self.machines:
                await self._quiet(machine)
            network.cancel_scope.cancel()

    def _source(self, network: anyio.abc.TaskGroup) -> TaskFile | Table:
        rng = random.Random(f"rows {self.seed}")
        if self.is_file:
            file = TaskFile(rng, self.judge, self.faults, has_ids=rng.random() < 0.5)
            file.ever = self.faults
            for _ in range(rng.randint(1, 8)):
                file.add()
            return file
        table = Table(rng, self.judge, self.faults, network)
        if self.shows_films:
            drive_rng = random.Random(f"drive {self.seed}")
            table.drive = Drive(drive_rng, self.judge, lambda: frozenset(table.faults), self.folder)
        for _ in range(rng.randint(1, 8)):
            table.add()
        return table

    def _machine(self, name: str, source: TaskFile | Table, network: anyio.abc.TaskGroup) -> Machine:
        disk = Disk(new_store(network, sqlite=self.sqlite), self.judge, name)
        machine = Machine(name, self.seed, self.judge, self.coze, source, self.faults, disk, self.claims, self.say)
        machine.talk = self.talk
        machine.operate = operate if Fault.OPERATOR in self.faults or Fault.OPEN_SCREEN in self.faults else None
        return machine

    async def _troubled(self, machine: Machine) -> None:
        rng = machine.rng
        for _ in range(rng.choice([1, 1, 2, 3])):
            ways: list[Way] = ["crash", "crash", "stop", "end"] if machine.has(Fault.CRASHES) else ["stop", "end"]
            await machine.start(rng.choice(ways))
            if await self._is_finished(machine) and not machine.has(Fault.NEW_RUNS):
                break
            self._between(machine)

    def _between(self, machine: Machine) -> None:
        """What people do before the next start."""
        self.say(machine.source.change())
        if machine.has(Fault.OTHER_WORKFLOW) and machine.rng.random() < 0.3:
            machine.workflow = Workflow("w2" if machine.workflow.workflow_id == "w" else "w")
            self.say(f"workflow {machine.workflow.workflow_id}")
            for sent in machine.all_sent():
                self.judge.wanted[sent] += 1

    async def _quiet(self, machine: Machine) -> None:
        """Starts without trouble until one finds nothing to do, then the verdict."""
        machine.calm()
        if self.judge.clock_lies:  # what was called lost by a wrong clock is found once it has ended
            await anyio.sleep(self.judge.until_all_ended())
        outcome: Outcome | None = None
        before: Sequence[object] = ()
        for _ in range(QUIET_STARTS):
            outcome = await machine.start("end")
            is_finished, now = await self._is_finished(machine), await self._situation(machine)
            if is_finished and (not machine.had_work or now == before):
                break
            before = now
        else:
            raise Violation(f"{machine.name}: no end after quiet starts: {outcome}")
        await verdict(machine, outcome)
        self.judge.raise_broken()

    async def _situation(self, machine: Machine) -> Sequence[object]:
        """Where each task of the latest run stands: a lost execution is looked for at every start, and not found."""
        last = await machine.last_run()
        rows = await machine.disk.journal.rows(last.run_id) if last is not None else ()
        return sorted((row.task_id, row.state.value, row.execute_id or "") for row in rows)

    async def _is_finished(self, machine: Machine) -> bool:
        last = await machine.last_run()
        return last is not None and last.status == "finished" and not await machine.disk.journal.owed(machine.key)


def simulate(seed: int, *, talk: bool = False, without: frozenset[Fault] = QUIET) -> Schedule:
    """Run one schedule, `without` some kinds of faults. Raises `Violation`, and whatever else escaped."""
    schedule = Schedule(seed, talk=talk, without=without)
    trio_run._r.seed(seed)  # Trio draws the order of tasks that are ready at the same time: by the seed, too
    late = patch.object(start, "MANY", 1 if seed % 2 else start.MANY)  # finished tasks are entered while others run
    with patch.object(trio_run, "_ALLOW_DETERMINISTIC_SCHEDULING", True), late, unwrapped_groups():
        anyio.run(schedule.run, backend="trio", backend_options={"clock": VirtualClock()})
    return schedule
