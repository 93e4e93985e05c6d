"""`--max-executions` and `--until`: what is paid for, the exit code, and that the next start goes on."""

from __future__ import annotations

import pytest

from support.batches import LONG, Files

ROWS = ["甲", "乙", "丙", "丁", "戊"]


def test_no_more_is_paid_for_than_allowed_and_the_next_start_does_the_rest(files: Files) -> None:
    files.write(ROWS)
    first = files.run("tasks.csv", "--max-executions", "3")
    assert first.code == 3, first.out + first.err
    assert files.executions == 3
    tasks = files.program.results()["tasks"]
    assert sorted(task["status"] for task in tasks.values()) == ["done", "done", "done", "pending", "pending"]
    assert "3" in first.out
    second = files.run("tasks.csv", "--max-executions", "3")
    assert second.code == 0, second.out + second.err
    assert files.executions == 5


def test_as_many_as_there_are_rows_is_an_ordinary_end(files: Files) -> None:
    files.write(ROWS)
    assert files.run("tasks.csv", "--max-executions", "5", "--until", "00:00").code == 0
    assert files.executions == 5


def test_a_kill_after_the_end_begins_a_run_of_its_own(files: Files) -> None:
    files.write(ROWS)
    files.run_until('"run_finished"', 1, "tasks.csv", "--max-executions", "2")
    assert files.executions == 2
    again = files.run("tasks.csv", "--max-executions", "2")
    assert again.code == 3, again.out + again.err
    assert files.executions == 4


def test_a_kill_before_the_end_lets_that_run_pay_for_no_more(files: Files) -> None:
    """The limit is reached, what was started runs on: the next start finishes it, unpaid, and ends the run."""
    files.write(ROWS)
    files.coze.set_faults(LONG)
    files.run_until('"to": "running"', 2, "tasks.csv", "--max-executions", "2")
    files.coze.hurry()
    again = files.run("tasks.csv", "--max-executions", "2")
    assert again.code == 3, again.out + again.err
    assert files.executions == 2
    assert files.run("tasks.csv", "--max-executions", "3").code == 0
    assert files.executions == 5


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("--max-executions", "0"),
        ("--max-executions", "many"),
        ("--until", "25:00"),
        ("--until", "6"),
        ("--until", "6:7"),
    ],
)
def test_what_cannot_be_meant_is_refused_before_anything_is_paid(files: Files, option: str, value: str) -> None:
    files.write(ROWS)
    found = files.run("tasks.csv", option, value)
    assert found.code == 2
    assert option in found.err
    assert value in found.err
    assert files.executions == 0
