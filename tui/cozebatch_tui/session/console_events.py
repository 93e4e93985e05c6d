"""What Windows tells a console program before it ends it: the window is closed, the user logs off, the machine shuts
down. There is no signal for these events; elsewhere SIGHUP and SIGTERM are.

Windows ends the process as soon as the handler returns, and in any case after some seconds: 5 for a closed window.
https://learn.microsoft.com/windows/console/handlerroutine
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

ENDING = frozenset({2, 5, 6})
"""CTRL_CLOSE_EVENT, CTRL_LOGOFF_EVENT, CTRL_SHUTDOWN_EVENT. Ctrl-C and Ctrl-Break come as Python's signals."""
LONGEST = 30.0
"""Seconds the handler holds Windows off, for the drain; the process ends long before."""


def handler(on_end: Callable[[], None], hold: Callable[[float], object]) -> Callable[[int], bool]:
    """A function that gets an event's number, in a thread that Windows makes for it. True: nobody else needs to act."""

    def handle(event: int) -> bool:
        if event not in ENDING:
            return False
        on_end()
        hold(LONGEST)
        return True

    return handle


@contextmanager
def console_events(on_end: Callable[[], None]) -> Iterator[None]:
    """Call `on_end` inside the block when one of these events comes, in another thread. Elsewhere than on Windows, and
    without a console, nothing happens."""
    if sys.platform != "win32":
        yield
        return
    import ctypes
    from ctypes import wintypes

    kernel = ctypes.WinDLL("kernel32", use_last_error=True)
    routine = ctypes.WINFUNCTYPE(wintypes.BOOL, wintypes.DWORD)
    kernel.SetConsoleCtrlHandler.argtypes = (routine, wintypes.BOOL)
    # Waits for an event that never comes: the process ends meanwhile.
    called = routine(handler(on_end, threading.Event().wait))
    kernel.SetConsoleCtrlHandler(called, True)
    try:
        yield
    finally:
        kernel.SetConsoleCtrlHandler(called, False)
