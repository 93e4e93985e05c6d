"""The whole program in a real terminal: drawn, driven by keys, and the terminal closed on it."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from cozebatch.demo.coze_model import CozeOptions
from cozebatch.demo.coze_server import serve_coze
from support.program import Program

pytestmark = pytest.mark.skipif(shutil.which("tmux") is None, reason="needs tmux, which .ci/run installs")

PATIENCE = 40.0


class Terminal:
    """A tmux server of its own, with one window."""

    def __init__(self, folder: Path) -> None:
        self._socket = str(folder / "tmux.sock")
        self._folder = folder

    def tmux(self, *arguments: str) -> str:
        done = subprocess.run(["tmux", "-S", self._socket, *arguments], capture_output=True, text=True, check=False)
        return done.stdout

    def open(self, *command: str) -> None:
        environment = ["-e", "LANG=zh_CN.UTF-8", "-e", f"COZEBATCH_SETTINGS={self._folder / 'settings.json'}"]
        size = ["-x", "120", "-y", "40"]
        self.tmux("new-session", "-d", *size, *environment, "-c", str(self._folder), *command)

    def type(self, *keys: str) -> None:
        self.tmux("send-keys", *keys)

    def text(self) -> str:
        return self.tmux("capture-pane", "-p")

    def until(self, word: str) -> str:
        deadline = time.monotonic() + PATIENCE
        while word not in (text := self.text()):
            assert time.monotonic() < deadline, f"never came: {word}\n{text}"
        return text

    def close(self) -> None:
        self.tmux("kill-server")


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Terminal]:
    opened = Terminal(tmp_path)
    yield opened
    opened.close()


def test_the_demo_is_drawn_driven_and_left(terminal: Terminal) -> None:
    terminal.open(sys.executable, "-m", "cozebatch_tui.cli", "--demo", "--limit", "4")
    text = terminal.until("早起的人")
    assert "cozebatch demo" in text
    assert "已付费" in text
    terminal.type("t")
    terminal.until("扣子 4/16")
    terminal.type("t")
    terminal.until("全部结束")
    terminal.until("播放")
    terminal.type("q")
    deadline = time.monotonic() + PATIENCE
    while terminal.text():
        assert time.monotonic() < deadline, "it never left"


def test_a_demo_that_is_left_in_the_middle_promises_nothing(terminal: Terminal) -> None:
    terminal.open("sh", "-c", f"'{sys.executable}' -m cozebatch_tui.cli --demo; sleep 60")
    terminal.until("执行中")
    terminal.type("q")
    assert "下次启动就接着做" not in terminal.until("演示还没做完")
    terminal.type("y")
    text = terminal.until("下一步，用你自己的账号")
    assert "没有花钱" in text
    assert "接着做" not in text


def test_a_terminal_that_is_closed_loses_nothing(terminal: Terminal, tmp_path: Path) -> None:
    with serve_coze(CozeOptions(duration=3)) as coze:
        program = Program(tmp_path, coze.url).configure().tasks(3)
        command = (sys.executable, "-m", "cozebatch_tui.cli", "--config", "c.json", "--tasks", "tasks.json", "--yes")
        terminal.open(*command)
        terminal.until("执行中")
        terminal.close()
        deadline = time.monotonic() + PATIENCE
        while (again := program.batch()).code == 2:  # until the first process has drained and let go of the state
            assert "in use" in again.err
            assert time.monotonic() < deadline, "it never ended"
        assert again.code == 0
        assert set(program.statuses().values()) == {"done"}
        assert {len(executions) for executions in coze.ledger().tasks.values()} == {1}
