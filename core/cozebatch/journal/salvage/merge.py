"""Combines a damaged journal and a log into the most reliable row of one task. Pure.

In doubt the execution is queried again or a person is asked, so that it is not paid for twice.
"""

from __future__ import annotations

from collections.abc import Container
from dataclasses import replace
from typing import assert_never

from cozebatch.journal.salvage.log_reader import Trace
from cozebatch.model.errors import Category, ErrorInfo
from cozebatch.model.rows import Row
from cozebatch.model.task import State, Task
from cozebatch.model.text import Text
from cozebatch.planning.planned import CRASHED_WHILE_SENDING, JOURNAL_INCOMPLETE
from cozebatch.ports import Execution

_ORDER = (
    State.PENDING,
    State.SUBMITTING,
    State.RUNNING,
    State.DOWNLOADING,
    State.QUEUED,
    State.SYNTHESIZING,
    State.WRITING_BACK,
)
_MAKING = frozenset({State.DOWNLOADING, State.QUEUED, State.SYNTHESIZING, State.WRITING_BACK})
_ONLY_LOGGED = ErrorInfo(
    Category.INTERNAL,
    Text("状态文件损坏，失败原因只在日志里。", "The state file was damaged; why it failed stands in the log only."),
)


def merged(row: Row, trace: Trace | None, execution: Execution | None, *, has_output: bool, torn: bool = False) -> Row:
    """A row from the journal, updated from the log and the task's latest submission.

    `torn`: the row may be outdated. `has_output`: Coze's output of its execution was found.
    """
    if trace is not None and _is_newer(trace, row):
        row = _moved_on(row, trace)
    elif execution is not None and execution.number > row.submissions:
        row = _from_execution(row, execution)
    elif torn and trace is None and row.state is State.PENDING:
        row = _held_as_unknown(row)
    if row.state in (State.PENDING, State.SUBMITTING):
        return row
    if row.has_output and not has_output:
        row = replace(row, has_output=False)
    if row.state in _MAKING and not row.has_output:
        # Query Coze again, which is free.
        return replace(row, state=State.RUNNING) if row.execute_id is not None else _held_as_unknown(row)
    return row


def from_log(
    task: Task, position: int, trace: Trace | None, execution: Execution | None, outputs: Container[str]
) -> Row:
    """The row of a task of which only the log, a submission record or the id is left.

    If its input is lost too, the fingerprint stays empty, because the input is unknown.
    """
    row = Row(task.task_id, position, record_id=task.record_id)
    if task.content:
        row = replace(row, title=task.title, account_id=task.account_id, project_name=task.project_name)
        row = replace(row, fingerprint=task.fingerprint())
    if trace is not None:
        row = _moved_on(row, trace)
        if execution is not None and execution.sent_at > trace.at + 1:
            row = _from_execution(row, execution)
    elif execution is not None:
        row = _from_execution(row, execution)
    else:
        row = _held_as_unknown(row)
    found = row.execute_id in outputs
    if found:
        row = replace(row, has_output=True)
        if row.state is State.RUNNING:
            row = replace(row, state=State.DOWNLOADING)
    return merged(row, None, None, has_output=found)


def _is_newer(trace: Trace, row: Row) -> bool:
    """True if the log is newer than the row. Log times are whole seconds."""
    last = max(row.submitted_at or 0.0, row.finished_at or 0.0)
    if trace.execute_id is not None and trace.execute_id == row.execute_id:
        return _rank(trace.state) > _rank(row.state)
    if trace.execute_id is not None:
        return trace.at + 1 > last
    if trace.state is State.SUBMITTING:
        return row.state is not State.SUBMITTING and trace.at + 1 > last and row.execute_id is None
    return _rank(trace.state) > _rank(row.state) and row.execute_id is None


def _rank(state: State) -> int:
    return _ORDER.index(state) if state in _ORDER else len(_ORDER)


def _moved_on(row: Row, trace: Trace) -> Row:
    """The row after the last move in the log."""
    row = replace(row, attempts=max(row.attempts, trace.executions), error=None, note=None)
    if trace.execute_id is not None:
        known = row.execute_id == trace.execute_id
        row = replace(
            row,
            execute_id=trace.execute_id,
            submitted_at=trace.submitted_at or trace.at,
            debug_url=row.debug_url if known else None,
            has_output=row.has_output and known,
            execution_failed=row.execution_failed and known,
            unanswered=False,
        )
    match trace.state:
        case State.SUBMITTING | State.HELD:
            row = replace(row, attempts=max(row.attempts, 1), submitted_at=trace.submitted_at or row.submitted_at)
            error = CRASHED_WHILE_SENDING
            return replace(row, state=State.HELD, error=error, unanswered=True, finished_at=trace.at)
        case State.PENDING if trace.execute_id is not None:  # Coze probably reported it as failed: query it again
            return replace(row, state=State.RUNNING)
        case State.FAILED:
            return replace(row, state=State.FAILED, error=_ONLY_LOGGED, finished_at=trace.at)
        case State.DONE | State.CANCELLED | State.SKIPPED:
            return replace(row, state=trace.state, finished_at=trace.at)
        case State.PENDING | State.RUNNING | State.DOWNLOADING | State.QUEUED | State.SYNTHESIZING | State.WRITING_BACK:
            return replace(row, state=trace.state)
        case _:
            assert_never(trace.state)


def _from_execution(row: Row, execution: Execution) -> Row:
    """The row according to its latest submission record."""
    row = replace(row, submissions=execution.number, submitted_at=execution.sent_at, attempts=max(row.attempts, 1))
    row = replace(row, error=None, note=None, execute_id=execution.execute_id, has_output=False)
    if execution.execute_id is not None and execution.status != "failed":
        return replace(
            row, state=State.RUNNING, debug_url=execution.debug_url, execution_failed=False, unanswered=False
        )
    if execution.status in ("sent", "unanswered"):
        return replace(row, state=State.HELD, error=CRASHED_WHILE_SENDING, unanswered=True)
    return _held_as_unknown(row)


def _held_as_unknown(row: Row) -> Row:
    return replace(row, state=State.HELD, error=JOURNAL_INCOMPLETE, unanswered=True)
