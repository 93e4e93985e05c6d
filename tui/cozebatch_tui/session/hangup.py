"""A terminal that is gone, told also where no signal tells it.

The system sends SIGHUP only to the session that the terminal belongs to. A screen begun by `nohup`, `setsid` or inside
another program's session would live on without a terminal, read its end again and again, and keep its batch waiting.
"""

from __future__ import annotations

import os
import select
import stat
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

PATIENCE = 1.0
"""Seconds for a signal to come first: both together would count as two interrupts."""


@contextmanager
def hangup_watched(on_hangup: Callable[[], object], terminal: int = 0) -> Iterator[None]:
    """Inside the block, call `on_hangup` in a thread of its own, `PATIENCE` after this file descriptor's terminal is
    gone. Does nothing where it is no device, and on Windows, which tells it otherwise (`console_events`)."""
    # A terminal that is gone already is no terminal any more, but still a device.
    if sys.platform == "win32" or not stat.S_ISCHR(os.fstat(terminal).st_mode):
        yield
        return
    closing, close = os.pipe()

    def watch() -> None:
        both, alone = select.poll(), select.poll()
        both.register(terminal, 0)  # POLLHUP is told always
        for poll in (both, alone):
            poll.register(closing, select.POLLIN)
        found = dict(both.poll())
        is_gone = bool(found.get(terminal, 0) & select.POLLHUP)
        if is_gone and closing not in found and not alone.poll(1000 * PATIENCE):
            on_hangup()

    thread = threading.Thread(target=watch, name="hangup", daemon=True)
    thread.start()
    try:
        yield
    finally:
        os.write(close, b"q")
        thread.join()
        os.close(close)
        os.close(closing)
