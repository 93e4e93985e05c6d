"""A start's plan for what a source lists, from a journal in memory that earlier runs left."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from cozebatch.batch.plan import Planner, RunPlan
from cozebatch.journal.memory import MemoryJournal
from cozebatch.model.rows import Row
from cozebatch.model.task import Outcome, Task, parameters_digest
from cozebatch.planning.planned import Action, OperatorOverrides
from cozebatch.planning.selection import Selection
from cozebatch.ports import RunRecord, RunStatus


@dataclass
class Listed:
    """A source that lists these tasks."""

    tasks: Sequence[Task]
    key: str = "file:/tasks.csv"
    kind: Literal["feishu", "file", "demo"] = "file"
    deleted: set[str] = field(default_factory=set)
    hidden: Sequence[Task] = ()
    """By its filter."""

    async def load(self, named: Collection[str] = ()) -> Sequence[Task]:
        return [*self.tasks, *(task for task in self.hidden if task.task_id in named)]

    async def look_up(self, task_ids: Sequence[str]) -> Mapping[str, Outcome | None]:
        return {t: None for t in task_ids if t not in self.deleted}


def digest_of(task: Task) -> str:
    return parameters_digest({"content": task.content})


async def planned(
    journal: MemoryJournal,
    source: Listed,
    *,
    table: bool = False,
    fresh: bool = False,
    overrides: OperatorOverrides | None = None,
) -> RunPlan:
    overrides, selection = overrides or OperatorOverrides(fresh=fresh), Selection()
    planner = Planner(
        source,
        source.key,
        journal,
        overrides,
        selection,
        "w",
        digest_of,
        source_is_authoritative=table,
        with_table=table,
        execution_timeout=86400,
        wall=lambda: 1000.0,
    )
    return await planner.plan()


def actions(plan: RunPlan) -> dict[str, Action]:
    return {p.task_id: p.action for p in plan.planned}


async def left(journal: MemoryJournal, status: RunStatus, *entries: tuple[Task, Row]) -> RunRecord:
    """A run that left these rows."""
    run = RunRecord("run1", "file:/tasks.csv", "file", "w", 1.0, status=status)
    await journal.begin(run, entries)
    return run
