"""A Coze that accepts, loses answers before and after accepting, delays, throttles, fails, forgets, and comes back."""

from __future__ import annotations

import json
import random
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace

import anyio

from cozebatch.model.errors import Category, ErrorInfo, StepError
from cozebatch.model.file_ref import FileRef
from cozebatch.model.question import Question
from cozebatch.model.task import Task
from cozebatch.model.text import Text
from cozebatch.policy.retry import FINAL_FOR_A_ROW
from cozebatch.ports import Accepted, PollResult, Refused, Submission, Unanswered, Workflow
from support.fakes import error, wall
from support.picture_files import PictureFiles
from support.simulated.judge import Judge, Paid, sent_for
from support.simulated.swarm import QUIET, Fault

FOR_EVER = 1e9
NO_SUCH_FILE = "no such file"
NOT_PUBLISHED = ErrorInfo(
    Category.INVALID_REQUEST, Text.same("the workflow is not published"), code="4200", scope="batch"
)


class DeadError(RuntimeError):
    """A process that is dead went on."""


@dataclass
class Life:
    """Whether the process that a model talks to is still alive; a dead one sends nothing new."""

    dead: bool = False

    def require(self) -> None:
        if self.dead:
            raise DeadError


@dataclass
class Coze:
    """The service, for all machines."""

    rng: random.Random
    judge: Judge
    faults: Collection[Fault] = QUIET
    capacity: int = 10**6
    credentials: bool = True
    is_published: bool = True
    tells_times: bool = True
    lost: float = 0.1
    """Share of answers that are lost, before as well as after Coze accepted."""
    files: dict[str, str] = field(default_factory=dict)
    """The machine that uploaded each file that is here, by the file's id."""
    uploads: int = 0
    poll_storm_until: float = 0.0
    """Until then polls are refused, for minutes in a row."""

    def chance(self, fault: Fault, share: float) -> bool:
        return fault in self.faults and self.rng.random() < share

    def calm(self) -> None:
        """From now on everything works; what was forgotten stays so."""
        self.faults = QUIET
        self.poll_storm_until = 0.0
        for paid in self.judge.executions.values():
            paid.hidden = (FOR_EVER, FOR_EVER)

    def drop_files(self, machine: str) -> None:
        """Some of what a machine uploaded earlier is gone."""
        for file_id, owner in list(self.files.items()):
            if owner == machine and self.chance(Fault.FILES_DROPPED, 0.5):
                del self.files[file_id]

    def asks(self, paid: Paid) -> None:
        """Some executions ask a person, at some moment on their way."""
        if self.chance(Fault.QUESTIONS, 0.6):
            paid.asks_at = paid.ends_at = paid.started_at + self.rng.uniform(5, 300)
            paid.needs = self.rng.uniform(5, 300)

    def in_flight(self) -> int:
        now = anyio.current_time()
        return sum(paid.ends_at > now for paid in self.judge.executions.values())

    def accept(self, task: Task, workflow_id: str) -> Paid:
        now = anyio.current_time()
        forgotten = now + self.rng.uniform(1, 300) if self.chance(Fault.FORGETTING, 0.08) else FOR_EVER
        hidden = (FOR_EVER, FOR_EVER)
        if self.chance(Fault.BLINDNESS, 0.2):
            since = now + self.rng.uniform(0, 200)
            hidden = (since, since + self.rng.choice([20.0, 50.0, 90.0, 400.0]))
        paid = Paid(
            execute_id=f"e{len(self.judge.executions) + 1}",
            sent=sent_for(task),
            workflow_id=workflow_id,
            started_at=now,
            ends_at=now + self.rng.uniform(5, 500),
            fails=self.chance(Fault.FAILURES, 0.3),
            forgotten_at=forgotten,
            hidden=hidden,
        )
        self.asks(paid)
        self.judge.starts(paid)
        return paid


@dataclass
class Service(PictureFiles):
    """One process's line to Coze (port `WorkflowService`)."""

    coze: Coze
    machine: str
    life: Life
    workflow: Workflow = field(default_factory=lambda: Workflow("w"))

    def parameters_of(self, task: Task) -> dict[str, str]:
        image = {"image": task.extra["image"]} if "image" in task.extra else {}
        return {"content": task.content, "title": task.title, **image}

    async def upload(self, ref: FileRef) -> str:
        self.life.require()
        await anyio.sleep(self.coze.rng.uniform(0.1, 20))
        if self.coze.chance(Fault.FILES_IN, 0.2):
            raise StepError(error(self.coze.rng.choice([Category.NETWORK, Category.SERVER, Category.THROTTLED])))
        self.coze.judge.uploaded.add(ref.sha256)
        self.coze.uploads += 1
        file_id = f"file-{self.coze.uploads}"
        self.coze.files[file_id] = self.machine
        return file_id

    async def preflight(self) -> ErrorInfo | None:
        await anyio.sleep(0.1)
        return error(Category.NETWORK) if self.coze.chance(Fault.POLLS, 0.2) else None

    async def submit(self, task: Task) -> Submission:
        self.life.require()
        judge = self.coze.judge
        judge.request_leaves(self.machine)
        judge.has_files(self.machine, task.extra.get("image", ""))
        answer: Submission | None = None
        try:
            answer = await self._submit(task)
            return answer
        finally:
            if not self.life.dead:
                judge.on_the_wire[self.machine] -= 1
                if isinstance(answer, Accepted):
                    judge.known[self.machine].add(answer.execute_id)
                elif not isinstance(answer, Refused):
                    judge.unanswered[sent_for(task)] += 1
            else:
                judge.unanswered[sent_for(task)] += 1

    async def _submit(self, task: Task) -> Submission:
        coze = self.coze
        await anyio.sleep(coze.rng.uniform(0.01, 3.0))
        if not coze.credentials:
            return Refused(error(Category.AUTH, code="4100"))
        if not coze.is_published:
            return Refused(NOT_PUBLISHED)
        if coze.chance(Fault.LOST_ANSWERS, coze.lost):
            return Unanswered(error(Category.UNKNOWN_SUBMIT, "lost before Coze read it"))
        if (refused := self._refuse()) is not None:
            return refused
        if coze.in_flight() >= coze.capacity:
            return Refused(error(Category.THROTTLED), retry_after=coze.rng.choice([None, 1.0, 20.0]))
        if unknown := self._files_of(task) - coze.files.keys():
            return Refused(error(Category.INVALID_REQUEST, NO_SUCH_FILE, code="4000"), files=frozenset(unknown))
        paid = coze.accept(task, self.workflow.workflow_id)
        await anyio.sleep(coze.rng.uniform(0.01, 3.0))
        if coze.chance(Fault.LOST_ANSWERS, coze.lost):
            return Unanswered(error(Category.UNKNOWN_SUBMIT, "answer lost"))
        return Accepted(paid.execute_id)

    def _files_of(self, task: Task) -> set[str]:
        return {self.file_id(ref.key) or "" for ref in self.files_of(task)}

    def _refuse(self) -> Refused | None:
        coze = self.coze
        shares: Mapping[Category, float] = {
            Category.NETWORK: 0.1,
            Category.SERVER: 0.08,
            Category.THROTTLED: 0.06,
            Category.CONTENT_REJECTED: 0.02,
            Category.QUOTA: 0.01,
        }
        for category, share in shares.items():
            if coze.chance(Fault.REFUSALS, share):
                wait = coze.rng.choice([None, 1.0, 20.0]) if category is Category.THROTTLED else None
                return Refused(error(category), retry_after=wait)
        return None

    async def poll(self, execute_id: str, workflow_id: str | None = None) -> PollResult:
        self.life.require()
        coze = self.coze
        await anyio.sleep(coze.rng.uniform(0.01, 2.0))
        now = anyio.current_time()
        if not coze.credentials:
            raise StepError(error(Category.AUTH, code="4100"))
        if coze.chance(Fault.POLLS, 0.01):
            coze.poll_storm_until = now + coze.rng.uniform(30, 400)
        if now < coze.poll_storm_until:
            raise StepError(error(coze.rng.choice([Category.NETWORK, Category.THROTTLED, Category.INVALID_REQUEST])))
        if coze.chance(Fault.POLLS, 0.1):
            raise StepError(error(coze.rng.choice([Category.NETWORK, Category.SERVER, Category.THROTTLED])))
        paid = coze.judge.paid(execute_id)
        if paid is None:
            return PollResult("unknown")
        if paid.waits_at(now) and coze.chance(Fault.QUESTIONS, 0.1):
            paid.is_answered(now)
            paid.elsewhere = True
        if (workflow_id or self.workflow.workflow_id) != paid.workflow_id or not paid.is_known_at(now):
            paid.unknown_since = now if paid.unknown_since is None else paid.unknown_since
            return PollResult("unknown")
        paid.unknown_since = None
        if not self.life.dead:
            paid.elsewhere = False
        return self._look(paid, now)

    async def bring(self, name: str, kind: str) -> str:
        self.life.require()
        await anyio.sleep(0.1)
        return f"{kind} {name}"

    async def resume(self, question: Question, answer: str, workflow_id: str | None = None) -> Submission:
        self.life.require()
        judge = self.coze.judge
        paid = judge.executions[question.event_id.partition("/")[0]]
        judge.answer_leaves(self.machine, paid)
        try:
            return await self._resume(paid, workflow_id)
        finally:
            if not self.life.dead:
                judge.answer_came(self.machine, paid)

    async def _resume(self, paid: Paid, workflow_id: str | None) -> Submission:
        coze = self.coze
        await anyio.sleep(coze.rng.uniform(0.01, 3.0))
        if not coze.credentials:
            return Refused(error(Category.AUTH, code="4100"))
        if coze.chance(Fault.LOST_ANSWERS, coze.lost):
            return Unanswered(error(Category.NETWORK, "lost before Coze read it"))
        if coze.chance(Fault.REFUSALS, 0.2):
            return Refused(error(coze.rng.choice([Category.NETWORK, Category.SERVER, Category.THROTTLED])))
        now = anyio.current_time()
        known = paid.is_known_at(now) and (workflow_id or self.workflow.workflow_id) == paid.workflow_id
        if not known or not paid.waits_at(now) or coze.chance(Fault.QUESTIONS, 0.1):
            return Refused(error(Category.INVALID_REQUEST, "no such event, or no such answer", code="4000"))
        paid.is_answered(now)
        execute_id = paid.execute_id
        if coze.chance(Fault.QUESTIONS, 0.3):
            execute_id = f"{paid.execute_id}b"
            coze.judge.renamed[execute_id] = paid.execute_id
        await anyio.sleep(coze.rng.uniform(0.01, 3.0))
        if coze.chance(Fault.LOST_ANSWERS, coze.lost):
            return Unanswered(error(Category.NETWORK, "response lost"))
        return Accepted(execute_id)

    def _look(self, paid: Paid, now: float) -> PollResult:
        result = PollResult("running")
        if self.coze.tells_times:
            result = replace(result, created_at=wall() - (now - paid.started_at), answered_at=wall())
        if paid.waits_at(now):
            if not self.life.dead:
                self.coze.judge.seen_waiting.add((self.machine, paid.execute_id))
            question = Question(f"{paid.execute_id}/1", text="which one?")
            return replace(result, status="interrupted", question=question, error=error(Category.WORKFLOW_INTERRUPTED))
        if paid.ends_at > now:
            return result
        result = replace(result, updated_at=wall() - (now - paid.ends_at))
        if not paid.fails:
            return replace(result, status="succeeded", output=json.dumps({"videoUrl": paid.execute_id}), tokens=7)
        category = random.Random(paid.execute_id).choice(
            [Category.WORKFLOW_FAILED, Category.SERVER, Category.CONTENT_REJECTED]
        )
        if not self.life.dead:
            self._told_failed(paid, category)
        return replace(result, status="failed", error=error(category))

    def _told_failed(self, paid: Paid, category: Category) -> None:
        judge = self.coze.judge
        if paid.execute_id in judge.told_failed:
            return
        judge.told_failed.add(paid.execute_id)
        if category in FINAL_FOR_A_ROW:
            judge.rejected.add(paid.execute_id)
        else:
            judge.failed[paid.sent] += 1
