"""Writes values as records of the journal's tables (`decoding` reads them back)."""

from __future__ import annotations

import itertools
import json
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import asdict, astuple
from typing import Any, assert_never

from cozebatch.model.rows import Row
from cozebatch.model.task import Task
from cozebatch.ports import (
    Asked,
    Change,
    Edit,
    Enter,
    Execution,
    Film,
    Forget,
    Handover,
    Owe,
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
    RunRecord,
    Settle,
    StoredInput,
    Workflow,
)

MEDIUM_COLUMNS = "sha256, place, file_token, upload_id, block_size, parts, at"
RUN_COLUMNS = (
    "run_id, source_key, source_kind, workflow_id, started_at, finished_at, status, clock, counters, max_coze, "
    "max_synthesis, results_path, place, pruned"
)
COUNTERS = RUN_COLUMNS.split(", ").index("counters")
ALLOWANCE, NAMES = "allowance", "names"
"""They stand among the counters: runs of earlier versions have none."""
EXECUTION_COLUMNS = (
    "key, source_key, run_id, task_id, number, status, sent_at, execute_id, debug_url, logid, ended_at, seconds, "
    "error, workflow_id, workflow_version, app_id, bot_id, digest, parameters, film, "
    "resumed_at"
)
QUESTION_COLUMNS = "key, event_id, execute_id, asked_at, question, status, answer, answered_at, answered_by, error"
EDIT_COLUMNS = "key, source_key, task_id, made_from, title, content, source_title, source_content, at, owed"
_KEPT_OF_EXECUTION = frozenset({"key", "source_key", "run_id", "task_id", "number"})
"""Columns that a later `PutExecution` of the same execution does not change."""
_RUN_NAMES, _EXECUTION_NAMES = RUN_COLUMNS.split(", "), EXECUTION_COLUMNS.split(", ")
_PUT_RUN = (
    f"INSERT INTO run ({RUN_COLUMNS}) VALUES ({','.join('?' * len(_RUN_NAMES))}) ON CONFLICT (run_id) DO UPDATE SET "
    + ", ".join(f"{name} = excluded.{name}" for name in _RUN_NAMES if name not in ("run_id", "pruned"))
)
_PUT_EXECUTION = (
    f"INSERT INTO execution ({EXECUTION_COLUMNS}) VALUES ({','.join('?' * len(_EXECUTION_NAMES))}) "
    "ON CONFLICT (key) DO UPDATE SET "
    + ", ".join(
        f"{name} = coalesce(excluded.{name}, {name})" for name in _EXECUTION_NAMES if name not in _KEPT_OF_EXECUTION
    )
)
"""Made once: every move writes the run, and half of them an execution."""


def put_change(db: sqlite3.Connection, source_key: str, run_id: str, change: Change) -> None:
    """Store a change that belongs to a run of this source."""
    match change:
        case PutRow(row):
            db.execute(
                "UPDATE task SET row = ? WHERE run_id = ? AND task_id = ?",
                (dumps(row.to_json()), run_id, row.task_id),
            )
        case Enter(entries):
            put_tasks(db, run_id, entries)
        case PutExecution(execution):
            put_execution(db, source_key, run_id, execution)
        case PutFilm(execute_id, film, task_id):
            of_task = "UPDATE execution SET film = ? WHERE execute_id = ? AND task_id = ? AND source_key = ?"
            if not db.execute(of_task, (_film(film), execute_id, task_id, source_key)).rowcount:
                db.execute("UPDATE execution SET film = ? WHERE execute_id = ?", (_film(film), execute_id))
        case PutOutput(execute_id, output):
            put_output(db, execute_id, output)
        case Owe(d):
            db.execute(
                "DELETE FROM delivery WHERE source_key = ? AND task_id = ? AND settled = 0",
                (source_key, d.task_id),
            )
            db.execute(
                "INSERT INTO delivery (serial, source_key, run_id, task_id, record_id, outcome, result) "
                "VALUES (?, ?, ?, ?, ?, ?, ?)",
                (d.serial, source_key, run_id, d.task_id, d.record_id, d.outcome, d.result),
            )
        case Settle(serial, error):
            db.execute(
                "UPDATE delivery SET settled = ?, error = ? WHERE serial = ?",
                (error is None, dumps(error.to_json()) if error else None, serial),
            )
        case PutRun(run):
            put_run(db, run)
        case PutInput(task):
            db.execute(
                "UPDATE input SET input = ? WHERE run_id = ? AND task_id = ?",
                (dumps(task.to_json()), run_id, task.task_id),
            )
        case PutEdit(edit):
            put_edit(db, edit)
        case PutAsked(asked):
            put_asked(db, asked)
        case PutUpload(upload):
            values = (upload.sha256, upload.file_id, upload.size, upload.at)
            db.execute("INSERT OR REPLACE INTO upload (sha256, file_id, size, at) VALUES (?, ?, ?, ?)", values)
        case PutLearned(learned):
            db.execute("INSERT OR REPLACE INTO learned_limit VALUES (?, ?, ?)", astuple(learned))
        case Forget(account):
            db.execute("DELETE FROM learned_limit WHERE account = ?", (account,))
        case PutMedium(medium):
            db.execute(
                f"INSERT OR REPLACE INTO medium ({MEDIUM_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?)", astuple(medium)
            )
        case _:
            assert_never(change)


def put_changes(db: sqlite3.Connection, source_key: str, run_id: str, changes: Sequence[Change]) -> None:
    """Store changes that are committed together. What became of the run in between, nobody can see: of several records
    of one run, only the last is written."""
    runs: dict[str, PutRun] = {}
    for change in changes:
        if isinstance(change, PutRun):
            runs[change.run.run_id] = change
        else:
            put_change(db, source_key, run_id, change)
    for last in runs.values():
        put_change(db, source_key, run_id, last)


def put_run(db: sqlite3.Connection, run: RunRecord) -> None:
    db.execute(_PUT_RUN, _run_values(run))


def put_tasks(db: sqlite3.Connection, run_id: str, entries: Iterable[tuple[Task | StoredInput, Row]]) -> None:
    """Store new or changed tasks with their inputs, a few hundred in memory at a time."""
    waiting = iter(entries)
    while some := list(itertools.islice(waiting, 500)):
        db.executemany(
            "INSERT INTO task (run_id, task_id, position, row) VALUES (?, ?, ?, ?) "
            "ON CONFLICT DO UPDATE SET position = excluded.position, row = excluded.row",
            ((run_id, row.task_id, row.position, dumps(row.to_json())) for _, row in some),
        )
        db.executemany(
            "INSERT INTO input (run_id, task_id, input) VALUES (?, ?, ?) "
            "ON CONFLICT DO UPDATE SET input = excluded.input WHERE input.input != excluded.input",
            ((run_id, task.task_id, dumps(task.to_json())) for task, _ in some if isinstance(task, Task)),
        )
        stored: dict[str, list[str]] = {}
        for task, row in some:
            if isinstance(task, StoredInput) and task.run_id != run_id:
                stored.setdefault(task.run_id, []).append(row.task_id)
        db.executemany(
            "INSERT INTO input (run_id, task_id, input) "
            "SELECT ?, task_id, input FROM json_each(?) AS wanted "
            "CROSS JOIN input ON run_id = ? AND task_id = wanted.value WHERE true "  # in this order, by the key
            "ON CONFLICT DO UPDATE SET input = excluded.input WHERE input.input != excluded.input",
            ((run_id, dumps(task_ids), earlier) for earlier, task_ids in stored.items()),
        )


def put_execution(db: sqlite3.Connection, source_key: str, run_id: str, execution: Execution) -> None:
    """Insert or update an execution. `source_key` and `run_id` are used if it has none of its own."""
    values = _execution_values(execution)
    values[1:3] = execution.source_key or source_key, execution.run_id or run_id
    db.execute(_PUT_EXECUTION, values)


def hand_over(db: sqlite3.Connection, run: RunRecord, handover: Handover) -> None:
    """Store what `run` takes over from earlier runs."""
    if handover.abandon_earlier:
        db.execute(
            "UPDATE run SET status = 'abandoned' WHERE source_key = ? AND run_id != ?", (run.source_key, run.run_id)
        )
        db.execute("UPDATE edit SET made_from = '' WHERE source_key = ?", (run.source_key,))
    for edit in handover.edits:
        put_edit(db, edit)
    for table in ("task", "input"):
        db.executemany(
            f"DELETE FROM {table} WHERE run_id = ? AND task_id = ?", ((run.run_id, t) for t in handover.dropped)
        )
    db.executemany(
        "UPDATE execution SET source_key = ?, run_id = ?, task_id = ?, number = ? WHERE key = ?",
        ((run.source_key, run.run_id, r.task_id, r.number, r.key) for r in handover.rebound),
    )
    for execution in handover.reused:
        put_execution(db, run.source_key, run.run_id, execution)
    db.executemany(
        "UPDATE execution SET digest = ? WHERE key = ? AND digest IS NULL",
        ((digest, key) for key, digest in handover.digests.items()),
    )


def put_output(db: sqlite3.Connection, execute_id: str, output: str) -> None:
    db.execute("INSERT OR REPLACE INTO output (execute_id, output) VALUES (?, ?)", (execute_id, _storable(output)))


def put_edit(db: sqlite3.Connection, edit: Edit) -> None:
    texts = (_storable(text) for text in (edit.title, edit.content, edit.source_title, edit.source_content))
    db.execute(
        f"INSERT OR REPLACE INTO edit ({EDIT_COLUMNS}) VALUES ({','.join('?' * 10)})",
        (edit.key, edit.source_key, edit.task_id, edit.made_from, *texts, edit.at, edit.owed),
    )


def put_asked(db: sqlite3.Connection, asked: Asked) -> None:
    values = (
        asked.key,
        asked.question.event_id,
        asked.execute_id,
        asked.asked_at,
        dumps(asked.question.to_json()),
        asked.status,
        _storable(asked.answer) if asked.answer is not None else None,
        asked.answered_at,
        _storable(asked.answered_by),
        dumps(asked.error.to_json()) if asked.error else None,
    )
    db.execute(f"INSERT OR REPLACE INTO question ({QUESTION_COLUMNS}) VALUES ({','.join('?' * 10)})", values)


def _run_values(run: RunRecord) -> list[Any]:
    values = [getattr(run, name) for name in _RUN_NAMES]
    values[COUNTERS] = dumps({**run.counters.to_json(), ALLOWANCE: run.allowance.to_json(), NAMES: asdict(run.names)})
    return values


def _execution_values(e: Execution) -> list[Any]:
    workflow = e.workflow or Workflow("")
    return [
        e.key,
        e.source_key,
        e.run_id,
        e.task_id,
        e.number,
        e.status,
        e.sent_at,
        e.execute_id,
        e.debug_url,
        e.logid,
        e.ended_at,
        e.seconds,
        dumps(e.error.to_json()) if e.error else None,
        workflow.workflow_id or None,
        workflow.version,
        workflow.app_id,
        workflow.bot_id,
        e.digest,
        dumps(dict(e.parameters)) if e.parameters is not None else None,
        _film(e.film) if e.film is not None else None,
        e.resumed_at,
    ]


def _film(film: Film) -> str:
    return dumps({name: getattr(film, name) for name in film.__slots__ if getattr(film, name) is not None})


_encoder = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


def dumps(value: Any) -> str:
    """A value as JSON that SQLite can store."""
    return _storable(_encoder.encode(value))


def _storable(text: str) -> str:
    """Replaces half surrogate pairs by question marks: JSON can hold them, UTF-8 cannot."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")
