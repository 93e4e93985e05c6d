"""The seam to the journal: what a run asks of it, and the one way to write (`changes`)."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Protocol

from cozebatch.model.rows import Row
from cozebatch.model.task import Task
from cozebatch.ports.changes import Change
from cozebatch.ports.questions import Asked
from cozebatch.ports.records import (
    NO_HANDOVER,
    Edit,
    Execution,
    Handover,
    LearnedLimit,
    Medium,
    Past,
    Recorded,
    RunRecord,
    StoredInput,
    Upload,
)
from cozebatch.ports.services import Delivery


class Journal(Protocol):
    """The memory that survives a crash. Everything raises `JournalError` when the disk does not do its part."""

    async def begin(
        self, run: RunRecord, entries: Iterable[tuple[Task | StoredInput, Row]], handover: Handover = NO_HANDOVER
    ) -> None:
        """Start or continue `run`, with the tasks and rows that are new or changed (read once, possibly in another
        thread), and what it takes over. Later writes belong to it."""

    async def write(self, *changes: Change) -> None:
        """Durable, and all of it or nothing, when this returns. Concurrent writes share a commit."""

    async def last_run(self, source_key: str) -> RunRecord | None:
        """The latest run of that source that was not abandoned."""

    async def runs(self) -> Sequence[RunRecord]:
        """All runs, newest first."""

    async def rows(self, run_id: str, besides: Collection[str] = ()) -> Sequence[Row]:
        """A run's rows by position, `besides` those of these tasks."""

    async def order(self, run_id: str) -> Sequence[str]:
        """The ids of a run's tasks by position."""

    async def task(self, run_id: str, task_id: str) -> Task:
        """A task's input as it was when the run took it."""

    async def tasks(self, run_id: str, task_ids: Sequence[str]) -> Mapping[str, Task]:
        """These tasks of a run by id, as `task` gives one; those it does not have are missing."""

    async def past(self, source_key: str, task_ids: Sequence[str]) -> dict[str, Past]:
        """How the latest run that did not skip it left each of these tasks; tasks never seen are missing."""

    async def claimed(self, source_key: str) -> Sequence[str]:
        """Tasks whose record in the table was claimed for a submission that was not sent, as the latest run that has
        them left them."""

    async def claim_names(self, source_key: str, task_ids: Sequence[str]) -> Mapping[str, str]:
        """The names of the claims of these tasks' records that were won or begun last, of all runs, abandoned ones
        too; missing where there is none."""

    async def output(self, execute_id: str) -> str | None:
        """Coze's output of an execution, as it was stored."""

    async def outputs(self, execute_ids: Sequence[str]) -> Mapping[str, str]:
        """The same for several; those without one are missing."""

    async def executions(self, run_id: str, task_id: str) -> Sequence[Execution]:
        """A task's submissions in a run, oldest first."""

    async def record(self, source_key: str = "", settled: Collection[str] = ()) -> Sequence[Recorded]:
        """All executions ever started from this state directory, of all runs and sources; without the ended ones of the
        `settled` tasks of that source. Those of one task are in the order in which they were started, by the place of
        their run and by number: the clock may have been put back between two of them."""

    async def bound_elsewhere(self, source_key: str) -> Collection[str]:
        """The executions (by `execute_id`) that serve tasks of other sources than this."""

    async def digests(self, source_key: str, execute_ids: Sequence[str]) -> Mapping[tuple[str, str], str]:
        """Of what was sent to those that have succeeded, by the task of this source that they serve and by
        `execute_id`."""

    async def started_again(self, source_key: str) -> Collection[str]:
        """The tasks of this source with several executions on record: without ids of their own, they may be several
        rows, one after the other."""

    async def missing_digests(self, digest_of: Callable[[Task], str]) -> Mapping[str, str]:
        """The digests of executions (by key) that have none on record, made by `digest_of` (called in another thread)
        of the tasks' stored inputs. Those whose input is not wholly known are left out."""

    async def owed(self, source_key: str) -> Sequence[Delivery]:
        """Write-backs never delivered, oldest first, of all runs of that source."""

    async def last_serial(self) -> int:
        """The highest serial of any delivery so far."""

    async def edits(self) -> Sequence[Edit]:
        """All edits of rows of all sources, the latest first."""

    async def questions(self, keys: Sequence[str]) -> Sequence[Asked]:
        """What the executions with these keys asked, oldest first."""

    async def asked_as(self, execute_id: str) -> str | None:
        """The key of the execution that asked something under this id; it may go on under another one."""

    async def results_of(self, workflow_id: str, digests: Collection[str], since: float) -> Sequence[Recorded]:
        """Executions of a workflow with these parameters (by digest) that succeeded, were started after `since` (Unix
        seconds), and whose output is on disk; the latest first."""

    async def upload(self, sha256: str) -> Upload | None:
        """What Coze calls this content since its latest upload."""

    async def learned_limit(self, account: str) -> LearnedLimit | None:
        """What the latest run that was throttled learned of this account."""

    async def medium(self, sha256: str, place: str) -> Medium | None:
        """How far this content was brought into a base."""

    async def durations(self, workflow_id: str) -> Sequence[float]:
        """How long the latest (at most 500) successful executions of a workflow took, seconds, oldest first."""

    async def is_incomplete(self, source_key: str) -> bool:
        """Whether tasks of that source may be missing here: the journal was damaged and could not be read whole."""

    async def confirm_complete(self, source_key: str, now: float) -> None:
        """A run has seen all tasks of that source; `now` in Unix seconds."""
