"""Decides the tasks that need no second look: finished with the same input, or not begun. Pure.

Most of 100,000 tasks are of these two kinds at a second start. Their texts, earlier rows and executions need not be in
memory together to see it. All other tasks are for `recovery.plan`, whose decision for these would be the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType

from cozebatch.model.project_name import differ_in_time_only
from cozebatch.model.rows import Row, changed
from cozebatch.model.task import State, Task
from cozebatch.planning.decisions import is_unverified
from cozebatch.planning.planned import (
    DONE_AS_EDITED,
    DONE_EARLIER,
    SHOWN_AS_OURS,
    Action,
    OperatorOverrides,
    Planned,
    new_row,
)
from cozebatch.planning.recognition import DigestOf
from cozebatch.ports import Past, StoredInput

NO_DIGESTS: Mapping[tuple[str, str], str] = MappingProxyType({})


def finished_before(
    task: Task,
    past: Past,
    overrides: OperatorOverrides,
    *,
    continuing: str | None,
    source_is_authoritative: bool,
    digests: Mapping[tuple[str, str], str] = NO_DIGESTS,
    digest_of: DigestOf | None = None,
) -> Planned | None:
    """The plan for a task that was finished with the input that it has now; None for all others.

    `continuing`, `source_is_authoritative`: see `recovery.plan`. The position is that of the earlier row. For a task
    without an id of its own, what would be sent now must have been sent, and nothing else: `digests` of that, by task
    and execution, and `digest_of`.
    """
    old = past.row
    if old.state is not State.DONE or old.unanswered or old.execute_id is None or old.given_up or is_unverified(old):
        return None
    if _is_named(task, overrides) or old.fingerprint != task.fingerprint():
        return None
    if not task.own_id:
        sent = digests.get((task.task_id, old.execute_id))
        if old.reused or sent is None or digest_of is None or sent != digest_of(task):
            return None
    stored = _input_of(past.run_id)
    if past.run_id == continuing:
        return Planned(stored, old, Action.KEEP, on_disk=True)
    if past.owed or not source_is_authoritative:
        note = DONE_AS_EDITED if task.edited else DONE_EARLIER
    elif task.shown is not None:
        note = SHOWN_AS_OURS
    else:
        return None
    row = Row(
        task.task_id,  # the text that the listing keeps, too
        old.position,
        title=old.title,
        account_id=old.account_id,
        project_name=old.project_name,
        record_id=old.record_id,
        fingerprint=old.fingerprint,
        edited=old.edited,
        state=State.SKIPPED,
        attempts=old.attempts,
        execute_id=old.execute_id,
        debug_url=old.debug_url,
        has_output=old.has_output,
        execution_failed=old.execution_failed,
        claimed=old.claimed,
        claim=old.claim,
        submitted_at=old.submitted_at,
        coze_finished_at=old.coze_finished_at,
        draft_path=old.draft_path,
        video_path=old.video_path,
        note=note,
        reused=old.reused,
    )
    return Planned(stored, row, Action.SKIP, note=note)


def not_begun(task: Task, past: Past, overrides: OperatorOverrides, *, continuing: str | None) -> Planned | None:
    """The plan for a task of the continued run for which nothing was done yet and whose input is the same; None for all
    others. It holds unless something is on record that was paid for the same parameters. A default project name stays
    the one of the start that took the task, so that nothing of the task has to be written again."""
    if past.run_id != continuing or past.row.state is not State.PENDING or not task.own_id or not task.content.strip():
        return None
    if task.shown is not None:  # it may bear the mark of a claim
        return None
    position, name = past.row.position, past.row.project_name
    if _is_named(task, overrides) or past.row != new_row(task, position, name):
        return None
    if task.default_name and differ_in_time_only(name, task.project_name):
        task = task.with_project_name(name, default=True)
    return Planned(task, position, Action.SUBMIT, on_disk=task.project_name == name)


def moved_to(planned: Planned, position: int) -> Planned:
    """The same for another position in the run."""
    made = position if isinstance(planned.made, int) else changed(planned.made, position=position)
    return Planned(planned.task, made, planned.action, note=planned.note)


@lru_cache(maxsize=64)
def _input_of(run_id: str) -> StoredInput:
    """One object for all tasks of a run: a start has 100,000 of them."""
    return StoredInput(run_id)


def _is_named(task: Task, overrides: OperatorOverrides) -> bool:
    return task.task_id in overrides.rerun or task.task_id in overrides.adopt or task.task_id in overrides.answered
