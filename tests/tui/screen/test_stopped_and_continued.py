"""A screen whose process is stopped and goes on: by itself, from outside, or with nothing that stopped it."""

from __future__ import annotations

import signal
import sys
from pathlib import Path

import pytest

from cozebatch.demo.coze_model import CozeOptions
from cozebatch.demo.coze_server import serve_coze
from support.attached import until
from support.kill_screen import terminal
from support.program import Program

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="pseudo-terminals and these signals are POSIX's")


def state_of(pid: int) -> str:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="asks /proc whether the process is stopped")
@pytest.mark.parametrize("stop", ["SIGTSTP", "SIGSTOP", None])
def test_a_screen_that_goes_on_takes_keys_and_gives_the_terminal_back(tmp_path: Path, stop: str | None) -> None:
    with serve_coze(CozeOptions(duration=0.5)) as served:
        Program(tmp_path, served.url).configure().tasks(3)
        with terminal(tmp_path, ("--yes", "--config", "c.json", "--tasks", "tasks.json")) as shown:
            assert shown.until(lambda: "h report" in shown.text(), 20), shown.text()
            if stop is not None:
                shown.process.send_signal(signal.Signals[stop])
                until(lambda: state_of(shown.process.pid) == "T", "the stop")
            shown.forget()
            shown.process.send_signal(signal.Signals["SIGCONT"])
            assert shown.until(lambda: "标题3号" in shown.text(), 20), "painted again"
            assert shown.ask("?", "Signs and colours")
            assert shown.ask("\x1b", "标题3号")
            shown.press("q")
            assert shown.process.wait(20) == 0
            assert shown.reads_lines()
        assert len(served.ledger().executions) == 3


@pytest.mark.parametrize("is_its_own", [True, False])
def test_a_batch_in_a_window_that_is_closed_drains_whether_a_signal_tells_it_or_not(
    tmp_path: Path, is_its_own: bool
) -> None:
    with serve_coze(CozeOptions(duration=60.0)) as served:
        Program(tmp_path, served.url).configure().tasks(3)
        options = ("--yes", "--config", "c.json", "--tasks", "tasks.json")
        with terminal(tmp_path, options, is_its_own=is_its_own) as shown:
            assert shown.until(lambda: "标题3号" in shown.text(), 20), shown.text()
            until(lambda: len(served.ledger().executions) == 3, "all are submitted")
            shown.close()
            assert shown.process.wait(10) == 130
