"""Small stateful stand-ins for the outside world, for engine tests in virtual time."""

from __future__ import annotations

import json
import random
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace

import anyio
import anyio.lowlevel

from cozebatch.engine.clock import RunClock
from cozebatch.engine.engine import Engine, Outcome
from cozebatch.engine.event_bus import Subscription
from cozebatch.engine.options import Adapters, Options
from cozebatch.journal.memory import MemoryJournal
from cozebatch.model.allowance import ANY_NUMBER
from cozebatch.model.errors import Category, ErrorInfo, StepError
from cozebatch.model.events import Event, TaskState
from cozebatch.model.file_ref import FileRef
from cozebatch.model.question import Question
from cozebatch.model.task import Task
from cozebatch.model.text import Text
from cozebatch.planning.planned import OperatorOverrides, Planned
from cozebatch.planning.recovery import plan
from cozebatch.policy.polling import FixedInterval, Pacing
from cozebatch.ports import (
    Accepted,
    Delivered,
    Delivery,
    Job,
    Media,
    PollResult,
    Product,
    Progress,
    Refused,
    RowText,
    RunRecord,
    StatusSink,
    Submission,
    Synthesizer,
    Unanswered,
    Undelivered,
    Workflow,
)
from support.picture_files import PictureFiles

START = time.mktime((2026, 11, 24, 3, 0, 0, 0, 0, -1))


def wall() -> float:
    """A wall clock that follows the event loop's own (virtual) time."""
    return START + anyio.current_time() % 1e9


def error(category: Category, message: str = "as the test wants it", code: str | None = None) -> ErrorInfo:
    return ErrorInfo(category, Text.same(message), code=code)


def tasks(count: int) -> list[Task]:
    return [
        Task(f"t{n}", title=f"标题{n}", content=f"文案{n}", project_name=f"p{n}", record_id=f"rec{n}")
        for n in range(1, count + 1)
    ]


@dataclass
class FakeExecution:
    task_id: str
    started_at: float
    ends_at: float
    fails: ErrorInfo | None = None
    execute_id: str = ""
    questions: list[Question] = field(default_factory=list)
    answers: list[str] = field(default_factory=list)

    @property
    def event_id(self) -> str | None:
        """Of the question it waits with."""
        count = len(self.answers)
        return f"{self.execute_id}/{count + 1}" if len(self.questions) > count else None


@dataclass
class FakeCoze(PictureFiles):
    """A Coze with executions of a given length, a limit of its own, and a script of mishaps per task.

    `mishaps[task_id]` is taken from the front at each submission: `lost` (accepted, answer lost), `refused-…`
    (a category), `fail` (the execution fails), `dropped` (never arrived at a started execution, answer lost).
    """

    duration: Callable[[str], float] = lambda _: 300.0
    capacity: int = 10**9
    latency: float = 0.2
    mishaps: dict[str, list[str]] = field(default_factory=dict)
    poll_error: Callable[[str], ErrorInfo | None] = lambda _: None
    executions: dict[str, FakeExecution] = field(default_factory=dict)
    submissions: list[str] = field(default_factory=list)
    polls: int = 0
    peak: int = 0
    forgotten: set[str] = field(default_factory=set)
    asks: dict[str, list[Question]] = field(default_factory=dict)
    """What the executions of a task ask, one after the other."""
    uploads: list[str] = field(default_factory=list)
    resumed: list[tuple[str, str]] = field(default_factory=list)
    """Answers that arrived: event and text."""
    renames: bool = False
    """An answered execution goes on under another id."""

    def in_flight(self) -> int:
        now = anyio.current_time()
        running = (e for e in self.executions.values() if e.ends_at > now and e.event_id is None)
        return len({id(execution) for execution in running})

    def started(self, task_id: str) -> int:
        """Executions that were started; one that goes on under another id counts once."""
        return len({id(execution) for execution in self.executions.values() if execution.task_id == task_id})

    async def submit(self, task: Task) -> Submission:
        await anyio.sleep(self.latency / 2)
        self.submissions.append(task.task_id)
        mishap = (self.mishaps.get(task.task_id) or [""]).pop(0)
        if mishap.startswith("refused-"):
            await anyio.sleep(self.latency / 2)
            return Refused(error(Category(mishap.removeprefix("refused-")), code="4000"))
        if mishap == "dropped":
            return Unanswered(error(Category.UNKNOWN_SUBMIT))
        if self.in_flight() >= self.capacity:
            await anyio.sleep(self.latency / 2)
            return Refused(error(Category.THROTTLED))
        execute_id = f"e{len(self.executions) + 1}"
        now = anyio.current_time()
        fails = error(Category.WORKFLOW_FAILED, code="1") if mishap == "fail" else None
        asks = list(self.asks.get(task.task_id, ()))
        ends_at = now + self.duration(task.task_id)
        self.executions[execute_id] = FakeExecution(task.task_id, now, ends_at, fails, execute_id, asks)
        self.peak = max(self.peak, self.in_flight())
        await anyio.sleep(self.latency / 2)
        if mishap == "lost":
            return Unanswered(error(Category.UNKNOWN_SUBMIT))
        return Accepted(execute_id, debug_url=f"https://example.invalid/{execute_id}")

    @property
    def workflow(self) -> Workflow:
        return Workflow("w")

    def parameters_of(self, task: Task) -> Mapping[str, str]:
        return {"content": task.content, "title": task.title}

    async def upload(self, ref: FileRef) -> str:
        await anyio.sleep(self.latency)
        self.uploads.append(ref.sha256)
        return f"file-{ref.sha256[:8]}"

    async def bring(self, name: str, kind: str) -> str:
        await anyio.sleep(self.latency)
        return f"{kind} {name}"

    async def resume(self, question: Question, answer: str, workflow_id: str | None = None) -> Submission:
        await anyio.sleep(self.latency / 2)
        self.resumed.append((question.event_id, answer))
        execute_id = question.event_id.partition("/")[0]
        execution = self.executions[execute_id]
        mishap = (self.mishaps.get(f"answer {execution.task_id}") or [""]).pop(0)
        if mishap == "lost before":
            return Unanswered(error(Category.NETWORK, "lost before Coze read it"))
        if mishap.startswith("refused-"):
            return Refused(error(Category(mishap.removeprefix("refused-")), "not like that", code="4000"))
        if execution.event_id != question.event_id:
            return Refused(error(Category.INVALID_REQUEST, "no such event", code="4000"))
        execution.answers.append(answer)
        execution.ends_at = anyio.current_time() + self.duration(execution.task_id)
        self.peak = max(self.peak, self.in_flight())
        if mishap == "lost":
            return Unanswered(error(Category.NETWORK, "answer lost"))
        if not self.renames:
            return Accepted(execute_id)
        self.executions[f"{execute_id}b"] = execution
        return Accepted(f"{execute_id}b")

    async def poll(self, execute_id: str, workflow_id: str | None = None) -> PollResult:
        self.polls += 1
        await anyio.sleep(self.latency)
        if (wrong := self.poll_error(execute_id)) is not None:
            raise StepError(wrong)
        execution = self.executions.get(execute_id)
        if execution is None or execute_id in self.forgotten:
            return PollResult("unknown")
        if execution.event_id is not None:
            question = execution.questions[len(execution.answers)]
            asks = error(Category.WORKFLOW_INTERRUPTED, f"asks: {question.text}")
            return PollResult("interrupted", question=replace(question, event_id=execution.event_id), error=asks)
        if execution.ends_at > anyio.current_time():
            return PollResult("running")
        ended = START + execution.ends_at % 1e9
        if execution.fails is not None:
            return PollResult("failed", error=execution.fails, updated_at=ended)
        output = json.dumps({"videoUrl": f"https://example.invalid/{execute_id}.mp4"})
        return PollResult("succeeded", output=output, updated_at=ended, tokens=10, tokens_in=4, tokens_out=6)


@dataclass
class FakeSynthesizer:
    """Takes `duration` seconds a film; `mishaps[task_id]` are categories raised, one a try."""

    duration: float = 60.0
    mishaps: dict[str, list[Category]] = field(default_factory=dict)
    made: list[str] = field(default_factory=list)
    jobs: list[Job] = field(default_factory=list)
    busy: int = 0
    peak: int = 0

    async def fetch(self, job: Job, progress: Progress) -> Media:
        await anyio.sleep(0.5)
        return Media({"video": "/nowhere.mp4"})

    async def synthesize(self, job: Job, media: Media, progress: Progress) -> Product:
        self.busy += 1
        self.peak = max(self.peak, self.busy)
        self.jobs.append(job)
        try:
            progress(0.5)
            await anyio.sleep(self.duration)
        finally:
            self.busy -= 1
        if mishaps := self.mishaps.get(job.task.task_id):
            raise StepError(error(mishaps.pop(0)))
        self.made.append(job.task.task_id)
        return Product(video_path=f"/films/{job.task.task_id}.mp4")

    async def discard(self, run_id: str, task_id: str) -> None:
        await anyio.lowlevel.checkpoint()

    async def aclose(self) -> None:
        await anyio.lowlevel.checkpoint()


@dataclass
class FakeTable:
    """A status sink that remembers what it was told; `refuse` gives errors, one a call, None for fine."""

    refuse: list[Undelivered | None] = field(default_factory=list)
    written: list[tuple[str, str]] = field(default_factory=list)
    calls: int = 0
    claims: dict[str, ErrorInfo | StepError | None] | None = None
    names: list[str] = field(default_factory=list)
    """Of the claims that were asked for."""

    def writes(self, outcome: str) -> bool:
        return outcome != "running" or self.claims is not None

    async def claim(self, task: Task, *, name: str = "", asked: bool = False) -> ErrorInfo | None:
        await anyio.sleep(0.1)
        assert self.claims is not None
        self.names.append(name)
        answer = self.claims.get(task.task_id)
        if isinstance(answer, StepError):
            raise answer
        return answer

    texts: dict[str, RowText] = field(default_factory=dict)
    """What the rows say, by record."""
    refuse_texts: list[StepError | None] = field(default_factory=list)

    def shows_films(self) -> bool:
        return False

    async def bring(self, delivery: Delivery) -> Sequence[Text]:
        raise NotImplementedError

    async def takes_texts(self) -> bool:
        return bool(self.texts)

    async def write_text(self, record_id: str, before: RowText, after: RowText) -> RowText:
        await anyio.sleep(0.3)
        if self.refuse_texts and (refusal := self.refuse_texts.pop(0)) is not None:
            raise refusal
        if self.texts[record_id] not in (before, after):
            raise StepError(error(Category.SOURCE))
        self.texts[record_id] = after
        return after

    async def deliver(self, batch: Sequence[Delivery]) -> Sequence[Delivered | Undelivered]:
        self.calls += 1
        await anyio.sleep(0.3)
        if self.refuse and (refusal := self.refuse.pop(0)) is not None:
            return [Undelivered(d.serial, refusal.error, refusal.final, refusal.retry_after) for d in batch]
        self.written.extend((d.record_id, d.outcome) for d in batch)
        return [Delivered(d.serial) for d in batch]


@dataclass
class World:
    """Everything a run needs, and what it left behind; `start` may be called again after a crash."""

    coze: FakeCoze = field(default_factory=FakeCoze)
    synthesizer: Synthesizer | None = field(default_factory=FakeSynthesizer)
    table: StatusSink | None = None
    journal: MemoryJournal = field(default_factory=MemoryJournal)
    options: Options = field(default_factory=lambda: Options(seed=7))
    pacing: Pacing = field(default_factory=lambda: FixedInterval(30))
    overrides: OperatorOverrides = field(default_factory=OperatorOverrides)
    source_is_authoritative: bool = False
    events: list[Event] = field(default_factory=list)
    subscription: Subscription | None = None
    engine: Engine | None = None
    wall: Callable[[], float] = wall
    max_executions: int | None = None
    until: float | None = None
    """As `Batch` has them."""

    async def prepare(self, work: Sequence[Task]) -> tuple[Engine, list[Planned], list[Delivery]]:
        """An engine for `work`, continuing what the journal holds."""
        last = await self.journal.last_run("test")
        continuing = last is not None and last.status in ("open", "interrupted", "stopped")
        serial = len(await self.journal.runs()) + 1
        run = last if last is not None and continuing else RunRecord(f"run{serial}", "test", "file", "w", self.wall())
        kept = run.allowance if continuing else ANY_NUMBER
        run = replace(run, allowance=kept.carried_over(self.max_executions, self.until, self.wall()))
        past = await self.journal.past("test", [task.task_id for task in work])
        planned = plan(
            work,
            past,
            self.overrides,
            continuing=run.run_id if continuing else None,
            source_is_authoritative=self.source_is_authoritative,
        )
        adapters = Adapters(self.coze, self.pacing, json.loads, self.synthesizer, self.table)
        self.engine = Engine(
            run,
            journal=self.journal,
            adapters=adapters,
            options=self.options,
            clock=RunClock(run.clock, self.wall),
            first_serial=await self.journal.last_serial() + 1,
        )
        self.subscription = self.engine.subscribe()
        return self.engine, planned, list(await self.journal.owed("test"))

    async def run(self, work: Sequence[Task]) -> Outcome:
        engine, planned, owed = await self.prepare(work)
        with anyio.fail_after(7 * 86400):  # virtual seconds: an engine that waits for nothing must not wait for ever
            outcome = await engine.run(planned, owed)
        self.collect()
        return outcome

    @asynccontextmanager
    async def running(self, work: Sequence[Task]) -> AsyncIterator[Engine]:
        """An engine in its first second with `work`; it stays open until the block ends, and is stopped then."""
        engine, planned, owed = await self.prepare(work)

        async def run() -> None:
            await engine.run(planned, owed, keep_open=True)

        async with anyio.create_task_group() as group:
            group.start_soon(run)
            await anyio.sleep(1)
            yield engine
            engine.commands.stop()
        self.collect()

    async def crash_after(self, seconds: float, work: Sequence[Task]) -> None:
        """Run for `seconds` and stop dead; what was on disk at that moment is all that is left."""
        engine, planned, owed = await self.prepare(work)
        with anyio.move_on_after(seconds):
            async with anyio.create_task_group() as group:
                group.start_soon(engine.run, planned, owed)
                await anyio.sleep(seconds - 0.001)
                left = self.journal.copy()
                group.cancel_scope.cancel()
        self.collect()
        self.journal = left

    def collect(self) -> None:
        assert self.subscription is not None
        self.events.extend(self.subscription.take())

    def moves(self, task_id: str) -> list[str]:
        return [e.after.value for e in self.events if isinstance(e, TaskState) and e.task_id == task_id]


def seeded(seed: int) -> random.Random:
    return random.Random(seed)
