"""How values are stored as records of the journal's tables, and read back."""

from __future__ import annotations

import itertools
import json
import sqlite3
from collections.abc import Iterable
from typing import Any, assert_never

from cozebatch.model.errors import ErrorInfo
from cozebatch.model.rows import Counters, Row
from cozebatch.model.task import Task
from cozebatch.ports import (
    Change,
    Execution,
    Owe,
    PutExecution,
    PutOutput,
    PutRow,
    PutRun,
    RunRecord,
    Settle,
)

RUN_COLUMNS = (
    "run_id, source_key, source_kind, workflow_id, started_at, finished_at, status, clock, counters, max_coze, "
    "max_synthesis, results_path, place, pruned"
)
_COUNTERS = RUN_COLUMNS.split(", ").index("counters")
EXECUTION_COLUMNS = "task_id, number, status, sent_at, execute_id, debug_url, logid, ended_at, seconds, error"


def put_change(db: sqlite3.Connection, source_key: str, run_id: str, change: Change) -> None:
    """Store a change of a run of that source."""
    match change:
        case PutRow(row):
            db.execute(
                "UPDATE task SET row = ? WHERE run_id = ? AND task_id = ?",
                (dumps(row.to_json()), run_id, row.task_id),
            )
        case PutExecution(execution):
            put_execution(db, run_id, execution)
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
        case _:
            assert_never(change)


def put_run(db: sqlite3.Connection, run: RunRecord) -> None:
    values = _run_values(run)
    kept = ("run_id", "pruned")
    db.execute(
        f"INSERT INTO run ({RUN_COLUMNS}) VALUES ({','.join('?' * len(values))}) ON CONFLICT (run_id) DO UPDATE SET "
        + ", ".join(f"{name} = excluded.{name}" for name in RUN_COLUMNS.split(", ") if name not in kept),
        values,
    )


def put_tasks(db: sqlite3.Connection, run_id: str, entries: Iterable[tuple[Task, Row]]) -> None:
    """Tasks with their inputs, new or changed; a few hundred in memory at a time."""
    waiting = iter(entries)
    while some := list(itertools.islice(waiting, 500)):
        db.executemany(
            "INSERT INTO task (run_id, task_id, position, row) VALUES (?, ?, ?, ?) "
            "ON CONFLICT DO UPDATE SET position = excluded.position, row = excluded.row",
            ((run_id, task.task_id, row.position, dumps(row.to_json())) for task, row in some),
        )
        db.executemany(
            "INSERT INTO input (run_id, task_id, input) VALUES (?, ?, ?) "
            "ON CONFLICT DO UPDATE SET input = excluded.input WHERE input.input != excluded.input",
            ((run_id, task.task_id, dumps(task.to_json())) for task, _ in some),
        )


def put_execution(db: sqlite3.Connection, run_id: str, execution: Execution) -> None:
    db.execute(
        f"INSERT OR REPLACE INTO execution (run_id, {EXECUTION_COLUMNS}) VALUES ({','.join('?' * 11)})",
        _execution_values(run_id, execution),
    )


def put_output(db: sqlite3.Connection, execute_id: str, output: str) -> None:
    db.execute("INSERT OR REPLACE INTO output (execute_id, output) VALUES (?, ?)", (execute_id, _storable(output)))


def _run_values(run: RunRecord) -> list[Any]:
    values = [getattr(run, name) for name in RUN_COLUMNS.split(", ")]
    values[_COUNTERS] = dumps(run.counters.to_json())
    return values


def run_of(stored: tuple[Any, ...]) -> RunRecord:
    """A record of the table `run`, in the order of its columns."""
    values = list(stored)
    values[_COUNTERS] = Counters.from_json(json.loads(values[_COUNTERS]))
    values[-1] = bool(values[-1])
    return RunRecord(*values)


def _execution_values(run_id: str, execution: Execution) -> list[Any]:
    values = [getattr(execution, name) for name in EXECUTION_COLUMNS.split(", ")]
    values[-1] = dumps(execution.error.to_json()) if execution.error else None
    return [run_id, *values]


def execution_of(stored: tuple[Any, ...]) -> Execution:
    """A record of the table `execution` without its run, in the order of its columns."""
    values = list(stored)
    values[-1] = ErrorInfo.from_json(json.loads(values[-1])) if values[-1] else None
    return Execution(*values)


def dumps(value: Any) -> str:
    """A value as JSON that SQLite can store."""
    return _storable(json.dumps(value, ensure_ascii=False, separators=(",", ":")))


def _storable(text: str) -> str:
    """JSON may hold half of a surrogate pair, which UTF-8 cannot: it becomes a question mark."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")
