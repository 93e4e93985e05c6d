"""What a hint names can be typed as it stands."""

from __future__ import annotations

import sys

import pytest

from cozebatch.model.text import Text
from cozebatch_tui.presentation.invocation import STARTED_AS, command, going_on, typed


@pytest.mark.parametrize(
    ("program", "environment", "line"),
    [
        ("/usr/bin/cozebatch-tui", {}, "cozebatch-tui --tasks a.csv"),
        ("/x/.venv/bin/cozebatch-tui", {"UV_RUN_RECURSION_DEPTH": "1"}, "uv run cozebatch-tui --tasks a.csv"),
        ("cozebatch-tui.exe", {}, "cozebatch-tui --tasks a.csv"),
        ("/x/cozebatch_tui/__main__.py", {STARTED_AS: "cozebatch.cmd"}, "cozebatch.cmd --tasks a.csv"),
    ],
)
def test_the_command_is_the_one_that_was_typed(program: str, environment: dict[str, str], line: str) -> None:
    assert command(["--tasks", "a.csv"], program=program, environment=environment) == line


@pytest.mark.parametrize(
    ("arguments", "kept"),
    [
        (["run", "--tasks", "a.csv", "--limit=2"], ["run", "--tasks", "a.csv", "--limit=2"]),
        (["--fresh", "--yes", "--no-ui"], ["--yes", "--no-ui"]),
        (["--rerun", "t1", "t2", "--include", "t1", "t2"], ["--include", "t1", "t2"]),
        (["--tasks", "a.csv", "--rerun=t1", "--answer", "t3=yes"], ["--tasks", "a.csv"]),
    ],
)
def test_a_batch_is_gone_on_with_without_what_would_pay_again(
    monkeypatch: pytest.MonkeyPatch, arguments: list[str], kept: list[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["/usr/bin/cozebatch-tui", *arguments])
    assert going_on() == command(kept)
    assert going_on(also=["--tasks", "b c.csv"]) == command([*kept, "--tasks", "b c.csv"])


def test_as_a_module_and_with_blanks() -> None:
    found = command(["--tasks", "a b.csv"], program="/x/cozebatch_tui/__main__.py", environment={})
    assert "-m cozebatch_tui --tasks" in found
    assert found.endswith(('"a b.csv"', "'a b.csv'"))


def test_the_commands_of_a_text_are_those_of_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["/usr/bin/cozebatch-tui"])
    monkeypatch.setenv("UV_RUN_RECURSION_DEPTH", "1")
    found = typed(Text("用 cozebatch-tui init 或 cozebatch-tui --demo", "see `cozebatch-tui --demo`"))
    assert found.zh == "用 uv run cozebatch-tui init 或 uv run cozebatch-tui --demo"
    assert found.en == "see `uv run cozebatch-tui --demo`"
