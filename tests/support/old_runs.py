"""Journals with runs of long ago in them, written straight into the file."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from cozebatch.journal.opening import open_to_write
from cozebatch.journal.records import put_execution, put_output, put_run, put_tasks
from cozebatch.journal.schema import old_key
from cozebatch.model.errors import Category, ErrorInfo
from cozebatch.model.rows import Row
from cozebatch.model.task import State, Task
from cozebatch.model.text import Text
from cozebatch.ports import Execution, RunRecord, Workflow

DAY = 86400.0
NOW = 1_800_000_000.0
BEFORE = NOW - 30 * DAY
SOURCES = ("file:/tasks.json", "feishu:app/tbl")
TASKS = [Task(f"t{n}", title=f"标题{n}", content=f"文案{n}", record_id=f"r{n}") for n in range(12)]


class Past:
    """Writes runs as they could have been into the journal at `path`; `now` is what days are counted back from."""

    def __init__(self, path: Path, now: float = NOW) -> None:
        self.now = now
        self.db = open_to_write(path)
        self.serial = 0

    def __enter__(self) -> Past:
        return self

    def __exit__(self, *_: object) -> None:
        self.db.commit()
        self.db.close()

    def run(self, run_id: str, days_ago: float, status: Any = "finished", source: str = SOURCES[0]) -> RunRecord:
        started = self.now - days_ago * DAY
        ended = None if status == "open" else started + 3600
        run = RunRecord(run_id, source, source.split(":")[0], "w1", started, ended, status, max_coze=4)
        put_run(self.db, run)
        return run

    def row(self, run: RunRecord, task: Task, state: State, execute_id: str | None = None, **facts: Any) -> Row:
        row = Row(task.task_id, int(task.task_id[1:]), title=task.title, fingerprint=task.fingerprint(), state=state)
        row = replace(row, execute_id=execute_id, attempts=int(execute_id is not None))
        row = replace(row, **facts)
        put_tasks(self.db, run.run_id, [(task, row)])
        return row

    def execution(self, run: RunRecord, task: Task, number: int, execute_id: str, status: Any = "succeeded") -> None:
        at = run.started_at + number
        seconds = 100.0 + number if status == "succeeded" else None
        key = old_key(run.run_id, task.task_id, number)
        sent = Execution(task.task_id, number, status, at, execute_id, ended_at=at + 100, seconds=seconds, key=key)
        sent = replace(sent, workflow=Workflow(run.workflow_id))
        put_execution(self.db, run.source_key, run.run_id, sent)

    def output(self, execute_id: str, size: int = 50) -> None:
        put_output(self.db, execute_id, f'{{"of":"{execute_id}","x":"{"x" * size}"}}')

    def delivery(self, run: RunRecord, task: Task, settled: bool) -> None:
        self.serial += 1
        values = (self.serial, run.source_key, run.run_id, task.task_id, f"r-{task.task_id}", "done", "path", settled)
        self.db.execute("INSERT INTO delivery VALUES (?, ?, ?, ?, ?, ?, ?, ?, NULL)", values)

    def finished(self, run: RunRecord, task: Task, execute_id: str, size: int = 50) -> None:
        """The task was done in this run, as most are."""
        self.execution(run, task, 1, execute_id)
        self.output(execute_id, size)
        self.row(run, task, State.DONE, execute_id, has_output=True)


def random_past(path: Path, seed: int) -> None:
    """Some runs of two sources, with everything that may be true of a task, likely or not."""
    chance = random.Random(seed)
    names = iter(range(10_000))
    with Past(path) as past:
        for source in SOURCES:
            known: dict[str, tuple[str, bool]] = {}
            for number in range(chance.randint(1, 6)):
                status = chance.choices(["finished", "abandoned", "interrupted", "stopped", "open"], [6, 2, 1, 1, 1])[0]
                run = past.run(f"{source[:4]}{number}", chance.choice([90, 60, 45, 31, 20, 2]), status, source)
                for task in chance.sample(TASKS, chance.randint(0, len(TASKS))):
                    _random_task(past, chance, run, task, known, names)


def _random_task(
    past: Past,
    chance: random.Random,
    run: RunRecord,
    task: Task,
    known: dict[str, tuple[str, bool]],
    names: Iterator[int],
) -> None:
    state = chance.choice([*State, State.DONE, State.DONE, State.DONE, State.SKIPPED, State.FAILED])
    execute_id, has_output = known.get(task.task_id, (None, False))  # taken over from an earlier run
    if state not in (State.SKIPPED, State.PENDING) and (execute_id is None or chance.random() < 0.7):
        for number in range(1, chance.randint(1, 2) + 1):
            execute_id = f"e{next(names)}"
            status = chance.choice(["succeeded", "succeeded", "failed", "lost", "running"])
            if chance.random() < 0.9:  # an adopted one is on record nowhere but in the row
                past.execution(run, task, number, execute_id, status)
            has_output = chance.random() < 0.8
            if has_output:
                past.output(execute_id)
        assert execute_id is not None
        known[task.task_id] = (execute_id, has_output)
    error = ErrorInfo(Category.SYNTHESIS, Text.same("no")) if state is State.FAILED else None
    kept = chance.choice([task, task, replace(task, content="earlier")])
    past.row(run, kept, state, execute_id, has_output=has_output, error=error, unanswered=chance.random() < 0.1)
    if chance.random() < 0.3:
        past.delivery(run, task, settled=chance.random() < 0.6)
