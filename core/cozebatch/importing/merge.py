"""Decides which findings the journal needs and writes them into its runs.

The journal's own knowledge is never overwritten. Unfinished tasks go into an unfinished run, because only such a run
is continued, even for tasks that the source no longer lists. Ended tasks go into a finished run placed just before
it, so that every later row takes precedence. If the unfinished run still lists an ended task as to be done, the task
is marked as ended there instead.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Literal

from cozebatch.importing.entries import Finding
from cozebatch.model.errors import Category
from cozebatch.model.project_name import assign_project_names
from cozebatch.model.rows import Row
from cozebatch.model.task import State, Task
from cozebatch.model.timestamps import compact
from cozebatch.planning.planned import JOURNAL_INCOMPLETE, is_expired
from cozebatch.ports import Change, Delivery, Execution, Journal, Owe, PutExecution, PutOutput, RunRecord, Workflow

_JUST_BEFORE = 0.001
_AT_ONCE = 100
"""Changes per commit, kept low because one output may have megabytes."""


@dataclass(frozen=True, slots=True)
class Target:
    """The source and the workflow that the findings are imported for."""

    source_key: str
    source_kind: Literal["feishu", "file"]
    workflow_id: str


@dataclass(frozen=True, slots=True)
class Standing:
    """What the journal holds of the source. `known`: tasks whose state it knows. `unfinished`: the run that the next
    start continues, with its `rows`. `latest`: the place of its last run."""

    known: frozenset[str] = frozenset()
    unfinished: RunRecord | None = None
    rows: Mapping[str, Row] = field(default_factory=dict)
    latest: float = 0.0
    run_ids: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Placed:
    """A run and what is written into it; `outputs` by execute id."""

    run: RunRecord
    entries: tuple[tuple[Task, Row], ...]
    executions: tuple[Execution, ...]
    outputs: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Takeover:
    """What will be imported. `not_started` and `known` count findings that the journal does not need."""

    placed: tuple[Placed, ...]
    not_started: int
    known: int

    @property
    def rows(self) -> list[Row]:
        return [row for placed in self.placed for _, row in placed.entries]

    def expired(self, now: float) -> list[Row]:
        """Running executions that are so old that Coze has probably deleted their results; `now` is Unix seconds."""
        return [row for row in self.rows if row.state is State.RUNNING and is_expired(row, now)]


def knows(row: Row) -> bool:
    """True if the journal's row says more than that the task is waiting."""
    if row.state is State.SKIPPED:
        return False
    if row.state is State.HELD and row.error == JOURNAL_INCOMPLETE:  # held because the journal was incomplete
        return bool(row.execute_id or row.attempts)
    return row.state is not State.PENDING or bool(row.attempts or row.execute_id or row.has_output)


async def survey(journal: Journal, source_key: str) -> Standing:
    """What the journal holds of a source. Raises `JournalError`."""
    runs = [run for run in await journal.runs() if run.source_key == source_key]
    known: set[str] = set()
    for run in runs:
        if run.status != "abandoned":
            known |= {row.task_id for row in await journal.rows(run.run_id) if knows(row)}
    last = await journal.last_run(source_key)
    if last is not None and last.status == "finished":
        last = None
    return Standing(
        known=frozenset(known),
        unfinished=last,
        rows={} if last is None else {row.task_id: row for row in await journal.rows(last.run_id)},
        latest=max((run.place for run in runs), default=0.0),
        run_ids=frozenset(run.run_id for run in runs),
    )


def decide(findings: Sequence[Finding], standing: Standing, target: Target, *, digest: str, now: float) -> Takeover:
    """Assign each finding to a run. `digest` (hexadecimal) identifies the files' content, `now` is Unix seconds."""
    started = [finding for finding in findings if finding.row is not None]
    fresh = [finding for finding in started if finding.task.task_id not in standing.known]
    unfinished: list[Finding] = []
    ended: list[Finding] = []
    for finding in fresh:
        assert finding.row is not None
        there = standing.rows.get(finding.task.task_id)
        about_to_start = there is not None and there.state is not State.SKIPPED
        (ended if finding.row.state.is_end and not about_to_start else unfinished).append(finding)
    run = standing.unfinished
    if run is None:
        at = max(now, standing.latest + 2 * _JUST_BEFORE)
        run = _run("interrupted", target, standing, digest, place=at, now=now)
    before = _run("finished", target, standing, digest, place=run.place - _JUST_BEFORE, now=now)
    placed = []
    if ended:
        placed.append(_placed(before, ended, {}, now))
    if unfinished:
        placed.append(_placed(run, unfinished, standing.rows, now))
    return Takeover(tuple(placed), len(findings) - len(started), len(started) - len(fresh))


async def write(journal: Journal, takeover: Takeover) -> None:
    """Write it into the journal. After an interruption it can be repeated. Raises `JournalError`."""
    for placed in takeover.placed:
        # The rows come last, because they refer to the executions and outputs.
        await journal.begin(placed.run, ())
        changes: list[Change] = [PutOutput(execute_id, output) for execute_id, output in placed.outputs.items()]
        changes += [PutExecution(execution) for execution in placed.executions]
        changes += _owed(placed, await journal.last_serial() + 1)
        for start in range(0, len(changes), _AT_ONCE):
            await journal.write(*changes[start : start + _AT_ONCE])
        await journal.begin(placed.run, placed.entries)


def _run(
    status: Literal["finished", "interrupted"],
    target: Target,
    standing: Standing,
    digest: str,
    *,
    place: float,
    now: float,
) -> RunRecord:
    mark = hashlib.sha256(f"{digest} {status}".encode()).hexdigest()[:6]
    run_id = base = f"import-{compact(now)}-{mark}"
    number = 1
    while run_id in standing.run_ids:
        number += 1
        run_id = f"{base}-{number}"
    kind, workflow_id = target.source_kind, target.workflow_id
    return RunRecord(
        run_id, target.source_key, kind, workflow_id, started_at=now, finished_at=now, status=status, place=place
    )


def _placed(run: RunRecord, findings: Sequence[Finding], rows: Mapping[str, Row], now: float) -> Placed:
    position = max((row.position for row in rows.values()), default=-1)
    entries: list[tuple[Task, Row]] = []
    executions: list[Execution] = []
    outputs: dict[str, str] = {}
    to_make = [f.task for f in findings if f.row is not None and not f.row.state.is_end]
    named = {task.task_id: task for task in assign_project_names(to_make, datetime.fromtimestamp(now).astimezone())}
    for finding in findings:
        assert finding.row is not None
        task = named.get(finding.task.task_id, finding.task)
        replaced = rows.get(task.task_id)
        if replaced is None:
            position += 1
        row = replace(
            finding.row,
            position=position if replaced is None else replaced.position,
            project_name=task.project_name,
            submissions=0 if replaced is None else replaced.submissions,
        )
        execution = _execution(row, finding, run.workflow_id)
        if execution is not None:
            executions.append(execution)
            row = replace(row, submissions=execution.number)
        if row.execute_id is not None and finding.output is not None:
            outputs[row.execute_id] = finding.output
        entries.append((task, row))
    return Placed(run, tuple(entries), tuple(executions), outputs)


def _execution(row: Row, finding: Finding, workflow_id: str) -> Execution | None:
    """The record of the row's submission, or None if too little is known. Pacing uses its duration."""
    status = _came_to(row)
    if status is None or row.submitted_at is None:
        return None
    succeeded = status == "succeeded" and row.coze_finished_at is not None
    return Execution(
        row.task_id,
        row.submissions + 1,
        status,
        sent_at=row.submitted_at,
        execute_id=row.execute_id,
        debug_url=row.debug_url,
        ended_at=row.coze_finished_at,
        seconds=finding.seconds if succeeded else None,
        error=row.error if status in ("failed", "unanswered") else None,
        workflow=Workflow(workflow_id),
    )


def _came_to(row: Row) -> Literal["running", "succeeded", "failed", "unanswered"] | None:
    """The status of the row's latest submission; None if unknown."""
    if row.execute_id is None:
        return "unanswered" if row.state is State.HELD else None
    if row.state is State.RUNNING:
        return "running"
    if row.execution_failed:
        return "failed"
    return "succeeded" if row.has_output or row.state is State.DONE else None


def _owed(placed: Placed, first_serial: int) -> list[Change]:
    """Write-backs of finished films that never reached the table; the next start delivers them."""
    rows = [
        row
        for _, row in placed.entries
        if row.state is State.DONE
        and row.record_id is not None
        and row.error is not None
        and row.error.category is Category.WRITE_BACK
    ]
    return [
        Owe(
            Delivery(
                first_serial + number,
                row.task_id,
                row.record_id or "",
                "done",
                "\n".join(path for path in (row.video_path, row.draft_path) if path),
            )
        )
        for number, row in enumerate(rows)
    ]
