"""`--max-executions` and `--until`: what is paid for, the exit code, and that the next start goes on."""

from __future__ import annotations

import pytest

from support.batches import Files

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
