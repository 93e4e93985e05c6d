"""Signals at the edges of a run, in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

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


BEFORE_LOADING = """
from cozebatch_tui.screen.app import CozebatchApp
from cozebatch_tui.screen.startup import AppStart
CozebatchApp(AppStart(make_session=None, lang="en", title="", setup_needed=True)).signalled()
print("still there")
"""

BEFORE_THE_FIRST_PAINT = """
import os, signal, sys
from cozebatch_tui.screen.app import CozebatchApp
from cozebatch_tui.screen.startup import AppStart
from cozebatch_tui.session.signals import Interrupts
class Early(CozebatchApp):
    def on_load(self):
        super().on_load()
        os.kill(os.getpid(), signal.SIGTERM)
app = Early(AppStart(make_session=None, lang="en", title="", setup_needed=True))
with Interrupts(app.signalled):
    code = app.run(headless=True)
print("left by itself")
sys.exit(code)
"""


def test_a_signal_before_the_screen_has_begun_ends_the_process_at_once() -> None:
    done = subprocess.run(
        [sys.executable, "-c", BEFORE_LOADING], capture_output=True, text=True, timeout=30, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "")


def test_a_signal_before_the_first_paint_leaves_without_waiting_for_the_deadline(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", BEFORE_THE_FIRST_PAINT],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
        env={**os.environ, "COZEBATCH_SETTINGS": str(tmp_path / "settings.json")},
    )
    assert done.returncode == 130
    assert done.stdout.endswith("left by itself\n"), "the deadline would have ended it without a word"
    assert "Error" not in done.stderr
