"""Work of the set-up in a thread of its own: the screen is drawn meanwhile, and leaving waits for no service."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

T = TypeVar("T")


class Errands:
    """One errand at a time: of an earlier one that was given up nothing is heard any more."""

    def __init__(self) -> None:
        self._number = 0
        self.busy = False

    def give_up(self) -> None:
        self._number += 1
        self.busy = False

    def run(self, work: Callable[[], T], done: Callable[[T | Exception], None]) -> None:
        """Do `work` in a daemon thread; `done` gets its result, or its exception, in the event loop."""
        self.give_up()
        self.busy = True
        number, loop = self._number, asyncio.get_running_loop()

        def arrived(outcome: T | Exception) -> None:
            if number == self._number:
                self.busy = False
                done(outcome)

        def errand() -> None:
            outcome: T | Exception
            try:
                outcome = work()
            except Exception as error:  # noqa: BLE001 - told by whoever sent the errand
                outcome = error
            with suppress(RuntimeError):  # the screen, and its loop, are gone
                loop.call_soon_threadsafe(arrived, outcome)

        threading.Thread(target=errand, name="set-up", daemon=True).start()
