"""Models of the outside world for the simulation, in virtual time: Coze, the table, the synthesis, a journal that dies.

They do what the real ones do on their bad days, by their own seeded random numbers, and keep the ledger that the
invariants are checked against.
"""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import anyio

from cozebatch.journal.memory import MemoryJournal
from cozebatch.model.errors import Category, ErrorInfo, JournalError, StepError
from cozebatch.model.task import Task
from cozebatch.model.text import Text
from cozebatch.ports import (
    Accepted,
    Change,
    Delivered,
    Delivery,
    Job,
    Media,
    PollResult,
    Product,
    Progress,
    Refused,
    Submission,
    Unanswered,
    Undelivered,
    Workflow,
)
from support.fakes import error, wall


class Violation(AssertionError):
    """An invariant did not hold."""


@dataclass
class Life:
    """Whether the process that a model talks to is still alive; a dead one sends nothing new."""

    dead: bool = False

    def require(self) -> None:
        if self.dead:
            raise RuntimeError("this process is dead")


@dataclass
class Execution:
    execute_id: str
    task_id: str
    started_at: float
    ends_at: float
    fails: ErrorInfo | None
    forgotten_at: float
    answered: bool = False
    """Its submission was answered to a process that lived."""
    reported_failed: bool = False


@dataclass
class Coze:
    """Accepts, loses answers before and after accepting, delays, throttles, fails, forgets, changes its mind."""

    rng: random.Random
    trouble: float
    life: Life = field(default_factory=Life)
    capacity: int = 10**6
    user_limit: int = 4
    executions: dict[str, Execution] = field(default_factory=dict)
    requests: int = 0
    unanswered: int = 0
    credentials: bool = True
    tells_times: bool = True

    def chance(self, share: float) -> bool:
        return self.rng.random() < share * self.trouble

    def known_in_flight(self) -> int:
        now = anyio.current_time()
        return sum(1 for e in self.executions.values() if e.answered and e.ends_at > now)

    def in_flight(self) -> int:
        now = anyio.current_time()
        return sum(1 for e in self.executions.values() if e.ends_at > now)

    async def submit(self, task: Task) -> Submission:
        self.life.require()
        life = self.life
        self.requests += 1
        await anyio.sleep(self.rng.uniform(0.01, 3.0))
        if not self.credentials:
            return Refused(error(Category.AUTH, code="4100"))
        if self.chance(0.04):
            self.unanswered += not life.dead
            return Unanswered(error(Category.UNKNOWN_SUBMIT, "lost before Coze read it"))
        for category in (Category.NETWORK, Category.SERVER, Category.CONTENT_REJECTED, Category.QUOTA):
            if self.chance({Category.NETWORK: 0.06, Category.SERVER: 0.05}.get(category, 0.01)):
                return Refused(error(category))
        if self.in_flight() >= self.capacity or self.chance(0.04):
            return Refused(error(Category.THROTTLED), retry_after=self.rng.choice([None, 1.0, 20.0]))
        now = anyio.current_time()
        fails = None
        if self.chance(0.15):
            fails = error(self.rng.choice([Category.WORKFLOW_FAILED, Category.SERVER, Category.CONTENT_REJECTED]))
        execution = Execution(
            f"e{len(self.executions) + 1}",
            task.task_id,
            now,
            now + self.rng.uniform(5, 500),
            fails,
            now + 10**6 if not self.chance(0.02) else now + self.rng.uniform(1, 300),
        )
        if not life.dead and self.known_in_flight() + 1 > self.user_limit:
            raise Violation(f"{self.known_in_flight() + 1} in flight, limit {self.user_limit}")
        self.executions[execution.execute_id] = execution
        await anyio.sleep(self.rng.uniform(0.01, 3.0))
        if self.chance(0.04):
            self.unanswered += not life.dead
            return Unanswered(error(Category.UNKNOWN_SUBMIT, "answer lost"))
        execution.answered = not life.dead
        return Accepted(execution.execute_id)

    @property
    def workflow(self) -> Workflow:
        return Workflow("w")

    def parameters_of(self, task: Task) -> Mapping[str, str]:
        return {"content": task.content, "title": task.title}

    async def poll(self, execute_id: str, workflow_id: str | None = None) -> PollResult:
        self.life.require()
        await anyio.sleep(self.rng.uniform(0.01, 2.0))
        if not self.credentials:
            raise StepError(error(Category.AUTH, code="4100"))
        if self.chance(0.08):
            raise StepError(error(self.rng.choice([Category.NETWORK, Category.SERVER, Category.THROTTLED])))
        execution = self.executions.get(execute_id)
        now = anyio.current_time()
        if execution is None or now >= execution.forgotten_at or now < execution.started_at + 1:
            return PollResult("unknown")
        execution.answered = True
        result = PollResult("running")
        if self.tells_times:
            result = replace(result, created_at=wall() - (now - execution.started_at), answered_at=wall())
        if execution.ends_at > now:
            return result
        result = replace(result, updated_at=wall() - (now - execution.ends_at))
        if execution.fails is not None:
            execution.reported_failed = True
            return replace(result, status="failed", error=execution.fails)
        return replace(result, status="succeeded", output=json.dumps({"videoUrl": execute_id}), tokens=7)


@dataclass
class Pool:
    """The synthesis: slow, sometimes failing, sometimes out of disk."""

    rng: random.Random
    trouble: float
    life: Life = field(default_factory=Life)
    films: Counter[str] = field(default_factory=Counter)

    async def fetch(self, job: Job, progress: Progress) -> Media:
        self.life.require()
        await anyio.sleep(self.rng.uniform(0.1, 20))
        if self.rng.random() < 0.06 * self.trouble:
            raise StepError(error(Category.DOWNLOAD))
        return Media({"video": job.output["videoUrl"]})

    async def synthesize(self, job: Job, media: Media, progress: Progress) -> Product:
        self.life.require()
        progress(0.1)
        await anyio.sleep(self.rng.uniform(1, 90))
        if self.rng.random() < 0.12 * self.trouble:
            raise StepError(error(self.rng.choice([Category.SYNTHESIS, Category.WORKER_CRASHED, Category.MEDIA])))
        if self.rng.random() < 0.01 * self.trouble:
            raise StepError(error(Category.DISK_FULL))
        self.films[job.task.task_id] += 1
        return Product(video_path=f"/films/{job.task.task_id}-{media.files['video']}.mp4")

    async def discard(self, run_id: str, task_id: str) -> None:
        await anyio.sleep(0.01)

    async def aclose(self) -> None:
        await anyio.sleep(0.01)


@dataclass
class Table:
    """The Feishu table: refuses, conflicts, loses answers. With `claims` its records are marked before they are run,
    and do not pass its filter from then on."""

    rng: random.Random
    trouble: float
    life: Life = field(default_factory=Life)
    written: dict[str, list[str]] = field(default_factory=dict)
    busy: bool = False
    claims: bool = False
    marked: set[str] = field(default_factory=set)

    def writes(self, outcome: str) -> bool:
        return outcome != "running" or self.claims

    async def claim(self, task: Task, *, resumed: bool = False, asked: bool = False) -> ErrorInfo | None:
        self.life.require()
        await anyio.sleep(self.rng.uniform(0.1, 3))
        if self.rng.random() < 0.1 * self.trouble:
            raise StepError(error(Category.NETWORK, "the table cannot be reached"))
        self.marked.add(task.task_id)
        await anyio.sleep(self.rng.uniform(0.1, 6))
        return None

    async def deliver(self, batch: Sequence[Delivery]) -> Sequence[Delivered | Undelivered]:
        self.life.require()
        if self.busy:
            raise Violation("two writers at one table")
        if len(batch) > 200 or len({d.record_id for d in batch}) < len(batch):
            raise Violation("a batch too large, or one record twice in it")
        self.busy = True
        try:
            await anyio.sleep(self.rng.uniform(0.05, 2))
            answers: list[Delivered | Undelivered] = []
            for delivery in batch:
                fate = self.rng.random()
                if fate < 0.15 * self.trouble:
                    again = error(Category.WRITE_BACK, "write conflict")
                    answers.append(Undelivered(delivery.serial, again, final=False))
                    continue
                self.written.setdefault(delivery.record_id, []).append(delivery.outcome)
                answers.append(Delivered(delivery.serial))
            return answers
        finally:
            self.busy = False


class CrashingJournal(MemoryJournal):
    """Dies at the write it is told to, before or after the write has reached the disk."""

    def __init__(self) -> None:
        super().__init__()
        self.crash_at: int | None = None
        self.after: bool = False
        self.crashed = anyio.Event()
        self.left: CrashingJournal | None = None
        self.refuse: set[int] = set()
        self.life = Life()

    async def write(self, *changes: Change) -> None:
        number = self.writes + 1
        if number in self.refuse:
            self.writes += 1
            raise JournalError(Text.same("the disk is full"))
        if number == self.crash_at and not self.after:
            self.die()
        await super().write(*changes)
        if number == self.crash_at and self.after:
            self.die()

    def die(self) -> None:
        if self.left is None:
            self.left = self.survivor()
            self.life.dead = True
            self.crashed.set()

    def survivor(self) -> CrashingJournal:
        """What the next process finds."""
        twin = self.copy()
        assert isinstance(twin, CrashingJournal)
        twin.crash_at, twin.left, twin.refuse, twin.writes = None, None, set(), 0
        twin.crashed = anyio.Event()
        return twin
