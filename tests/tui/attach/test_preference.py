"""`detach` in the operator's settings: what is confirmed on the start screen runs in the background, and is shown."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from cozebatch.demo.coze_model import CozeOptions
from cozebatch.demo.coze_server import serve_coze
from cozebatch_tui.attach.place import FILE_NAME
from support.attached import until
from support.kill_screen import terminal
from support.program import Program

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="pseudo-terminals of that kind are POSIX's")


def test_a_trial_confirmed_on_the_start_screen_runs_in_the_background(tmp_path: Path) -> None:
    (tmp_path / "settings.json").write_text(json.dumps({"detach": True}), encoding="utf-8")
    with serve_coze(CozeOptions(duration=1.0)) as coze:
        Program(tmp_path, coze.url).configure().tasks(3)
        with terminal(tmp_path, ("--config", "c.json", "--tasks", "tasks.json")) as shown:
            assert shown.until(lambda: "start all" in shown.text(), 30)
            assert coze.ledger().executions == {}
            shown.until(lambda: False, 1.5)  # the screen must be seen before a key counts
            shown.press("1")
            assert shown.until(lambda: "in the background" in shown.text(), 30)
            assert shown.until(lambda: "1/3" in shown.text(), 30), shown.text()
            assert len(coze.ledger().executions) == 1
            assert (tmp_path / ".cozebatch" / FILE_NAME).exists()
            assert shown.ask("s", "2")
            shown.press("y")
            assert shown.until(lambda: "3/3" in shown.text(), 30), shown.text()
            shown.press("q")
            shown.until(lambda: False, 20)
            assert shown.process.wait(10) == 0
        until(lambda: not (tmp_path / ".cozebatch" / FILE_NAME).exists(), "its end")
        assert len(coze.ledger().executions) == 3
