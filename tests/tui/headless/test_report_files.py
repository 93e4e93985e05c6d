"""`report` writing its files: what is said where one cannot be written."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from cozebatch.model.task import State
from support.old_runs import TASKS, Past
from support.program import Program


@pytest.fixture
def program(tmp_path: Path) -> Program:
    (tmp_path / ".cozebatch").mkdir()
    with Past(tmp_path / ".cozebatch" / "journal.sqlite3") as past:
        past.row(past.run("run", 1), TASKS[0], State.DONE, "e1")
    return Program(tmp_path, "")


@pytest.mark.parametrize("option", ["--csv", "--html"])
def test_a_file_that_cannot_be_written_is_told_with_what_to_do(program: Program, option: str) -> None:
    done = program.run("report", option, "none/out")
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith("cozebatch-tui: ")
    assert "cannot be written: No such file or directory. Choose another name." in done.err


@pytest.mark.skipif(sys.platform != "win32", reason="an open file hinders nobody else")
def test_a_file_that_is_open_in_excel_is_told_as_open(program: Program) -> None:
    path = program.folder / "out.csv"
    path.write_text("mine", encoding="utf-8")
    with path.open("rb"):
        done = program.run("report", "--csv", "out.csv")
    assert (done.code, done.out) == (2, "")
    assert "No permission, or another program (such as Excel) has it open" in done.err
    assert path.read_text(encoding="utf-8") == "mine"
