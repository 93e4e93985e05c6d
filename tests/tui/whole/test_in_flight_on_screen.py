"""What is cancelled, or run again after the end, on the screen and then killed: it counts, and is found again."""

from __future__ import annotations

import sys

import pytest

from cozebatch.demo.faults import Fault
from support.batches import LONG, Files
from support.kill_checks import journal_copy
from support.kill_screen import terminal

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")

OPENED = ("--config", "c.json", "--tasks", "tasks.csv", "--yes")


def rows_in(files: Files, state: str) -> int:
    """How many tasks stand so on the disk."""
    with journal_copy(files.program.folder) as journal:
        found = journal.execute("SELECT count(*) FROM task WHERE row LIKE ?", (f'%"state":"{state}"%',)).fetchone()
    return int(found[0])


def test_a_cancelled_execution_counts_at_the_next_start_too(two: Files) -> None:
    with terminal(two.program.folder, OPENED) as screen:
        assert screen.until(lambda: " 2/2" in screen.text(), 20), screen.text()
        assert screen.ask("c", "What runs at Coze cannot be stopped"), screen.text()
        screen.press("y")
        assert screen.until(lambda: rows_in(two, "cancelled") == 1, 20), screen.tail()
    two.coze.set_faults()
    two.write(["d", "e"], name="another.csv")
    assert two.run("another.csv").code == 0
    assert two.coze.ledger().max_in_flight == 2
    assert two.executions == 4


def run_again_and_kill(two: Files, fault: Fault, state: str) -> None:
    """All end; a task is run again on the screen, with this fault at Coze, and the program is killed once it is so."""
    two.coze.set_faults()
    with terminal(two.program.folder, OPENED) as screen:
        assert screen.until(lambda: two.executions == 3 and rows_in(two, "done") == 3, 30), screen.tail()
        two.coze.set_faults(fault)
        assert screen.ask("x", "Each one is charged by Coze again"), screen.text()
        screen.press("y")
        assert screen.until(lambda: two.executions == 4 and rows_in(two, state) == 1, 20), screen.tail()
    two.coze.set_faults()


def test_a_rerun_after_the_end_that_is_killed_is_watched_by_the_next_start(two: Files) -> None:
    run_again_and_kill(two, LONG, "running")
    assert two.run().code == 0
    assert two.executions == 4
    newest = list(two.coze.ledger().executions)[-1]
    assert newest in {task["execute_id"] for task in two.program.results()["tasks"].values()}
    assert set(two.program.statuses().values()) <= {"done", "skipped"}


def test_a_rerun_after_the_end_whose_answer_a_kill_cut_off_is_held_by_the_next_start(two: Files) -> None:
    run_again_and_kill(two, Fault(what="late", on="submit", seconds=30.0), "submitting")
    assert two.run().code == 1
    assert sorted(two.program.statuses().values()) == ["done", "done", "held"]
    [held] = (task_id for task_id, status in two.program.statuses().items() if status == "held")
    newest = list(two.coze.ledger().executions)[-1]
    assert two.run("tasks.csv", "--adopt", f"{held}={newest}").code == 0
    assert two.executions == 4
