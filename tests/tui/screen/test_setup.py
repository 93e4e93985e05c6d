"""The set-up screen: nothing is written before its end, nothing is charged, and it leads to the start of a batch."""

from __future__ import annotations

import json
import os
import stat
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from textual.widgets import Input

from cozebatch.demo.coze_model import TOKEN, WORKFLOW_ID
from cozebatch.demo.coze_server import RunningCoze
from cozebatch.model.text import Lang
from cozebatch.settings import load_settings
from cozebatch_tui.commands.options import parse
from cozebatch_tui.commands.run import _app_start
from cozebatch_tui.screen.app import CozebatchApp
from cozebatch_tui.screen.screens.main import MainScreen
from cozebatch_tui.screen.screens.setup import SetupScreen
from cozebatch_tui.screen.screens.start import StartScreen
from cozebatch_tui.screen.setup.steps import STEPS
from support.ui import Screen

pytestmark = pytest.mark.anyio

CONFIG = Path("configs/config.json")


def written() -> str | None:
    """The configuration; None if there is none."""
    return CONFIG.read_text(encoding="utf-8") if CONFIG.exists() else None


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("COZE_API_TOKEN", raising=False)
    monkeypatch.delenv("FEISHU_APP_SECRET", raising=False)
    return tmp_path


@asynccontextmanager
async def setting_up(
    *options: str, lang: Lang = "en", size: tuple[int, int] = (120, 40), base_url: str = ""
) -> AsyncIterator[Screen]:
    """The application as the command starts it where there is no configuration."""
    start = _app_start(parse(list(options), lang), lang)
    app = CozebatchApp(start)
    try:
        async with app.run_test(size=size) as pilot:
            screen = Screen(app, pilot)
            if base_url:
                setup_screen(screen).answers["base_url"] = base_url
            yield screen
    finally:
        app.batch.stop()
        if app.batch.running is not None:
            app.batch.running.result(timeout=20)
        app.batch.close()


def setup_screen(screen: Screen) -> SetupScreen:
    return next(shown for shown in screen.app.screen_stack if isinstance(shown, SetupScreen))


async def until_step(screen: Screen, name: str) -> None:
    await screen.until(lambda: setup_screen(screen).step.name == name, name)
    await screen.pilot.pause()


async def fill(screen: Screen, **answers: str) -> None:
    for name, answer in answers.items():
        screen.app.screen.query_one(f"#field-{name} Input", Input).value = answer
    await screen.pilot.pause()


async def test_answers_lead_to_a_configuration_and_to_the_start_screen(quick: RunningCoze, folder: Path) -> None:
    (folder / "tasks.json").write_text('[{"title": "标题1号", "content": "文案1号"}]', encoding="utf-8")
    async with setting_up(base_url=quick.url) as screen:
        await screen.press("enter")
        await until_step(screen, "coze")
        await fill(screen, workflow=WORKFLOW_ID, token=TOKEN)
        await screen.until(lambda: "Coze takes this token" in screen.text(), "the live look")
        assert TOKEN not in screen.text()
        assert TOKEN[-6:] not in screen.text()
        await screen.press("enter", "enter")
        await until_step(screen, "source")
        await screen.press("down", "enter")
        await fill(screen, tasks="tasks.json")
        await screen.press("enter")
        await until_step(screen, "films")
        await screen.press("down", "down", "down", "enter")
        await until_step(screen, "check")
        assert written() is None
        await screen.until(lambda: "nothing wrong (nothing" in screen.text(), "the check")
        await screen.press("enter")
        await screen.until(lambda: isinstance(screen.app.screen, StartScreen), "the start screen")
    settings, warnings = load_settings(CONFIG, env={}, need_feishu=False)
    assert not warnings
    assert (settings.coze.workflow_id, settings.synthesis.mode) == (WORKFLOW_ID, "none")
    assert settings.coze.token.get_secret_value() == TOKEN
    if sys.platform != "win32":
        assert stat.S_IMODE(os.stat(CONFIG).st_mode) == 0o600
    assert quick.ledger().tasks == {}, "nothing was started"


async def test_a_wrong_answer_is_told_and_keeps_the_step(folder: Path) -> None:
    async with setting_up() as screen:
        await screen.press("enter")
        await until_step(screen, "coze")
        await fill(screen, workflow="my workflow")
        await screen.press("enter")
        text = screen.text()
        assert setup_screen(screen).step.name == "coze"
        assert "✖" in text
        await fill(screen, workflow=WORKFLOW_ID)
        await screen.press("enter", "enter")
        assert setup_screen(screen).step.name == "coze"
        assert "COZE_API_TOKEN" in screen.text()


async def test_a_token_in_the_environment_needs_no_answer_and_is_not_written(
    monkeypatch: pytest.MonkeyPatch, quick: RunningCoze
) -> None:
    monkeypatch.setenv("COZE_API_TOKEN", TOKEN)
    async with setting_up(base_url=quick.url) as screen:
        await screen.press("enter")
        await until_step(screen, "coze")
        await fill(screen, workflow=WORKFLOW_ID)
        await screen.press("enter", "enter")
        await until_step(screen, "source")
        setup_screen(screen)._write()
    assert json.loads(written() or "")["workflow_config"]["coze_config"]["token"] == "${COZE_API_TOKEN}"


async def test_the_other_language_keeps_the_step_and_what_was_typed() -> None:
    async with setting_up() as screen:
        await screen.press("enter")
        await until_step(screen, "coze")
        await fill(screen, workflow="7400000000000000001", token="pat_abcdef")
        await screen.press("enter", "f2")
        await screen.until(lambda: "个人访问令牌" in screen.text(), "Chinese")
        typed = {box.id: box.query_one(Input).value for box in screen.app.screen.query("FieldBox")}
        assert typed == {"field-workflow": "7400000000000000001", "field-token": "pat_abcdef"}
        assert screen.app.focused is not None
        assert screen.app.focused.parent is screen.app.screen.query_one("#field-token")


async def test_choosing_the_language_changes_it_at_once() -> None:
    async with setting_up() as screen:
        await screen.press("up")
        await screen.until(lambda: "界面语言" in screen.text(), "Chinese")
        await screen.press("enter")
        await until_step(screen, "coze")
        assert screen.app.lang == "zh"


async def test_escape_goes_back_and_keeps_the_answers() -> None:
    async with setting_up() as screen:
        await screen.press("enter")
        await until_step(screen, "coze")
        await fill(screen, workflow="7400000000000000001")
        await screen.press("escape")
        await until_step(screen, "language")
        await screen.press("escape")
        assert setup_screen(screen).step.name == "language"
        await screen.press("enter")
        await until_step(screen, "coze")
        assert screen.app.screen.query_one("#field-workflow Input", Input).value == "7400000000000000001"


@pytest.mark.parametrize("key", ["q", "ctrl+q"])
async def test_leaving_asks_nothing_and_writes_nothing(folder: Path, key: str) -> None:
    async with setting_up() as screen:
        await screen.press(key)
        await screen.until(lambda: screen.app._exit, "left")
    assert written() is None
    assert screen.app.return_code == 0


async def test_the_demo_starts_in_this_process() -> None:
    async with setting_up("--no-save") as screen:
        await screen.press("d")
        await screen.until(lambda: isinstance(screen.app.screen, MainScreen), "main screen")
        await screen.until(lambda: len(screen.app.view_model.board.rows) == 20, "the demo's tasks")
        assert screen.app.batch_title == "demo"
    assert written() is None


async def test_a_task_file_of_the_command_line_is_known_already(folder: Path) -> None:
    (folder / "tasks.json").write_text("[]", encoding="utf-8")
    async with setting_up("--tasks", "tasks.json") as screen:
        assert setup_screen(screen).answers == {"source": "file", "tasks": "tasks.json"}


async def test_a_configuration_that_came_meanwhile_is_not_replaced(folder: Path) -> None:
    async with setting_up() as screen:
        (folder / "configs").mkdir()
        (folder / CONFIG).write_text("mine", encoding="utf-8")
        setup_screen(screen)._write()
        await screen.pilot.pause()
        assert isinstance(screen.app.screen, SetupScreen)
    assert written() == "mine"


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("place", range(len(STEPS)))
async def test_every_step_fits_a_small_terminal(lang: Lang, place: int) -> None:
    async with setting_up(size=(80, 24), lang=lang) as screen:
        setup = setup_screen(screen)
        setup.answers |= {"workflow": "7400000000000000001", "token": "pat_abcdef", "base": "bascnabcdef"}
        setup._place = place
        setup.refresh(recompose=True)
        await screen.pilot.pause()
        await screen.pilot.pause()
        panel = setup.query_one("#panel")
        assert panel.max_scroll_y == 0, "all of it is in sight"
        for field in STEPS[place].asked(setup.answers):
            assert field.label.in_(lang) in screen.text()
        assert STEPS[place].title.in_(lang) in screen.text()
