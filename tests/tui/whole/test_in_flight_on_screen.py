"""What is cancelled, or run again after the end, on the screen and then killed: it counts, and is found again."""

from __future__ import annotations

import sys
import time

import pytest

from cozebatch.demo.faults import Fault
from support.batches import LONG, Files
from support.kill_screen import terminal

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")


def test_a_cancelled_execution_counts_at_the_next_start_too(two: Files) -> None:
    with terminal(two.program.folder, ("--config", "c.json", "--tasks", "tasks.csv", "--yes")) as screen:
        assert screen.until(lambda: two.executions == 2, 20), screen.tail()
        time.sleep(0.8)  # a question typed ahead of is not answered
        screen.press("c")
        time.sleep(0.8)
        screen.press("y")
        time.sleep(0.5)
    two.coze.set_faults()
    two.write(["d", "e"], name="another.csv")
    assert two.run("another.csv").code == 0
    assert two.coze.ledger().max_in_flight == 2
    assert two.executions == 4


def run_again_and_kill(two: Files, fault: Fault) -> None:
    """All end; a task is run again on the screen, with this fault at Coze, and the program is killed."""
    two.coze.set_faults()
    with terminal(two.program.folder, ("--config", "c.json", "--tasks", "tasks.csv", "--yes")) as screen:
        assert screen.until(lambda: two.executions == 3 and two.coze.service.in_flight() == 0, 30), screen.tail()
        time.sleep(1.5)
        two.coze.set_faults(fault)
        screen.press("x")
        time.sleep(0.8)
        screen.press("y")
        assert screen.until(lambda: two.executions == 4, 20), screen.tail()
        time.sleep(1.0)
    two.coze.set_faults()


def test_a_rerun_after_the_end_that_is_killed_is_watched_by_the_next_start(two: Files) -> None:
    run_again_and_kill(two, LONG)
    assert two.run().code == 0
    assert two.executions == 4
    newest = list(two.coze.ledger().executions)[-1]
    assert newest in {task["execute_id"] for task in two.program.results()["tasks"].values()}
    assert set(two.program.statuses().values()) <= {"done", "skipped"}


def test_a_rerun_after_the_end_whose_answer_a_kill_cut_off_is_held_by_the_next_start(two: Files) -> None:
    run_again_and_kill(two, Fault(what="late", on="submit", seconds=5.0))
    assert two.run().code == 1
    assert sorted(two.program.statuses().values()) == ["done", "done", "held"]
    [held] = (task_id for task_id, status in two.program.statuses().items() if status == "held")
    newest = list(two.coze.ledger().executions)[-1]
    assert two.run("tasks.csv", "--adopt", f"{held}={newest}").code == 0
    assert two.executions == 4
