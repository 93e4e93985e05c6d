"""What the journal costs: its share of a batch's wall time, and 100,000 tasks on disk.

The share is a ratio: the same batch, real Coze adapter over HTTP against a server process, in turn on SQLite and on
the journal in memory (what `Request.fleeting` gives).
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anyio

from cozebatch.batch.request import Request
from cozebatch.batch.wiring import open_batch
from cozebatch.demo.coze_model import TOKEN, WORKFLOW_ID
from cozebatch.journal.sqlite import SqliteJournal
from cozebatch.settings.load import load_settings
from measure import Runs, table
from support.program import BATCH, Program, read_until

SERVER = """
import sys
from cozebatch.demo.coze_model import CozeOptions
from cozebatch.demo.coze_server import serve_coze
low, high = map(float, sys.argv[1:])
with serve_coze(CozeOptions(duration=(low, high))) as coze:
    print(coze.url, flush=True)
    sys.stdin.read()
"""


@contextmanager
def server(low: float, high: float) -> Iterator[str]:
    command = [sys.executable, "-c", SERVER, str(low), str(high)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield process.stdout.readline().strip()
        process.communicate("")


@dataclass
class Busy:
    """Seconds that the journal's thread worked, and how often it committed."""

    wall: float = 0.0
    cpu: float = 0.0
    commits: int = 0


@contextmanager
def watched() -> Iterator[Busy]:
    """Measures `SqliteJournal._apply`, the only thing that writes."""
    busy, apply = Busy(), SqliteJournal._apply

    def timed(self: SqliteJournal, batch: Any) -> None:
        wall, cpu = time.perf_counter(), time.thread_time()
        apply(self, batch)
        busy.wall += time.perf_counter() - wall
        busy.cpu += time.thread_time() - cpu
        busy.commits += 1

    SqliteJournal._apply = timed  # type: ignore[method-assign]
    try:
        yield busy
    finally:
        SqliteJournal._apply = apply  # type: ignore[method-assign]


async def batch(url: str, tasks: int, limit: int, on_disk: bool) -> float:
    """Seconds a whole batch takes, from the first admission to its results."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        coze = {"token": TOKEN, "workflow_id": WORKFLOW_ID, "base_url": url}
        workflow = {"coze_config": coze, "max_coze_concurrent": limit, "poll_interval": 0.25}
        workflow["synthesis"] = {"mode": "none"}
        (folder / "c.json").write_text(json.dumps({"workflow_config": workflow}), encoding="utf-8")
        rows = [{"task_id": f"t{n}", "title": f"t{n}", "content": f"文案{n}" * 20} for n in range(tasks)]
        (folder / "t.json").write_text(json.dumps(rows), encoding="utf-8")
        settings, _ = load_settings(folder / "c.json", env={}, need_feishu=False)
        request = Request(
            tasks_file=folder / "t.json",
            fleeting=not on_disk,
            state_dir=folder / "state",
            results_dir=folder,
            log_dir=folder,
        )
        async with open_batch(settings, request) as opened:
            preview = await opened.prepare()
            began = time.perf_counter()
            outcome = await opened.run(preview)
            seconds = time.perf_counter() - began
        assert outcome.statistics.done == tasks, outcome
        return seconds


def share(url: str, limit: int, tasks: int, pairs: int) -> list[tuple[str, str, str]]:
    ratios, on_disk, shares, cpu, commits = [], [], [], [], []
    for number in range(pairs):
        order = (True, False) if number % 2 else (False, True)  # in turn, so that the machine's moods strike both
        seconds = {}
        for disk in order:
            with watched() as busy:
                seconds[disk] = anyio.run(batch, url, tasks, limit, disk)
            if disk:
                shares.append(busy.wall / seconds[True])
                cpu.append(busy.cpu / seconds[True])
                commits.append(float(busy.commits))
        ratios.append(seconds[True] / seconds[False])
        on_disk.append(seconds[True])
    best = tasks / limit
    return [
        (f"{tasks} tasks of 0.9-1.1 s, limit {limit}: wall, s", f"{Runs(on_disk)}, best possible {best:.1f}", "-"),
        ("  SQLite / memory", str(Runs(ratios)), "<= 1.05"),
        ("  the journal's thread busy, share of wall", str(Runs(shares)), "-"),
        ("  of that on the processor", str(Runs(cpu)), "-"),
        ("  commits", str(Runs(commits)), "-"),
    ]


def large(url: str, tasks: int, sample: int) -> list[tuple[str, str, str]]:
    """A batch of `tasks`, interrupted after `sample` are done, and opened again."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        program = Program(folder, url).configure(poll_interval=0.001, max_coze_concurrent=16)
        lines = (json.dumps({"task_id": f"t{n}", "title": f"t{n}", "content": f"文案{n}" * 20}) for n in range(tasks))
        (folder / "t.jsonl").write_text("\n".join(lines), encoding="utf-8")
        command = (*BATCH[:3], "--tasks", "t.jsonl", "--json")
        begun, first = start(program, command, "run_started", lambda p: read_until(p, '"to": "done"', sample))
        state = folder / ".cozebatch"
        size = sum(path.stat().st_size for path in state.iterdir()) / 1e6
        again, second = start(program, command, "run_started", lambda p: None)
        file = (folder / "t.jsonl").stat().st_size / 1e6
    return [
        (f"{tasks} tasks: journal on disk, MB", f"{size:.1f} (the task file: {file:.1f})", "reported"),
        ("  KB a task", f"{1000 * size / tasks:.2f}", "-"),
        ("  start to begun (all on disk), s", f"{begun:.2f}", "-"),
        ("  start to begun when opened again, s", f"{again:.2f}", "-"),
        ("  peak memory, first and second start, MB", f"{first:.0f}, {second:.0f}", "<= 200 for the engine"),
    ]


def start(
    program: Program, command: tuple[str, ...], word: str, then: Callable[[subprocess.Popen[str]], object]
) -> tuple[float, float]:
    """Seconds until an event line holds `word`, and peak memory in MB; `then` comes before the interrupt."""
    began = time.perf_counter()
    with (program.folder / "errors").open("w") as errors:
        process = subprocess.Popen(
            [sys.executable, "-m", "cozebatch_tui.cli", "--lang", "en", *command],
            cwd=program.folder,
            stdout=subprocess.PIPE,
            stderr=errors,
            encoding="utf-8",
        )
    read_until(process, f'"event": "{word}"')
    seconds = time.perf_counter() - began
    then(process)
    process.send_signal(signal.SIGINT)
    assert process.stdout is not None
    process.stdout.read()
    if sys.platform == "win32":
        raise NotImplementedError
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 130, process.returncode
    process.stdout.close()
    return seconds, usage.ru_maxrss / 1024


def main(pairs: int = 5, tasks: int = 100_000, sample: int = 2000) -> None:
    rows = []
    with server(0.9, 1.1) as url:
        for limit, count in ((16, 112), (64, 400)):
            rows += share(url, limit, count, pairs)
    with server(0.0, 0.0) as url:
        rows += large(url, tasks, sample)
    table("Journal", rows)


if __name__ == "__main__":
    main(*(int(argument) for argument in sys.argv[1:]))
