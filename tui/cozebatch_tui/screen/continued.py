"""SIGTSTP and SIGCONT: a screen that is stopped and goes on.

Textual 8.2 takes the terminal anew at each SIGCONT, also when nothing gave it back before: after `kill -CONT`, a
debugger's or a service manager's, or when a terminal hangs up. Then two threads read the same keys, the screen never
ends, and the terminal stays raw. And its handlers outlive the screen.
"""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

_NAMES = ("SIGTSTP", "SIGCONT")


@contextmanager
def stops_given_back() -> Iterator[None]:
    """After the block, both signals mean again what they meant before. Use it from the main thread."""
    numbers = [getattr(signal, name) for name in _NAMES if hasattr(signal, name)]
    before = [(number, signal.getsignal(number)) for number in numbers]
    try:
        yield
    finally:
        for number, handler in before:
            signal.signal(number, handler)


def guard_continue(repaint: Callable[[], object]) -> None:
    """From now on SIGCONT takes the terminal anew only after SIGTSTP; otherwise it calls `repaint`, in the main thread
    and between any two of its steps. Does nothing where the driver handles neither, as on Windows and without a
    terminal."""
    if not all(hasattr(signal, name) for name in _NAMES):
        return
    stop_number, continue_number = (getattr(signal, name) for name in _NAMES)
    stop, go_on = signal.getsignal(stop_number), signal.getsignal(continue_number)
    if not callable(stop) or not callable(go_on):
        return
    is_stopped = False

    def stopping(number: int, frame: FrameType | None) -> None:
        nonlocal is_stopped
        is_stopped = True
        stop(number, frame)

    def going_on(number: int, frame: FrameType | None) -> None:
        nonlocal is_stopped
        was_stopped, is_stopped = is_stopped, False
        if was_stopped:
            go_on(number, frame)
        else:
            repaint()

    signal.signal(stop_number, stopping)
    signal.signal(continue_number, going_on)
