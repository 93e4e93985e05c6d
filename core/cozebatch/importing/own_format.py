"""Reads a task from one of our own results files (docs/contract.md §6), for when its state directory is lost. Pure.

The file holds less than the journal: it lacks the script, whether Coze reported an execution as failed, and the
write-backs still to deliver. Where it lacks something, the free step is taken: Coze is queried again, or the film is
made again from Coze's result.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from cozebatch.importing.entries import Entry, Finding
from cozebatch.importing.legacy_format import LONGEST, SHORTEST, made_up_id
from cozebatch.model.errors import Category, ErrorInfo
from cozebatch.model.rows import Row
from cozebatch.model.task import State, Task
from cozebatch.model.text import Text
from cozebatch.planning.planned import CRASHED_WHILE_SENDING, DONE_AS_IMPORTED, DONE_EARLIER

SCHEMA_VERSION = 1

_SAID_DONE = frozenset(wording for note in (DONE_EARLIER, DONE_AS_IMPORTED) for wording in (note.zh, note.en))
_FAILED_BY_COZE = frozenset({Category.WORKFLOW_FAILED, Category.CONTENT_REJECTED})


def finding_of(entry: Entry, *, feishu: bool, mask: Callable[[str], str]) -> Finding:
    """The finding in `entry`. `feishu`: its ids are record ids. `mask` removes secrets from the services' messages."""
    task_id = entry.task_id
    task = Task(
        task_id,
        title=entry.text("title"),
        project_name=entry.text("project_name"),
        record_id=(entry.text("record_id") or task_id) if feishu else None,
    )
    submitted_at, coze_finished_at = entry.time("submitted_at"), entry.time("coze_finished_at")
    finished_at = entry.time("finished_at")
    times = [t for t in (submitted_at, coze_finished_at, finished_at) if t is not None]
    execute_id, attempts = entry.execute_id(), entry.count("attempts")
    given = entry.json("output")
    output = None if given is None else mask(given)
    error = _error(entry.object("error"), mask)
    was = entry.text("status").strip().lower()
    state = _state(was, execute_id, attempts, has_output=output is not None, note=entry.text("note"))
    if state is None:
        return Finding(task, None, at=max(times, default=None))
    if state is State.HELD and error is None:
        error = CRASHED_WHILE_SENDING
    if output is not None and execute_id is None:
        execute_id = made_up_id(task_id, output)
    seconds = entry.number("coze_seconds")
    unanswered = state is State.HELD and (error is None or error.category is Category.UNKNOWN_SUBMIT)
    row = Row(
        task_id,
        0,
        title=task.title,
        project_name=task.project_name,
        record_id=task.record_id,
        state=state,
        attempts=max(attempts, 0 if state in (State.FAILED, State.CANCELLED) else 1),
        execute_id=execute_id,
        debug_url=entry.text("debug_url") or None,
        has_output=output is not None,
        execution_failed=state is State.FAILED and error is not None and error.category in _FAILED_BY_COZE,
        unanswered=unanswered or (state is State.CANCELLED and attempts > 0 and execute_id is None),
        submitted_at=submitted_at,
        coze_finished_at=coze_finished_at,
        finished_at=finished_at if state.is_end else None,
        coze_seconds=seconds,
        tokens=entry.count("tokens"),
        draft_path=entry.text("draft_path") or None,
        video_path=entry.text("video_path") or None,
        error=error if state.is_end else None,
    )
    believed = seconds if SHORTEST <= seconds <= LONGEST else None
    return Finding(task, row, output, max(times, default=None), believed if coze_finished_at is not None else None)


def _state(was: str, execute_id: str | None, attempts: int, *, has_output: bool, note: str) -> State | None:
    """The state of the task; None if nothing was started for it."""
    if was in (State.DONE, State.FAILED, State.HELD, State.CANCELLED):
        return State(was)
    if was == State.SKIPPED and note in _SAID_DONE:
        return State.DONE
    if was == State.SUBMITTING:
        return State.HELD
    if has_output:
        return State.DOWNLOADING
    if execute_id is not None:
        return State.RUNNING
    if was in (State.PENDING, State.SKIPPED) and attempts == 0:
        return None
    return State.HELD


def _error(value: Mapping[str, Any] | None, mask: Callable[[str], str]) -> ErrorInfo | None:
    """The error from the file, in the one language it was written in."""
    if value is None:
        return None
    said = {name: value.get(name) for name in ("code", "message", "logid", "hint")}
    texts = {name: mask(text[:2000]) if isinstance(text, str) else "" for name, text in said.items()}
    category = Category.INTERNAL
    with suppress(ValueError):
        category = Category(str(value.get("category")))
    return ErrorInfo(
        category,
        Text.same(texts["message"] or category.value),
        code=texts["code"] or None,
        logid=texts["logid"] or None,
        hint=Text.same(texts["hint"]),
    )
