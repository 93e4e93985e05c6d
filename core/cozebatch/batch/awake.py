"""Keeps the computer from going to sleep while a batch runs, by the system's own means (wakepy knows them: Windows'
SetThreadExecutionState, macOS' caffeinate, the desktop's D-Bus service on Linux). The display may go dark.

A machine where that cannot be had, such as a server without a desktop, is left as it is, with a line in the log.
"""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Literal

import anyio
import anyio.to_thread

from cozebatch.model.errors import unwrapped_groups
from cozebatch.model.text import Text

Note = Callable[[Literal["info", "warning"], Text], object]

KEPT = Text("批次进行中，电脑不会自动睡眠。", "The computer will not go to sleep by itself while the batch runs.")
NOT_KEPT = Text(
    "没能让电脑保持唤醒；睡眠期间不查询也不合成，醒来后接着做。",
    "The computer could not be kept awake; while it sleeps nothing is checked or made, and it goes on afterwards.",
)
PATIENCE = 5.0
"""Seconds that the system is given to answer, at the start and at the end."""


@asynccontextmanager
async def awake(note: Note) -> AsyncIterator[None]:
    """The computer stays awake inside the block. `note` is told once whether it does."""
    ready, done, kept = threading.Event(), threading.Event(), [False]

    def hold() -> None:  # the library wants to be left in the thread it was entered in
        from wakepy import keep

        with keep.running(on_fail="pass") as mode:
            kept[0] = mode.active
            ready.set()
            done.wait()

    async def tell() -> None:
        await anyio.to_thread.run_sync(ready.wait, PATIENCE, abandon_on_cancel=True)
        note("info", KEPT if kept[0] else NOT_KEPT)

    thread = threading.Thread(target=hold, name="awake", daemon=True)
    thread.start()
    try:
        with unwrapped_groups():
            async with anyio.create_task_group() as group:
                group.start_soon(tell)
                yield
                group.cancel_scope.cancel()
    finally:
        done.set()
        with anyio.CancelScope(shield=True):
            await anyio.to_thread.run_sync(thread.join, PATIENCE)
