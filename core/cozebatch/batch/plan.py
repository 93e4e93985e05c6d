"""Plans a run: loads the source, chooses tasks, and sees what earlier runs left of them. Only reads."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from cozebatch.model.rows import Row
from cozebatch.model.task import State, Task
from cozebatch.model.timestamps import compact
from cozebatch.planning.planned import Action, OperatorOverrides, Planned, limit_new
from cozebatch.planning.recovery import is_unverified, plan
from cozebatch.planning.selection import Selection, require_known
from cozebatch.ports import Delivery, Journal, Past, Recorded, RunRecord, TaskSource


@dataclass(frozen=True, slots=True)
class RunPlan:
    """What a run is to do, with the tasks' texts: large, so that it lives from planning to the run's start only."""

    run: RunRecord
    continuing: bool
    planned: Sequence[Planned]
    owed: Sequence[Delivery]
    orphans: Sequence[Recorded]
    """Executions that may be in flight and that no task of the run waits for."""
    partial: bool
    journal_incomplete: bool

    def limited(self, new_limit: int | None) -> RunPlan:
        """The same with at most `new_limit` new executions; None for all."""
        return self if new_limit is None else replace(self, planned=limit_new(self.planned, new_limit))


@dataclass(frozen=True, slots=True)
class Planner:
    """`source_is_authoritative`: see `recovery.plan`. `with_table`: outcomes are written back to the source."""

    source: TaskSource
    journal: Journal
    overrides: OperatorOverrides
    selection: Selection
    workflow_id: str
    source_is_authoritative: bool
    with_table: bool
    execution_timeout: float
    """Seconds after which an execution cannot be in flight any more."""
    wall: Callable[[], float]

    async def plan(self) -> RunPlan:
        """Load the tasks, choose, and decide what becomes of each. Raises `UsageError`, `JournalError`."""
        listed = list(await self.source.load())
        last = None if self.overrides.fresh else await self.journal.last_run(self.source.key)
        if last is not None and last.status == "finished":
            last = None
        rows = {} if last is None else {row.task_id: row for row in await self.journal.rows(last.run_id)}
        candidates, gone = await self._candidates(listed, last, rows)
        chosen = self.selection.choose(list(candidates))
        for option, wanted in (("--rerun", self.overrides.rerun), ("--adopt", self.overrides.adopt)):
            require_known(option, wanted, chosen)
        past = {} if self.overrides.fresh else await self._past(last, rows, chosen)
        incomplete = await self.journal.is_incomplete(self.source.key)
        planned = plan(
            [candidates[task_id] for task_id in chosen],
            past,
            self.overrides,
            continuing=last.run_id if last else None,
            source_is_authoritative=self.source_is_authoritative,
            gone=gone,
            incomplete=incomplete,
        )
        taken = set(chosen)
        left_out = any(not row.state.is_end for task_id, row in rows.items() if task_id not in taken)
        orphans = self._orphans(await self.journal.record(), planned)
        owed = await self.journal.owed(self.source.key) if self.with_table else ()
        run = last if last is not None else self._new_run(await self.journal.runs())
        return RunPlan(run, last is not None, planned, owed, orphans, left_out, incomplete)

    async def _candidates(
        self, listed: Sequence[Task], last: RunRecord | None, rows: Mapping[str, Row]
    ) -> tuple[dict[str, Task], set[str]]:
        """All tasks this run could have, in order, and those among them that the source no longer lists.

        A task whose execution was started keeps the input it was started with; a waiting task takes the source's input.
        """
        by_id = {task.task_id: task for task in listed}
        gone = rows.keys() - by_id.keys()
        begun = [task_id for task_id, row in rows.items() if task_id in gone or not _takes_input_from_source(row)]
        stored = {} if last is None else await self.journal.tasks(last.run_id, begun)
        candidates: dict[str, Task] = {}
        for task_id in rows:
            known, listed_now = stored.get(task_id), by_id.get(task_id)
            if known is None or (listed_now is not None and not known.content):  # a journal that was rebuilt
                known = listed_now
            assert known is not None
            candidates[task_id] = known
        for task in listed:
            candidates.setdefault(task.task_id, task)
        asked = [t for t in {*self.overrides.rerun, *self.overrides.adopt} if t not in candidates]
        for task_id, earlier in (await self.journal.past(self.source.key, asked)).items():
            candidates[task_id] = await self.journal.task(earlier.run_id, task_id)
        return candidates, gone

    async def _past(self, last: RunRecord | None, rows: Mapping[str, Row], chosen: Sequence[str]) -> Mapping[str, Past]:
        """How the chosen tasks were left: by the continued run if it did not skip them, else by earlier ones."""
        owed = {delivery.task_id for delivery in await self.journal.owed(self.source.key)}
        found: dict[str, Past] = {}
        for task_id in chosen:
            row = rows.get(task_id)
            if row is not None and row.state is not State.SKIPPED:
                assert last is not None
                found[task_id] = Past(last.run_id, row, task_id in owed)
        rest = [task_id for task_id in chosen if task_id not in found]
        return found | await self.journal.past(self.source.key, rest)

    def _orphans(self, record: Sequence[Recorded], planned: Sequence[Planned]) -> list[Recorded]:
        """What may be in flight from this state directory, of whatever run or source, and is not watched by a task."""
        watched = {p.row.execute_id for p in planned if p.action is Action.WATCH}
        since = self.wall() - self.execution_timeout
        return [
            r
            for r in record
            if r.status in ("running", "lost") and r.execute_id is not None and r.sent_at > since
            if r.execute_id not in watched
        ]

    def _new_run(self, earlier: Sequence[RunRecord]) -> RunRecord:
        """A new run, ordered after all `earlier` ones even if the clock was put back since."""
        now = self.wall()
        latest = max((run.place for run in earlier if run.source_key == self.source.key), default=now)
        return RunRecord(
            run_id=f"{compact(now)}-{secrets.token_hex(3)}",
            source_key=self.source.key,
            source_kind=self.source.kind,
            workflow_id=self.workflow_id,
            started_at=now,
            place=max(now, latest + 0.002),
        )


def _takes_input_from_source(row: Row) -> bool:
    """True if no execution was started, or its input is only partly known."""
    return row.state in (State.PENDING, State.SKIPPED) or is_unverified(row)
