"""Wakes the engine when something happened, and remembers whether anything changed since its last report."""

from __future__ import annotations

import anyio


class Activity:
    """One waiter (the engine); any number of callers. Lives on the engine's event loop."""

    def __init__(self) -> None:
        self._event = anyio.Event()
        self._changed = True

    def notify(self) -> None:
        """Something happened that admission should look at."""
        self._event.set()

    def mark_changed(self) -> None:
        """A task was started, or the operator changed something: the last report is out of date."""
        self._changed = True

    @property
    def is_changed(self) -> bool:
        """Whether anything changed since `reported`."""
        return self._changed

    def reported(self) -> None:
        self._changed = False

    async def wait(self) -> None:
        """Wait for the next notification; one that came since the last `wait` counts."""
        await self._event.wait()
        self.clear()

    def clear(self) -> None:
        """Forget the notifications so far."""
        self._event = anyio.Event()
