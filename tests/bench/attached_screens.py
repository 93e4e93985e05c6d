"""Screens without their painting, for the screen bench: so many attach at once, follow for a while, leave, come again.

Takes the folder of `attach.json`, the number of screens, and how often they come. It prints a line when all of them
have their first snapshot, and ends by itself.
"""

from __future__ import annotations

import sys
from pathlib import Path

import anyio

from cozebatch_tui.attach.connection import _connect
from cozebatch_tui.attach.wire import Lines

FOLLOW = 4.0
"""Seconds from the first snapshot until it leaves."""


async def come(folder: Path, count: int, times: int) -> None:
    for time in range(times):
        ready = [anyio.Event() for _ in range(count)]
        async with anyio.create_task_group() as group:
            for one in ready:
                group.start_soon(screen, folder, one)
            for one in ready:
                await one.wait()
            print("ready" if time == 0 else "again", flush=True)


async def screen(folder: Path, ready: anyio.Event) -> None:
    lines: Lines = await _connect([folder])
    try:
        while (value := await lines.receive()) is not None and not value.get("ready"):
            pass
        ready.set()
        with anyio.move_on_after(FOLLOW):
            while await lines.receive() is not None:
                pass
    finally:
        await lines.aclose()


if __name__ == "__main__":
    anyio.run(come, Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
