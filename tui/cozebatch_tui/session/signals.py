"""SIGINT, SIGTERM and SIGHUP, and on Windows a closed console: the first begins a drain, the second ends the process at
once.

A handler only writes a byte into a pipe; a thread of its own acts on it. An interrupt therefore works whatever the main
thread waits for, even a terminal that takes no more output.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from types import FrameType, TracebackType

from cozebatch_tui.exit_codes import Exit
from cozebatch_tui.session.console_events import console_events

DEADLINE = 4.8
"""Seconds after the first interrupt when the process ends in any case (docs/contract.md §1 grants 5)."""

_NAMES = ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK")


def leave_at_once() -> None:
    """End the process. Only for the time before anything has begun."""
    os._exit(Exit.INTERRUPTED)


class Interrupts:
    """Handles signals inside a `with` block; use it from the main thread. `on_first` is called in another thread, and
    may be replaced later."""

    def __init__(self, on_first: Callable[[], None] = leave_at_once) -> None:
        self.on_first = on_first
        self._before: dict[signal.Signals, object] = {}
        self._timer: threading.Timer | None = None
        self.seen = False

    def __enter__(self) -> Interrupts:
        self._read, self._write = os.pipe()
        self._thread = threading.Thread(target=self._act, name="interrupts", daemon=True)
        self._thread.start()
        for name in _NAMES:
            number = getattr(signal, name, None)
            if number is not None:
                self._before[number] = signal.signal(number, self._handle)
        self._console = console_events(self.begin)
        self._console.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._console.__exit__(None, None, None)
        for number, handler in self._before.items():
            # After an interrupt, later signals must not change the exit code.
            signal.signal(number, signal.SIG_IGN if self.seen else handler)  # type: ignore[arg-type]
        os.write(self._write, b"q")
        self._thread.join()
        os.close(self._write)
        os.close(self._read)
        if self._timer is not None:
            self._timer.cancel()

    def begin(self) -> None:
        """What a signal does; may be called from any thread inside the block."""
        os.write(self._write, b"i")

    def begin_once(self) -> None:
        """The same, unless it has begun already."""
        if not self.seen:
            self.begin()

    def _handle(self, number: int, frame: FrameType | None) -> None:
        self.begin()

    def _act(self) -> None:
        while os.read(self._read, 1) == b"i":
            if self.seen:
                os._exit(Exit.INTERRUPTED)  # everything that matters is on disk
            self.seen = True
            self._timer = threading.Timer(DEADLINE, os._exit, (Exit.INTERRUPTED,))
            self._timer.daemon = True
            self._timer.start()
            self.on_first()
