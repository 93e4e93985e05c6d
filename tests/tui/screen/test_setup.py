"""The set-up screen: from nothing to a film, nothing written before its end, nothing charged before the start."""

from __future__ import annotations

import json
import os
import stat
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from textual import events
from textual.widgets import Input, OptionList

from cozebatch.demo.coze_account import PERMISSIONS
from cozebatch.demo.coze_model import TOKEN, WORKFLOW_ID, CozeOptions
from cozebatch.demo.faults import Fault
from cozebatch.demo.feishu_server import APP_ID, APP_SECRET
from cozebatch.demo.feishu_tables import CONTENT
from cozebatch.model.task import State
from cozebatch.model.text import Lang
from cozebatch.settings import load_settings
from cozebatch_tui.commands.options import parse
from cozebatch_tui.commands.run import _app_start
from cozebatch_tui.screen.app import CozebatchApp
from cozebatch_tui.screen.screens.dialogs import Confirm
from cozebatch_tui.screen.screens.help import HelpScreen
from cozebatch_tui.screen.screens.main import MainScreen
from cozebatch_tui.screen.screens.setup import SetupScreen
from cozebatch_tui.screen.screens.start import StartScreen
from cozebatch_tui.screen.setup.question_pane import QuestionPane
from support.listing import below
from support.setup_flow import Services, services
from support.ui import Screen

pytestmark = pytest.mark.anyio

CONFIG = Path("configs/config.json")
KEPT = Path(".cozebatch/setup.json")


def written(path: Path = CONFIG) -> str | None:
    """What stands in a file; None if there is none."""
    return path.read_text(encoding="utf-8") if path.exists() else None


def films() -> int:
    return len(below(Path("output"), "*.mp4"))


def config_of_somebody_else() -> None:
    CONFIG.parent.mkdir()
    CONFIG.write_text("mine", encoding="utf-8")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("COZE_API_TOKEN", raising=False)
    monkeypatch.delenv("FEISHU_APP_SECRET", raising=False)
    return tmp_path


@pytest.fixture
def found() -> Iterator[Services]:
    with services() as served:
        yield served


class Setup(Screen):
    """Counts the keys that are pressed; what is pasted does not count."""

    keys = 0

    @property
    def shown(self) -> SetupScreen:
        return next(screen for screen in self.app.screen_stack if isinstance(screen, SetupScreen))

    @property
    def question(self) -> str:
        panes = self.shown.query(QuestionPane)
        return panes.first().question.id if panes else ""

    async def press(self, *keys: str) -> None:
        self.keys += len(keys)
        await super().press(*keys)

    async def paste(self, text: str) -> None:
        assert self.app.focused is not None
        self.app.focused.post_message(events.Paste(text))
        await self.pilot.pause()

    async def come_to(self, question: str) -> None:
        """Until it has come, and takes keys."""
        await self.until(lambda: self.question == question and self._takes_keys(), question)
        await self.pilot.pause()

    def _takes_keys(self) -> bool:
        focused = self.app.focused
        return focused is not None and self.shown.query_one(QuestionPane) in focused.ancestors

    async def answer(self, *keys: str, then: str) -> None:
        await self.press(*keys)
        await self.come_to(then)

    async def enter(self, text: str, *, then: str) -> None:
        await self.paste(text)
        await self.answer("enter", then=then)


@asynccontextmanager
async def setting_up(
    *options: str, lang: Lang = "en", size: tuple[int, int] = (120, 40), opened: bool = True
) -> AsyncIterator[Setup]:
    """The application as the command starts it where there is no configuration."""
    app = CozebatchApp(_app_start(parse(list(options), lang), lang))
    try:
        async with app.run_test(size=size, notifications=True) as pilot:
            screen = Setup(app, pilot)
            if opened:
                await screen.come_to("language")
            yield screen
    finally:
        app.batch.stop()
        if app.batch.running is not None:
            app.batch.running.result(timeout=20)
        app.batch.close()


async def to_the_token(screen: Setup, found: Services) -> None:
    await screen.answer("enter", then="source")
    await screen.answer("enter", then="token")
    await screen.paste(found.coze.url)
    await screen.press("enter")
    await screen.until(lambda: "Interface" in screen.text() or "接口地址" in screen.text(), "the address is taken")


async def to_the_columns(screen: Setup, found: Services) -> None:
    await to_the_token(screen, found)
    await screen.enter(TOKEN, then="workspace")
    await screen.answer("down", "enter", then="workflow")
    await screen.answer("enter", then="base")
    await screen.enter(found.base, then="app_id")
    await screen.enter(APP_ID, then="app_secret")
    await screen.enter(APP_SECRET, then="table")
    await screen.answer("enter", then="columns")


async def test_from_nothing_to_a_film_in_fewer_than_forty_keys_besides_pasting(found: Services) -> None:
    async with setting_up("--poll-interval", "0.2") as screen:
        await to_the_columns(screen, found)
        assert "content <- 仿写文案" in screen.text()
        assert TOKEN not in screen.text()
        await screen.answer("enter", then="relations")
        await screen.answer("enter", then="status")
        await screen.answer("enter", then="mode")
        await screen.answer("enter", then="output_dir")
        await screen.answer("enter", then="keep")
        await screen.answer("enter", then="check")
        assert written() is None
        await screen.until(lambda: "Nothing wrong (nothing" in screen.text(), "the check")
        assert found.coze.ledger().executions == {}
        await screen.press("enter")
        await screen.until(lambda: isinstance(screen.app.screen, StartScreen), "the start screen")
        assert found.coze.ledger().executions == {}
        await screen.until(lambda: "Try 1 first (1 paid execution)" in screen.text(), "what comes next")
        start = screen.app.screen
        assert isinstance(start, StartScreen)
        await screen.until(lambda: start.is_checked, "checked")
        await screen.pilot.pause(0.8)
        await screen.press("1")
        await screen.until(lambda: any(isinstance(s, MainScreen) for s in screen.app.screen_stack), "main screen")
        await screen.until(lambda: screen.count(State.DONE) == 1, "a film")
    assert len(found.coze.ledger().executions) == 1
    assert films() == 1
    assert screen.keys < 40, screen.keys
    assert screen.keys == 19
    settings, warnings = load_settings(CONFIG, env={}, need_feishu=True)
    assert not warnings
    assert settings.coze.token.get_secret_value() == TOKEN
    if sys.platform != "win32":
        assert stat.S_IMODE(os.stat(CONFIG).st_mode) == 0o600
    assert written(KEPT) is None


async def test_typing_finds_a_workflow_in_a_long_list(found: Services) -> None:
    async with setting_up() as screen:
        await to_the_token(screen, found)
        await screen.enter(TOKEN, then="workspace")
        await screen.answer("down", "enter", then="workflow")
        await screen.paste("流 3")
        entries = screen.shown.query_one(OptionList)
        assert entries.option_count == 7, "3, 30 to 34, and what was typed"
        await screen.press("down", "down", "enter")
        await screen.until(lambda: "not found" in screen.text(), "this one cannot be read")
        field = screen.shown.query_one(Input)
        field.value = ""
        await screen.pilot.pause()
        await screen.enter("口播", then="base")
        assert screen.shown.state is not None
        assert screen.shown.state.answers.workflow_id == WORKFLOW_ID


@pytest.mark.parametrize("size", [(80, 24), (60, 15)])
async def test_the_end_of_a_long_list_and_a_complaint_about_it_can_be_seen(
    size: tuple[int, int], found: Services
) -> None:
    async with setting_up(size=size) as screen:
        await to_the_token(screen, found)
        await screen.enter(TOKEN, then="workspace")
        await screen.answer("down", "enter", then="workflow")
        assert "workflow_id=" in screen.text(), "where its address is found"
        await screen.press("up")
        await screen.pilot.pause()
        assert "其他工作流 34" in screen.text()
        await screen.press("enter")
        await screen.until(lambda: "not found" in screen.text(), "this one cannot be read")


async def test_without_the_permission_a_link_is_pasted_and_the_permission_named() -> None:
    with services(CozeOptions(permissions=PERMISSIONS - {"listWorkspace"})) as found:
        async with setting_up() as screen:
            await to_the_token(screen, found)
            await screen.enter(TOKEN, then="workflow")
            assert "listWorkspace" in screen.text()
            await screen.enter(f"https://www.coze.cn/work_flow?workflow_id={WORKFLOW_ID}", then="base")
            await screen.paste("https://acme.feishu.cn/docx/Abc")
            await screen.press("enter")
            await screen.until(lambda: "a document" in screen.text(), "told for what it is")
            assert screen.question == "base"


async def test_a_column_and_a_status_value_are_changed_by_choosing(found: Services) -> None:
    async with setting_up() as screen:
        await to_the_columns(screen, found)
        await screen.answer("down", "down", "enter", then="column")
        assert "早起的人" in screen.text()
        await screen.answer("up", "enter", then="columns")
        await screen.answer("enter", then="relations")
        await screen.answer("down", "enter", then="status")
        await screen.answer(*["down"] * 5, "enter", then="status_part")
        await screen.enter("没做成", then="status")
        assert "a new option" in screen.text()
        await screen.answer("enter", then="new_option")
        await screen.answer("enter", then="mode")
        state = screen.shown.state
        assert state is not None
        assert state.answers.status["failed"] == "没做成"
        assert state.answers.columns["title"] != "仿写标题"
        assert state.answers.relations == "no"
    assert found.feishu.writes == []


async def test_back_and_a_click_on_a_step_keep_the_answers(found: Services) -> None:
    async with setting_up() as screen:
        await to_the_token(screen, found)
        await screen.enter(TOKEN, then="workspace")
        await screen.answer("escape", then="token")
        assert "••••" in str(screen.shown.query_one(Input).placeholder)
        await screen.answer("enter", then="workspace")
        screen.shown.action_go("language")
        await screen.come_to("language")
        await screen.press("escape")
        assert screen.question == "language"
        screen.shown.action_go("columns")
        await screen.pilot.pause()
        assert screen.question == "language", "what was not reached cannot be skipped"


async def test_an_answer_that_is_looked_at_can_be_left_and_is_not_heard_of_again(found: Services) -> None:
    async with setting_up() as screen:
        await to_the_token(screen, found)
        found.coze.set_faults(Fault(what="late", on="workspaces", seconds=1.0))
        await screen.paste(TOKEN)
        await screen.press("enter", "enter")
        await screen.until(lambda: "Checking" in screen.text(), "waits")
        await screen.answer("escape", then="source")
        await screen.pilot.pause(1.5)
        assert screen.question == "source"


async def test_the_other_language_keeps_the_question_and_what_was_typed(found: Services) -> None:
    async with setting_up() as screen:
        await to_the_token(screen, found)
        await screen.paste("pat_abcdef")
        await screen.press("f2")
        await screen.until(lambda: "个人访问令牌" in screen.text(), "Chinese")
        assert screen.shown.query_one(Input).value == "pat_abcdef"
        assert isinstance(screen.app.focused, Input)
        assert "pat_abcdef" not in screen.text()


async def test_what_was_copied_over_several_lines_is_pasted_whole(found: Services) -> None:
    async with setting_up() as screen:
        await to_the_token(screen, found)
        command = f"\ncurl -X POST '{found.coze.url}' \\\n  -H 'Authorization: Bearer {TOKEN}' \\\n  -d '{{}}'\n"
        await screen.enter(command, then="workspace")
        state = screen.shown.state
    assert state is not None
    assert state.answers.token == TOKEN


async def test_the_language_is_chosen_first() -> None:
    async with setting_up() as screen:
        await screen.answer("up", "enter", then="source")
        await screen.until(lambda: "任务在哪里" in screen.text(), "Chinese")
        assert screen.app.lang == "zh"


@pytest.mark.parametrize("key", ["q", "ctrl+q", "ctrl+c"])
async def test_leaving_keeps_the_answers_and_the_next_start_proposes_them(found: Services, key: str) -> None:
    async with setting_up() as screen:
        await to_the_token(screen, found)
        await screen.enter(TOKEN, then="workspace")
        await screen.answer("down", "enter", then="workflow")
        await screen.answer("enter", then="base")
        if key == "q":
            await screen.answer(*["escape"] * 2, then="workspace")
        await screen.press(key)
        await screen.until(lambda: screen.app._exit, "left")
    assert written() is None
    assert screen.app.return_code == 0
    assert TOKEN not in (written(KEPT) or TOKEN)
    async with setting_up() as screen:
        assert "was not finished" in screen.text()
        await screen.answer("enter", then="source")
        await screen.answer("enter", then="token")
        await screen.enter(TOKEN, then="workspace")
        await screen.answer("enter", then="workflow")
        await screen.answer("enter", then="base")


async def test_an_interrupt_leaves_after_a_wrong_answer_too(found: Services) -> None:
    async with setting_up() as screen:
        await to_the_token(screen, found)
        await screen.paste("pat_abcdef_wrong")
        await screen.press("enter")
        await screen.until(lambda: "did not take this token" in screen.text(), "the complaint")
        await screen.press("ctrl+c")
        await screen.until(lambda: not screen.app.is_running, "left")
    assert written(KEPT) is not None


async def test_help_tells_the_keys_of_the_set_up(found: Services) -> None:
    async with setting_up(size=(80, 40)) as screen:
        await screen.press("question_mark")
        await screen.until(lambda: isinstance(screen.app.screen, HelpScreen), "the help")
        lines = [" ".join(line.split()) for line in screen.text().splitlines()]
        assert "enter next" in lines
        assert "? help" in lines, "once"
        assert "q ctrl+q ctrl+c" in lines


async def test_the_demo_starts_in_this_process() -> None:
    async with setting_up("--no-save") as screen:
        await screen.press("d")
        await screen.until(lambda: isinstance(screen.app.screen, MainScreen), "main screen")
        await screen.until(lambda: len(screen.app.view_model.board.rows) == 20, "the demo's tasks")
        assert screen.app.batch_title == "demo"
    assert written() is None


async def test_a_letter_in_the_wrong_place_costs_no_answer(found: Services) -> None:
    async with setting_up() as screen:
        await to_the_token(screen, found)
        await screen.enter(TOKEN, then="workspace")
        await screen.press("d", "e", "m", "o")
        await screen.until(lambda: isinstance(screen.app.screen, Confirm), "asked first")
        await screen.press("n")
        assert screen.shown.state is not None
        assert screen.shown.state.at == "workspace"
        await screen.press("d", "y")
        await screen.until(lambda: isinstance(screen.app.screen, MainScreen), "the demo")


async def test_a_task_file_of_the_command_line_is_known_already(folder: Path, found: Services) -> None:
    (folder / "tasks.json").write_text('[{"title": "标题1号", "content": "文案1号"}]', encoding="utf-8")
    async with setting_up("--tasks", "tasks.json") as screen:
        await to_the_token(screen, found)
        await screen.enter(TOKEN, then="workspace")
        await screen.answer("down", "enter", then="workflow")
        await screen.answer("enter", then="tasks")
        assert screen.shown.query_one(Input).value == "tasks.json"
        await screen.answer("enter", then="columns")
        await screen.answer("enter", then="mode")
        await screen.answer(*["down"] * 3, "enter", then="keep")
        await screen.answer("down", "enter", then="check")
        await screen.press("enter")
        await screen.until(lambda: isinstance(screen.app.screen, StartScreen), "the start screen")
        await screen.until(lambda: "COZE_API_TOKEN=" in screen.text() or "setx COZE" in screen.text(), "how it is set")
    coze = json.loads(written() or "")["workflow_config"]["coze_config"]
    assert coze["token"] == "${COZE_API_TOKEN}"


async def test_what_was_written_is_told_beside_the_ways_on_and_not_over_them(found: Services) -> None:
    async with setting_up("--poll-interval", "0.2", size=(80, 24)) as screen:
        await to_the_columns(screen, found)
        for question in ("relations", "status", "mode", "output_dir", "keep", "check"):
            await screen.answer("enter", then=question)
        await screen.press("enter")
        await screen.until(lambda: isinstance(screen.app.screen, StartScreen), "the start screen")
        await screen.until(lambda: "Written to" in screen.text(), "told")
        start = screen.app.screen
        assert isinstance(start, StartScreen)
        await screen.until(lambda: start.is_checked, "checked")
        buttons, footer = screen.text().splitlines()[-2:]
        assert "1 try 1" in buttons
        assert "q leave" in buttons
        assert "q leave" in footer
        head = screen.text().splitlines()[0]
        assert "视频任务" in head, "the table by its name"
        assert CONTENT not in head
        start.shown_at = 0.0
        await screen.press("1")
        await screen.until(lambda: screen.count(State.DONE) == 1, "a film")
        assert "Written to" not in screen.text()


async def test_a_task_file_that_was_chosen_is_named_in_the_way_on(
    folder: Path, found: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The command line that began with the set-up names no file."""
    monkeypatch.setattr(sys, "argv", ["cozebatch-tui"])
    (folder / "my tasks.csv").write_text("标题,文案\n标题1号,文案1号\n标题2号,文案2号\n", encoding="utf-8")
    async with setting_up("--poll-interval", "0.2") as screen:
        await screen.answer("enter", then="source")
        await screen.answer("down", "enter", then="token")
        await screen.paste(found.coze.url)
        await screen.press("enter")
        await screen.until(lambda: "Interface" in screen.text(), "the address is taken")
        await screen.enter(TOKEN, then="workspace")
        await screen.answer("down", "enter", then="workflow")
        await screen.answer("enter", then="tasks")
        await screen.enter("'my tasks.csv'", then="columns")
        await screen.answer("enter", then="mode")
        await screen.answer(*["down"] * 3, "enter", then="keep")
        await screen.answer("enter", then="check")
        await screen.press("enter")
        await screen.until(lambda: isinstance(screen.app.screen, StartScreen), "the start screen")
        [line] = screen.app.last_words()
        assert "From now on start with:" in line
        assert line.replace('"', "'").endswith("cozebatch-tui --tasks 'my tasks.csv'")
        start = screen.app.screen
        assert isinstance(start, StartScreen)
        await screen.until(lambda: start.is_checked, "checked")
        start.shown_at = 0.0
        await screen.press("1")
        await screen.until(lambda: screen.count(State.DONE) == 1, "one is done")
        assert screen.app.last_words()[-1].replace('"', "'").endswith("cozebatch-tui --tasks 'my tasks.csv'")


async def test_a_configuration_that_came_meanwhile_is_kept_beside_the_new_one(folder: Path, found: Services) -> None:
    async with setting_up() as screen:
        await to_the_columns(screen, found)
        await screen.answer("enter", then="relations")
        await screen.answer("enter", then="status")
        await screen.answer("enter", then="mode")
        await screen.answer(*["down"] * 3, "enter", then="keep")
        config_of_somebody_else()
        await screen.answer("enter", then="check")
        assert "config.json.bak" in screen.text()
        await screen.press("enter")
        await screen.until(lambda: isinstance(screen.app.screen, StartScreen), "the start screen")
    assert written(Path("configs/config.json.bak")) == "mine"


@pytest.mark.parametrize("lang", ["zh", "en"])
async def test_every_question_fits_a_small_terminal(lang: Lang, found: Services) -> None:
    async with setting_up(size=(80, 24), lang=lang) as screen:

        def fits() -> None:
            pane = screen.shown.query_one(QuestionPane)
            assert screen.shown.query_one("#panel").max_scroll_y == 0, "all of it is in sight"
            assert pane.question.title.in_(lang)[:30] in screen.text()

        fits()
        await to_the_token(screen, found)
        fits()
        await screen.enter(TOKEN, then="workspace")
        await screen.answer("down", "enter", then="workflow")
        fits()
        await screen.answer("enter", then="base")
        fits()
        await screen.enter(f"{found.base}?table={CONTENT}", then="app_id")
        fits()
        await screen.enter(APP_ID, then="app_secret")
        await screen.enter(APP_SECRET, then="columns")
        fits()
        assert "accountId" in screen.text()
        for then in ("relations", "status", "mode", "output_dir", "keep"):
            await screen.answer("enter", then=then)
            fits()
