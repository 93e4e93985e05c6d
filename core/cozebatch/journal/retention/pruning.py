"""Removes old data from the journal in transactions of bounded size. Never deletes what a task may still need.

A run is old if it was finished or abandoned long enough ago; other runs are never touched. Pruning removes from old
runs the outputs and submissions of tasks whose latest row is done, settled write-backs, and superseded rows. It keeps
what a later start reads: the latest row of every task with its input, undelivered write-backs, the durations for
pacing, and the latest run of each source. It keeps a row as long as one of its submissions is on record, so that no
record refers to a missing task.

It is longer than 300 lines since all steps of one pass share its cursor and its budget.
"""

from __future__ import annotations

import json
import sqlite3
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Sequence
from contextlib import AbstractContextManager, closing, nullcontext
from dataclasses import dataclass
from typing import Any

from cozebatch.journal.retention.outcome import JournalPruned, Kind
from cozebatch.journal.retention.task_history import History, OfRun, OfTask

CHUNK = 500
"""Rows per transaction; the rows of its last task are always completed."""

PACED_BY = 500
"""Successful executions of a workflow whose durations are read (`Journal.durations`)."""


@dataclass(frozen=True, slots=True)
class _Execution:
    key: str
    run: OfRun
    task_id: str
    number: int
    status: str
    sent_at: float
    ended_at: float | None
    seconds: float | None
    execute_id: str | None
    parameters: str | None
    size: int

    @property
    def may_run(self) -> bool:
        """True if the execution may still be running, or if it is unknown whether it was started."""
        return self.status in ("sent", "unanswered", "running", "interrupted")


class Pruning:
    """Prunes the journal on `db`, one bounded transaction per `step`. Blocking.

    Runs that ended before `before` (Unix seconds) are old; the run `spare` never counts as old. With `dry`
    nothing is changed.
    """

    def __init__(self, db: sqlite3.Connection, before: float, *, spare: str = "", dry: bool = False) -> None:
        self.result = JournalPruned()
        self._found = self.result.found
        self._db = db
        self._before = before
        self._spare = spare
        self._dry = dry
        self._needed: set[str] = set()
        self._paced_since: dict[str, float | None] = {}
        self._left: Counter[str] = Counter()
        """Deliveries of each run that stay."""
        self._gone: Counter[tuple[str, str]] = Counter()
        """Records of each table and run that went (or would)."""
        self._course = self._steps()

    def step(self) -> bool:
        """Do the next piece; False if none is left. Raises `sqlite3.Error`; earlier steps stay committed."""
        return next(self._course, False)

    def _steps(self) -> Iterator[bool]:
        runs = self._runs()
        self.result.incomplete = self._is_incomplete({run.source_key for run in runs.values()})
        for workflow_id in {run.workflow_id for run in runs.values() if run.old}:
            self._paced_since[workflow_id] = self._paced_from(workflow_id)
        yield True
        for bounds in self._chunks():
            self._survey(bounds)
            yield True
        if not any(run.old for run in runs.values()):
            return
        for bounds in self._chunks():
            with self._transaction():
                for history in self._histories(bounds):
                    self._prune_task(history)
            yield True
        yield from self._prune_deliveries()
        yield from self._prune_runs()

    # Reading

    def _select(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        with closing(self._db.execute(sql, values)) as cursor:
            return cursor.fetchall()

    def _runs(self) -> dict[str, OfRun]:
        runs = {}
        for run_id, source_key, workflow_id, started_at, finished_at, status, place in self._select(
            "SELECT run_id, source_key, workflow_id, started_at, finished_at, status, place FROM run"
        ):
            ended = started_at if finished_at is None else finished_at
            old = status in ("finished", "abandoned") and ended < self._before and run_id != self._spare
            runs[run_id] = OfRun(run_id, source_key, workflow_id, place, status, old)
        return runs

    def _is_incomplete(self, sources: Collection[str]) -> bool:
        if not self._select("SELECT 1 FROM sqlite_master WHERE name = 'doubt'"):
            return False  # a file of an earlier version, opened read-only
        raised, settled = 0.0, dict.fromkeys(sources, 0.0)
        for source, raised_at, settled_at in self._select("SELECT source_key, raised, settled FROM doubt"):
            if source == "*":
                raised = raised_at
            elif source in settled:
                settled[source] = settled_at
        return raised > min(settled.values(), default=0.0)

    def _paced_from(self, workflow_id: str) -> float | None:
        """The end of the oldest execution whose duration pacing reads; None if it reads all."""
        sql = (
            "SELECT ended_at FROM execution WHERE workflow_id = ? AND status = 'succeeded' AND seconds IS NOT NULL "
            "ORDER BY ended_at DESC LIMIT 1 OFFSET ?"
        )
        found = self._select(sql, workflow_id, PACED_BY - 1)
        return found[0][0] if found else None

    def _chunks(self) -> Iterator[tuple[str, str]]:
        """First and last task id of each chunk; all rows of a task are in one chunk."""
        first = self._select("SELECT min(task_id) FROM task")[0][0]
        while first is not None:
            sql = "SELECT max(task_id) FROM (SELECT task_id FROM task WHERE task_id >= ? ORDER BY task_id LIMIT ?)"
            last = self._select(sql, first, CHUNK)[0][0]
            yield first, last
            first = self._select("SELECT min(task_id) FROM task WHERE task_id > ?", last)[0][0]

    def _histories(self, bounds: tuple[str, str]) -> list[History]:
        runs = self._runs()
        rows: dict[tuple[str, str], list[OfTask]] = defaultdict(list)
        for run_id, task_id, stored in self._select(
            "SELECT run_id, task_id, row FROM task INDEXED BY task_by_id WHERE task_id BETWEEN ? AND ?", *bounds
        ):
            if (run := runs.get(run_id)) is not None:
                rows[run.source_key, task_id].append(OfTask.read(run, task_id, stored))
        sql = "SELECT task_id FROM delivery WHERE source_key = ? AND settled = 0"
        owed = {(key, task_id) for key in {key for key, _ in rows} for (task_id,) in self._select(sql, key)}
        return [History(of_task, key in owed) for key, of_task in rows.items()]

    def _executions(self, row: OfTask) -> list[_Execution]:
        sql = (
            "SELECT key, number, status, sent_at, ended_at, seconds, execute_id, parameters, debug_url, logid, error, "
            "digest, film FROM execution WHERE run_id = ? AND task_id = ?"
        )
        found = self._select(sql, row.run.run_id, row.task_id)
        executions = []
        for stored in found:
            key, number, status, sent_at, ended_at, seconds, execute_id, parameters = stored[:8]
            named = {"key": key, "run": row.run, "task_id": row.task_id, "number": number, "status": status}
            times = {"sent_at": sent_at, "ended_at": ended_at, "seconds": seconds}
            size = _size([execute_id, parameters, *stored[8:]])
            executions.append(_Execution(**named, **times, execute_id=execute_id, parameters=parameters, size=size))
        return executions

    def _stored(self, execute_ids: Sequence[str]) -> set[str]:
        """The execute ids that have a stored output."""
        found: set[str] = set()
        for start in range(0, len(execute_ids), CHUNK):
            some = execute_ids[start : start + CHUNK]
            sql = f"SELECT execute_id FROM output WHERE execute_id IN ({','.join('?' * len(some))})"
            found.update(execute_id for (execute_id,) in self._select(sql, *some))
        return found

    # Deciding and changing

    def _transaction(self) -> AbstractContextManager[object]:
        return nullcontext() if self._dry else self._db

    def _change(self, sql: str, *values: Any) -> None:
        if not self._dry:
            self._db.execute(sql, values)

    def _survey(self, bounds: tuple[str, str]) -> None:
        """Collect the outputs that any task needs: several tasks may name one execution that a person adopted."""
        for history in self._histories(bounds):
            self._needed |= history.needed_outputs()
            if not history.settled or history.under_way:
                self.result.unsettled.add(history.rows[0].task_id)

    def _prune_task(self, history: History) -> None:
        old = [row for row in history.rows if row.run.old]
        executions = [execution for row in old for execution in self._executions(row)]
        named = {row.execute_id for row in old} | {execution.execute_id for execution in executions}
        there = self._stored([execute_id for execute_id in named if execute_id is not None])
        doomed = there - self._needed - history.needed_outputs() if history.done else set()
        for execute_id in doomed:
            self._forget_output(execute_id)
        staying = []
        latest = self._latest(history)
        for execution in executions:
            if not history.settled or execution.may_run or self._paces(execution):
                staying.append(execution)
            elif execution.key == latest:  # the latest paid execution stays on record for good
                staying.append(execution)
                self._forget_parameters(execution)
            else:
                self._forget_execution(execution)
        recorded = {execution.run.run_id for execution in staying}
        kept = {execution.execute_id for execution in staying}
        superseded = history.superseded()
        for row in history.rows:
            last_to_name = row.execute_id in there - doomed and not _names(history.latest, row.execute_id)
            if row.run.run_id in superseded - recorded and not last_to_name:
                self._forget_row(row)
                continue
            if row.run.old:
                kept.add(row.execute_id)
            if row.execute_id in doomed and row.facts.get("has_output"):
                self._say_output_is_gone(row)
        self._found.kept[Kind.OUTPUT] += len(kept & (there - doomed))

    def _latest(self, history: History) -> str | None:
        """The key of the task's latest execution."""
        executions = [execution for row in history.rows for execution in self._executions(row)]
        latest = max(executions, key=lambda e: (e.run.order, e.number, e.sent_at), default=None)
        return latest.key if latest is not None else None

    def _paces(self, execution: _Execution) -> bool:
        """True if pacing reads its duration."""
        since = self._paced_since.get(execution.run.workflow_id)
        if execution.status != "succeeded" or execution.seconds is None:
            return False
        return since is None or (execution.ended_at is not None and execution.ended_at >= since)

    def _forget_output(self, execute_id: str) -> None:
        found = self._select("SELECT length(CAST(output AS BLOB)) FROM output WHERE execute_id = ?", execute_id)
        self._found.went(Kind.OUTPUT, found[0][0])
        self._change("DELETE FROM output WHERE execute_id = ?", execute_id)

    def _forget_execution(self, execution: _Execution) -> None:
        self._found.went(Kind.EXECUTION, execution.size)
        self._gone["execution", execution.run.run_id] += 1
        self._change("DELETE FROM execution WHERE key = ?", execution.key)
        self._change("DELETE FROM question WHERE key = ?", execution.key)

    def _forget_parameters(self, execution: _Execution) -> None:
        """Delete the parameters; their digest still identifies what was sent."""
        if execution.parameters is not None:
            self._found.freed[Kind.EXECUTION] += _size([execution.parameters])
            self._change("UPDATE execution SET parameters = NULL WHERE key = ?", execution.key)

    def _forget_row(self, row: OfTask) -> None:
        key = (row.run.run_id, row.task_id)
        sql = "SELECT row, input FROM task LEFT JOIN input USING (run_id, task_id) WHERE run_id = ? AND task_id = ?"
        found = self._select(sql, *key)
        self._found.went(Kind.TASK, _size(found[0]))
        self._gone["task", row.run.run_id] += 1
        for table in ("task", "input"):
            self._change(f"DELETE FROM {table} WHERE run_id = ? AND task_id = ?", *key)

    def _say_output_is_gone(self, row: OfTask) -> None:
        facts = {name: value for name, value in row.facts.items() if name != "has_output"}
        text = json.dumps(facts, ensure_ascii=False, separators=(",", ":"))
        self._change("UPDATE task SET row = ? WHERE run_id = ? AND task_id = ?", text, row.run.run_id, row.task_id)

    def _prune_deliveries(self) -> Iterator[bool]:
        newest = self._select("SELECT coalesce(max(serial), 0) FROM delivery")[0][0]
        last = -1
        while True:
            runs = self._runs()
            sql = (
                "SELECT serial, run_id, settled, source_key, task_id, record_id, outcome, result, error FROM delivery "
                "WHERE serial > ? ORDER BY serial LIMIT ?"
            )
            found = self._select(sql, last, CHUNK)
            if not found:
                return
            with self._transaction():
                for serial, run_id, settled, *rest in found:
                    run = runs.get(run_id)
                    old = run is None or run.old
                    if old and settled and serial != newest:  # new serials continue from the newest
                        self._found.went(Kind.DELIVERY, _size(rest))
                        self._change("DELETE FROM delivery WHERE serial = ?", serial)
                    else:
                        self._left[run_id] += 1
                        self._found.kept[Kind.DELIVERY] += old and not settled
            last = found[-1][0]
            yield True

    def _prune_runs(self) -> Iterator[bool]:
        runs = self._runs()
        latest: dict[tuple[str, bool], OfRun] = {}
        for run in sorted(runs.values(), key=lambda run: run.order):
            latest[run.source_key, run.status == "abandoned"] = run
        staying = {run.run_id for run in latest.values()} | {run_id for run_id, left in self._left.items() if left}
        old = [run for run in runs.values() if run.old]
        for start in range(0, len(old), CHUNK):
            with self._transaction():
                for run in old[start : start + CHUNK]:
                    if run.run_id not in staying and self._is_empty(run):
                        found = self._select("SELECT * FROM run WHERE run_id = ?", run.run_id)
                        self._found.went(Kind.RUN, _size(found[0]))
                        self._change("DELETE FROM run WHERE run_id = ?", run.run_id)
                    else:
                        self._change("UPDATE run SET pruned = 1 WHERE run_id = ? AND pruned = 0", run.run_id)
            yield True

    def _is_empty(self, run: OfRun) -> bool:
        for table in ("task", "execution"):
            there = self._select(f"SELECT count(*) FROM {table} WHERE run_id = ?", run.run_id)[0][0]
            if there > (self._gone[table, run.run_id] if self._dry else 0):
                return False
        return True


def _names(row: OfTask | None, execute_id: str | None) -> bool:
    return row is not None and row.execute_id == execute_id


def _size(values: Sequence[Any]) -> int:
    """Bytes of a record's values: text as UTF-8, numbers as 8."""
    return sum(len(v.encode()) if isinstance(v, str) else 8 for v in values if v is not None)
