"""A closed console window, a log-off and a shutdown begin a drain, and Windows is held off while it lasts."""

from __future__ import annotations

import subprocess
import sys

import pytest

from cozebatch_tui.session.console_events import LONGEST, handler


@pytest.mark.parametrize(("event", "ends"), [(0, False), (1, False), (2, True), (5, True), (6, True)])
def test_only_events_that_end_the_process_begin_a_drain(event: int, ends: bool) -> None:
    acts: list[object] = []
    assert handler(lambda: acts.append("drain"), acts.append)(event) is ends
    assert acts == (["drain", LONGEST] if ends else [])


REGISTERED = """
import threading
from cozebatch_tui.session.console_events import handler
from cozebatch_tui.session.signals import Interrupts
told, never = threading.Event(), threading.Event()
with Interrupts(told.set) as interrupts:
    threading.Thread(target=handler(interrupts.begin, never.wait), args=(2,), daemon=True).start()
    assert told.wait(10)
    assert interrupts.seen
print("drained")
"""


def test_such_an_event_is_an_interrupt() -> None:
    done = subprocess.run([sys.executable, "-c", REGISTERED], capture_output=True, text=True, timeout=60, check=False)
    assert (done.stdout.strip(), done.stderr) == ("drained", "")
