"""No key, button or command of the palette starts a paid execution without having asked, with the number."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from textual.widgets import Input

from cozebatch.demo.coze_server import RunningCoze
from cozebatch.demo.faults import Fault
from cozebatch.model.task import State
from cozebatch_tui.screen.screens.dialogs import Confirm, Prompt
from cozebatch_tui.screen.screens.task import TaskScreen
from support.ui import Screen, application, rows

pytestmark = pytest.mark.anyio


def shown(screen: Screen) -> str:
    """The text of the screen without borders and line breaks."""
    return " ".join(screen.text().replace("│", " ").split())


async def test_retrying_a_refused_task_asks_with_the_number(tmp_path: Path, quick: RunningCoze) -> None:
    quick.set_faults(Fault(what="code", on="submit", code=4105, message="sensitive"))
    async with application(tmp_path, quick, rows(1)) as screen:
        await screen.until(lambda: screen.count(State.FAILED) == 1, "refused")
        quick.set_faults()
        await screen.press("r")
        await screen.until(lambda: isinstance(screen.app.screen, Confirm), "the price")
        assert "Free: 0. By a new, paid execution: 1" in shown(screen)
        await screen.press("n")
        await screen.pilot.pause(0.3)
        assert (screen.count(State.FAILED), quick.ledger().executions) == (1, {})
        await screen.press("r", "y")
        await screen.until(lambda: screen.count(State.DONE) == 1, "run")
    assert len(quick.ledger().executions) == 1


async def test_a_mix_is_asked_about_once_and_only_the_number_is_paid(tmp_path: Path, quick: RunningCoze) -> None:
    """The execution of one ran for longer than is waited for, two were refused."""
    runs = json.dumps({"code": 0, "data": [{"execute_status": "Running"}]})
    quick.set_faults(
        Fault(what="code", on="submit", match="标题1号", code=4105, message="sensitive"),
        Fault(what="code", on="submit", match="标题2号", code=4105, message="sensitive"),
        Fault(what="body", on="look", match="标题3号", text=runs),
    )
    async with application(tmp_path, quick, rows(3), execution_timeout=1) as screen:
        await screen.until(lambda: screen.count(State.FAILED) == 3, "failed")
        quick.set_faults()
        await screen.press("R")
        await screen.until(lambda: isinstance(screen.app.screen, Confirm), "the price")
        assert "Free: 1. By a new, paid execution: 2" in shown(screen)
        await screen.press("y")
        await screen.until(lambda: screen.count(State.DONE) == 3, "run")
        assert not isinstance(screen.app.screen, Confirm)
    assert len(quick.ledger().executions) == 3


async def test_a_mistyped_execution_leaves_the_task_held_and_says_why(tmp_path: Path, quick: RunningCoze) -> None:
    quick.set_faults(Fault(what="cut_after", on="submit"))
    async with application(tmp_path, quick, rows(1)) as screen:
        await screen.until(lambda: screen.count(State.HELD) == 1, "held")
        quick.set_faults()
        await screen.press("enter")
        await screen.until(lambda: isinstance(screen.app.screen, TaskScreen), "the task")
        await screen.press("a")
        await screen.until(lambda: isinstance(screen.app.screen, Prompt), "the question")
        screen.app.screen.query_one(Input).value = "7777777"
        await screen.press("enter", "escape")
        await screen.until(lambda: "Coze has no execution 7777777" in shown(screen), "the reason")
        assert screen.count(State.HELD) == 1


async def test_a_limit_on_what_is_paid_is_typed_and_raising_it_asks_with_the_number(
    tmp_path: Path, slow: RunningCoze
) -> None:
    async with application(tmp_path, slow, rows(6), max_coze_concurrent=2) as screen:
        await screen.until(lambda: screen.count(State.RUNNING) == 2, "two at Coze")
        await screen.press("b")
        await screen.until(lambda: isinstance(screen.app.screen, Prompt), "the question")
        screen.app.screen.query_one(Input).value = "many"
        await screen.press("enter")
        await screen.until(lambda: "many is not clear" in shown(screen), "the refusal")
        await screen.press("b")
        await screen.until(lambda: isinstance(screen.app.screen, Prompt), "the question again")
        screen.app.screen.query_one(Input).value = "0"
        await screen.press("enter")
        await screen.until(lambda: "max_executions" in screen.app.view_model.board.paused, "the pause")
        await screen.until(lambda: "max 0" in screen.text(), "the money card")
        await screen.press("b")
        await screen.until(lambda: isinstance(screen.app.screen, Prompt), "the third question")
        screen.app.screen.query_one(Input).value = "1"
        await screen.press("enter")
        await screen.until(lambda: "up to 1 paid execution," in screen.text(), "the price")
        await screen.press("n")
        await screen.until(lambda: not isinstance(screen.app.screen, Confirm), "the answer")
        assert "max_executions" in screen.app.view_model.board.paused
        assert len(slow.ledger().executions) == 2
