"""The log on the screen: levels, find beside filter, following until somebody scrolls up, wrapping, both languages."""

from __future__ import annotations

import re
from typing import Any

import pytest
from textual.pilot import Pilot

from cozebatch.model import events
from cozebatch.model.text import Text
from cozebatch_tui.screen.screens.log import LogScreen
from cozebatch_tui.screen.screens.main import MainScreen
from cozebatch_tui.screen.view_model import LINES_KEPT
from cozebatch_tui.screen.widgets.log_list import LogList
from scenes import main_screen
from scripted_batch import WALL
from support.ui import shown, until

pytestmark = pytest.mark.anyio


def log(pilot: Pilot[Any]) -> LogList:
    return pilot.app.screen.query_one(LogList)


def note(pilot: Pilot[Any], *texts: str, level: str = "info", task_id: str | None = None) -> None:
    """Events come, and are taken in."""
    view_model = pilot.app.view_model  # type: ignore[attr-defined]
    for text in texts:
        view_model._subscription.push(
            events.Noted(wall=WALL, clock=0, level=level, text=Text.same(text), task_id=task_id)
        )
    view_model.pump()


async def test_levels_have_words_and_colours() -> None:
    async with main_screen("zh", (120, 40)) as pilot:
        note(pilot, "all well")
        note(pilot, "look out", level="warning")
        note(pilot, "broken", level="error")
        await pilot.press("l")
        await until(pilot, lambda: "broken" in shown(pilot.app))
        found = {}
        for strip in pilot.app.screen._compositor.render_strips():
            for segment in strip:
                if segment.text.strip() in ("all well", "look out", "broken"):
                    assert segment.style is not None
                    assert segment.style.color is not None
                    assert segment.style.color.triplet is not None
                    found[segment.text.strip()] = segment.style.color.triplet.hex.upper()
        variables = pilot.app.theme_variables
        assert found["look out"] == variables["stage-attention"].upper()
        assert found["broken"] == variables["stage-failed"].upper()
        assert found["all well"] == variables["foreground"].upper()
        assert "提醒" in shown(pilot.app)
        assert "错误" in shown(pilot.app)


async def test_find_counts_marks_and_goes_around() -> None:
    async with main_screen("en", (120, 40)) as pilot:
        note(pilot, *(f"needle {n}" if n % 10 == 0 else f"hay {n}" for n in range(200)))
        await pilot.press("l", "slash", *"NEEDLE")
        await until(pilot, lambda: "match 20 of 20" in shown(pilot.app))
        await pilot.press("enter", "n")
        await until(pilot, lambda: "match 1 of 20" in shown(pilot.app))
        assert "needle 0" in shown(pilot.app), "it is brought into view"
        await pilot.press("N", "N", "w")
        await until(pilot, lambda: "match 19 of 20" in shown(pilot.app))
        assert "needle 180" in shown(pilot.app)
        marked = [
            segment.text
            for strip in pilot.app.screen._compositor.render_strips()
            for segment in strip
            if segment.text == "needle" and segment.style is not None and segment.style.bold
        ]
        assert marked
        await pilot.press("slash", *"zzqq")
        await until(pilot, lambda: "no match" in shown(pilot.app))
        await pilot.press("escape")
        assert isinstance(pilot.app.screen, LogScreen), "escape closes the field first"
        await pilot.press("escape")
        assert isinstance(pilot.app.screen, MainScreen)


async def test_it_follows_until_somebody_scrolls_up_and_again_when_asked() -> None:
    async with main_screen("en", (100, 30)) as pilot:
        note(pilot, *(f"line {n}" for n in range(100)))
        await pilot.press("l")
        await until(pilot, lambda: "line 99" in shown(pilot.app) and "following" in shown(pilot.app))
        await pilot.press("pageup")
        await until(pilot, lambda: "holding still" in shown(pilot.app))
        seen = shown(pilot.app).splitlines()[1]
        note(pilot, *(f"more {n}" for n in range(5)))
        await until(pilot, lambda: log(pilot).lines[-1].text == "more 4")
        assert shown(pilot.app).splitlines()[1] == seen
        for key in ("f", "end"):
            await pilot.press("pageup")
            await until(pilot, lambda: "holding still" in shown(pilot.app))
            await pilot.press(key)
            await until(pilot, lambda: "following" in shown(pilot.app) and "more 4" in shown(pilot.app))


async def test_long_lines_are_cut_or_wrapped_and_nothing_of_them_is_lost() -> None:
    text = "".join(f"字{n:03}" for n in range(60))
    async with main_screen("zh", (80, 24)) as pilot:
        note(pilot, text)
        await pilot.press("l")
        await until(pilot, lambda: "字000" in shown(pilot.app))
        assert "字059" not in shown(pilot.app)
        await pilot.press("w")
        await until(pilot, lambda: "字059" in shown(pilot.app))
        assert text in re.sub("[ │▁-█\n]", "", shown(pilot.app))


async def test_filter_find_place_and_wrapping_stay_when_the_language_changes() -> None:
    async with main_screen("en", (100, 30)) as pilot:
        await pilot.press("l", "F", *"rec0", "enter", "slash", *"rec00", "enter", "N", "w", "pageup")
        await until(pilot, lambda: "holding still" in shown(pilot.app))
        before = (len(log(pilot).lines), log(pilot).match, log(pilot).scroll_offset.y)
        assert before[0] < len(pilot.app.view_model.log)  # type: ignore[attr-defined]
        await pilot.press("f2")
        await until(pilot, lambda: "停在这里" in shown(pilot.app) and "筛选 rec0" in shown(pilot.app))
        await until(pilot, lambda: (len(log(pilot).lines), log(pilot).match, log(pilot).scroll_offset.y) == before)
        assert log(pilot).wraps
        assert "执行中" in shown(pilot.app)


async def test_only_the_selected_tasks_are_shown_when_asked() -> None:
    async with main_screen("en", (100, 30)) as pilot:
        await pilot.press("l", "m")
        await until(pilot, lambda: "select tasks in the table first" in shown(pilot.app))
        pilot.app.clear_notifications()
        await pilot.press("escape", "space")
        await pilot.press("l", "m")
        await until(pilot, lambda: "only 1 selected task" in shown(pilot.app))
        assert {line.task_id for line in log(pilot).lines} == {"rec010"}


async def test_it_keeps_as_many_lines_as_the_read_model_and_stays_in_place_while_the_oldest_go() -> None:
    async with main_screen("en", (100, 30)) as pilot:
        note(pilot, *(f"line {n}" for n in range(LINES_KEPT)))
        await pilot.press("l")
        await until(pilot, lambda: len(log(pilot).lines) == LINES_KEPT)
        await pilot.press("pageup", "pageup")
        await until(pilot, lambda: "holding still" in shown(pilot.app))
        seen = shown(pilot.app).splitlines()[1]
        note(pilot, *(f"more {n}" for n in range(30)))
        await until(pilot, lambda: log(pilot).lines[-1].text == "more 29")
        assert len(log(pilot).lines) == LINES_KEPT
        await until(pilot, lambda: shown(pilot.app).splitlines()[1] == seen)
