"""The same script again: rows whose parameters were paid for as another row's, and may have that result for free. Pure.

Each execution serves one row (docs/contract.md §5), so such a row is paid for, unless a person chooses the result that
is there. Then it gets a film of its own, under its own name, and an entry of its own on record, which pays for nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from cozebatch.model.task import State, Task
from cozebatch.planning.planned import Action, Planned
from cozebatch.planning.recognition import DigestOf
from cozebatch.ports import Execution, Recorded, RunRecord, Workflow


def to_be_paid(planned: Iterable[Planned], digest_of: DigestOf) -> dict[str, list[str]]:
    """The tasks that a new execution would be paid for, by what would be sent. Without those that a person asked to be
    paid for."""
    found: dict[str, list[str]] = {}
    for p in planned:
        if p.action is not Action.SUBMIT or not isinstance(p.task, Task):
            continue
        if isinstance(p.made, int) or not p.made.asked:
            found.setdefault(digest_of(p.task), []).append(p.task_id)
    return found


def reusable(wanted: Mapping[str, Sequence[str]], results: Iterable[Recorded], source_key: str) -> dict[str, Recorded]:
    """For each task, the latest of these executions that served another one. `wanted`: see `to_be_paid`; `results`:
    the latest first."""
    found: dict[str, Recorded] = {}
    for result in results:
        for task_id in wanted.get(result.digest or "", ()):
            if (result.source_key, result.task_id) != (source_key, task_id):
                found.setdefault(task_id, result)
    return found


def reusing(p: Planned, result: Recorded, run: RunRecord, now: float) -> tuple[Planned, Execution]:
    """The plan for a task that has this result, and its entry on record. `now` in Unix seconds."""
    row = replace(
        p.row,
        state=State.DOWNLOADING,
        execute_id=result.execute_id,
        has_output=True,
        reused=True,
        submitted_at=result.sent_at,
    )
    entry = Execution(
        p.task_id,
        row.submissions + 1,
        "reused",
        now,
        result.execute_id,
        source_key=run.source_key,
        run_id=run.run_id,
        workflow=Workflow(result.workflow_id),
        digest=result.digest,
    )
    return Planned(p.task, row, Action.FINISH), entry
