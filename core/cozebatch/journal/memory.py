"""The in-memory twin of the SQLite journal, for tests in virtual time. It promises the same, except durability.

`copy` returns the state that a crash at this moment would leave on disk.
"""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import fields, replace

import anyio.lowlevel

from cozebatch.model.rows import Row
from cozebatch.model.task import CONTENT_ONLY, State, Task
from cozebatch.ports import (
    NO_HANDOVER,
    NOT_ENDED,
    Asked,
    Change,
    Delivery,
    Edit,
    Enter,
    Execution,
    Forget,
    Handover,
    LearnedLimit,
    Medium,
    Owe,
    Past,
    PutAsked,
    PutEdit,
    PutExecution,
    PutFilm,
    PutInput,
    PutLearned,
    PutMedium,
    PutOutput,
    PutRow,
    PutRun,
    PutUpload,
    Recorded,
    RunRecord,
    Settle,
    StoredInput,
    Upload,
)


class MemoryJournal:
    """Keeps everything in dictionaries; `before_write` may raise to simulate a failing disk."""

    def __init__(self) -> None:
        self._runs: dict[str, RunRecord] = {}
        self._tasks: dict[tuple[str, str], Task] = {}
        self._rows: dict[tuple[str, str], Row] = {}
        self._executions: dict[str, Execution] = {}
        self._outputs: dict[str, str] = {}
        self._deliveries: dict[int, tuple[str, Delivery, bool]] = {}
        self._edits: dict[str, Edit] = {}
        self._uploads: dict[str, Upload] = {}
        self._learned: dict[str, LearnedLimit] = {}
        self._media: dict[tuple[str, str], Medium] = {}
        self._questions: dict[tuple[str, str], Asked] = {}
        self._current: RunRecord | None = None
        self.writes = 0

    def copy(self) -> MemoryJournal:
        twin = copy.copy(self)
        for name, value in vars(self).items():
            if isinstance(value, dict):
                setattr(twin, name, dict(value))
        return twin

    async def begin(
        self, run: RunRecord, entries: Iterable[tuple[Task | StoredInput, Row]], handover: Handover = NO_HANDOVER
    ) -> None:
        await anyio.lowlevel.checkpoint()
        self._current = run
        if handover.abandon_earlier:
            for earlier in list(self._runs.values()):
                if earlier.source_key == run.source_key:
                    self._runs[earlier.run_id] = replace(earlier, status="abandoned")
            for edit in list(self._edits.values()):
                if edit.source_key == run.source_key:
                    self._edits[edit.key] = replace(edit, made_from="")
        for edit in handover.edits:
            self._edits[edit.key] = edit
        self._runs[run.run_id] = run
        self._enter(run.run_id, entries)
        for task_id in handover.dropped:
            self._tasks.pop((run.run_id, task_id), None)
            self._rows.pop((run.run_id, task_id), None)
        for r in handover.rebound:
            if (known := self._executions.get(r.key)) is not None:
                self._executions[r.key] = replace(
                    known,
                    source_key=run.source_key,
                    run_id=run.run_id,
                    task_id=r.task_id,
                    number=r.number,
                )
        for execution in handover.reused:
            self._put_execution(execution, run)
        for key, digest in handover.digests.items():
            self._executions[key] = replace(self._executions[key], digest=digest)

    def _enter(self, run_id: str, entries: Iterable[tuple[Task | StoredInput, Row]]) -> None:
        for task, row in entries:
            stored = task if isinstance(task, Task) else self._tasks[task.run_id, row.task_id]
            self._tasks[run_id, row.task_id] = stored
            self._rows[run_id, row.task_id] = row

    async def write(self, *changes: Change) -> None:
        """Store changes in the order of the calls, as the journal on disk does with its queue."""
        assert self._current is not None, "write before begin"
        self.writes += 1
        run_id = self._current.run_id
        for change in changes:
            match change:
                case PutRow(row):
                    self._rows[run_id, row.task_id] = row
                case Enter(entries):
                    self._enter(run_id, entries)
                case PutExecution(execution):
                    self._put_execution(execution, self._current)
                case PutFilm(execute_id, film, task_id):
                    of = [e for e in self._executions.values() if e.execute_id == execute_id]
                    own = [e for e in of if (e.source_key, e.task_id) == (self._current.source_key, task_id)]
                    for known in own or of:
                        self._executions[known.key] = replace(known, film=film)
                case PutOutput(execute_id, output):
                    self._outputs[execute_id] = output
                case Owe(delivery):
                    source = self._current.source_key
                    for serial, (key, other, settled) in list(self._deliveries.items()):
                        if key == source and other.task_id == delivery.task_id and not settled:
                            del self._deliveries[serial]
                    self._deliveries[delivery.serial] = (source, delivery, False)
                case Settle(serial, error):
                    if serial in self._deliveries:
                        key, delivery, _ = self._deliveries[serial]
                        self._deliveries[serial] = (key, delivery, error is None)
                case PutRun(run):
                    self._runs[run.run_id] = run
                case PutInput(task):
                    self._tasks[run_id, task.task_id] = task
                case PutEdit(edit):
                    self._edits[edit.key] = edit
                case PutUpload(upload):
                    self._uploads[upload.sha256] = upload
                case PutLearned(learned):
                    self._learned[learned.account] = learned
                case Forget(account):
                    self._learned.pop(account, None)
                case PutMedium(medium):
                    self._media[medium.sha256, medium.place] = medium
                case PutAsked(asked):
                    self._questions[asked.key, asked.question.event_id] = asked
        await anyio.lowlevel.checkpoint()

    def _put_execution(self, execution: Execution, run: RunRecord) -> None:
        known = self._executions.get(execution.key)
        if known is None:
            source_key, run_id = execution.source_key or run.source_key, execution.run_id or run.run_id
            self._executions[execution.key] = replace(execution, source_key=source_key, run_id=run_id)
        else:
            said = {f.name: value for f in fields(execution) if (value := getattr(execution, f.name)) is not None}
            for name in ("source_key", "run_id", "task_id", "number"):
                del said[name]
            self._executions[execution.key] = replace(known, **said)

    async def last_run(self, source_key: str) -> RunRecord | None:
        found = [r for r in self._runs.values() if r.source_key == source_key and r.status != "abandoned"]
        return max(found, key=lambda run: (run.place, run.run_id), default=None)

    async def runs(self) -> Sequence[RunRecord]:
        return sorted(self._runs.values(), key=lambda run: (run.place, run.run_id), reverse=True)

    async def rows(self, run_id: str, besides: Collection[str] = ()) -> Sequence[Row]:
        found = (row for (run, task_id), row in self._rows.items() if run == run_id and task_id not in besides)
        return sorted(found, key=lambda row: row.position)

    async def order(self, run_id: str) -> Sequence[str]:
        return [row.task_id for row in await self.rows(run_id)]

    async def task(self, run_id: str, task_id: str) -> Task:
        await anyio.lowlevel.checkpoint()
        return self._tasks[run_id, task_id]

    async def tasks(self, run_id: str, task_ids: Sequence[str]) -> Mapping[str, Task]:
        return {t: self._tasks[run_id, t] for t in task_ids if (run_id, t) in self._tasks}

    async def past(self, source_key: str, task_ids: Sequence[str]) -> dict[str, Past]:
        wanted = set(task_ids)
        found: dict[str, Past] = {}
        owed = {d.task_id for key, d, settled in self._deliveries.values() if key == source_key and not settled}
        newest_last = sorted(self._runs.values(), key=lambda run: (run.place, run.run_id))
        for run in newest_last:
            if run.source_key != source_key or run.status == "abandoned":
                continue
            for (run_id, task_id), row in self._rows.items():
                if run_id == run.run_id and task_id in wanted and row.state is not State.SKIPPED:
                    found[task_id] = Past(run_id, row, task_id in owed)
        return found

    async def claimed(self, source_key: str) -> Sequence[str]:
        latest: dict[str, Row] = {}
        for run in sorted(self._runs.values(), key=lambda run: (run.place, run.run_id)):
            if run.source_key == source_key:
                latest |= {t: row for (run_id, t), row in self._rows.items() if run_id == run.run_id}
        return [t for t, row in latest.items() if row.claimed and _waits_for_its_claim(row)]

    async def claim_names(self, source_key: str, task_ids: Sequence[str]) -> Mapping[str, str]:
        found: dict[str, str] = {}
        for run in sorted(self._runs.values(), key=lambda run: (run.place, run.run_id)):
            for task_id in task_ids:
                row = self._rows.get((run.run_id, task_id)) if run.source_key == source_key else None
                if row is not None and row.claim:
                    found[task_id] = row.claim
        return found

    async def output(self, execute_id: str) -> str | None:
        return self._outputs.get(execute_id)

    async def outputs(self, execute_ids: Sequence[str]) -> Mapping[str, str]:
        return {execute_id: self._outputs[execute_id] for execute_id in execute_ids if execute_id in self._outputs}

    async def executions(self, run_id: str, task_id: str) -> Sequence[Execution]:
        found = [e for e in self._executions.values() if (e.run_id, e.task_id) == (run_id, task_id)]
        return sorted(found, key=lambda execution: (execution.number, execution.sent_at))

    async def record(self, source_key: str = "", settled: Collection[str] = ()) -> Sequence[Recorded]:
        places = {run.run_id: run.place for run in self._runs.values()}

        def age(e: Execution) -> tuple[float, int, float]:
            return places.get(e.run_id, e.sent_at), e.number, e.sent_at

        return [
            Recorded(
                e.key,
                e.source_key,
                e.run_id,
                e.task_id,
                e.number,
                e.status,
                e.sent_at,
                e.workflow.workflow_id if e.workflow is not None else "",
                e.digest,
                e.execute_id,
                e.execute_id in self._outputs,
                e.film is not None,
                e.resumed_at,
            )
            for e in sorted(self._executions.values(), key=age)
            if e.task_id not in settled or e.source_key != source_key or e.status in NOT_ENDED
        ]

    async def digests(self, source_key: str, execute_ids: Sequence[str]) -> Mapping[tuple[str, str], str]:
        return {
            (e.task_id, e.execute_id): e.digest
            for e in self._executions.values()
            if e.execute_id in execute_ids and e.source_key == source_key and e.status == "succeeded"
            if e.execute_id is not None and e.digest is not None
        }

    async def started_again(self, source_key: str) -> Collection[str]:
        counts = Counter(e.task_id for e in self._executions.values() if e.source_key == source_key)
        return {task_id for task_id, count in counts.items() if count > 1}

    async def bound_elsewhere(self, source_key: str) -> Collection[str]:
        elsewhere = (e for e in self._executions.values() if e.source_key != source_key and e.status != "reused")
        return {e.execute_id for e in elsewhere if e.execute_id}

    async def results_of(self, workflow_id: str, digests: Collection[str], since: float) -> Sequence[Recorded]:
        found = [
            r
            for r in await self.record()
            if r.digest in digests and r.status == "succeeded" and r.has_output and r.sent_at > since
            if r.workflow_id == workflow_id
        ]
        return sorted(found, key=lambda r: -r.sent_at)

    async def missing_digests(self, digest_of: Callable[[Task], str]) -> Mapping[str, str]:
        found = {}
        for e in self._executions.values():
            row, task = self._rows.get((e.run_id, e.task_id)), self._tasks.get((e.run_id, e.task_id))
            if e.digest is not None or row is None or task is None:
                continue
            if row.fingerprint and not row.fingerprint.startswith(CONTENT_ONLY):
                found[e.key] = digest_of(task)
        return found

    async def owed(self, source_key: str) -> Sequence[Delivery]:
        return [d for _, (key, d, settled) in sorted(self._deliveries.items()) if key == source_key and not settled]

    async def edits(self) -> Sequence[Edit]:
        return sorted(self._edits.values(), key=lambda edit: (-edit.at, edit.key))

    async def questions(self, keys: Sequence[str]) -> Sequence[Asked]:
        return sorted((a for a in self._questions.values() if a.key in keys), key=lambda asked: asked.asked_at)

    async def asked_as(self, execute_id: str) -> str | None:
        return next((a.key for a in self._questions.values() if a.execute_id == execute_id), None)

    async def upload(self, sha256: str) -> Upload | None:
        return self._uploads.get(sha256)

    async def learned_limit(self, account: str) -> LearnedLimit | None:
        return self._learned.get(account)

    async def medium(self, sha256: str, place: str) -> Medium | None:
        return self._media.get((sha256, place))

    async def last_serial(self) -> int:
        return max(self._deliveries, default=0)

    async def durations(self, workflow_id: str) -> Sequence[float]:
        ended = [
            execution
            for execution in self._executions.values()
            if execution.workflow is not None and execution.workflow.workflow_id == workflow_id
            if execution.status == "succeeded" and execution.seconds is not None and execution.ended_at is not None
        ]
        ended.sort(key=lambda execution: execution.ended_at or 0.0)
        return [execution.seconds for execution in ended[-500:] if execution.seconds is not None]

    async def is_incomplete(self, source_key: str) -> bool:
        return False

    async def confirm_complete(self, source_key: str, now: float) -> None:
        """Does nothing, because memory is never damaged."""


def _waits_for_its_claim(row: Row) -> bool:
    return row.state is State.PENDING or (row.state is State.FAILED and (row.given_up or not row.submissions))
