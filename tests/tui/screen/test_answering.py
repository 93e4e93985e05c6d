"""A workflow's question on the real application: shown, answered in a form, and told in the task's submissions."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from textual.widgets import Input

from cozebatch.demo.coze_model import CozeOptions
from cozebatch.demo.coze_server import RunningCoze, serve_coze
from cozebatch.demo.faults import Fault
from cozebatch.model.task import State
from cozebatch_tui.screen.screens.answer import AnswerScreen
from cozebatch_tui.screen.screens.task import TaskScreen
from support.ui import Screen, application, rows

pytestmark = pytest.mark.anyio

CHOICES = Fault(
    what="interrupt",
    text=json.dumps({"question": "用哪种风格？\n[bold]选一个[/]", "options": [{"name": "写实"}, "动画"]}),
)
FIELDS = Fault(
    what="interrupt",
    text="请补充",
    code=5,
    message=json.dumps({"style": {"type": "string"}, "count": {"type": "integer", "required": False}}),
)


@pytest.fixture
def asking() -> Iterator[RunningCoze]:
    with serve_coze(CozeOptions(duration=0.3)) as coze:
        yield coze


async def opened(screen: Screen) -> None:
    await screen.until(lambda: screen.count(State.HELD) == 1, "the question")
    await screen.press("enter")
    await screen.until(lambda: isinstance(screen.app.screen, TaskScreen), "the task")


@pytest.mark.parametrize("size", [(120, 40), (80, 24)])
async def test_a_choice_is_answered_and_told_in_the_submissions(
    tmp_path: Path, asking: RunningCoze, size: tuple[int, int]
) -> None:
    asking.set_faults(CHOICES)
    async with application(tmp_path, asking, rows(1), size=size) as screen:
        await screen.until(lambda: "waiting for your answer: 1" in screen.text(), "the strip counts it")
        await opened(screen)
        await screen.until(lambda: "用哪种风格？" in screen.text().replace(" ", ""), "the question")
        assert "[bold]选一个[/]" in screen.text().replace(" ", ""), "as data, not as markup"
        assert "enter answer, free" in screen.text()
        await screen.press("enter")
        await screen.until(lambda: isinstance(screen.app.screen, AnswerScreen), "the form")
        await screen.press("down", "enter")
        field = screen.app.screen.query_one(Input)
        assert field.value in ("写实", "动画")
        field.value = "动画"
        await screen.press("enter")
        await screen.until(lambda: screen.count(State.DONE) == 1, "it went on")
        await screen.press("right", "right", "right")
        await screen.until(lambda: "taken by Coze" in screen.text(), "who answered what")
        assert "动画" in screen.text().replace(" ", "")
    (execution,) = asking.ledger().executions.values()
    assert execution.answers == ["动画"]


async def test_fields_are_answered_one_by_one_and_a_wrong_one_is_said(tmp_path: Path, asking: RunningCoze) -> None:
    asking.set_faults(FIELDS)
    async with application(tmp_path, asking, rows(1), lang="zh") as screen:
        await opened(screen)
        await screen.press("enter")
        await screen.until(lambda: isinstance(screen.app.screen, AnswerScreen), "the form")
        style, count = screen.app.screen.query(Input)
        style.value, count.value = "写实", "许多"
        await screen.press("ctrl+s")
        await screen.until(lambda: "要填integer类型的值" in screen.text().replace(" ", ""), "what is wrong")
        assert [field.value for field in screen.app.screen.query(Input)] == ["写实", "许多"], "what was typed stays"
        style.value, count.value = "", "3"
        await screen.press("ctrl+s")
        await screen.until(lambda: "还没有填“style”" in screen.text().replace(" ", ""), "what is missing")
        assert asking.ledger().requests.get("resume") is None
        style.value = "写实"
        await screen.press("f2")
        await screen.until(lambda: "Answer the workflow" in screen.text(), "the other language")
        assert [field.value for field in screen.app.screen.query(Input)] == ["写实", "3"], "what was typed stays"
        await screen.press("ctrl+s")
        await screen.until(lambda: screen.count(State.DONE) == 1, "it went on")
    (execution,) = asking.ledger().executions.values()
    assert json.loads(execution.answers[0]) == {"style": "写实", "count": 3}


async def test_a_field_with_choices_is_chosen(tmp_path: Path, asking: RunningCoze) -> None:
    declared = {
        "style": {"type": "string", "options": ["写实", "卡通"]},
        "music": {"type": "boolean", "description": "[bold]配乐[/]"},
        "tags": {"type": "list", "items": {"type": "string"}, "required": False},
    }
    asking.set_faults(Fault(what="interrupt", text="请补充", code=5, message=json.dumps(declared)))
    async with application(tmp_path, asking, rows(1), size=(80, 24)) as screen:
        await opened(screen)
        await screen.press("enter")
        await screen.until(lambda: isinstance(screen.app.screen, AnswerScreen), "the form")
        await screen.until(lambda: "[bold]配乐[/]" in screen.text().replace(" ", ""), "as data, not as markup")
        await screen.press("down", "enter")
        style, music = (screen.app.screen.query_one(f"#field-{number}", Input) for number in (0, 1))
        await screen.until(lambda: style.value in ("写实", "卡通"), "the style")
        await screen.press("tab", "down", "enter")
        await screen.until(lambda: music.value in ("yes", "no"), "the music")
        await screen.press("ctrl+s")
        await screen.until(lambda: screen.count(State.DONE) == 1, "it went on")
    (execution,) = asking.ledger().executions.values()
    answered = json.loads(execution.answers[0])
    assert answered["style"] in ("写实", "卡通")
    assert isinstance(answered["music"], bool)


async def test_leaving_the_form_sends_nothing(tmp_path: Path, asking: RunningCoze) -> None:
    asking.set_faults(CHOICES)
    async with application(tmp_path, asking, rows(1)) as screen:
        await opened(screen)
        await screen.press("enter")
        await screen.until(lambda: isinstance(screen.app.screen, AnswerScreen), "the form")
        await screen.press("escape")
        await screen.until(lambda: isinstance(screen.app.screen, TaskScreen), "back")
        assert screen.count(State.HELD) == 1
    assert asking.ledger().requests.get("resume") is None
