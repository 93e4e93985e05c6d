"""Reads values back from the records of the journal's tables."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import replace
from functools import wraps
from typing import Any, TypeVar, get_args

from pydantic_core import from_json

from cozebatch.journal.records import ALLOWANCE, COUNTERS, NAMES
from cozebatch.model.allowance import Allowance
from cozebatch.model.errors import ErrorInfo, JournalError
from cozebatch.model.question import Question
from cozebatch.model.rows import Counters, Row
from cozebatch.model.task import Task
from cozebatch.model.text import Text
from cozebatch.ports import (
    AnswerStatus,
    Asked,
    Edit,
    Execution,
    ExecutionStatus,
    Film,
    Names,
    Recorded,
    RunRecord,
    Workflow,
)

T = TypeVar("T")
Argument = TypeVar("Argument")


def _decoding(decode: Callable[[Argument], T]) -> Callable[[Argument], T]:
    """Raise `JournalError` where a decoder cannot read what is stored: SQLite finds no damage inside a text."""

    @wraps(decode)
    def careful(stored: Argument) -> T:
        try:
            return decode(stored)
        except (ValueError, TypeError, LookupError, AttributeError) as error:
            raise JournalError(
                Text(
                    f"状态文件里有一条记录已损坏（{type(error).__name__}），没有提交任何任务："
                    "请换一个 --state-dir，或从备份恢复。",
                    f"A record in the state file is damaged ({type(error).__name__}); nothing was submitted: choose "
                    "another --state-dir, or restore a backup.",
                )
            ) from error

    return careful


@_decoding
def edit_of(stored: tuple[Any, ...]) -> Edit:
    """A record of the table `edit`, in the order of its columns."""
    key, source_key, task_id, made_from, title, content, source_title, source_content, at, owed = stored
    texts = {"title": title, "content": content, "source_title": source_title, "source_content": source_content}
    return Edit(key, source_key, task_id, made_from, **texts, at=float(at), owed=bool(owed))


@_decoding
def asked_of(stored: tuple[Any, ...]) -> Asked:
    """A record of the table `question`, in the order of its columns."""
    key, _, execute_id, asked_at, question, status, answer, answered_at, answered_by, error = stored
    return Asked(
        key,
        Question.from_json(json.loads(question)),
        float(asked_at),
        execute_id,
        _ANSWERS[status],
        answer,
        answered_at,
        answered_by,
        ErrorInfo.from_json(json.loads(error)) if error else None,
    )


@_decoding
def row_of(stored: str) -> Row:
    try:
        facts = from_json(stored, cache_strings="keys")  # in a third of the time of Python's own
    except ValueError:
        facts = json.loads(stored)  # half a surrogate pair in a title
    return Row.from_json(facts)


@_decoding
def task_of(stored: str) -> Task:
    return Task.from_json(json.loads(stored))


@_decoding
def facts_of(stored: str) -> dict[str, Any]:
    """A stored object as it is."""
    return dict(json.loads(stored))


@_decoding
def run_of(stored: tuple[Any, ...]) -> RunRecord:
    """A record of the table `run`, in the order of its columns."""
    values = list(stored)
    counters = json.loads(values[COUNTERS])
    values[COUNTERS] = Counters.from_json(counters)
    values[-1] = bool(values[-1])
    return replace(
        RunRecord(*values),
        allowance=Allowance.from_json(counters.get(ALLOWANCE, {})),
        names=Names(**counters.get(NAMES, {})),
    )


@_decoding
def execution_of(stored: tuple[Any, ...]) -> Execution:
    """A record of the table `execution`, in the order of its columns."""
    key, source_key, run_id, *facts = stored[:12]
    error, workflow_id, version, app_id, bot_id, digest, parameters, film, resumed_at = stored[12:]
    task_id, number, status, sent_at, execute_id, debug_url, logid, ended_at, seconds = facts
    return Execution(
        task_id,
        number,
        _STATUSES[status],
        sent_at,
        execute_id,
        debug_url,
        logid,
        ended_at,
        seconds,
        ErrorInfo.from_json(json.loads(error)) if error else None,
        key=key,
        source_key=source_key,
        run_id=run_id,
        workflow=Workflow(workflow_id, version, app_id, bot_id) if workflow_id else None,
        digest=digest,
        parameters=json.loads(parameters) if parameters else None,
        film=Film(**json.loads(film)) if film else None,
        resumed_at=resumed_at,
    )


@_decoding
def recorded_of(stored: tuple[Any, ...]) -> Recorded:
    """A record that `SqliteJournal.record` reads. Text that many records share is kept in memory once."""
    key, source_key, run_id, task_id, number, status, sent_at, workflow_id, digest, *ends = stored
    execute_id, output, film, resumed_at = ends
    return Recorded(
        key,
        sys.intern(source_key),
        sys.intern(run_id),
        task_id,
        number,
        _STATUSES[status],
        sent_at,
        sys.intern(workflow_id or ""),
        digest,
        execute_id,
        bool(output),
        bool(film),
        resumed_at,
    )


_ANSWERS: dict[str, AnswerStatus] = {status: status for status in get_args(AnswerStatus)}
_STATUSES: dict[str, ExecutionStatus] = {status: status for status in get_args(ExecutionStatus)}
