"""The waits between two polls of an execution, any of which can be cut short."""

from __future__ import annotations

import anyio


class PollWaits:
    def __init__(self) -> None:
        self._waiting: dict[str, anyio.Event] = {}

    async def wait(self, task_id: str, seconds: float) -> None:
        """Wait, at most until someone wants the poll at once."""
        wanted = self._waiting[task_id] = anyio.Event()
        try:
            with anyio.move_on_after(seconds):
                await wanted.wait()
        finally:
            del self._waiting[task_id]

    def poll_now(self, task_id: str) -> None:
        if task_id in self._waiting:
            self._waiting[task_id].set()

    def poll_all_now(self) -> None:
        for wanted in self._waiting.values():
            wanted.set()
