"""The palette, the theme picker and the help: in the chosen language, by group, and nothing is lost on the way."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from textual.widgets import Input, OptionList

from cozebatch.model.task import State
from cozebatch.model.text import Lang
from cozebatch_tui.locale.actions import ACTIONS, GROUPS
from cozebatch_tui.locale.names import STATES
from cozebatch_tui.locale.palette import COLOURS, STAGES, THEMES
from cozebatch_tui.presentation.tones import Tone
from cozebatch_tui.screen.look.palettes import PALETTES
from cozebatch_tui.screen.screens.help import HelpScreen
from cozebatch_tui.screen.screens.palette import PaletteScreen
from cozebatch_tui.screen.screens.theme import ThemeScreen
from scenes import main_screen
from support.ui import shown, until

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("lang", ["zh", "en"])
async def test_the_palette_is_grouped_and_in_the_chosen_language(lang: Lang) -> None:
    async with main_screen(lang, (120, 60)) as pilot:
        await pilot.press("ctrl+p")
        await pilot.pause()
        found = pilot.app.screen.query_one(OptionList)
        titles = [option.prompt.plain for option in found.options if option.disabled]  # type: ignore[union-attr]
        assert titles == [title.in_(lang) for title in GROUPS.values()]
        names = " ".join(option.prompt.plain for option in found.options)  # type: ignore[union-attr]
        for name in ("theme", "screenshot", "maximize", "quit", "timeline"):
            assert ACTIONS[name].in_(lang) in names
        other: Lang = "en" if lang == "zh" else "zh"
        assert ACTIONS["theme"].in_(other) not in names


async def test_the_palette_finds_runs_and_says_when_nothing_matches() -> None:
    async with main_screen("en", (120, 40)) as pilot:
        await pilot.press("ctrl+p", *"qqqq")
        await pilot.pause()
        assert "No command matches" in shown(pilot.app)
        await pilot.press("enter")
        assert isinstance(pilot.app.screen, PaletteScreen), "there is nothing to run"
        await pilot.press("escape", "ctrl+p", *"help", "enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, HelpScreen))


async def test_f2_on_the_palette_keeps_what_was_typed_and_chosen() -> None:
    async with main_screen("zh", (120, 40)) as pilot:
        await pilot.press("ctrl+p", *"1", "down")
        await pilot.pause()
        place = pilot.app.screen.query_one(OptionList).highlighted
        assert place
        await pilot.press("f2")
        await until(pilot, lambda: "raise the Coze limit by 1" in shown(pilot.app))
        assert pilot.app.screen.query_one(Input).value == "1"
        assert pilot.app.screen.query_one(OptionList).highlighted == place


async def test_a_theme_is_shown_while_moving_escape_undoes_and_enter_saves(tmp_path: Path) -> None:
    settings = tmp_path / "settings.json"
    async with main_screen("zh", (120, 40)) as pilot:
        await pilot.press("f3", "down")
        await pilot.pause()
        assert isinstance(pilot.app.screen, ThemeScreen)
        assert pilot.app.theme == "cozebatch-light"
        assert THEMES["high-contrast"].zh in shown(pilot.app)
        await pilot.press("escape")
        await pilot.pause()
        assert pilot.app.theme == "cozebatch-dark"
        assert not settings.exists(), "looking is not choosing"
        await pilot.press("f3", "down", "down", "f2")
        await pilot.pause(0.1)
        assert pilot.app.theme == "high-contrast"
        await pilot.press("enter")
        await pilot.pause()
        assert pilot.app.theme == "high-contrast"
    assert json.loads(settings.read_text(encoding="utf-8"))["theme"] == "high-contrast"


async def test_the_screen_can_be_drawn_in_every_theme_there_is() -> None:
    async with main_screen("en", (120, 40)) as pilot:
        await pilot.press("f3")
        for _ in pilot.app.available_themes:
            await pilot.press("down")
            await pilot.pause()
            assert "failed" in shown(pilot.app)
            assert "Traceback" not in shown(pilot.app)


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("size", [(120, 40), (80, 24), (40, 10)])
async def test_the_help_names_groups_costs_signs_and_colours(lang: Lang, size: tuple[int, int]) -> None:
    async with main_screen(lang, size) as pilot:
        await pilot.press("question_mark")
        await pilot.pause()
        seen = shown(pilot.app)
        for _ in range(40):
            await pilot.press("pagedown")
            seen += shown(pilot.app)
            if pilot.app.screen.query_one("VerticalScroll").is_vertical_scroll_end:
                break
        words = "".join(seen.split())
        signs = pilot.app.look.glyphs.states  # type: ignore[attr-defined]
        wanted = [title.in_(lang) for title in GROUPS.values()]
        wanted += [f"{signs[state]}{STATES[state].in_(lang)}" for state in State]
        wanted += [COLOURS[tone].in_(lang) for tone in Tone]
        wanted += ["--no-ui", "coze>300", "付费，先确认" if lang == "zh" else "paid,asksfirst"]
        for word in wanted:
            assert "".join(word.split()) in words, word


async def test_f2_on_the_help_stays_at_the_same_place() -> None:
    async with main_screen("en", (80, 24)) as pilot:
        await pilot.press("question_mark", "pagedown")
        await pilot.pause(0.1)
        place = pilot.app.screen.query_one("VerticalScroll").scroll_y
        assert place > 0
        await pilot.press("f2")
        await until(pilot, lambda: "切换语言" in shown(pilot.app))
        await until(pilot, lambda: pilot.app.screen.query_one("VerticalScroll").scroll_y == place)


async def test_every_theme_and_stage_has_a_name() -> None:
    assert set(THEMES) == set(PALETTES)
    assert set(COLOURS) == set(STAGES) == set(Tone)


async def test_a_picture_of_the_screen_is_saved_and_the_reply_says_where(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("platformdirs.user_downloads_path", lambda: tmp_path)
    async with main_screen("zh", (120, 40)) as pilot:
        await pilot.app.run_action("app.screenshot")
        await pilot.pause(0.1)
        assert "屏幕已存为" in shown(pilot.app)
        saved = os.listdir(tmp_path)
    assert [name.endswith(".svg") for name in saved] == [True]
