"""Plans a run: loads the source, asks the record what was paid for, decides what becomes of each task. Only reads."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

from cozebatch.batch.earlier import EarlierWork, Survey
from cozebatch.batch.listing import Listing, listing
from cozebatch.batch.takeover import numbered_on, taken_over
from cozebatch.model.rows import Row
from cozebatch.model.task import State, Task
from cozebatch.model.timestamps import compact
from cozebatch.planning.edits import with_edits
from cozebatch.planning.planned import RESULTS_KEPT, Action, OperatorOverrides, Planned
from cozebatch.planning.recognition import DigestOf, Recognition
from cozebatch.planning.recovery import plan
from cozebatch.planning.reuse import reusable, reusing, to_be_paid
from cozebatch.planning.selection import Selection, require_known
from cozebatch.planning.settled import moved_to
from cozebatch.ports import Delivery, Edit, Handover, Journal, Recorded, RunRecord, TaskSource


@dataclass(frozen=True, slots=True)
class RunPlan:
    """What a run is to do, with the tasks' texts: large, so that it lives from planning to the run's start only."""

    run: RunRecord
    continuing: bool
    planned: list[Planned]
    owed: Sequence[Delivery]
    orphans: Sequence[Recorded]
    """Executions that may be in flight and that no task of the run waits for."""
    handover: Handover
    partial: bool
    journal_incomplete: bool
    excluded_in_vain: tuple[str, ...] = ()
    """What --exclude names and the source does not have."""
    reusable: Mapping[str, Recorded] = field(default_factory=dict)
    """By task that would be paid for: an execution with the same parameters, which served another one."""

    def reusing(self, now: float) -> RunPlan:
        """The same, with those results instead of new executions. `now` in Unix seconds."""
        planned, entries = [], []
        for p in self.planned:
            result = self.reusable.get(p.task_id) if p.action is Action.SUBMIT else None
            if result is not None:
                p, entry = reusing(p, result, self.run, now)
                entries.append(entry)
            planned.append(p)
        return replace(self, planned=planned, handover=replace(self.handover, reused=entries))

    def without(self, left_out: Collection[str]) -> RunPlan:
        """The same without these tasks, which would be paid for: they stay for another run."""
        if not left_out:
            return self
        return replace(
            self, planned=[p for p in self.planned if p.action is not Action.SUBMIT or p.task_id not in left_out]
        )


@dataclass(frozen=True, slots=True)
class Planner:
    """`source_is_authoritative`, `failures_are_told`: see `recovery.plan`. `with_table`: outcomes are written back to
    the source."""

    source: TaskSource
    source_key: str
    """The source's `key`: making it may ask the file system."""
    journal: Journal
    overrides: OperatorOverrides
    selection: Selection
    workflow_id: str
    digest_of: DigestOf
    source_is_authoritative: bool
    with_table: bool
    execution_timeout: float
    """Seconds after which an execution cannot be in flight any more."""
    wall: Callable[[], float]
    failures_are_told: bool = True

    async def plan(self) -> RunPlan:
        """Load the tasks, choose, and decide what becomes of each. Raises `UsageError`, `JournalError`."""
        last = None if self.overrides.fresh else await self.journal.last_run(self.source_key)
        if last is not None and last.status == "finished":
            last = None
        edits: list[Edit] = []
        listed = await listing(
            await self._load(edits),
            self.journal,
            self.source_key,
            self.overrides,
            continuing=last.run_id if last else None,
            source_is_authoritative=self.source_is_authoritative,
            digest_of=self.digest_of,
        )
        runs = await self.journal.runs()
        record, digests = await self._record(listed)
        abandoned = {run.run_id for run in runs if run.status == "abandoned"}
        counting = [r for r in record if r.status != "refused" and r.run_id not in abandoned]
        listed.reopen(counting, self.source_key, self.workflow_id, self.digest_of)
        rows, order = await self._continued(last, listed)
        recognition = Recognition(counting, self.source_key, self.workflow_id, self.digest_of, listed.settled)
        places = {run.run_id: run.place for run in runs}
        survey = Survey(self.journal, self.source, self.source_key, recognition, last, rows, listed.order, places)
        earlier = await self._forget(listed) if self.overrides.fresh else await survey.earlier_work(listed.open)
        self._rerun_as_listed(listed, earlier)
        candidates, gone = self._candidates(listed, order, earlier)
        await self._asked_for(survey, candidates, earlier)
        chosen = self.selection.choose(list(candidates))
        named = {"--rerun": self.overrides.rerun, "--adopt": self.overrides.adopt, "--answer": self.overrides.answered}
        for option, wanted in named.items():
            require_known(option, wanted, chosen)
        incomplete = await self.journal.is_incomplete(self.source_key)
        open_ = [(n, task) for n, t in enumerate(chosen) if (task := candidates[t]) is not None]
        decided = await self._decide(open_, earlier, last, gone, incomplete)
        run = last if last is not None else self._new_run(runs)
        rebound, decided = taken_over(self.source_key, run, numbered_on(decided, record, run), earlier)
        planned = _in_order(chosen, decided, listed.settled)
        dropped = [task_id for task_id in rows if task_id not in candidates]
        taken = set(chosen)
        return RunPlan(
            run,
            last is not None,
            planned,
            await self.journal.owed(self.source_key) if self.with_table else (),
            self._orphans(record, planned),
            Handover(rebound, digests, dropped, abandon_earlier=self.overrides.fresh, edits=edits),
            any(not row.state.is_end for t, row in rows.items() if t in candidates and t not in taken)
            or any(p.action is Action.SUBMIT for t, p in listed.settled.items() if t not in taken),
            incomplete,
            tuple(sorted(self.selection.exclude - set(candidates))),
            {} if self.overrides.fresh else await self._reusable(planned),
        )

    async def _reusable(self, planned: Sequence[Planned]) -> Mapping[str, Recorded]:
        """Results of the last days that were paid for as another row's and would serve rows that are to be paid for."""
        if not await self.journal.durations(self.workflow_id):
            return {}  # nothing has succeeded yet
        wanted = to_be_paid(planned, self.digest_of)
        results = await self.journal.results_of(self.workflow_id, wanted, self.wall() - RESULTS_KEPT) if wanted else ()
        return reusable(wanted, results, self.source_key)

    async def _load(self, bound: list[Edit]) -> Sequence[Task]:
        """What the source lists, and what is to be paid for anew though its filter hides it, with the edits in force.
        Adds those that serve another row now to `bound`."""
        if self.overrides.fresh:
            return await self.source.load(await self._begun())
        rerun = sorted(self.overrides.rerun)
        tasks = await self.source.load(await self.journal.past(self.source_key, rerun) if rerun else ())
        tasks, moved = with_edits(tasks, await self.journal.edits(), self.source_key)
        bound += moved
        return tasks

    async def _record(self, listed: Listing) -> tuple[Sequence[Recorded], Mapping[str, str]]:
        """The record without what the settled tasks need not ask, and digests that it did not have yet."""
        record = await self.journal.record(self.source_key, listed.settled)
        digests = await self.journal.missing_digests(self.digest_of)
        if digests:
            record = [replace(r, digest=digests[r.key]) if r.key in digests else r for r in record]
        return record, digests

    async def _continued(self, last: RunRecord | None, listed: Listing) -> tuple[dict[str, Row], Sequence[str]]:
        """The rows of the continued run that are to be decided about, and the ids of all of its tasks in order."""
        if last is None:
            return {}, ()
        rows = {row.task_id: row for row in await self.journal.rows(last.run_id, listed.settled)}
        if not listed.settled:
            return rows, list(rows)
        same = {task_id: task_id for task_id in listed.order}  # the listing's own texts, so that none is kept twice
        return rows, [same.get(task_id, task_id) for task_id in await self.journal.order(last.run_id)]

    async def _begun(self) -> Collection[str]:
        """`--fresh`: records that bear our mark since no run has ended their tasks. They are run all the same, as they
        are now, though the filter hides them for that mark."""
        if not self.with_table:
            return ()
        last = await self.journal.last_run(self.source_key)
        rows = await self.journal.rows(last.run_id) if last is not None else ()
        begun = [row.task_id for row in rows if row.claimed and not row.state.is_end]
        return dict.fromkeys((*begun, *await self.journal.claimed(self.source_key)))

    async def _forget(self, listed: Listing) -> EarlierWork:
        """`--fresh`: nothing earlier counts, but the claims."""
        if not self.with_table:
            return EarlierWork()
        return EarlierWork(await self.journal.past(self.source_key, list(listed.order)))

    def _rerun_as_listed(self, listed: Listing, earlier: EarlierWork) -> None:
        """What is to be paid for anew is made from what the source says now."""
        for task_id in self.overrides.rerun:
            past = earlier.past.get(task_id)
            if task_id in listed.order and past is not None and past.row.state.is_end:
                earlier.tasks.pop(task_id, None)

    def _candidates(
        self, listed: Listing, continued: Sequence[str], earlier: EarlierWork
    ) -> tuple[dict[str, Task | None], set[str]]:
        """All tasks this run could have, in order, and those among them that the source no longer lists. A settled task
        is None."""
        by_id = {task.task_id: task for task in listed.open}
        gone = {t for t in continued if t not in listed.order and t not in earlier.moved}
        order = (*(t for t in continued if t in listed.order or t in gone), *listed.order, *earlier.hidden)
        candidates: dict[str, Task | None] = {}
        for task_id in order:
            task = earlier.tasks.get(task_id) or by_id.get(task_id)
            if (task is not None or task_id in listed.settled) and task_id not in candidates:
                candidates[task_id] = task
        return candidates, gone

    async def _asked_for(self, survey: Survey, candidates: dict[str, Task | None], earlier: EarlierWork) -> None:
        """Tasks that the operator names may be hidden by the filter."""
        named = {*self.overrides.rerun, *self.overrides.adopt, *self.overrides.answered}
        asked = [t for t in named if t not in candidates]
        for task_id, past in (await survey.by_id(asked)).items():
            candidates[task_id] = await self.journal.task(past.run_id, task_id)
            earlier.past[task_id] = past

    async def _decide(
        self,
        open_: Sequence[tuple[int, Task]],
        earlier: EarlierWork,
        last: RunRecord | None,
        gone: set[str],
        incomplete: bool,
    ) -> list[Planned]:
        """The plan for tasks that are not settled, with their positions."""
        tasks = [task for _, task in open_]
        decide = partial(
            plan,
            past=earlier.past,
            overrides=self.overrides,
            continuing=last.run_id if last else None,
            source_is_authoritative=self.source_is_authoritative,
            gone=gone,
            incomplete=incomplete,
            digest_of=self.digest_of,
            positions=[position for position, _ in open_],
            failures_are_told=self.failures_are_told,
        )
        planned = decide(tasks)
        doubtful = [p.task_id for p in planned if self._seems_set_back(p, earlier)]
        shown = await self.source.look_up(doubtful) if doubtful else {}
        if any(shown.values()):  # a search may show a record as it was a moment ago
            planned = decide([replace(t, shown=shown.get(t.task_id, t.shown)) for t in tasks])
        return await self._with_claims(planned)

    async def _with_claims(self, planned: list[Planned]) -> list[Planned]:
        """A record that is shown as running may bear the mark of a claim that no run goes on with now."""
        unnamed = [
            p.task_id
            for p in planned
            if p.action is Action.SUBMIT
            and isinstance(p.task, Task)
            and p.task.shown == "running"
            and not p.row.claimed
        ]
        names = await self.journal.claim_names(self.source_key, unnamed) if unnamed else {}
        if not names:
            return planned
        return [
            replace(p, made=replace(p.row, claimed=True, claim=names[p.task_id])) if p.task_id in names else p
            for p in planned
        ]

    def _seems_set_back(self, p: Planned, earlier: EarlierWork) -> bool:
        past = earlier.past.get(p.task_id)
        if past is None or p.action is not Action.SUBMIT or p.row.asked or not self.source_is_authoritative:
            return False
        if self.overrides.fresh:
            return False
        return past.row.state in (State.DONE, State.FAILED, State.CANCELLED)

    def _orphans(self, record: Sequence[Recorded], planned: Sequence[Planned]) -> list[Recorded]:
        """What may be in flight from this state directory, of whatever run or source, and is not watched by a task."""
        watched = {p.row.execute_id for p in planned if p.action is Action.WATCH}
        since = self.wall() - self.execution_timeout
        return [
            r
            for r in record
            if r.status in ("running", "lost") and r.execute_id is not None and r.runs_since > since
            if r.execute_id not in watched
        ]

    def _new_run(self, earlier: Sequence[RunRecord]) -> RunRecord:
        """A new run, ordered after all `earlier` ones even if the clock was put back since."""
        now = self.wall()
        latest = max((run.place for run in earlier if run.source_key == self.source_key), default=now)
        return RunRecord(
            run_id=f"{compact(now)}-{secrets.token_hex(3)}",
            source_key=self.source_key,
            source_kind=self.source.kind,
            workflow_id=self.workflow_id,
            started_at=now,
            place=max(now, latest + 0.002),
        )


def _in_order(chosen: Sequence[str], decided: Sequence[Planned], settled: Mapping[str, Planned]) -> list[Planned]:
    """The plan for all chosen tasks, each with its position in the run."""
    rest = iter(decided)
    planned = []
    for position, task_id in enumerate(chosen):
        p = settled.get(task_id)
        if p is None:
            p = next(rest)
        elif p.position != position:
            p = moved_to(p, position)
        planned.append(p)
    return planned
