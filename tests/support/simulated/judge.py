"""Judges a schedule from outside the engine, by what Coze, the table, the film maker and the disk saw.

Nothing here raises inside a call of the engine, which would take it for trouble of its own: what is broken is put down,
and the schedule looks at it after each step and at the end (`verdict` holds what can only be said then).
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

import anyio

from cozebatch.model.errors import Category
from cozebatch.model.file_ref import file_refs
from cozebatch.model.rows import Row
from cozebatch.model.task import State, Task
from cozebatch.ports import Change, PutExecution, PutOutput, PutRow

Sent = tuple[str, str]
"""What is sent to Coze for a row: script and title."""

MAX_RETRIES = 2
EXECUTION_TIMEOUT = 7200.0
"""Far more than any execution takes here."""

LOST_AFTER = 60.0
"""Seconds in a row for which Coze must not know an execution before it counts as lost."""

LOWERED = 300.0
"""Seconds within which a task that was admitted under a higher limit has sent its request."""

SET_BACK = 8.0
"""Seconds after a record was set back in which a submission may leave whose claim was verified before."""


class Violation(AssertionError):
    """An invariant did not hold."""


def sent_for(task: Task) -> Sent:
    return task.content, task.title


@dataclass
class Paid:
    """One execution at Coze, as it truly is. Times are the event loop's."""

    execute_id: str
    sent: Sent
    workflow_id: str
    started_at: float
    ends_at: float
    fails: bool
    forgotten_at: float
    """From then on Coze does not know it any more."""
    hidden: tuple[float, float]
    """From when to when Coze does not know it, though it is there."""
    asks_at: float = math.inf
    """From then on it waits for an answer, and does not run: `ends_at` is the same moment until it has one."""
    needs: float = 0.0
    """Seconds that it runs after the answer."""
    answered_at: float | None = None
    elsewhere: bool = False
    """It was answered in Coze itself, which no machine knows before it looks."""
    unknown_since: float | None = None
    """Since when Coze has said nothing else than that it does not know it."""

    def waits_at(self, now: float) -> bool:
        return self.asks_at <= now and self.answered_at is None

    def is_answered(self, now: float) -> None:
        self.answered_at, self.ends_at = now, now + self.needs

    @property
    def is_past_all_waiting(self) -> bool:
        """Somebody answered it at Coze when it had waited for longer than any execution may take: who looks then for
        the first time sees one that runs far too long, and calls it lost."""
        return self.answered_at is not None and self.answered_at - self.started_at >= EXECUTION_TIMEOUT

    def is_known_at(self, now: float) -> bool:
        return self.started_at + 1 <= now < self.forgotten_at and not self.hidden[0] <= now < self.hidden[1]


@dataclass
class Judge:
    """The ledger of a schedule, and what is wrong in it."""

    with_films: bool = True
    resubmits: bool = False
    executions: dict[str, Paid] = field(default_factory=dict)
    renamed: dict[str, str] = field(default_factory=dict)
    """Ids that executions go on under after an answer, with those that they were started with."""
    seen_waiting: set[tuple[str, str]] = field(default_factory=set)
    """Machine and execution: looks that showed it waiting since the latest answer was sent."""
    uploaded: set[str] = field(default_factory=set)
    """Contents that Coze has."""
    answering: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    """By machine: executions an answer to which is on the wire."""
    broken: list[str] = field(default_factory=list)
    wanted: Counter[Sent] = field(default_factory=Counter)
    """Executions that people asked for: one a row, one more for each rerun, set-back cell, `--fresh`."""
    failed: Counter[Sent] = field(default_factory=Counter)
    """Executions that a living process was told to have failed for what may pass, by what was sent: each allows another
    one."""
    told_failed: set[str] = field(default_factory=set)
    rejected: set[str] = field(default_factory=set)
    """Executions that failed for good: nothing but a person's word allows another one."""
    unanswered: Counter[Sent] = field(default_factory=Counter)
    later_runs: int = 0
    """Starts after a run had finished, or with another name of the file: each may try again what failed."""
    films: set[str] = field(default_factory=set)
    """Executions of which a film was made."""
    film_failed: set[str] = field(default_factory=set)
    known: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    """By machine: executions that its living process or its disk knows by id."""
    on_the_wire: Counter[str] = field(default_factory=Counter)
    limits: dict[str, list[tuple[float, int]]] = field(default_factory=dict)
    """By machine: the operator's limit, with its beginning."""
    called_lost: set[tuple[str, str, float]] = field(default_factory=set)
    """Machine, execution and when its task ended: judgements of the program that were looked at. Its row may be written
    again, under another id too."""
    set_back_at: dict[Sent, float] = field(default_factory=dict)
    """Records set back by a colleague while they were claimed and not submitted yet."""
    clock_lies: bool = False
    """A wall clock was set by days: ages across it mean nothing."""
    requests_of: Counter[str] = field(default_factory=Counter)

    def original(self, execute_id: str) -> str:
        """The id that an execution was started with."""
        return self.renamed.get(execute_id, execute_id)

    def paid(self, execute_id: str | None) -> Paid | None:
        """By any of its ids."""
        return self.executions.get(self.original(execute_id or ""))

    def blame(self, what: str) -> None:
        if what not in self.broken:
            self.broken.append(what)

    def raise_broken(self) -> None:
        if self.broken:
            raise Violation("; ".join(self.broken[:4]))

    # The limit: what was started or may be known, and still runs

    def process_starts(self, machine: str, on_disk: Iterable[str], limit: int) -> None:
        """What an earlier process had on the wire is out of reach; of the rest this one knows what the disk tells. An
        answer that had not reached the disk when the process was killed counts as none (docs/contract.md §5)."""
        kept = set(on_disk)
        for execute_id in self.known[machine] - kept:
            self.unanswered[self.executions[execute_id].sent] += 1
        self.known[machine] = kept
        self.on_the_wire[machine] = 0
        self.answering[machine].clear()
        self.limits[machine] = [(anyio.current_time(), limit)]

    def set_limit(self, machine: str, limit: int) -> None:
        self.limits[machine].append((anyio.current_time(), limit))

    def limit(self, machine: str) -> int:
        """The highest limit under which a request that leaves now may have been admitted."""
        history, now = self.limits[machine], anyio.current_time()
        ends = [since for since, _ in history[1:]] + [now]
        return max(limit for (_, limit), end in zip(history, ends, strict=True) if end >= now - LOWERED)

    def in_flight(self, machine: str) -> list[str]:
        now = anyio.current_time()
        known = (self.executions[e] for e in self.known[machine] if e in self.executions)
        return sorted(e.execute_id for e in known if e.ends_at > now and not e.elsewhere and not e.is_past_all_waiting)

    def until_all_ended(self) -> float:
        """Seconds until no execution runs any more."""
        return max([0.0, *(paid.ends_at - anyio.current_time() for paid in self.executions.values())])

    def answer_leaves(self, machine: str, paid: Paid) -> None:
        """A living process answers a question: never twice without having looked in between."""
        if (machine, paid.execute_id) not in self.seen_waiting:
            self.blame(f"{machine}: an answer to {paid.execute_id} was sent without a look")
        self.seen_waiting.discard((machine, paid.execute_id))
        self.answering[machine].add(paid.execute_id)
        self._leaves(machine)

    def answer_came(self, machine: str, paid: Paid) -> None:
        self.answering[machine].discard(paid.execute_id)
        self.on_the_wire[machine] -= 1

    def request_leaves(self, machine: str) -> None:
        """A living process sends a submission: with it, no more may be in flight than the limit."""
        self.requests_of[machine] += 1
        self._leaves(machine)

    def _leaves(self, machine: str) -> None:
        self.on_the_wire[machine] += 1
        flying = [e for e in self.in_flight(machine) if e not in self.answering[machine]]
        wire, limit = self.on_the_wire[machine], self.limit(machine)
        if len(flying) + wire > limit and not self.clock_lies:
            self.blame(f"{machine}: a request left with {flying} in flight and {wire} on the wire, limit {limit}")

    # What is paid

    def starts(self, paid: Paid) -> None:
        """Coze started one: no more may there be than people asked for, and failures that Coze reported allow."""
        self.executions[paid.execute_id] = paid
        sent, now = paid.sent, paid.started_at
        if now - self.set_back_at.pop(sent, now - 2 * SET_BACK) <= SET_BACK:
            self.wanted[sent] += 1
        started = sum(other.sent == sent for other in self.executions.values())
        allowed = self.wanted[sent] + self.failed[sent] + (self.unanswered[sent] if self.resubmits else 0)
        most = (1 + MAX_RETRIES) * (self.wanted[sent] + self.later_runs)
        if started > min(allowed, most):
            self.blame(
                f"{sent}: {started} executions; asked for {self.wanted[sent]}, {self.failed[sent]} failed, "
                f"{self.unanswered[sent]} unanswered, {self.later_runs} later runs"
            )

    def set_back(self, sent: Sent) -> None:
        """A colleague made a row ready again: one more execution is asked for, if there was one."""
        if any(paid.sent == sent for paid in self.executions.values()):
            self.wanted[sent] += 1
        else:
            self.set_back_at[sent] = anyio.current_time()

    # What is said

    def writes(self, machine: str, changes: Iterable[Change], outputs: Iterable[str]) -> None:
        """A change is about to reach a disk, which holds `outputs`."""
        stored = {*outputs, *(self.original(change.execute_id) for change in changes if isinstance(change, PutOutput))}
        for change in changes:
            if isinstance(change, PutRow):
                self._row(machine, change.row, stored)
            if isinstance(change, PutExecution) and change.execution.status == "sent":
                for value in (change.execution.parameters or {}).values():
                    self.has_files(machine, value)

    def has_files(self, machine: str, value: str) -> None:
        """A submission is about to be on record as sent, or is sent: Coze must have its files."""
        missing = [ref.sha256[:8] for ref in file_refs(value) if ref.sha256 not in self.uploaded]
        if missing:
            self.blame(f"{machine}: a submission was sent, or is on record as sent, without its files {missing}")

    def _row(self, machine: str, row: Row, stored: set[str]) -> None:
        paid = self.paid(row.execute_id)
        if row.state in (State.DONE, State.WRITING_BACK):
            if paid is None:
                self.blame(f"{machine}: {row.task_id} is {row.state} with {row.execute_id}, which Coze never had")
            elif paid.execute_id not in stored:
                self.blame(f"{machine}: {row.task_id} is {row.state}, the result of {paid.execute_id} is not on disk")
            elif self.with_films and paid.execute_id not in self.films:
                self.blame(f"{machine}: {row.task_id} is {row.state}, there is no film of {paid.execute_id}")
        if row.state is not State.FAILED or row.error is None:
            return
        if row.error.scope == "batch":
            self.blame(f"{machine}: {row.task_id} failed for what is wrong with configuration or account")
        if row.error.category is Category.EXECUTION_LOST and paid is not None:
            judgement = (machine, paid.execute_id, row.finished_at or 0.0)
            if judgement not in self.called_lost and not self._is_lost(paid):
                self.blame(f"{machine}: {row.task_id} calls {paid.execute_id} lost, unknown since {paid.unknown_since}")
            self.called_lost.add(judgement)

    def _is_lost(self, paid: Paid) -> bool:
        now = anyio.current_time()
        unknown = paid.unknown_since is not None and now - paid.unknown_since >= LOST_AFTER
        return unknown or now - paid.started_at >= EXECUTION_TIMEOUT or self.clock_lies

    def film(self, task: Task, execute_id: str) -> None:
        """The film maker made one."""
        self.films.add(execute_id)
        paid = self.executions[execute_id]
        if paid.sent != sent_for(task):
            self.blame(f"the film of {task.task_id} {sent_for(task)} was made from {execute_id} {paid.sent}")

    def cell(self, machine: str, ever: Collection[Sent], outcome: str) -> None:
        """The table is told an outcome of a row, which was `ever` to be made of this."""
        mine = [paid.execute_id for paid in self.executions.values() if paid.sent in ever]
        if outcome == "done" and not [e for e in mine if e in self.films or not self.with_films]:
            self.blame(f"{machine} tells the table that {sorted(ever)} is done, there is no film of it")
