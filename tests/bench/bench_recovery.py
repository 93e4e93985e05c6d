"""How fast a batch is under way again after a kill, and how fast it ends when interrupted in the thick of it.

Real processes on a real journal; the simulated Coze runs in this process, which only waits meanwhile.
"""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cozebatch.demo.coze_model import CozeOptions
from cozebatch.demo.coze_server import SimulatedCoze
from cozebatch.demo.faults import Fault
from cozebatch.demo.serving import App, Message, Receive, Send, serve
from measure import Runs, table, wall_of
from support.kill_checks import processes_in
from support.program import BATCH, Program, kill, read_until

RUNS = 5
LIMIT, WORKERS = 16, 4
QUICK = "短片"
"""In the titles of tasks whose executions end at once; all others last an hour."""

SLEEPER = "import json, sys, time\njson.load(sys.stdin)\ntime.sleep(3600)\n"


class FirstAction:
    """Stands in front of the simulated Coze and notes when the first look or submission arrives."""

    def __init__(self, app: App) -> None:
        self._app = app
        self.seen = threading.Event()
        self.at = 0.0

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        is_action = scope["type"] == "http" and ("run_histories" in scope["path"] or scope["path"].endswith("/run"))
        if is_action and not self.seen.is_set():
            self.at = time.perf_counter()
            self.seen.set()
        await self._app(scope, receive, send)


@contextmanager
def coze() -> Iterator[tuple[SimulatedCoze, FirstAction, str]]:
    simulated = SimulatedCoze(CozeOptions(duration=3600.0), [Fault(what="lasts", match=QUICK, seconds=0.0)])
    watched = FirstAction(simulated)
    with serve(watched) as url:
        yield simulated, watched, url


def write_tasks(program: Program, quick: int, slow: int) -> None:
    program.tasks(quick + slow)
    path = program.folder / "tasks.json"
    text = path.read_text(encoding="utf-8")
    for number in range(1, quick + 1):
        text = text.replace(f'"标题{number}号"', f'"{QUICK}{number}号"')
    path.write_text(text, encoding="utf-8")


def resume(tasks: int, done: int, runs: int) -> Runs:
    """Seconds from starting the process to its first look or submission, on a run of `tasks` tasks that was killed
    with `done` of them done and the limit in flight."""
    with tempfile.TemporaryDirectory() as name, coze() as (_, watched, url):
        program = Program(Path(name), url).configure(max_coze_concurrent=LIMIT)
        write_tasks(program, done, tasks - done)
        flying = min(LIMIT, tasks - done)
        with program.start(*BATCH, "--json") as process:
            read_until(process, '"to": "running"', done + flying)
            kill(process)
            process.wait()
        state, kept = Path(name) / ".cozebatch", Path(name) / "kept"
        shutil.copytree(state, kept)
        seconds = []
        for _ in range(runs):
            shutil.rmtree(state)
            shutil.copytree(kept, state)
            watched.seen.clear()
            began = time.perf_counter()
            with program.start(*BATCH, "--json", stdout=subprocess.DEVNULL) as process:
                assert watched.seen.wait(60)
                kill(process)
                process.wait()
            seconds.append(watched.at - began)
        return Runs(seconds)


def interrupt() -> tuple[float, int, int]:
    """Seconds from SIGINT to the end with 16 executions and 4 syntheses under way, exit code, children left."""
    with tempfile.TemporaryDirectory() as name, coze() as (simulated, _, url):
        folder = Path(name)
        (folder / "sleeper.py").write_text(SLEEPER, encoding="utf-8")
        program = Program(folder, url).configure(
            max_coze_concurrent=LIMIT,
            max_synthesis_workers=WORKERS,
            coze_config={"outputs": {"video": None, "audio": None, "images": None}},
            synthesis={"mode": "command", "command": [sys.executable, str(folder / "sleeper.py")]},
        )
        write_tasks(program, WORKERS, LIMIT + 4)
        moves: Counter[str] = Counter()
        with program.start(*BATCH, "--json") as process:
            assert process.stdout is not None
            for line in process.stdout:
                moves.update(move for move in ("running", "synthesizing") if f'"to": "{move}"' in line)
                if moves == {"running": WORKERS + LIMIT, "synthesizing": WORKERS}:
                    break
            while len([command for _, command in processes_in(folder) if command.endswith("sleeper.py ")]) < WORKERS:
                time.sleep(0.01)
            assert simulated.in_flight() == LIMIT
            began = time.perf_counter()
            process.send_signal(signal.SIGINT)
            process.communicate(timeout=30)
            seconds = time.perf_counter() - began
        return seconds, process.returncode, len(processes_in(folder))


def main(runs: int = RUNS, tasks: int = 2000) -> None:
    python = Runs([wall_of([sys.executable, "-c", "pass"]) for _ in range(runs)])
    one = resume(1, 0, runs)
    many = resume(tasks, tasks // 10, runs)
    ended = [interrupt() for _ in range(runs)]
    waits = Runs([seconds for seconds, _, _ in ended])
    codes = sorted({code for _, code, _ in ended})
    table(
        "Recovery",
        [
            ("bare Python, s", str(python), "-"),
            ("1 task: start to first look, s", f"{one}, {spread(one)}", "-"),
            (f"{tasks} tasks: start to first look or submission, s", f"{many}, {spread(many)}", "<= 2"),
            ("  / with 1 task", f"{many.median / one.median:.2f}", "-"),
            (f"SIGINT with {LIMIT} executions and {WORKERS} syntheses, s", f"{waits}, {spread(waits)}", "<= 5"),
            ("  exit codes", ", ".join(map(str, codes)), "130"),
            ("  child processes left behind", str(sum(left for _, _, left in ended)), "0"),
        ],
    )


def spread(runs: Runs) -> str:
    return f"{min(runs.values):.2f}-{max(runs.values):.2f}"


if __name__ == "__main__":
    main(*(int(argument) for argument in sys.argv[1:]))
