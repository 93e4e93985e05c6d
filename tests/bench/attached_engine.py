"""A batch in a process of its own, for the screen bench: ten thousand tasks that move, and a host to attach to.

Takes a folder for `attach.json` and the events a second. For each line of its standard input it prints how late its
event loop was at most since the last one, and how much of its own work lay between two turns at most, in ms; it ends
when that is closed. Where the two differ much, other processes had the processor.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import anyio
import anyio.to_thread

from bench_screen import TASKS, next_move, rows
from cozebatch.engine.event_bus import Bus
from cozebatch.model import events
from cozebatch.model.board import Board
from cozebatch.model.prices import NO_PRICES
from cozebatch.ports import RunRecord
from cozebatch_tui.attach.host import Host

TICK = 0.01
LOOK = 0.005
"""Seconds that the loop is asked to sleep; what it sleeps longer is a stall."""


def session_of(bus: Bus, board: Board, folder: Path) -> Any:
    """What a host needs of a session."""
    run = RunRecord("r", "bench", "file", "w", 1e9)
    commands = SimpleNamespace(look_again=lambda: None)
    engine = SimpleNamespace(board=board)
    return SimpleNamespace(
        bus=bus,
        batch=SimpleNamespace(is_begun=True, engine=engine, commands=commands, note=lambda *_: None),
        preview=SimpleNamespace(origin="bench", run=run),
        films_folder=None,
        prices=NO_PRICES,
        log_path=None,
        results_dir=folder,
        limits=(16, 4),
        rings_at_all=False,
        waiting=0,
        attach_folder=folder,
        usual_here=_unknown,
    )


async def _unknown() -> None:
    return None


async def serve(folder: Path, events_a_second: int) -> None:
    bus, board = Bus(), Board()

    def publish(event: events.Event) -> None:
        board.apply(event)
        bus.publish(event)

    late = busy = 0.0

    async def note_stalls() -> None:
        nonlocal late, busy
        while True:
            before, worked = time.perf_counter(), time.thread_time()
            await anyio.sleep(LOOK)
            late = max(late, time.perf_counter() - before - LOOK)
            busy = max(busy, time.thread_time() - worked)

    async def until_closed(scope: anyio.CancelScope) -> None:
        nonlocal late, busy
        while await anyio.to_thread.run_sync(sys.stdin.readline, abandon_on_cancel=True):
            print(f"{1000 * late:.1f} {1000 * busy:.1f}", flush=True)
            late = busy = 0.0
        scope.cancel()

    host = Host(cast("Any", session_of(bus, board, folder)), "bench", "")
    async with host.serving(), anyio.create_task_group() as group:
        group.start_soon(until_closed, group.cancel_scope)
        group.start_soon(note_stalls)
        publish(events.RunStarted(wall=1e9, clock=0, run_id="r", total=TASKS, max_coze=16, max_synthesis=4))
        publish(events.Loaded(wall=1e9, clock=0, rows=tuple(rows())))
        began, n = anyio.current_time(), 0
        while True:
            while n < (anyio.current_time() - began) * events_a_second:
                publish(next_move(board.rows, n))
                n += 1
            await anyio.sleep(TICK)


if __name__ == "__main__":
    anyio.run(serve, Path(sys.argv[1]), int(sys.argv[2]))
