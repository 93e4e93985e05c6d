"""A whole night of 500 rows in virtual time: faults, sleep, an expired token, a question, a full disk, `--until`.

python -m support.night [--seed N]        from `tests/`: runs it and prints its report and its cards, and what cards and
                                          uploads cost, by the same night without them

Everything inside is the real program: batch, planner, engine, outbox, courier. Coze, the table, the disk and the people
are simulated, each with its own record of what it saw, by which the night is judged.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from unittest.mock import patch

import anyio
import trio.lowlevel
from trio._core import _run as trio_run

from cozebatch.batch.batch import Batch
from cozebatch.engine.answers import GivenAnswer
from cozebatch.engine.engine import Outcome
from cozebatch.engine.event_bus import Subscription
from cozebatch.engine.options import Adapters, Options
from cozebatch.model.errors import JournalError, unwrapped_groups
from cozebatch.model.events import LimitChanged, Paused, Resumed, RunFinished, TaskState, Throttled
from cozebatch.model.question import Question
from cozebatch.model.task import State, Task
from cozebatch.model.text import Lang
from cozebatch.notify.card import About
from cozebatch.notify.courier import Courier
from cozebatch.planning.planned import OperatorOverrides
from cozebatch.planning.selection import Selection
from cozebatch.policy.polling import FixedInterval
from support.fakes import FakeSynthesizer, tasks
from support.night_report import cost, report
from support.night_world import (
    ASKED,
    HOUR,
    MIDNIGHT,
    MINUTE,
    MORNING,
    ROWS,
    SLEEPS,
    SLEEPS_AT,
    TOKEN_RENEWED,
    UNTIL,
    NightCoze,
    NightDisk,
    NightTable,
    Rows,
    clock,
    now,
    wall,
)
from support.simulated.virtual_clock import VirtualClock


@dataclass
class Night:
    """One night, and what of it was seen from outside."""

    seed: int
    coze: NightCoze
    table: NightTable
    disk: NightDisk = field(default_factory=NightDisk)
    rows: Sequence[Task] = ()
    cards: list[tuple[float, Mapping[str, Any]]] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    outcomes: list[Outcome] = field(default_factory=list)
    answered: list[str] = field(default_factory=list)
    asked_at: float | None = None
    submitted: list[float] = field(default_factory=list)
    about: About = field(default_factory=lambda: About("night"))
    lang: Lang = "en"
    left_at_dawn: int = 0
    ran: float = 0.0
    """Seconds in which a process of it ran."""
    end_cards_by_morning: int = 0

    @property
    def titles(self) -> list[str]:
        return [card["header"]["title"]["content"] for _, card in self.cards]

    def say(self, line: str) -> None:
        self.lines.append(f"{clock(now())}  {line}")

    async def start(self, until: float | None) -> Outcome:
        """One process: `cozebatch-tui --no-ui`, with `--until` or without."""
        overrides = OperatorOverrides()
        courier = Courier(self._send, self.about, lang=self.lang) if self.table.shown else None
        began = now()
        batch = Batch(
            source=Rows(self.rows),
            journal=self.disk,
            adapters=Adapters(self.coze, FixedInterval(30), json.loads, FakeSynthesizer(duration=40.0), self.table),
            options=Options(
                max_coze=16,
                max_synthesis=4,
                gauge_interval=30.0,
                seed=self.seed,
                account="https://api.coze.cn w",
                lang=self.lang,
            ),
            overrides=overrides,
            selection=Selection(),
            workflow_id="w",
            source_is_authoritative=False,
            checks=[],
            parameters_of=lambda task: dict(self.coze.parameters_of(task)),
            ask_rate=self._rate,
            until=None if until is None else MIDNIGHT + until,
            courier=courier,
            wall=wall,
        )
        told = batch.subscribe()
        preview = await batch.prepare()
        await batch.preflight()
        found: list[Outcome] = []
        async with anyio.create_task_group() as group:
            group.start_soon(self._watch, batch, told)
            found.append(await batch.run(preview))
            group.cancel_scope.cancel()
        self._take(told)
        self.outcomes += found
        self.ran += now() - began
        return found[0]

    async def live(self) -> None:
        """The whole night, and the morning after it."""
        self.say(f"{len(self.rows)} rows, until {clock(UNTIL)}")
        async with anyio.create_task_group() as group:
            group.start_soon(self._sleep)
            while True:
                outcome = await self.start(UNTIL)
                self.say(f"the process ended: {outcome.status}, {outcome.statistics.done} done")
                if now() >= TOKEN_RENEWED or outcome.status == "finished":
                    break
                await anyio.sleep(max(0.0, TOKEN_RENEWED + 5 * MINUTE - now()))
                self.say("the token is renewed, the same command again")
            group.cancel_scope.cancel()
        self.left_at_dawn = outcome.statistics.pending
        self.end_cards_by_morning = sum(title.startswith("Batch ended") for title in self.titles)
        await anyio.sleep(max(0.0, MORNING - now()))
        self.say("morning: the same command without --until")
        outcome = await self.start(None)
        self.say(f"the process ended: {outcome.status}, {outcome.statistics.done} done")

    async def _rate(self) -> float | None:
        await anyio.sleep(0.3)
        return 50.0

    async def _send(self, card: Mapping[str, Any]) -> None:
        await anyio.sleep(0.5)
        self.cards.append((now(), card))

    async def _sleep(self) -> None:
        await anyio.sleep(SLEEPS_AT - now())
        self.say(f"the machine sleeps for {SLEEPS / HOUR:g} h")
        machine = trio.lowlevel.current_clock()
        assert isinstance(machine, VirtualClock)
        machine.jump(SLEEPS)
        self.say("the machine wakes")

    async def _watch(self, batch: Batch, told: Subscription) -> None:
        """Read the events as a front does, and answer the question a while after it was asked."""
        while True:
            await anyio.sleep(20.0)
            self._take(told)
            if self.asked_at is not None and now() > self.asked_at + 12 * MINUTE and not self.answered:
                try:
                    await batch.commands.answer(ASKED, GivenAnswer("the second one", "mei"))
                except JournalError:
                    continue
                self.answered.append(ASKED)
                self.say(f"mei answers {ASKED}")

    def _take(self, told: Subscription) -> None:
        for event in told.take():
            match event:
                case TaskState(task_id=task_id, after=State.HELD, row=row) if task_id == ASKED and row.question:
                    self.asked_at = now()
                    self.say(f"{ASKED} asks: {row.question.text}")
                case TaskState(after=State.SUBMITTING):
                    self.submitted.append(event.wall - MIDNIGHT)
                case Paused():
                    self.say(f"paused: {event.reason}")
                case Resumed():
                    self.say("resumed")
                case LimitChanged(reason="learned"):
                    self.say(f"begins with {event.limit} executions at once, learned before")
                case RunFinished():
                    counts = {
                        k: v for k, v in event.statistics.items() if k in ("done", "failed", "held", "pending") and v
                    }
                    self.say(f"batch {event.status}: {counts}")
                case Throttled():
                    pass

    # The verdict

    def wrongs(self) -> list[str]:
        """What must not be, seen from outside; empty after a good night."""
        found = []
        of_task: dict[str, list[Any]] = {}
        for execution in {id(e): e for e in self.coze.executions.values()}.values():
            of_task.setdefault(execution.task_id, []).append(execution)
        for task_id, executions in of_task.items():
            good = [execution for execution in executions if execution.fails is None]
            if len(good) > 1:
                found.append(f"{task_id} was paid for {len(good)} times without a failure between")
        late = [clock(at) for at in self.submitted if UNTIL < at < MORNING]
        if late:
            found.append(f"submitted after {clock(UNTIL)}: {late}")
        rows = self.final_rows()
        if len(rows) != len(self.rows):
            found.append(f"{len(self.rows) - len(rows)} rows have no record")
        written = Counter(self.table.written)
        for task in self.rows:
            row = rows.get(task.task_id)
            times = written[task.record_id or "", "done"]
            if row is not None and row.state is State.DONE and times != 1:
                found.append(f"{task.task_id} is done and was written {times} times")
            if times and (row is None or row.state is not State.DONE):
                found.append(f"{task.task_id} says done in the table and is {row.state if row else 'unknown'}")
            shown = self.table.shown and row is not None and row.state is State.DONE
            if shown and self.table.films[task.record_id or ""] < 1:
                found.append(f"{task.task_id} has no film in its row")
            if row is not None and not row.state.is_end:
                found.append(f"{task.task_id} is left as {row.state}")
        lost = [e for e in self.coze.executions.values() if e.fails is None and e.task_id not in rows]
        return [*found, *(f"{e.execute_id} was lost" for e in lost)]

    def final_rows(self) -> dict[str, Any]:
        """Each task's row in the latest run that has it."""
        found: dict[str, Any] = {}
        for (_, task_id), row in self.disk._rows.items():
            if row.state is not State.SKIPPED or task_id not in found:
                found[task_id] = row
        return found


def night(seed: int, *, tells: bool = True, **more: Any) -> Night:
    """A night of that seed, not lived through yet. `tells`: it sends cards, and uploads films into their rows. `more`:
    facts of a `Night`."""
    rng = random.Random(seed)
    mishaps: dict[str, list[str]] = {}
    faults = ["fail", "refused-server", "refused-network", "refused-content_rejected", "dropped", "lost"]
    for n in range(1, ROWS + 1):
        if rng.random() < 0.08 and f"t{n}" != ASKED:
            mishaps[f"t{n}"] = [rng.choice(faults)]
    durations = {f"t{n}": rng.uniform(180, 420) for n in range(1, ROWS + 1)}
    coze = NightCoze(
        duration=lambda task_id: durations[task_id],
        capacity=6,
        mishaps=mishaps,
        asks={ASKED: [Question(text="which picture?")]},
    )
    more.setdefault("rows", tasks(ROWS))
    return Night(seed, coze, NightTable(rng=random.Random(seed + 1), shown=tells), **more)


def live(seed: int, *, tells: bool = True, **more: Any) -> Night:
    """Live through the night of that seed; see `night`."""
    lived = night(seed, tells=tells, **more)
    trio_run._r.seed(seed)  # Trio draws the order of tasks that are ready at the same time: by the seed, too
    with patch.object(trio_run, "_ALLOW_DETERMINISTIC_SCHEDULING", True), unwrapped_groups():
        anyio.run(lived.live, backend="trio", backend_options={"clock": VirtualClock()})
    return lived


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--compare", type=int, default=3, help="nights, from this seed on, that are lived without, too")
    options = parser.parse_args(arguments)
    lived = [live(options.seed + n) for n in range(max(1, options.compare))]
    silent = [live(night.seed, tells=False) for night in lived[: options.compare]]
    print(report(lived[0]))
    if silent:
        print("", *cost(lived, silent), sep="\n")
    return 1 if any(night.wrongs() for night in (*lived, *silent)) else 0


if __name__ == "__main__":
    sys.exit(main())
