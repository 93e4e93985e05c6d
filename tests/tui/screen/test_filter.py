"""The filter on the screen: suggestions, counts to click, complaints, and one pass a pump."""

from __future__ import annotations

from pathlib import Path

import pytest

from cozebatch.demo.coze_server import RunningCoze
from cozebatch.demo.faults import Fault
from cozebatch.model.task import State
from cozebatch.model.text import Lang
from cozebatch_tui.screen.widgets.filter_bar import FilterBar, filter_for
from cozebatch_tui.screen.widgets.filter_field import FilterField
from cozebatch_tui.screen.widgets.filter_suggester import FilterSuggester
from support.ui import Screen, application, rows

pytestmark = pytest.mark.anyio


async def a_failed_one(screen: Screen) -> None:
    await screen.until(lambda: (screen.count(State.FAILED), screen.count(State.DONE)) == (1, 2), "ends")
    await screen.until(lambda: len(screen.main.table.order) == 3, "rows")


@pytest.mark.parametrize("lang", ["zh", "en"])
async def test_a_click_on_a_count_shows_the_tasks_in_that_state_and_another_all(
    tmp_path: Path, quick: RunningCoze, lang: Lang
) -> None:
    quick.set_faults(Fault(what="code", on="submit", match="文案2号", code=4105, message="sensitive"))
    async with application(tmp_path, quick, rows(3), lang=lang, size=(80, 24)) as screen:
        await a_failed_one(screen)
        await screen.press("slash")
        bar = screen.main.query_one(FilterBar)
        expected = "✖ 失败 1  ✔ 完成 2" if lang == "zh" else "✖ failed 1  ✔ done 2"
        assert expected in screen.text()
        await screen.pilot.click(bar, offset=(3, 0))
        await screen.until(lambda: screen.main.table.order == ["t2"], "the failed one")
        assert screen.main.query_one(FilterField).value == filter_for(State.FAILED, lang)
        await screen.pilot.click(bar, offset=(3, 0))
        await screen.until(lambda: len(screen.main.table.order) == 3, "all")


async def test_a_complaint_is_shown_and_the_tasks_stay(tmp_path: Path, quick: RunningCoze) -> None:
    async with application(tmp_path, quick, rows(2)) as screen:
        await screen.until(lambda: screen.count(State.DONE) == 2, "done")
        await screen.press("slash", *"statsu:x")
        await screen.until(lambda: "there is no condition statsu: (try status:)" in screen.text(), "the complaint")
        assert len(screen.main.table.order) == 2


async def test_what_takes_longer_comes_up_as_time_passes(tmp_path: Path, quick: RunningCoze) -> None:
    quick.set_faults(Fault(what="lasts", match="文案1号", seconds=3600))
    async with application(tmp_path, quick, rows(2)) as screen:
        await screen.until(lambda: (screen.count(State.RUNNING), screen.count(State.DONE)) == (1, 1), "one is done")
        table = screen.main.table
        table.set_filter(f"coze>{int(table.board.clock) + 1}")
        assert table.order == []
        await screen.until(lambda: table.order == ["t1"], "the one that lasts")


async def test_nothing_is_sorted_again_for_the_time_once_all_has_ended(tmp_path: Path, slow: RunningCoze) -> None:
    async with application(tmp_path, slow, rows(2)) as screen:
        await screen.until(lambda: screen.count(State.RUNNING) == 2, "both run")
        table = screen.main.table
        table.set_filter("coze>0")
        assert table.ticks
        slow.hurry()
        await screen.until(lambda: screen.count(State.DONE) == 2, "the end")
        assert not table.ticks


async def test_fast_typing_filters_once_a_pump(
    tmp_path: Path, quick: RunningCoze, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with application(tmp_path, quick, rows(12)) as screen:
        await screen.until(lambda: screen.count(State.DONE) == 12, "done")
        await screen.press("slash")
        filtered: list[str] = []
        with monkeypatch.context() as patch:
            patch.setattr(screen.main.table, "set_filter", filtered.append)
            field = screen.main.query_one(FilterField)
            for text in ("1", "12", "12 ", "12 标"):
                field.value = text
            await screen.until(lambda: filtered, "the filter")
        assert filtered == ["12 标"]


async def test_the_last_word_is_completed_from_what_there_is(tmp_path: Path, quick: RunningCoze) -> None:
    async with application(tmp_path, quick, rows(2, account_id="早安小满")) as screen:
        await screen.until(lambda: screen.count(State.DONE) == 2, "done")
        suggester = FilterSuggester(screen.app.view_model.board, "en")
        assert await suggester.get_suggestion("st") == "status:done"
        assert await suggester.get_suggestion("coffee !account:早") == "coffee !account:早安小满"
        assert await suggester.get_suggestion("tok") == "tokens>"
        assert await suggester.get_suggestion("nothing") is None
        await screen.press("slash", *"sta")
        await screen.pilot.pause(0.1)
        await screen.press("right")
        assert screen.main.query_one(FilterField).value == "status:done"
