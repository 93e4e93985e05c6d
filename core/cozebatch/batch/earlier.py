"""What earlier runs left of each row of the source: found by its id, or by what was sent for it. Only reads.

The record of executions is asked first; the row that a run keeps of a task tells the rest. Where only the record is
left of a task, its row is made from that.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

from cozebatch.model.errors import ErrorInfo
from cozebatch.model.rows import Row
from cozebatch.model.task import State, Task
from cozebatch.planning.decisions import is_unverified
from cozebatch.planning.from_record import row_from_record
from cozebatch.planning.recognition import Paid, Recognition
from cozebatch.planning.stale_rows import has_answered, is_of, is_outdated, is_unfinished
from cozebatch.policy.retry import FINAL_FOR_A_ROW
from cozebatch.ports import Journal, Past, Recorded, RunRecord, TaskSource

_BEGUN = frozenset(
    {State.SUBMITTING, State.RUNNING, State.DOWNLOADING, State.QUEUED, State.SYNTHESIZING, State.WRITING_BACK}
)


@dataclass(slots=True)
class EarlierWork:
    """By task id of the row that is listed now."""

    past: dict[str, Past] = field(default_factory=dict)
    paid: dict[str, Paid] = field(default_factory=dict)
    tasks: dict[str, Task] = field(default_factory=dict)
    """With the input that they are made from, where that is not what the source lists now."""
    moved: set[str] = field(default_factory=set)
    """Tasks of the continued run that another row stands for now."""
    hidden: list[str] = field(default_factory=list)
    """Tasks of this source that no run has finished and that the source does not list; the continued run's aside."""


@dataclass(frozen=True, slots=True)
class Survey:
    """`last`: the run to be continued, with its `rows`. `listed`: the ids of all tasks that the source lists."""

    journal: Journal
    source: TaskSource
    source_key: str
    recognition: Recognition
    last: RunRecord | None
    rows: Mapping[str, Row]
    listed: Collection[str]
    places: Mapping[str, float]
    """The place of each run among all (`RunRecord.place`)."""

    async def earlier_work(self, listed: Sequence[Task]) -> EarlierWork:
        """Raises `UsageError` when the source cannot be asked, and `JournalError`."""
        unlisted = self.recognition.unlisted(listed)
        hidden = await self.source.look_up(unlisted) if unlisted else {}
        found = EarlierWork(paid=self.recognition.recognize(listed, hidden))
        by_id = await self.by_id([task.task_id for task in listed])
        await self._recognized(listed, by_id, found)
        self._not_on_record(listed, by_id, found)
        await self._gone(found)
        await self._hidden(found)
        await self._inputs(listed, found)
        return found

    async def by_id(self, task_ids: Sequence[str]) -> dict[str, Past]:
        """How these tasks were left: by the continued run if it did not skip them, else by earlier ones."""
        owed = {delivery.task_id for delivery in await self.journal.owed(self.source_key)}
        found: dict[str, Past] = {}
        for task_id in task_ids:
            row = self.rows.get(task_id)
            if row is not None and row.state is not State.SKIPPED:
                assert self.last is not None
                found[task_id] = Past(self.last.run_id, row, task_id in owed)
        rest = [task_id for task_id in task_ids if task_id not in found]
        return found | await self.journal.past(self.source_key, rest)

    async def _recognized(self, listed: Sequence[Task], by_id: Mapping[str, Past], found: EarlierWork) -> None:
        """Rows for which executions are on record."""
        elsewhere = await self._elsewhere(found.paid)
        for task in listed:
            paid = found.paid.get(task.task_id)
            if paid is None:
                continue
            best, here = paid.best, by_id.get(task.task_id)
            digest_now = partial(self.recognition.digest_of, task)
            if task.own_id and paid.by_content and paid.leads_nowhere and here is not None:
                failure = await self._failure(paid)
                if failure is None or failure.category not in FINAL_FOR_A_ROW:
                    del found.paid[task.task_id]  # what failed under another name of its file may be tried again here
                    continue
            if task.own_id and not paid.by_content:
                is_current = here is not None and not (
                    is_outdated(here.row, paid) or has_answered(here.row, paid) or self._is_overtaken(here, paid)
                )
                past = here if is_current else None
                goes_on = here is not None and self.last is not None and here.run_id == self.last.run_id
                left_with = here.row.execute_id if here is not None else None
                back = None if goes_on else paid.of_input(digest_now, left_with)
                if back is not None:
                    past, best = await self._from_record(task, back), back.best
                    paid_for = sum(r.status != "reused" for r in paid.executions)
                    past = replace(past, row=replace(past.row, attempts=paid_for))
                past = past or await self._from_record(task, paid)
            else:
                at = (best.source_key, best.task_id)
                stood = here if at == (self.source_key, task.task_id) else elsewhere.get(at)
                if stood is None or not is_of(stood.row, paid):
                    stood = await self._from_record(task, paid)
                past = replace(stood, owed=stood.owed and not paid.by_content, by_content=paid.by_content)
                if paid.by_content and self.last is not None and best.run_id == self.last.run_id:
                    found.moved.add(best.task_id)
            named = next((r for r in paid.executions if r.execute_id and r.execute_id == past.row.execute_id), best)
            started = sum(r.digest == named.digest for r in paid.executions)
            if past.row.reused != (named.status == "reused"):  # its row may be of the one that has paid
                past = replace(past, row=replace(past.row, reused=named.status == "reused"))
            unanswered = not paid.by_content and paid.is_unanswered(digest_now)
            found.past[task.task_id] = replace(past, digest=named.digest, started=started, is_unanswered=unanswered)

    def _is_overtaken(self, here: Past, paid: Paid) -> bool:
        """Whether a run later than that of the row took over what was paid for under another name of its file, while
        the row knows nothing of it."""
        row, best = here.row, paid.best
        if not row.state.is_end or row.unanswered or any(r.execute_id == row.execute_id for r in paid.executions):
            return False
        return self.places.get(best.run_id, -math.inf) > self.places.get(here.run_id, math.inf)

    async def _from_record(self, task: Task, paid: Paid) -> Past:
        row = row_from_record(task, paid, self.recognition.digest_of(task), await self._failure(paid))
        return Past(paid.best.run_id, row, owed=False, from_record=True)

    async def _failure(self, paid: Paid) -> ErrorInfo | None:
        """What the best execution failed with; None if it did not fail, or that is not known."""
        best = paid.best
        if best.status != "failed":
            return None
        executions = await self.journal.executions(best.run_id, best.task_id)
        return next((execution.error for execution in executions if execution.key == best.key), None)

    async def _elsewhere(self, paid: Mapping[str, Paid]) -> dict[tuple[str, str], Past]:
        """The rows for which executions were started that serve another one now; by source and task."""
        wanted: dict[str, list[str]] = defaultdict(list)
        for p in paid.values():
            if p.by_content:
                wanted[p.best.source_key].append(p.best.task_id)
        found: dict[tuple[str, str], Past] = {}
        for source_key, task_ids in wanted.items():
            here = self.by_id if source_key == self.source_key else None
            rows = await (here(task_ids) if here is not None else self.journal.past(source_key, task_ids))
            found |= {(source_key, task_id): past for task_id, past in rows.items()}
        return found

    def _not_on_record(self, listed: Sequence[Task], by_id: Mapping[str, Past], found: EarlierWork) -> None:
        """Rows of which no execution tells what was sent: nothing was started, or they come from an import or a damaged
        journal. Without an id of its own a row is recognized by its texts, as far as they are known; not by what a run
        keeps of an execution that serves another row now."""
        on_record = {r.task_id for r in self.recognition.record if r.source_key == self.source_key and r.digest}
        serving = {r.execute_id for r in self.recognition.record if r.digest and r.execute_id}
        pool: dict[str, dict[str, Past]] = defaultdict(dict)
        for task in listed:
            past = by_id.get(task.task_id)
            if past is None or task.task_id in found.past:
                continue
            if task.own_id:
                found.past[task.task_id] = past
            elif task.task_id not in on_record and past.row.execute_id not in serving:
                pool[past.row.fingerprint or task.task_id][task.task_id] = past
        if not pool:
            return
        for task in listed:
            if task.own_id or task.task_id in found.past:
                continue
            for print_ in (task.fingerprint(), task.content_fingerprint(), task.task_id):
                if not (same := pool.get(print_)):
                    continue
                stood_at = task.task_id if task.task_id in same else next(iter(same))
                found.past[task.task_id] = same.pop(stood_at)
                if stood_at != task.task_id:
                    found.moved.add(stood_at)
                break

    async def _gone(self, found: EarlierWork) -> None:
        """Tasks of the continued run that the source does not list now, and that no other row stands for: they stay
        as the run has them, skipped ones too."""
        owed = {delivery.task_id for delivery in await self.journal.owed(self.source_key)}
        of_task: dict[str, list[Recorded]] = defaultdict(list)
        elsewhere: set[str | None] = set()
        for r in self.recognition.record:
            if r.source_key == self.source_key and r.task_id in self.rows:
                of_task[r.task_id].append(r)
            elif r.status != "reused":
                elsewhere.add(r.execute_id)
        serving = {r.execute_id for paid in found.paid.values() for r in paid.executions if r.status != "reused"}
        for task_id, row in self.rows.items():
            if self.last is None or task_id in self.listed or task_id in found.moved:
                continue
            goes_on, its = not row.state.is_end or row.waits, None if row.reused else row.execute_id
            if its is not None and (its in serving or (goes_on and its in elsewhere)):
                found.moved.add(task_id)
                continue
            past = Past(self.last.run_id, row, owed=task_id in owed)
            if executions := of_task.get(task_id):
                past = replace(past, digest=executions[-1].digest, started=len(executions))
            found.past[task_id] = past

    async def _hidden(self, found: EarlierWork) -> None:
        """Tasks of this source that an earlier run began and did not end, for whatever reason it was not continued."""
        used = {r.key for paid in found.paid.values() for r in paid.executions}
        of_task: dict[str, list[Recorded]] = defaultdict(list)
        for r in self.recognition.record:
            if r.source_key == self.source_key and r.task_id not in self.listed and r.task_id not in self.rows:
                of_task[r.task_id].append(r)
        unfinished = [t for t, of in of_task.items() if of[-1].key not in used and is_unfinished(of[-1])]
        begun = await self.journal.past(self.source_key, unfinished) if unfinished else {}
        claimed = [
            t for t in await self.journal.claimed(self.source_key) if t not in self.listed and t not in self.rows
        ]
        begun = {t: past for t, past in begun.items() if past.row.state in _BEGUN or past.row.waits}
        begun |= await self.journal.past(self.source_key, [t for t in claimed if t not in begun])
        for task_id, past in begun.items():
            if executions := of_task.get(task_id):
                paid = found.paid[task_id] = Paid(tuple(executions))
                past = replace(past, digest=paid.latest.digest, started=len(executions))
            found.past[task_id] = past
            found.hidden.append(task_id)

    async def _inputs(self, listed: Sequence[Task], found: EarlierWork) -> None:
        """Work that was begun keeps the input that it was begun with; what is not sent to Coze follows the source."""
        by_id = {task.task_id: task for task in listed}
        gone = [t for t in self.rows if t not in self.listed and t not in found.moved]
        wanted: dict[str, dict[str, str]] = defaultdict(dict)  # run → stored task → the row it serves now
        if self.last is not None:
            wanted[self.last.run_id] |= {task_id: task_id for task_id in gone}
        for task_id, past in found.past.items():
            listed_now = by_id.get(task_id)
            ours = self.last is not None and past.run_id == self.last.run_id
            if listed_now is None:
                wanted[past.run_id][task_id] = task_id
            elif (
                past.row.state in _BEGUN
                or past.row.waits
                or (ours and past.row.state not in (State.PENDING, State.SKIPPED))
            ):
                stored_as = found.paid[task_id].best.task_id if past.by_content else past.row.task_id
                wanted[past.run_id][stored_as] = task_id
        for run_id, serves in wanted.items():
            for stored_as, stored in (await self.journal.tasks(run_id, list(serves))).items():
                task_id = serves[stored_as]
                listed_now, known = by_id.get(task_id), found.past.get(task_id)
                if listed_now is None:
                    found.tasks[task_id] = stored
                elif not stored.content or (known is not None and is_unverified(known.row)):
                    continue
                elif self._keeps(stored, listed_now, known.digest if known is not None else None):
                    found.tasks[task_id] = replace(
                        stored,
                        task_id=task_id,
                        record_id=listed_now.record_id,
                        own_id=listed_now.own_id,
                        shown=listed_now.shown,
                    )

    def _keeps(self, stored: Task, listed: Task, sent: str | None) -> bool:
        """Whether a row goes on with the input that a run stored. `sent`: the digest of what was sent for it."""
        if stored.fingerprint() == listed.fingerprint():
            return True  # with the project name that it got then
        digest = self.recognition.digest_of(stored)
        if sent is not None and digest != sent:
            return False  # another row stands there since
        return digest != self.recognition.digest_of(listed)
