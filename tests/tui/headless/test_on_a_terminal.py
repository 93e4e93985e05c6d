"""A run without a screen on a real terminal: its bar, its title, its end."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from cozebatch.demo.coze_model import CozeOptions
from cozebatch.demo.coze_server import RunningCoze, serve_coze
from support.kill_screen import Terminal, terminal
from support.program import BATCH, Program

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="pseudo-terminals of that kind are POSIX's")


@pytest.fixture
def coze() -> Iterator[RunningCoze]:
    with serve_coze(CozeOptions(duration=1.0)) as served:
        yield served


def run_to_its_end(shown: Terminal) -> str:
    shown.until(lambda: shown.process.poll() is not None, 40)
    shown.process.wait(5)
    return shown.codes()


def test_a_bar_a_title_and_a_bell_on_a_terminal(coze: RunningCoze, tmp_path: Path) -> None:
    Program(tmp_path, coze.url).configure().tasks(4)
    with terminal(tmp_path, BATCH) as shown:
        written = run_to_its_end(shown)
    assert shown.process.returncode == 0
    assert "\x1b]2;4/4 cozebatch\x1b\\" in written
    assert written.count("\x1b]777;notify;cozebatch;batch ended: 4 done") == 1
    assert written.count("\x1b[22;2t") == written.count("\x1b[23;2t") == 1
    assert re.search(r"\d%\x1b\[0m \d/4", written), "a bar"
    assert "标题4号  " in written
    assert "t4" not in written, "ids are for -v"


def test_nothing_rings_where_the_configuration_forbids_it(coze: RunningCoze, tmp_path: Path) -> None:
    program = Program(tmp_path, coze.url, settings={"notify": {"bell": False}})
    program.configure().tasks(1)
    with terminal(tmp_path, BATCH) as shown:
        written = run_to_its_end(shown)
    assert shown.process.returncode == 0
    assert "\x1b]777" not in written
    assert "\x07" not in written


def test_a_pipe_gets_no_escape_sequence(coze: RunningCoze, tmp_path: Path) -> None:
    done = Program(tmp_path, coze.url).configure().tasks(2).batch()
    assert done.code == 0
    assert "\x1b" not in done.out + done.err
    assert "\r" not in done.out + done.err
