"""The screen: first paint, key to paint with 10,000 tasks and 200 events a second, idle CPU, memory in the long run."""

from __future__ import annotations

import os
import random
import resource
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import anyio
import anyio.lowlevel

from cozebatch.engine.event_bus import Subscription
from cozebatch.model import events
from cozebatch.model.rows import Row, moved
from cozebatch.model.task import State
from cozebatch_tui.commands.garbage import collect_rarely
from measure import Runs, child, table

TASKS = 10_000
EVENTS_A_SECOND = 200
SCREENS = 16
"""Attached at once: as many as an engine lets."""

FIRST_PAINT = """
import asyncio, sys, time
began = float(sys.argv[1])
from cozebatch_tui.screen.app import CozebatchApp
from cozebatch_tui.screen.startup import AppStart
class Timed(CozebatchApp):
    painted = 0.0
    def on_mount(self):
        super().on_mount()
        self.call_after_refresh(self.note)
    def note(self):
        print(time.time() - began)
        self.exit(0)
def never(_):
    time.sleep(60)
app = Timed(AppStart(make_session=never, lang="en", title="bench", setup_needed=True))
asyncio.run(app.run_async(headless=True))
"""


class Quiet:
    """Stands where the session does: the screen only reads its subscription here."""

    def __init__(self) -> None:
        self.subscription = Subscription()


def first_paint() -> float:
    began = time.time()
    return float(child(FIRST_PAINT, str(began)).split()[-1])


def rows() -> list[Row]:
    rng = random.Random(3)
    return [
        Row(f"rec{n:05}", n, title=f"标题 {n} {'长' * rng.randint(0, 30)}", account_id=f"账号{n % 50}")
        for n in range(TASKS)
    ]


async def drive(seconds: float) -> tuple[list[float], float, float]:
    """Milliseconds from key to paint, CPU share when idle, and MB grown over 100,000 events."""
    from cozebatch_tui.screen.app import PUMPS_A_SECOND, CozebatchApp
    from cozebatch_tui.screen.screens.main import MainScreen
    from cozebatch_tui.screen.startup import AppStart
    from cozebatch_tui.screen.view_model import ViewModel

    app = CozebatchApp(AppStart(make_session=lambda _: None, lang="en", title="bench", setup_needed=True))  # type: ignore[arg-type, return-value]
    quiet = Quiet()
    async with app.run_test(size=(120, 40)) as pilot:
        app.batch.view_model = ViewModel(quiet.subscription)
        state = {row.task_id: row for row in rows()}
        quiet.subscription.push(
            events.RunStarted(wall=1e9, clock=0, run_id="r", total=TASKS, max_coze=16, max_synthesis=4)
        )
        quiet.subscription.push(events.Loaded(wall=1e9, clock=0, rows=tuple(state.values())))
        app.main = MainScreen()
        await app.push_screen(app.main)
        app.set_interval(1 / PUMPS_A_SECOND, app._pump)
        await pilot.pause(1.0)
        lags = await _keys(app, quiet, state, seconds)
        began, cpu = time.perf_counter(), time.process_time()
        await anyio.sleep(4.0)
        idle = (time.process_time() - cpu) / (time.perf_counter() - began)
        before = _memory()
        for n in range(100_000):
            _event(quiet, state, n)
            if n % 500 == 0:
                app._pump()
                await anyio.lowlevel.checkpoint()
        app._pump()
        await pilot.pause(0.2)
        grown = _memory() - before
    return lags, idle, grown


async def drive_attached(seconds: float, folder: Path) -> tuple[list[float], float]:
    """Milliseconds from key to paint on a screen that is attached to another process, and seconds until it is painted
    at all."""
    from cozebatch_tui.screen.attached_app import AttachedApp
    from cozebatch_tui.screen.look.questions import Answers

    began = time.perf_counter()
    app = AttachedApp([folder], [], "en", Answers())
    async with app.run_test(size=(120, 40)) as pilot:
        with anyio.fail_after(30.0):
            while app.main is None or not app.main.query("TaskTable") or app.main.table.cursor_id is None:
                await pilot.pause(0.01)
        painted = time.perf_counter() - began
        await pilot.pause(1.0)
        lags = await _keys(app, None, {}, seconds)
        app.exit(0)
    app.batch.close()
    return lags, painted


class Stall(NamedTuple):
    """How late an event loop was at most, and the most work of its own between two turns, in ms."""

    late: float
    busy: float

    def __str__(self) -> str:
        return f"{self.late:.1f} (its own work: {self.busy:.1f})"


def stalls(folder: Path, engine: subprocess.Popen[str], seconds: float) -> tuple[Stall, Stall]:
    """How late the engine's event loop was at most: without any screen; and while `SCREENS` of them attach at once,
    follow, are stopped and continued, leave and come again."""

    def worst() -> Stall:
        assert engine.stdin is not None
        assert engine.stdout is not None
        engine.stdin.write("\n")
        engine.stdin.flush()
        return Stall(*map(float, engine.stdout.readline().split()))

    worst()
    time.sleep(seconds)
    alone = worst()
    here = Path(__file__).parent
    command = [sys.executable, str(here / "attached_screens.py"), str(folder), str(SCREENS), "3"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as screens:
        assert screens.stdout is not None
        assert screens.stdout.readline() == "ready\n", "all have attached"
        screens.send_signal(signal.Signals["SIGSTOP"])
        time.sleep(seconds / 2)
        screens.send_signal(signal.Signals["SIGCONT"])
        assert screens.stdout.read() == "again\nagain\n"
    assert screens.returncode == 0
    return alone, worst()


@contextmanager
def engine_elsewhere(folder: Path) -> Iterator[subprocess.Popen[str]]:
    """A batch in a process of its own that lets screens attach."""
    here = Path(__file__).parent
    command = [sys.executable, str(here / "attached_engine.py"), str(folder), str(EVENTS_A_SECOND)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            while not (folder / "attach.json").exists():
                assert process.poll() is None, "the engine ended"
                time.sleep(0.05)
            yield process
        finally:
            assert process.stdin is not None
            process.stdin.close()


async def _keys(app: Any, quiet: Quiet | None, state: dict[str, Row], seconds: float) -> list[float]:
    """Press `down` while events rain, and wait each time until the line is painted. Without `quiet` they come by
    themselves."""
    from textual import events as textual_events

    lags = []
    began, n = time.perf_counter(), 0
    while time.perf_counter() - began < seconds:
        while quiet is not None and n < (time.perf_counter() - began) * EVENTS_A_SECOND:
            _event(quiet, state, n)
            n += 1
        painted = anyio.Event()
        pressed = time.perf_counter()
        table_widget = app.screen.table
        before = table_widget.cursor_id
        app.post_message(textual_events.Key("down" if n % 400 < 200 else "up", None))
        with anyio.move_on_after(1.0):
            while table_widget.cursor_id == before:
                await anyio.lowlevel.checkpoint()
        app.call_after_refresh(painted.set)
        with anyio.move_on_after(1.0):
            await painted.wait()
        lags.append(1000 * (time.perf_counter() - pressed))
        await anyio.sleep(0.02)
    return lags


def _event(quiet: Quiet, state: dict[str, Row], n: int) -> None:
    event = next_move(state, n)
    state[event.task_id] = event.row
    quiet.subscription.push(event)


def next_move(state: Mapping[str, Row], n: int) -> events.TaskState:
    """The `n`-th event: one task moves a step, along its way and round again."""
    task_id = f"rec{(n * 7919) % TASKS:05}"
    row = state[task_id]
    after = {
        State.PENDING: State.SUBMITTING,
        State.SUBMITTING: State.RUNNING,
        State.RUNNING: State.DOWNLOADING,
        State.DOWNLOADING: State.QUEUED,
        State.QUEUED: State.SYNTHESIZING,
        State.SYNTHESIZING: State.DONE,
        State.DONE: State.PENDING,
    }[row.state]
    clock = n / EVENTS_A_SECOND
    new = moved(row, after, wall=1e9 + clock, clock=clock)
    return events.TaskState(
        wall=1e9 + clock, clock=clock, task_id=task_id, before=row.state, after=after, attempt=1, row=new
    )


def _memory() -> float:
    """Resident memory now, MB (Linux); elsewhere the peak."""
    if sys.platform == "win32":
        raise NotImplementedError
    status = Path("/proc/self/statm")
    if status.exists():
        return int(status.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main(seconds: float = 10.0) -> None:
    bare = Runs([_bare() for _ in range(5)])
    paint = Runs([first_paint() for _ in range(5)])
    collect_rarely()  # as both commands do
    lags, idle, grown = anyio.run(drive, seconds)
    ordered = sorted(lags)
    with tempfile.TemporaryDirectory() as folder, engine_elsewhere(Path(folder)) as engine:
        afar, painted = anyio.run(drive_attached, seconds, Path(folder))
        alone, followed = stalls(Path(folder), engine, seconds)
    p95, p95_afar = (sorted(found)[int(0.95 * len(found))] for found in (lags, afar))
    table(
        f"The screen, {TASKS} tasks",
        [
            (
                "first paint over bare Python, s",
                f"{paint.median - bare.median:.2f} (+-{100 * paint.noise:.0f} %)",
                "<= 0.6",
            ),
            ("key to paint p50, ms", f"{statistics.median(ordered):.1f} ({len(lags)} keys)", "-"),
            ("key to paint p95, ms", f"{ordered[int(0.95 * len(ordered))]:.1f}", "<= 50"),
            ("attached: key to paint p95, ms", f"{p95_afar:.1f} ({len(afar)} keys)", "-"),
            ("attached: p95 over in process, same run", f"{p95_afar / p95:.2f}", "<= 1.3"),
            ("attached: seconds until painted", f"{painted:.2f}", "<= 1.2"),
            ("longest stall of the engine, no screen attached, ms", str(alone), "-"),
            (f"longest stall of the engine, {SCREENS} screens, ms", str(followed), "<= 50"),
            ("CPU with nothing going on, of a core", f"{100 * idle:.1f} %", "<= 3 %"),
            ("memory grown over 100,000 events, MB", f"{grown:.1f}", "flat"),
        ],
    )


def _bare() -> float:
    began = time.time()
    child("import time; print(time.time())")
    return time.time() - began


if __name__ == "__main__":
    main(*(float(argument) for argument in sys.argv[1:]))
