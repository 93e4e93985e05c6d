"""What a start costs with a large batch: before anything is on record, and with all of it finished before.

Real processes, each killed at its first request to the simulated Coze. A process's CPU seconds and peak memory are
those of its whole life, as the system counts them.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import anyio

from bench_recovery import FirstAction, coze
from cozebatch.demo.coze_model import WORKFLOW_ID
from cozebatch.files.source import FileSource
from cozebatch.journal.sqlite import FILE_NAME, SqliteJournal, open_journal
from cozebatch.model.rows import Row
from cozebatch.model.task import State, Task, parameters_digest
from cozebatch.ports import Change, Execution, Film, PutExecution, PutFilm, PutOutput, RunRecord, RunStatus, Workflow
from measure import Runs, table
from support.program import BATCH, Program

RUNS = 3
LEFT = 16
"""Tasks that are still to be run at each start, so that there is a first action to wait for."""

SENT = {"content": "content", "title": "title"}
OUTPUT = json.dumps({"output": json.dumps({"images": "https://example.com/a.png"})})


@dataclass(frozen=True, slots=True)
class Cost:
    """Of one process, from its start to its first request that polls or submits."""

    cpu: float
    wall: float
    peak_mb: float


def write_tasks(folder: Path, tasks: int, *, own_ids: bool) -> None:
    ids = [{"task_id": f"t{n}"} if own_ids else {} for n in range(tasks)]
    rows = ({**given, "title": f"t{n}", "content": f"文案{n}" * 20} for n, given in enumerate(ids))
    (folder / "tasks.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")


async def finish(folder: Path, status: RunStatus) -> None:
    """Write the journal that a run of `tasks.jsonl` leaves whose tasks are done but the last few, which are not begun;
    `finished`: the run was of all others, and has ended."""
    source = FileSource(folder / "tasks.jsonl")
    tasks, now = await source.load(), time.time()
    done = tasks[:-LEFT]
    run = RunRecord(
        "20260101-000000-abcdef", source.key, "file", WORKFLOW_ID, now - 3600, now - 100, status, place=now - 3600
    )
    of_run = done if status == "finished" else tasks
    async with open_journal(folder / ".cozebatch" / FILE_NAME) as journal:
        await journal.begin(run, ((t, _row(t, n, now if n < len(done) else None)) for n, t in enumerate(of_run)))
        for first in range(0, len(done), 5000):
            await _record(journal, done[first : first + 5000], first, now)


async def _record(journal: SqliteJournal, tasks: Sequence[Task], first: int, now: float) -> None:
    changes: list[Change] = []
    for number, task in enumerate(tasks, start=first):
        sent = {name: task.value(field) or "" for name, field in SENT.items()}
        execution = Execution(
            task.task_id,
            1,
            "succeeded",
            now - 3000 + number / 100,
            _execute_id(number),
            _debug_url(number),
            ended_at=now - 2000,
            seconds=20.0,
            workflow=Workflow(WORKFLOW_ID),
            digest=parameters_digest(sent),
            parameters=sent,
        )
        changes += [PutExecution(execution), PutOutput(_execute_id(number), OUTPUT)]
        changes.append(PutFilm(_execute_id(number), Film(now - 1000)))
    await journal.write(*changes)


def _row(task: Task, number: int, now: float | None) -> Row:
    """`now`: it is done; None: it is not begun."""
    row = Row(
        task.task_id,
        number,
        title=task.title,
        project_name=task.project_name,
        fingerprint=task.fingerprint(),
    )
    if now is None:
        return row
    return Row(
        row.task_id,
        number,
        title=row.title,
        project_name=row.project_name,
        fingerprint=row.fingerprint,
        state=State.DONE,
        attempts=1,
        submissions=1,
        execute_id=_execute_id(number),
        debug_url=_debug_url(number),
        has_output=True,
        submitted_at=now - 3000 + number / 100,
        coze_finished_at=now - 2000,
        finished_at=now - 1000,
        entered_clock=40.33,
        first_submit_clock=12.3456,
        submit_clock=12.3456,
        coze_end_clock=30.5,
        end_clock=40.33,
        coze_seconds=20.2,
        coze_slot_seconds=20.3,
        lag_seconds=0.2,
    )


def _execute_id(number: int) -> str:
    return f"7{number:018}"


def _debug_url(number: int) -> str:
    return f"https://www.coze.cn/work_flow?execute_id={_execute_id(number)}&space_id=7&workflow_id={WORKFLOW_ID}"


def first_action(program: Program, watched: FirstAction) -> Cost:
    watched.seen.clear()
    began = time.perf_counter()
    command = [sys.executable, "-m", "cozebatch_tui.cli", "--lang", "en", *BATCH[:3], "--tasks", "tasks.jsonl"]
    with (program.folder / "errors").open("w") as errors:
        process = subprocess.Popen(command, cwd=program.folder, stdout=subprocess.DEVNULL, stderr=errors)
    if not watched.seen.wait(120):
        process.kill()
        raise AssertionError((program.folder / "errors").read_text(encoding="utf-8"))
    process.kill()
    if sys.platform == "win32":
        raise NotImplementedError
    _, _, usage = os.wait4(process.pid, 0)
    process.returncode = 0  # it was waited for
    return Cost(usage.ru_utime + usage.ru_stime, watched.at - began, usage.ru_maxrss / 1024)


def starts(tasks: int, runs: int, status: RunStatus | None, *, own_ids: bool = True) -> list[Cost]:
    """`status`: of the run that finished the tasks before; None: nothing is on record."""
    with tempfile.TemporaryDirectory() as name, coze() as (_, watched, url):
        program = Program(Path(name), url).configure(max_coze_concurrent=LEFT, coze_config={"parameters": SENT})
        write_tasks(program.folder, tasks, own_ids=own_ids)
        state, kept = program.folder / ".cozebatch", program.folder / "kept"
        state.mkdir()
        if status is not None:
            anyio.run(finish, program.folder, status)
        shutil.copytree(state, kept)
        costs = []
        for _ in range(runs):
            shutil.rmtree(state)
            shutil.copytree(kept, state)
            costs.append(first_action(program, watched))
        return costs


def rows_of(what: str, costs: list[Cost], goal: str, goal_mb: str) -> list[tuple[str, str, str]]:
    def figure(of: Callable[[Cost], float]) -> str:
        return str(Runs([of(cost) for cost in costs]))

    return [
        (f"{what}: to the first action, s", figure(lambda c: c.wall), goal),
        ("  CPU seconds", figure(lambda c: c.cpu), "-"),
        ("  peak memory, MB", figure(lambda c: c.peak_mb), goal_mb),
    ]


def main(tasks: int = 100_000, runs: int = RUNS) -> None:
    found = rows_of("2000 new tasks", starts(2000, runs, None), "<= 1.3", "-")
    found += rows_of(f"{tasks} new tasks", starts(tasks, runs, None), "<= 4", "<= 200")
    for what, status, own_ids in (
        ("finished by an earlier run", "finished", True),
        ("the same, a file without ids", "finished", False),
        ("finished by the run that goes on", "interrupted", True),
    ):
        costs = starts(tasks, runs, status, own_ids=own_ids)  # type: ignore[arg-type]
        found += rows_of(f"{tasks} tasks, {what}", costs, "<= 4", "<= 200")
    table("Start with a large record", found)


if __name__ == "__main__":
    main(*(int(argument) for argument in sys.argv[1:]))
