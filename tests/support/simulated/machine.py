"""One machine with its state folder: start after start of a real `Batch`, each with its own options and its own end."""

from __future__ import annotations

import json
import random
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Literal

import anyio
import trio.lowlevel

from cozebatch.batch.batch import Batch
from cozebatch.engine.answers import GivenAnswer
from cozebatch.engine.engine import Outcome
from cozebatch.engine.event_bus import Subscription
from cozebatch.engine.options import Adapters, Options
from cozebatch.feishu.source import FeishuSource
from cozebatch.feishu.write_back import FeishuSink
from cozebatch.model.board import Board
from cozebatch.model.errors import JournalError, UsageError, unwrapped_groups
from cozebatch.model.events import Event, RunFinished, TaskState
from cozebatch.model.task import State
from cozebatch.planning.planned import Action, OperatorOverrides
from cozebatch.planning.selection import Selection
from cozebatch.policy.polling import HistoryPacing
from cozebatch.ports import RunRecord, StatusSink, TaskSource, Workflow
from support.fakes import wall
from support.simulated.coze import Coze, DeadError, Life, Service
from support.simulated.disk import Disk
from support.simulated.drive import Drive
from support.simulated.film_maker import FilmMaker
from support.simulated.judge import EXECUTION_TIMEOUT, MAX_RETRIES, Judge, Sent, sent_for
from support.simulated.rows import FileModel, TaskFile
from support.simulated.swarm import QUIET, Fault
from support.simulated.table import COLUMNS, DOMAIN, READY, TABLE, Line, Table, layout, status_values
from support.simulated.virtual_clock import VirtualClock

Way = Literal["crash", "stop", "end"]
LONGEST = 8 * 86400.0
"""Virtual seconds after which a start has hung."""


@dataclass
class Start:
    """One process: what it was started with, and what it came to."""

    batch: Batch
    life: Life
    told: Subscription
    limit: int
    board: Board = field(default_factory=Board)
    outcome: Outcome | None = None
    ended: anyio.Event = field(default_factory=anyio.Event)
    """The batch has nothing left to do, or has returned."""


@dataclass
class Machine:
    """`source` is the task file, or the table."""

    name: str
    seed: int
    judge: Judge
    coze: Coze
    source: TaskFile | Table
    faults: frozenset[Fault]
    disk: Disk
    claims: bool
    say: Callable[[str], None]
    talk: bool = False
    workflow: Workflow = field(default_factory=lambda: Workflow("w"))
    operate: Callable[[Machine, Start], Awaitable[None]] | None = None
    starts: int = 0
    crashes: int = 0
    had_work: bool = True
    """Whether the latest start found anything to do."""
    ahead: float = 0.0
    """By how much this machine's wall clock is wrong, seconds."""

    def __post_init__(self) -> None:
        self.rng = random.Random(f"{self.name} {self.seed}")
        self.outputs: set[str] = set()
        self.edits: set[Sent] = set()
        """What its operator edited rows to."""
        self.keys: set[str] = set()
        """Of its source, under each name that it was started with."""
        self.open_filter = Fault.OPEN_FILTER in self.faults

    def has(self, fault: Fault) -> bool:
        return fault in self.faults

    def calm(self) -> None:
        """From now on everything works here."""
        self.faults = QUIET
        self.operate = None

    @property
    def drive(self) -> Drive | None:
        return self.source.drive if isinstance(self.source, Table) else None

    @property
    def key(self) -> str:
        """The source as it is now, as the journal knows it."""
        return FileModel(self.source).key if isinstance(self.source, TaskFile) else f"feishu:{DOMAIN}/{TABLE}"

    async def last_run(self) -> RunRecord | None:
        return await self.disk.journal.last_run(self.key)

    def wall(self) -> float:
        return wall() + self.ahead

    async def start(self, way: Way) -> Outcome | None:
        """One process, to its end of that kind. None when it died, or ended before its batch ran."""
        self.starts += 1
        rng, life = self.rng, Life()
        self.disk.life = life
        limit = rng.choice([1, 2, 4, 16])
        self.judge.process_starts(self.name, self.disk.ids, limit)
        self.coze.capacity = rng.choice([1, 3]) if self.has(Fault.LITTLE_ROOM) else 10**6
        self.coze.credentials = True
        self.coze.drop_files(self.name)
        self.coze.is_published = not (self.has(Fault.CONFIGURATION) and rng.random() < 0.3)
        last = await self.last_run()
        renamed = self.starts > 1 and self.key not in self.keys
        self.keys.add(self.key)
        self.judge.later_runs += renamed or (last is not None and last.status == "finished")
        start = await self._make(life, limit)
        self._draw_disk_faults(way)
        self.say(f"{self.name} start {self.starts}: {way}, {start.batch.overrides} {start.batch.selection}")
        try:
            with unwrapped_groups():
                await self._live(start, way)
        except (UsageError, JournalError) as error:  # before anything was submitted
            if isinstance(error, JournalError) and start.board.rows:
                self.judge.blame(f"{self.name}: {error!r} escaped")
            self.say(f"{self.name}: ended with {error!r}")
        except DeadError:
            assert life.dead
        self.take_events(start)
        self.crashes += life.dead
        outcome = None if life.dead else start.outcome
        life.dead = True  # no straggler of it reaches anything any more
        self.disk = self.disk.survivor()
        await self._look_at_disk()
        return outcome

    async def _live(self, start: Start, way: Way) -> None:
        """Run the batch and what happens to it."""
        keep_open = self.has(Fault.OPEN_SCREEN) and self.rng.random() < 0.5
        with anyio.fail_after(LONGEST):
            async with anyio.create_task_group() as group:
                group.start_soon(self._run, start, keep_open, group.cancel_scope)
                group.start_soon(self._watch, start)
                if self.has(Fault.CLOCKS):
                    group.start_soon(self._clocks)
                if way == "crash":
                    group.start_soon(self._die, start, group.cancel_scope)
                elif way == "stop" or keep_open:
                    group.start_soon(self._stop, start, keep_open and way == "end")

    async def _run(self, start: Start, keep_open: bool, scope: anyio.CancelScope) -> None:
        preview = await start.batch.prepare()
        self.had_work = preview.has_work
        if self.talk:
            self.say(f"{preview.run.run_id} {[(t.task_id, t.action.value, t.execute_id) for t in preview.tasks]}")
        self._answer(start)
        await start.batch.preflight()
        if self.operate is not None:
            async with anyio.create_task_group() as group:
                group.start_soon(self._operated, start)
                start.outcome = await start.batch.run(preview, keep_open=keep_open)
                group.cancel_scope.cancel()
        else:
            start.outcome = await start.batch.run(preview, keep_open=keep_open)
        scope.cancel()

    def _answer(self, start: Start) -> None:
        """What the operator answers with this start: some of what waits, all of it once there is no more trouble."""
        plan = start.batch._plan
        assert plan is not None
        waiting = [p for p in plan.planned if p.action in (Action.HOLD, Action.KEEP) and p.row.waits]
        start.batch.answers = {
            p.task_id: GivenAnswer("yes", "somebody")
            for p in waiting
            if p.row.question is not None and p.row.question.event_id and (not self.faults or self.rng.random() < 0.6)
        }

    async def _operated(self, start: Start) -> None:
        assert self.operate is not None
        await self.operate(self, start)

    async def _watch(self, start: Start) -> None:
        """See the end of a batch whose screen stays open, and stop at the first violation."""
        while True:
            await anyio.sleep(60.0)
            self.take_events(start)
            self.judge.raise_broken()

    async def _die(self, start: Start, scope: anyio.CancelScope) -> None:
        """At the write that was drawn, at any moment, or some time after the end."""
        if self.disk.crash_at is not None:
            async with anyio.create_task_group() as group:
                group.start_soon(self._die_after_end, start)
                await self.disk.crashed.wait()
                group.cancel_scope.cancel()
        elif self.has(Fault.OPEN_SCREEN) and self.rng.random() < 0.5:
            await self._die_after_end(start)
        else:
            await anyio.sleep(self.rng.uniform(0, 1500))
            self.disk.die()
        scope.cancel()

    async def _die_after_end(self, start: Start) -> None:
        await start.ended.wait()
        await anyio.sleep(self.rng.uniform(0, 500))
        self.disk.die()

    async def _stop(self, start: Start, after_end: bool) -> None:
        if after_end:
            await start.ended.wait()
        await anyio.sleep(self.rng.uniform(0, 800))
        start.batch.stop()

    async def _clocks(self) -> None:
        """The machine sleeps (with a monotonic clock that goes on, or stands still), or its clock is set."""
        clock = trio.lowlevel.current_clock()
        assert isinstance(clock, VirtualClock)
        for _ in range(self.rng.choice([1, 2, 4])):
            await anyio.sleep(self.rng.uniform(0, 600))
            seconds = self.rng.choice([20.0, 600.0, 7200.0, 2e5])
            what = self.rng.choice(["sleep", "forward", "back"])
            self.say(f"{self.name}: {what} {seconds:.0f} s")
            if what == "sleep":
                clock.jump(seconds)
            else:
                self.ahead += seconds if what == "forward" else -seconds
                self.judge.clock_lies |= seconds >= EXECUTION_TIMEOUT / 2

    async def _make(self, life: Life, limit: int) -> Start:
        rng = self.rng
        service = Service(self.coze, self.name, life, self.workflow)
        source, sink, is_told = self._source(life)
        films = FilmMaker(rng, self.judge, self.faults, life) if self.judge.with_films else None
        if films is not None and self.drive is not None:
            films.keep = partial(self.drive.keep_film, self.name)
        policy: Literal["hold", "resubmit"] = "resubmit" if self.judge.resubmits else "hold"
        overrides, selection = await self._asked(policy)
        batch = Batch(
            source=source,
            journal=self.disk.journal,
            adapters=Adapters(
                service,
                HistoryPacing(30, await self.disk.journal.durations(self.workflow.workflow_id)),
                json.loads,
                films,
                sink,
            ),
            options=Options(
                max_coze=limit,
                max_synthesis=rng.choice([1, 2, 4]),
                max_retries=MAX_RETRIES,
                execution_timeout=EXECUTION_TIMEOUT,
                on_unknown_submit=policy,
                gauge_interval=20.0,
                seed=rng.randrange(10**6),
            ),
            overrides=overrides,
            selection=selection,
            workflow_id=self.workflow.workflow_id,
            source_is_authoritative=is_told,
            checks=[service.preflight],
            parameters_of=service.parameters_of,
            reuse=self.has(Fault.REUSE) and rng.random() < 0.7,
            wall=self.wall,
        )
        return Start(batch, life, batch.subscribe(), limit)

    def _source(self, life: Life) -> tuple[TaskSource, StatusSink | None, bool]:
        if isinstance(self.source, TaskFile):
            return FileModel(self.source), None, False
        line = Line(self.source, self.name, life)
        values = status_values(claims=self.claims)
        source = FeishuSource(line.base, layout(open_filter=self.open_filter), values)
        shown = self.drive.films_out(self.name, life, self.disk, line.base, self.wall) if self.drive else None
        sink = FeishuSink(line.base, TABLE, COLUMNS, values, ready=(READY,), owner=self.name, films=shown)
        return source, sink, True

    async def _asked(self, policy: Literal["hold", "resubmit"]) -> tuple[OperatorOverrides, Selection]:
        """The options of this start. What they ask to be paid for is put down."""
        rng, ids = self.rng, await self._task_ids()
        selection, rerun = Selection(), frozenset[str]()
        if self.has(Fault.LEFT_OUT) and rng.random() < 0.5:
            excluded = frozenset(task_id for task_id in ids if rng.random() < 0.4)
            selection = rng.choice([Selection(exclude=excluded), Selection(limit=rng.randint(1, 4))])
        fresh = self.has(Fault.FRESH) and rng.random() < 0.25
        if self.has(Fault.RERUNS) and rng.random() < 0.3 and ids and selection == Selection():
            rerun = frozenset({rng.choice(ids)})
        if fresh or rerun:
            for sent in self.all_sent():
                self.judge.wanted[sent] += 1
        adopt = await self._adopted(ids) if selection == Selection() and not rerun else {}
        return OperatorOverrides(fresh, rerun, adopt, policy, MAX_RETRIES), selection

    async def _adopted(self, ids: Sequence[str]) -> dict[str, str]:
        """With `WRONG_ADOPTS`, a task of the latest run and an execution that is not its own."""
        last = await self.last_run()
        if last is None or self.rng.random() < 0.7:
            return {}
        rows = [row for row in await self.disk.journal.rows(last.run_id) if row.task_id in ids]
        row = self.rng.choice(rows) if rows else None
        if row is None or row.state not in (State.HELD, State.FAILED, State.CANCELLED):
            return {}
        wrong = self.wrong_execution(sent_for(await self.disk.journal.task(last.run_id, row.task_id)))
        return {} if wrong is None else {row.task_id: wrong}

    def wrong_execution(self, sent: Sent) -> str | None:
        """With `WRONG_ADOPTS`, sometimes: one that does not exist, or that the record knows to be another's."""
        if not self.has(Fault.WRONG_ADOPTS) or self.rng.random() < 0.4:
            return None
        bound = (self.judge.executions[e] for e in sorted(self.disk.ids & self.judge.executions.keys()))
        return self.rng.choice(["e999", *(paid.execute_id for paid in bound if paid.sent != sent)])

    async def _task_ids(self) -> list[str]:
        if isinstance(self.source, TaskFile):
            return [task.task_id for task in await FileModel(self.source).load()]
        return list(self.source.matching(None))

    def all_sent(self) -> list[Sent]:
        """What each row that there is now sends, edited or not."""
        if isinstance(self.source, TaskFile):
            return [*(row.sent for row in self.source.rows), *sorted(self.edits)]
        return [*(self.source.sent(record_id) for record_id in self.source.cells), *sorted(self.edits)]

    def _draw_disk_faults(self, way: Way) -> None:
        rng = self.rng
        if way == "crash" and rng.random() < 0.5:
            self.disk.crash_at, self.disk.after = self.disk.writes + rng.randint(1, 40), rng.random() < 0.5
        if self.has(Fault.DISK) and rng.random() < 0.5:
            first = rng.randint(1, 40)
            self.disk.refuse = {self.disk.writes + first + n for n in range(rng.randint(1, 4))}

    def take_events(self, start: Start) -> None:
        """Bring the operator's view up to date."""
        news: list[Event] = start.told.take()
        for event in news:
            start.board.apply(event)
            if isinstance(event, RunFinished):
                start.ended.set()
            if self.talk and isinstance(event, TaskState):
                why = f" {event.error.category}" if event.error else ""
                print(f"{event.clock:9.2f} {event.task_id} {event.before} -> {event.after}{why}", event.execute_id)
            elif self.talk and event.tag not in ("gauges", "task_progress"):
                print(f"{event.clock:9.2f} {event.tag} {getattr(event, 'text', '')}")

    async def _look_at_disk(self) -> None:
        """No result that was on disk is gone, and no run is finished in which something goes on."""
        named = {e: self.disk.stored_as.get(e, e) for e in sorted(self.outputs)}
        if lost := [e for e, stored in named.items() if await self.disk.journal.output(stored) is None]:
            self.judge.blame(f"{self.name}: results lost: {lost}")
        self.outputs |= self.disk.outputs
        last = await self.last_run()
        if last is not None and last.status == "finished":
            going_on = [r.task_id for r in await self.disk.journal.rows(last.run_id) if not r.state.is_end]
            if going_on:
                self.judge.blame(f"{self.name}: {last.run_id} is finished on disk, {going_on} are not")
        self.judge.raise_broken()
