"""Interrupts, kills and a second process: nothing is paid twice, nothing is lost."""

from __future__ import annotations

import random
import shlex
import signal
import sys
from pathlib import Path

import pytest

from cozebatch.demo.coze_model import CozeOptions
from cozebatch.demo.coze_server import RunningCoze, serve_coze
from cozebatch.demo.faults import Fault
from support.program import BATCH, SIGNALS, Program, kill, read_until


def started(coze: RunningCoze) -> dict[str, int]:
    return {title: len(executions) for title, executions in coze.ledger().tasks.items()}


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals")
@pytest.mark.parametrize("number", SIGNALS)
def test_an_interrupt_saves_everything(tmp_path: Path, number: int) -> None:
    with serve_coze(CozeOptions(duration=1.5)) as coze:
        program = Program(tmp_path, coze.url).configure(max_coze_concurrent=4).tasks(8)
        with program.start(*BATCH, "--json") as process:
            read_until(process, '"to": "running"', 4)
            kill(process, number)
            process.communicate(timeout=60)
        assert process.returncode == 130
        assert program.results()["status"] == "interrupted"
        assert program.batch().code == 0
        assert set(started(coze).values()) == {1}
        assert program.results()["statistics"]["submissions"] == 8


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals")
@pytest.mark.parametrize("asked", [("--fresh",), ("--rerun", "t1", "t2")])
def test_the_command_that_is_told_goes_on_and_pays_nothing_again(tmp_path: Path, asked: tuple[str, ...]) -> None:
    with serve_coze(CozeOptions(duration=0.1), [Fault(what="lasts", seconds=2.0, match="标题2号")]) as coze:
        program = Program(tmp_path, coze.url).configure().tasks(2)
        with program.start(*BATCH, *asked, "--yes") as process:
            read_until(process, "running -> done")
            kill(process, signal.SIGINT)
            out, _ = process.communicate(timeout=60)
        told = next(line for line in out.splitlines() if line.startswith("To go on"))
        assert program.run(*shlex.split(told)[shlex.split(told).index("cozebatch_tui") + 1 :]).code == 0
        assert started(coze) == {"标题1号": 1, "标题2号": 1}


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals")
def test_a_batch_that_is_gone_on_with_is_said_to_run(tmp_path: Path) -> None:
    with serve_coze(CozeOptions(duration=600.0)) as coze:
        program = Program(tmp_path, coze.url).configure().tasks(1)
        with program.start(*BATCH, "--json") as first:
            read_until(first, '"to": "running"')
            kill(first, signal.SIGINT)
            first.communicate(timeout=60)
        assert "  interrupted  " in program.run("runs", "--lang", "en").out
        with program.start(*BATCH, "--json") as again:
            read_until(again, '"to": "running"')
            assert "  running  " in program.run("runs", "--lang", "en").out
            coze.hurry()
            again.communicate(timeout=60)
        assert again.returncode == 0
        assert started(coze) == {"标题1号": 1}


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals")
def test_an_interrupt_that_cuts_the_last_submission_off_is_one(tmp_path: Path) -> None:
    with serve_coze(CozeOptions(duration=0.1), [Fault(what="late", on="submit", seconds=20)]) as coze:
        program = Program(tmp_path, coze.url).configure().tasks(1)
        with program.start(*BATCH, "--json") as process:
            read_until(process, '"to": "submitting"')
            kill(process, signal.SIGINT)
            process.communicate(timeout=60)
        assert process.returncode == 130
        assert program.results()["status"] == "interrupted"
        assert program.statuses() == {"t1": "held"}
        assert program.batch().code == 1, "still held"
        assert started(coze) == {"标题1号": 1}


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals")
def test_a_second_interrupt_ends_at_once(tmp_path: Path) -> None:
    with serve_coze(CozeOptions(duration=30), [Fault(what="late", on="submit", seconds=20, match="标题2号")]) as coze:
        program = Program(tmp_path, coze.url).configure().tasks(2)
        with program.start(*BATCH, "--json") as process:
            read_until(process, '"to": "running"')
            kill(process, signal.SIGINT)
            kill(process, signal.SIGINT)
            process.communicate(timeout=60)
        assert process.returncode == 130


@pytest.mark.parametrize("seed", range(4))
def test_kills_at_random_moments_pay_for_nothing_twice_and_lose_nothing(tmp_path: Path, seed: int) -> None:
    rng = random.Random(seed)
    with serve_coze(CozeOptions(duration=(0.2, 1.0), seed=seed)) as coze:
        program = Program(tmp_path, coze.url).configure(max_coze_concurrent=3).tasks(9)
        for _ in range(3):
            with program.start(*BATCH, "--json") as process:
                read_until(process, "task_state", rng.randint(1, 9))
                kill(process)
                process.communicate(timeout=60)
        assert program.batch().code in (0, 1), f"seed {seed}"
        statuses = program.statuses()
        assert set(statuses.values()) <= {"done", "held", "skipped"}, f"seed {seed}"
        held = [task_id for task_id, status in statuses.items() if status == "held"]
        assert all(count == 1 for count in started(coze).values()), f"seed {seed}"
        assert coze.ledger().max_in_flight <= 3 + len(held), f"seed {seed}"
        assert len(started(coze)) >= 9 - len(held), f"seed {seed}"


def test_a_dry_run_and_the_list_of_runs_disturb_no_batch_that_is_running(tmp_path: Path) -> None:
    with serve_coze(CozeOptions(duration=600.0)) as coze:
        program = Program(tmp_path, coze.url).configure(max_coze_concurrent=2).tasks(3)
        with program.start(*BATCH, "--json") as process:
            read_until(process, '"to": "running"', 2)
            before = (tmp_path / ".cozebatch" / "journal.sqlite3").stat().st_mtime_ns
            dry = program.batch("--dry-run")
            assert dry.code == 0, dry.err
            assert "2 to watch" in dry.out
            listed = program.run("runs", "--lang", "en")
            assert listed.code == 0, listed.err
            assert "of 3" in listed.out
            assert "  running  " in listed.out
            assert program.run("report", "--lang", "en").out.startswith("Batch running\n")
            assert (tmp_path / ".cozebatch" / "journal.sqlite3").stat().st_mtime_ns == before
            coze.hurry()
            _, err = process.communicate(timeout=30)
        assert process.returncode == 0, err
        assert {len(executions) for executions in coze.ledger().tasks.values()} == {1}


def test_a_second_process_on_one_state_directory_is_told_the_first_ones_pid(tmp_path: Path) -> None:
    with serve_coze(CozeOptions(duration=20)) as coze:
        program = Program(tmp_path, coze.url).configure().tasks(1)
        with program.start(*BATCH, "--json") as first:
            read_until(first, '"to": "running"')
            second = program.batch()
            kill(first)
            first.communicate(timeout=60)
        assert second.code == 2
        assert str(first.pid) in second.err
        assert started(coze) == {"标题1号": 1}
