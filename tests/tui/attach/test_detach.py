"""Batches in the background, with the real command: begun, looked at, left, stopped, killed, refused."""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from cozebatch.demo.coze_model import CozeOptions
from cozebatch.demo.coze_server import RunningCoze, serve_coze
from cozebatch_tui.attach.place import FILE_NAME, Place, read_place
from support.attached import until
from support.kill_screen import Terminal, terminal
from support.program import Program

BACKGROUND = ("--detach", "--config", "c.json", "--tasks", "tasks.json")
posix = pytest.mark.skipif(sys.platform == "win32", reason="pseudo-terminals and these signals are POSIX's")


@pytest.fixture
def lasting() -> Iterator[RunningCoze]:
    with serve_coze(CozeOptions(duration=6.0)) as served:
        yield served


@pytest.fixture
def program(tmp_path: Path, lasting: RunningCoze) -> Iterator[Program]:
    """No batch outlives its test."""
    made = Program(tmp_path, lasting.url).configure().tasks(3)
    yield made
    with suppress(AssertionError, OSError):
        os.kill(place_in(tmp_path).pid, signal.SIGTERM)


def place_in(folder: Path) -> Place:
    place = read_place(folder / ".cozebatch")
    assert place is not None
    return place


def is_over(program: Program) -> bool:
    return not (program.folder / ".cozebatch" / FILE_NAME).exists() and bool(
        list(program.folder.glob("*_async_results_*.json"))
    )


def alive(pid: int) -> bool:
    """Whether the process runs; one that is only waited for by nobody does not."""
    try:
        os.kill(pid, 0)
    except OSError:
        return False
    status = Path(f"/proc/{pid}/stat")
    return not (status.exists() and status.read_text().rpartition(")")[2].split()[0] == "Z")


def test_a_batch_in_the_background_begins_and_ends_by_itself(program: Program, lasting: RunningCoze) -> None:
    done = program.run(*BACKGROUND)
    assert done.code == 0, done.err
    assert " attach" in done.out
    place = place_in(program.folder)
    assert f"process {place.pid}" in done.out
    assert place.token not in done.out + done.err
    until(lambda: is_over(program), "its end", 40)
    assert program.statuses() == {"t1": "done", "t2": "done", "t3": "done"}
    assert len(lasting.ledger().executions) == 3
    until(lambda: not alive(place.pid), "the process is gone")


def test_nothing_secret_stands_in_the_command_line_or_the_output(program: Program) -> None:
    assert program.run(*BACKGROUND).code == 0
    place = place_in(program.folder)
    line = Path(f"/proc/{place.pid}/cmdline")
    if line.exists():
        assert program.token.encode() not in line.read_bytes()
        assert place.token.encode() not in line.read_bytes()
    until(lambda: is_over(program), "its end", 40)
    until(lambda: not alive(place.pid), "the process is gone, and the files that it removes at its end")
    text = program.all_text()
    assert program.token not in text
    assert place.token not in text


def test_a_second_start_is_refused_with_the_reason(program: Program, lasting: RunningCoze) -> None:
    assert program.run(*BACKGROUND).code == 0
    first = place_in(program.folder)
    second = program.run(*BACKGROUND)
    assert second.code == 2
    assert f"pid {first.pid}" in second.err
    assert place_in(program.folder) == first
    until(lambda: is_over(program), "its end", 40)
    assert len(lasting.ledger().executions) == 3


def test_a_start_that_is_refused_says_why_and_pays_nothing(program: Program, lasting: RunningCoze) -> None:
    program.token = "wrong"
    program.configure()
    done = program.run(*BACKGROUND)
    assert done.code == 2
    assert "token" in done.err
    assert lasting.ledger().executions == {}


def test_a_refusal_comes_in_the_language_asked_for_whatever_the_system_speaks_and_writes(program: Program) -> None:
    latin = {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}
    done = program.run(*BACKGROUND, "--lang", "zh", "--fresh", "--results-dir", "c.json", "--yes", env=latin)
    assert done.code == 2
    assert "请换一个 --results-dir" in done.err


def test_what_is_paid_again_needs_a_yes(program: Program, lasting: RunningCoze) -> None:
    done = program.run(*BACKGROUND, "--fresh")
    assert done.code == 2
    assert "--yes" in done.err
    assert lasting.ledger().executions == {}


def test_a_handover_that_is_cut_short_starts_nothing(program: Program, lasting: RunningCoze) -> None:
    done = program.run("run", "--handover", "--config", "c.json", "--tasks", "tasks.json")
    assert done.code == 2
    assert "nothing was submitted" in done.err
    assert lasting.ledger().executions == {}


def test_attach_without_a_terminal_or_a_batch_is_refused(program: Program) -> None:
    done = program.run("attach")
    assert done.code == 2
    assert "terminal" in done.err


@posix
def test_attach_says_that_no_batch_runs(program: Program) -> None:
    with terminal(program.folder, ("attach",)) as shown:
        shown.until(lambda: shown.process.poll() is not None, 20)
        shown.process.wait(5)
        assert shown.process.returncode == 2
        assert "No batch runs" in shown.text()


@posix
def test_a_screen_is_left_and_the_batch_goes_on(program: Program) -> None:
    assert program.run(*BACKGROUND).code == 0
    with terminal(program.folder, ("attach",)) as shown:
        assert shown.until(lambda: "标题3号" in shown.text(), 20)
        assert shown.ask("q", "Detach")
        shown.press("d")
        shown.until(lambda: False, 20)
        assert shown.process.wait(10) == 0
        assert "goes on in the background" in shown.text()
    until(lambda: is_over(program), "its end", 40)
    assert set(program.statuses().values()) == {"done"}


@posix
def test_a_batch_is_stopped_from_its_screen_and_gone_on_with(program: Program, lasting: RunningCoze) -> None:
    program.configure(max_coze_concurrent=1)
    assert program.run(*BACKGROUND).code == 0
    with terminal(program.folder, ("attach",)) as shown:
        assert shown.until(lambda: "标题3号" in shown.text(), 20)
        assert shown.ask("q", "Stop it")
        shown.press("s")
        shown.until(lambda: False, 20)
        assert shown.process.wait(10) == 130
    until(lambda: not (program.folder / ".cozebatch" / FILE_NAME).exists(), "stopped")
    assert program.batch().code == 0
    assert len(lasting.ledger().executions) == 3


@posix
@pytest.mark.parametrize("name", ["SIGHUP", "SIGTERM", "SIGKILL"])
def test_a_screen_whose_window_is_closed_or_killed_takes_no_batch_along(program: Program, name: str) -> None:
    assert program.run(*BACKGROUND).code == 0
    with terminal(program.folder, ("attach",)) as shown:
        assert shown.until(lambda: "标题3号" in shown.text(), 20)
        shown.process.send_signal(signal.Signals[name])
        code = shown.process.wait(10)
    assert code == (-signal.Signals[name] if name == "SIGKILL" else 0)
    assert alive(place_in(program.folder).pid)
    if name == "SIGKILL":  # one of them is followed to the end, since a lost screen is waited for
        until(lambda: is_over(program), "its end", 60)
        assert set(program.statuses().values()) == {"done"}


@posix
@pytest.mark.parametrize("is_its_own", [True, False])
def test_a_screen_ends_with_its_terminal_whether_a_signal_tells_it_or_not(program: Program, is_its_own: bool) -> None:
    assert program.run(*BACKGROUND).code == 0
    with terminal(program.folder, ("attach",), is_its_own=is_its_own) as shown:
        assert shown.until(lambda: "标题3号" in shown.text(), 20)
        shown.close()
        assert shown.process.wait(10) == 0
    assert alive(place_in(program.folder).pid), "the batch goes on"


@posix
def test_the_terminal_that_started_a_batch_is_closed_and_the_batch_goes_on(
    program: Program, lasting: RunningCoze
) -> None:
    with terminal(program.folder, (*BACKGROUND, "--yes")) as shown:
        shown.until(lambda: False, 30)
        assert shown.process.wait(10) == 0
    until(lambda: is_over(program), "its end", 40)
    assert len(lasting.ledger().executions) == 3


def answered(shown: Terminal, answer: str) -> int:
    """Answer the question of the price; returns the exit code."""
    shown.press(f"{answer}\n")
    shown.until(lambda: False, 30)
    return shown.process.wait(10)


@posix
def test_on_a_terminal_the_price_is_asked_first(program: Program, lasting: RunningCoze) -> None:
    for answer, code in (("n", 2), ("y", 0)):
        with terminal(program.folder, BACKGROUND) as shown:
            assert shown.until(lambda: "3 paid executions" in shown.text(), 30)
            assert lasting.ledger().executions == {}
            assert answered(shown, answer) == code
    until(lambda: is_over(program), "its end", 40)
    assert len(lasting.ledger().executions) == 3


@posix
def test_more_than_was_agreed_to_is_not_paid(program: Program, lasting: RunningCoze) -> None:
    with terminal(program.folder, BACKGROUND) as shown:
        assert shown.until(lambda: "3 paid executions" in shown.text(), 30)
        program.tasks(5)
        assert answered(shown, "y") == 2
        assert "instead of the 3" in shown.text()
    assert lasting.ledger().executions == {}


@posix
def test_a_screen_that_is_stopped_holds_nothing_up_and_is_up_to_date_again(program: Program) -> None:
    program.tasks(20)
    assert program.run(*BACKGROUND, "--max-coze", "20").code == 0
    with terminal(program.folder, ("attach",)) as shown:
        assert shown.until(lambda: "标题" in shown.text(), 20)
        shown.process.send_signal(signal.Signals["SIGSTOP"])
        until(lambda: bool(list(program.folder.glob("*_async_results_*.json"))), "results", 60)
        shown.process.send_signal(signal.Signals["SIGCONT"])
        assert shown.until(lambda: "20/20" in shown.text(), 20)
        shown.press("q")
        assert shown.process.wait(10) == 0, "nothing is left to do, so the batch's own code is seen"
    until(lambda: is_over(program), "its end", 40)


@posix
def test_a_batch_that_is_killed_is_told_on_its_screen_and_gone_on_with(program: Program, lasting: RunningCoze) -> None:
    assert program.run(*BACKGROUND).code == 0
    with terminal(program.folder, ("attach",)) as shown:
        assert shown.until(lambda: "标题3号" in shown.text(), 20)
        os.kill(place_in(program.folder).pid, signal.Signals["SIGKILL"])
        assert shown.until(lambda: "connection is lost" in shown.text(), 20)
        shown.press("\r")
        shown.until(lambda: False, 20)
        assert shown.process.wait(10) == 3
    assert (program.folder / ".cozebatch" / FILE_NAME).exists()
    with terminal(program.folder, ("attach",)) as shown:
        shown.until(lambda: False, 20)
        assert shown.process.wait(10) == 2
        assert "is gone" in shown.text()
    assert program.batch().code == 0
    assert len(lasting.ledger().executions) == 3
    assert not (program.folder / ".cozebatch" / FILE_NAME).exists()


def test_a_headless_batch_can_be_looked_at_too(program: Program) -> None:
    with program.start("--no-ui", "--config", "c.json", "--tasks", "tasks.json", "--json") as process:
        until(lambda: (program.folder / ".cozebatch" / FILE_NAME).exists(), "the place")
        assert place_in(program.folder).pid > 0
        out, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    assert json.loads(out.splitlines()[-1])["event"] == "run_finished"
    assert not (program.folder / ".cozebatch" / FILE_NAME).exists()
