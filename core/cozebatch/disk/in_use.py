"""Waits for files that another program holds open on Windows: a virus scanner, a sync client, a preview, a player.

There, renaming or deleting such a file fails although nothing is wrong, usually for less than a second. The act is
repeated for a bounded time, and only for the system's sharing errors; every other error is raised at once.
"""

from __future__ import annotations

import errno
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

T = TypeVar("T")

ACCESS_DENIED = 5
"""ERROR_ACCESS_DENIED: replacing a file that is open, and removing one that is being deleted."""
_IN_USE = frozenset({ACCESS_DENIED, 32, 33})  # ERROR_SHARING_VIOLATION, ERROR_LOCK_VIOLATION


@dataclass(frozen=True, slots=True)
class Patience:
    """`seconds` in all, with pauses that double from `first` to `longest` seconds."""

    seconds: float = 2.5
    first: float = 0.01
    longest: float = 0.25
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], object] = time.sleep


PATIENCE = Patience()


def is_in_use(error: OSError) -> bool:
    """True for an error of Windows that passes when another program closes the file. Opening one goes through the C
    library, which says no more than "permission denied"."""
    number = getattr(error, "winerror", None)
    return number in _IN_USE or (sys.platform == "win32" and number is None and error.errno == errno.EACCES)


def persist(act: Callable[[], T], patience: Patience = PATIENCE) -> T:
    """Call `act` until it does not fail because a file is in use. Blocks. Raises `OSError`: the last one when the time
    is over, any other one at once."""
    end = patience.clock() + patience.seconds
    pause = patience.first
    while True:
        try:
            return act()
        except OSError as error:
            if not is_in_use(error) or patience.clock() + pause > end:
                raise
        patience.sleep(pause)
        pause = min(2 * pause, patience.longest)
