"""Reads what is left of a damaged journal and of the logs, and builds a new journal from it.

The engine's rule holds here too: an execution that may exist is never started again without asking. A task with a
lost row is adopted if the log has its `execute_id`, and held if a submission may have been sent. As long as any part
of the file is lost, tasks without any record are held too (`Journal.is_incomplete`). The damaged file is never
deleted; it stays beside the new one under another name.

It is longer than 300 lines since reading, offering and rebuilding share one value.
"""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
from collections import defaultdict
from collections.abc import Mapping
from contextlib import closing, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from cozebatch.disk.removing import remove_file
from cozebatch.disk.writing import open_new, write_whole
from cozebatch.disk.writing import replace as replace_file
from cozebatch.journal import records
from cozebatch.journal.decoding import asked_of, edit_of, execution_of, run_of
from cozebatch.journal.opening import DamagedJournal, journal_error, migrate, refuse_links, shm_of, wal_of
from cozebatch.journal.salvage.log_reader import Logs, read_logs
from cozebatch.journal.salvage.merge import from_log, merged
from cozebatch.journal.salvage.sqlite_pages import Scan, Tree, Value, scan
from cozebatch.journal.schema import old_key, present_source_key
from cozebatch.model.errors import JournalError
from cozebatch.model.rows import Row
from cozebatch.model.task import State, Task
from cozebatch.model.text import Text
from cozebatch.model.timestamps import compact
from cozebatch.planning.planned import DONE_EARLIER, JOURNAL_INCOMPLETE, NO_CONTENT
from cozebatch.ports import Asked, Edit, Execution, RunRecord, Workflow

KEPT_NAME = "journal.damaged-{at}.sqlite3"

Key = tuple[str, str]
"""Run id and task id."""


@dataclass(slots=True)
class Salvaged:
    """What could be read. `incomplete`: something is lost, so tasks without any record may have run."""

    runs: dict[str, RunRecord] = field(default_factory=dict)
    rows: dict[Key, Row] = field(default_factory=dict)
    inputs: dict[Key, Task] = field(default_factory=dict)
    tasks: dict[Key, tuple[Task, Row]] = field(default_factory=dict)
    """Rows with their inputs, updated from the log."""
    executions: dict[str, Execution] = field(default_factory=dict)
    outputs: dict[str, str] = field(default_factory=dict)
    deliveries: dict[int, tuple[Value, ...]] = field(default_factory=dict)
    edits: dict[str, Edit] = field(default_factory=dict)
    questions: dict[tuple[str, str], Asked] = field(default_factory=dict)
    ids: set[Key] = field(default_factory=set)
    """Tasks that an index names, whether their rows were found or not."""
    incomplete: bool = True
    from_logs: int = 0
    strays: tuple[str, ...] = ()

    def describe(self) -> Text:
        """What a person should know before continuing from it."""
        rows = [row for _, row in self.tasks.values()]
        taken_up = sum(row.state is State.RUNNING for row in rows)
        held = sum(row.state in (State.HELD, State.SUBMITTING) for row in rows)
        done = sum(row.state is State.DONE for row in rows)
        logs_zh, logs_en = "", ""
        if self.from_logs:
            logs_zh = f"（其中 {self.from_logs} 个靠日志找回）"
            logs_en = f" ({self.from_logs} of them by the log files)"
        zh = f"还能找回 {len(rows)} 个任务{logs_zh}：已完成 {done}，可认领的执行 {taken_up}，需要人决定 {held}。"
        en = (
            f"Still known are {len(rows)} tasks{logs_en}: {done} finished, {taken_up} executions to go on with, {held} "
            "for a person to decide. "
        )
        if self.incomplete:
            zh += "有内容丢失：什么都查不到的任务会标为待处理，不会自动再次付费。"
            en += "Something is lost: tasks of which nothing is known are held, never paid for again by themselves. "
        if self.strays:
            shown = Text.listed(self.strays[:10])
            zh += f"日志里还有对应不到任务的执行：{shown.zh}。"
            en += f"The logs also name executions of no known task: {shown.en}. "
        return Text(zh, en.strip())


def salvage(path: Path, log_dir: Path, words: Mapping[str, State]) -> Salvaged:
    """Read the damaged journal at `path` and the logs in `log_dir`; nothing is changed. Blocking.

    `words` maps the names used in the logs to states. Raises `JournalError` when the disk cannot be read.
    """
    found = Salvaged()
    refuse_links(path)
    try:
        scanned = _scan_all(path)
        logs = read_logs(log_dir, words)
    except OSError as error:
        raise journal_error(error) from error
    for tree, rowid, record in scanned.records:
        with suppress(ValueError, KeyError, TypeError, AttributeError):  # a record of another table, or a broken one
            _take(found, tree, rowid, record)
    found.incomplete = bool(scanned.lost or scanned.torn or not scanned.records)
    found.strays = tuple(dict.fromkeys(logs.strays))
    _reconcile(found, logs, torn=scanned.torn)
    return found


def rebuild(path: Path, salvaged: Salvaged, now: float) -> Text:
    """Replace the damaged journal by one made from `salvaged`; the text names the kept copy. Blocking.

    `now` is Unix seconds. A crash meanwhile leaves a file that is still recognized as damaged, beside the copy. Raises
    `JournalError`.
    """
    folder = path.parent
    fresh = path.with_name("journal.rebuilt.tmp")
    try:
        kept = _keep(path, now)
        for name in (fresh, fresh.with_name(fresh.name + "-journal")):
            remove_file(name, folder)
        open_new(fresh, folder).close()
        _write(fresh, salvaged, now)
        write_whole(path, b"", folder)  # before its log is deleted; the new file comes last
        for name in (wal_of(path), shm_of(path)):
            remove_file(name, folder)
        replace_file(fresh, path, folder)
    except (OSError, sqlite3.Error) as error:
        raise journal_error(error) from error
    told = salvaged.describe()
    return Text(
        f"状态文件已重建，损坏的文件保留为 {kept}。{told.zh}",
        f"The state file was rebuilt; the damaged one is kept as {kept}. {told.en}",
    )


def offer(damaged: DamagedJournal, salvaged: Salvaged) -> Text:
    """The question to a person before a journal is rebuilt."""
    told = salvaged.describe()
    return Text(
        f"{damaged.text.zh}{told.zh}从重建的状态继续吗？损坏的文件会改名保留。",
        f"{damaged.text.en} {told.en} Go on from a rebuilt state file? The damaged one is kept under another name.",
    )


def refusal(damaged: DamagedJournal, salvaged: Salvaged) -> JournalError:
    """The error if nobody confirms: why the batch does not start, and what a person can do."""
    told = salvaged.describe()
    return JournalError(
        Text(
            f"{damaged.text.zh}{told.zh}在终端里再次运行并确认，或加 --yes，就从重建的状态继续；损坏的文件会改名保留。",
            f"{damaged.text.en} {told.en} To go on from a rebuilt one, run again on a terminal, or with --yes. The "
            "damaged one is kept under another name.",
        )
    )


def _scan_all(path: Path) -> Scan:
    """The file's records, or those of the latest kept copy if an interrupted rebuild left the file empty."""
    found = scan(path)
    if not found.records and (not path.exists() or path.stat().st_size == 0):
        for kept in sorted(path.parent.glob(KEPT_NAME.format(at="*")), reverse=True):
            earlier = scan(kept)
            if earlier.records:
                earlier.torn = True
                return earlier
    return found


def _take(found: Salvaged, tree: Tree, rowid: int, record: tuple[Any, ...]) -> None:
    """Sort a record into its table by its shape. Raises if its values do not fit that shape."""
    match tree, record:
        case "index", (str(run_id), str(task_id), int(), str(stored)):
            row = Row.from_json(json.loads(stored))
            if row.task_id == task_id:
                found.rows[run_id, task_id] = row
        case "table", (str(run_id), str(task_id), str(stored)):
            task = Task.from_json(json.loads(stored))
            if task.task_id == task_id:
                found.inputs[run_id, task_id] = task
        case ("index", (str(task_id), str(run_id))) | ("index", (str(run_id), str(task_id), int())):
            found.ids.add((run_id, task_id))
        case "index", (str(run_id), str(task_id), int(number), str(), float() | int(), *_) if len(record) == 11:
            key = old_key(run_id, task_id, number)  # as the table was in the first version
            _take_execution(found, (key, "", *record, *(None,) * 8))
        case "table", (str(), str(), str(), str(), int(), str(), float() | int(), *_) if len(record) in (20, 21):
            _take_execution(found, (*record, None)[:21])
        case "table", (str(execute_id), str(output)):
            found.outputs[execute_id] = output
        case "table", (None, str(), str(), str(), str(), str(), str(), int(), _):
            found.deliveries[rowid] = (rowid, present_source_key(record[1]), *record[2:])
        case "table", (str(key), *_, float() | int(), int()) if len(record) == 10:
            found.edits[key] = edit_of(record)
        case "table", (str(key), str(event_id), str(), float() | int(), str(), str(), *_) if len(record) == 10:
            found.questions[key, event_id] = asked_of(record)
        case "table", (str(run_id), str(), str(), str(), float() | int(), *_) if len(record) == 14:
            found.runs[run_id] = run_of(
                (
                    record[0],
                    present_source_key(record[1]),
                    *record[2:4],
                    float(record[4]),
                    _real(record[5]),
                    record[6],
                    float(record[7]),
                    *record[8:12],
                    float(record[12]),
                    record[13],
                )
            )


def _take_execution(found: Salvaged, record: tuple[Any, ...]) -> None:
    execution = execution_of(
        (*record[:6], float(record[6]), *record[7:10], *map(_real, record[10:12]), *record[12:20], _real(record[20]))
    )
    found.executions[execution.key] = execution


def _real(value: Any) -> float | None:
    """A float, also from an integer: SQLite stores whole numbers of a REAL column as integers."""
    return None if value is None else float(value)


def _reconcile(found: Salvaged, logs: Logs, *, torn: bool) -> None:
    """Combine the runs and tasks of the journal and the logs."""
    for run in logs.runs.values():
        if run.run_id not in found.runs:
            found.runs[run.run_id] = RunRecord(
                run.run_id,
                present_source_key(run.source_key),
                run.source_kind,
                run.workflow_id,
                run.started_at,
                status="finished" if run.finished else "interrupted",
            )
    latest: dict[Key, Execution] = {}
    for execution in sorted(found.executions.values(), key=lambda e: (e.run_id, e.task_id, e.number)):
        latest[execution.run_id, execution.task_id] = execution
    named = found.ids | found.rows.keys() | found.inputs.keys() | latest.keys()
    named |= {(run.run_id, task_id) for run in logs.runs.values() for task_id in run.tasks}
    lost: dict[str, int] = defaultdict(int)
    for run_id, task_id in sorted(named):
        owner = found.runs.get(run_id)
        if owner is None:  # its run and source are unknown
            found.incomplete = True
            continue
        logged = logs.runs.get(run_id)
        trace = logged.tasks.get(task_id) if logged is not None else None
        submitted = latest.get((run_id, task_id))
        task = found.inputs.get((run_id, task_id))
        if task is None:
            task = Task(task_id, record_id=task_id if owner.source_kind == "feishu" else None)
        if (run_id, task_id) in found.rows:
            row = found.rows[run_id, task_id]
            row = merged(row, trace, submitted, has_output=row.execute_id in found.outputs, torn=torn)
        else:
            lost[run_id] -= 1
            row = from_log(task, lost[run_id], trace, submitted, found.outputs)
            found.from_logs += trace is not None
        found.tasks[run_id, task_id] = (task, row)
    if found.incomplete:
        _hold_skipped(found)


def _hold_skipped(found: Salvaged) -> None:
    """Restore skipped tasks whose earlier row is lost: the reason for skipping tells the state. Without it the task is
    held for a person to decide."""
    known = {
        (found.runs[run_id].source_key, task_id)
        for (run_id, task_id), (_, row) in found.tasks.items()
        if row.state is not State.SKIPPED
    }
    for (run_id, task_id), (task, row) in list(found.tasks.items()):
        if row.state is not State.SKIPPED or row.note == NO_CONTENT:
            continue
        if (found.runs[run_id].source_key, task_id) in known:
            continue
        if row.note == DONE_EARLIER:
            row = replace(row, state=State.DONE, note=None)
        else:
            row = replace(row, state=State.HELD, note=None, error=JOURNAL_INCOMPLETE, unanswered=True)
        found.tasks[run_id, task_id] = (task, row)


def _keep(path: Path, now: float) -> Path:
    """Copy the damaged file and its log under a new name."""
    number, at = 1, compact(now)
    kept = path.with_name(KEPT_NAME.format(at=at))
    while any(os.path.lexists(name) for name in (kept, wal_of(kept), shm_of(kept))):
        number += 1
        kept = path.with_name(KEPT_NAME.format(at=f"{at}_{number}"))
    for of, to in ((path, kept), (wal_of(path), wal_of(kept)), (shm_of(path), shm_of(kept))):
        if of.exists():
            _copy(of, to)
    return kept


def _copy(of: Path, to: Path) -> None:
    """With the times of the original: they tell when it was last used."""
    with of.open("rb") as source, open_new(to, to.parent) as copy:
        shutil.copyfileobj(source, copy)
        copy.flush()
        os.fsync(copy.fileno())
    info = of.stat()
    os.utime(to, ns=(info.st_atime_ns, info.st_mtime_ns))


def _write(path: Path, salvaged: Salvaged, now: float) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("PRAGMA synchronous = FULL")
        migrate(db)
        db.execute("BEGIN")
        for run in salvaged.runs.values():
            records.put_run(db, run)
        for run_id in salvaged.runs:
            records.put_tasks(db, run_id, (entry for (of, _), entry in salvaged.tasks.items() if of == run_id))
        for execution in salvaged.executions.values():
            if (owner := salvaged.runs.get(execution.run_id)) is not None:
                known = replace(execution, workflow=execution.workflow or Workflow(owner.workflow_id))
                records.put_execution(db, owner.source_key, owner.run_id, known)
        for execute_id, output in salvaged.outputs.items():
            records.put_output(db, execute_id, output)
        for edit in salvaged.edits.values():
            records.put_edit(db, edit)
        for asked in salvaged.questions.values():
            records.put_asked(db, asked)
        db.executemany(f"INSERT INTO delivery VALUES ({','.join('?' * 9)})", salvaged.deliveries.values())
        if salvaged.incomplete:
            db.execute("INSERT INTO doubt (source_key, raised) VALUES ('*', ?)", (now,))
        db.execute("COMMIT")
