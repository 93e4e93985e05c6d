"""The seam to the journal: what a run puts into it, and what it asks of it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

from cozebatch.model.errors import ErrorInfo
from cozebatch.model.rows import Counters, Row
from cozebatch.model.task import Task
from cozebatch.ports.services import Delivery

RunStatus = Literal["open", "finished", "interrupted", "stopped", "abandoned"]


@dataclass(frozen=True, slots=True)
class RunRecord:
    """One run, over all its processes. Times are Unix seconds; `clock` is its running time in seconds.

    `place` orders the runs of a source: as `started_at` does, but for a clock that was put back between two of them.
    """

    run_id: str
    source_key: str
    source_kind: str
    workflow_id: str
    started_at: float
    finished_at: float | None = None
    status: RunStatus = "open"
    clock: float = 0.0
    counters: Counters = field(default_factory=Counters)
    max_coze: int = 0
    max_synthesis: int = 0
    results_path: str | None = None
    place: float = math.nan
    """`started_at` where it is not given."""
    pruned: bool = False
    """Retention has been through: rows and results may be gone."""

    def __post_init__(self) -> None:
        if math.isnan(self.place):
            object.__setattr__(self, "place", self.started_at)


@dataclass(frozen=True, slots=True)
class Execution:
    """One submission and what became of it. `number` counts a task's submissions in its run, from 1.

    `sent` is the intent, on disk before the request leaves.
    """

    task_id: str
    number: int
    status: Literal["sent", "refused", "unanswered", "running", "succeeded", "failed", "interrupted", "lost"]
    sent_at: float
    execute_id: str | None = None
    debug_url: str | None = None
    logid: str | None = None
    ended_at: float | None = None
    seconds: float | None = None
    error: ErrorInfo | None = None


@dataclass(frozen=True, slots=True)
class Past:
    """How the latest earlier run left a task."""

    run_id: str
    row: Row
    owed: bool
    """A write-back of it was never delivered."""


@dataclass(frozen=True, slots=True)
class PutRow:
    row: Row


@dataclass(frozen=True, slots=True)
class PutExecution:
    execution: Execution


@dataclass(frozen=True, slots=True)
class PutOutput:
    """Coze's whole output, when first seen."""

    execute_id: str
    output: str


@dataclass(frozen=True, slots=True)
class Owe:
    """A write-back is owed from now on; it replaces an undelivered one of the same task."""

    delivery: Delivery


@dataclass(frozen=True, slots=True)
class Settle:
    """A write-back was delivered (`error` None), or was given up for now: it stays owed."""

    serial: int
    error: ErrorInfo | None = None


@dataclass(frozen=True, slots=True)
class PutRun:
    run: RunRecord


Change = PutRow | PutExecution | PutOutput | Owe | Settle | PutRun


class Journal(Protocol):
    """The memory that survives a crash. Everything raises `JournalError` when the disk does not do its part."""

    async def begin(self, run: RunRecord, entries: Iterable[tuple[Task, Row]]) -> None:
        """Start or continue `run`, with the tasks and rows that are new or changed (read once, possibly in another
        thread). Later writes belong to it."""

    async def write(self, *changes: Change) -> None:
        """Durable, and all of it or nothing, when this returns. Concurrent writes share a commit."""

    async def last_run(self, source_key: str) -> RunRecord | None:
        """The latest run of that source that was not abandoned."""

    async def runs(self) -> Sequence[RunRecord]:
        """All runs, newest first."""

    async def rows(self, run_id: str) -> Sequence[Row]:
        """A run's rows by position."""

    async def task(self, run_id: str, task_id: str) -> Task:
        """A task's input as it was when the run took it."""

    async def tasks(self, run_id: str, task_ids: Sequence[str]) -> Mapping[str, Task]:
        """These tasks of a run by id, as `task` gives one; those it does not have are missing."""

    async def past(self, source_key: str, task_ids: Sequence[str]) -> dict[str, Past]:
        """How the latest run that did not skip it left each of these tasks; tasks never seen are missing."""

    async def output(self, execute_id: str) -> str | None:
        """Coze's output of an execution, as it was stored."""

    async def executions(self, run_id: str, task_id: str) -> Sequence[Execution]:
        """A task's submissions in a run, oldest first."""

    async def owed(self, source_key: str) -> Sequence[Delivery]:
        """Write-backs never delivered, oldest first, of all runs of that source."""

    async def last_serial(self) -> int:
        """The highest serial of any delivery so far."""

    async def durations(self, workflow_id: str) -> Sequence[float]:
        """How long the latest (at most 500) successful executions of a workflow took, seconds, oldest first."""

    async def is_incomplete(self, source_key: str) -> bool:
        """Whether tasks of that source may be missing here: the journal was damaged and could not be read whole."""

    async def confirm_complete(self, source_key: str, now: float) -> None:
        """A run has seen all tasks of that source; `now` in Unix seconds."""
