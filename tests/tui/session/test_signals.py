"""Signals at the edges of a run, in a process of its own."""

from __future__ import annotations

import subprocess
import sys

import pytest

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="a process there cannot send itself these signals")

LATE = """
import os, signal, sys, threading
from cozebatch_tui.session.signals import Interrupts
told = threading.Event()
with Interrupts(told.set):
    os.kill(os.getpid(), signal.SIGINT)
    assert told.wait(10)
os.kill(os.getpid(), signal.SIGINT)
sys.exit(130)
"""


def test_an_interrupt_after_the_drain_does_not_change_the_exit_code() -> None:
    done = subprocess.run([sys.executable, "-c", LATE], capture_output=True, text=True, timeout=30, check=False)
    assert (done.returncode, done.stderr) == (130, "")
