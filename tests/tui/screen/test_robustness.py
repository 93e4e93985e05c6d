"""The screen survives errors of its own, hostile text, every size, and a change of language."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from cozebatch.demo.coze_server import RunningCoze
from cozebatch.demo.faults import Fault
from cozebatch.model.events import Noted
from cozebatch.model.task import State
from cozebatch_tui.screen.screens.task import TaskScreen
from cozebatch_tui.screen.widgets.problems import ProblemDrawer
from cozebatch_tui.screen.widgets.task_table import TaskTable
from support.ui import application, rows

pytestmark = pytest.mark.anyio


async def test_an_error_in_a_handler_is_told_and_the_screen_stays(
    tmp_path: Path, quick: RunningCoze, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_: str) -> None:
        raise ValueError("spoilt on purpose")

    async with application(tmp_path, quick, rows(3)) as screen:
        await screen.until(lambda: screen.count(State.DONE) == 3, "done")
        with monkeypatch.context() as patch:
            patch.setattr(screen.main.table, "set_filter", broken)
            await screen.press("slash", "2")
            await screen.until(lambda: "spoilt on purpose" in screen.text(), "the error")
        await screen.press("backspace", "3")
        await screen.until(lambda: len(screen.main.table.order) == 1, "a filter that works again")


@pytest.mark.parametrize(
    "title",
    [
        "[red]红[/red] [/nope]",
        "[@click=app.quit]x[/]",
        "\x1b[31mred\x1b[0m\x1b]0;title\x07",
        "\u202egnp.exe",
        "长" * 10_000,
        "a\nb\r\nc\td",
        "👨‍👩‍👧‍👦 e\u0301 ﷺ",
    ],
)
async def test_titles_from_outside_are_shown_literally_and_harmlessly(
    tmp_path: Path, quick: RunningCoze, title: str
) -> None:
    quick.set_faults(Fault(what="code", on="submit", code=4105, message=title[:300]))
    work = [{"task_id": "t1", "title": title, "content": title}]
    async with application(tmp_path, quick, work) as screen:
        await screen.until(lambda: screen.count(State.FAILED) == 1, "failed")
        for keys in ((), ("enter",), ("escape", "l"), ("escape", "x"), ("n", "t")):
            await screen.press(*keys)
            text = screen.text()
            assert "\x1b" not in text
            assert "\u202e" not in text
            assert screen.app.is_running
        if title.startswith("["):
            await screen.press("t")
            assert title.split()[0] in screen.text()


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (40, 10), (20, 5), (200, 60)])
async def test_every_size_is_drawn(tmp_path: Path, quick: RunningCoze, size: tuple[int, int]) -> None:
    async with application(tmp_path, quick, rows(8), size=size) as screen:
        await screen.until(lambda: screen.count(State.DONE) == 8, "done")
        for width, height in ((100, 30), (30, 8), size):
            await screen.pilot.resize_terminal(width, height)
            await screen.press("t", "t", "e", "e")
        assert screen.app.is_running


@pytest.mark.parametrize("lang", ["zh", "en"])
async def test_the_language_can_be_switched_while_it_runs(tmp_path: Path, slow: RunningCoze, lang: str) -> None:
    async with application(tmp_path, slow, rows(1), lang=lang) as screen:  # type: ignore[arg-type]
        first, second = ("并发与速度", "Concurrency") if lang == "zh" else ("Concurrency", "并发与速度")
        await screen.until(lambda: first in screen.text(), "first language")
        await screen.press("f2")
        await screen.until(lambda: second in screen.text(), "second language")


async def test_an_error_while_the_screen_is_drawn_anew_is_told_when_it_is_there(
    tmp_path: Path, slow: RunningCoze, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with application(tmp_path, slow, rows(2)) as screen:
        await screen.until(lambda: screen.count(State.RUNNING) == 2, "running")
        main, mount_all = screen.main, screen.main.mount_all
        raised: list[bool] = []

        def fails_first(*widgets: Any, **more: Any) -> Any:
            raised.append(not main.query(TaskTable))
            main._filter_done()  # a handler of a message that came late: it finds no table and raises
            screen.app._pump()
            return mount_all(*widgets, **more)

        monkeypatch.setattr(main, "mount_all", fails_first)
        await screen.press("f2")
        await screen.until(lambda: "NoMatches" in screen.text(), "the error, on the new screen")
        assert raised == [True]
        assert "并发与速度" in screen.text()
        log = screen.app.view_model.log
        await screen.until(
            lambda: any("NoMatches" in event.text.en for event in log if isinstance(event, Noted)),
            "all of it in the log",
        )


async def test_an_error_after_the_screen_is_gone_raises_nothing(tmp_path: Path, quick: RunningCoze) -> None:
    async with application(tmp_path, quick, rows(1)) as screen:
        await screen.until(lambda: screen.count(State.DONE) == 1, "done")
    screen.app.tell_error(ValueError("too late"))
    screen.app.say("too late")


async def test_marks_filter_sorting_and_cursor_survive_a_change_of_language(tmp_path: Path, slow: RunningCoze) -> None:
    async with application(tmp_path, slow, rows(12)) as screen:
        await screen.until(lambda: screen.count(State.RUNNING) == 12, "running")
        await screen.press("slash", *"1", "enter", "3", "3", "space")
        await screen.press("e")
        before = screen.main.table
        assert (len(before.order), len(before.marks)) == (4, 1)
        await screen.press("f2")
        await screen.until(lambda: screen.main.query(TaskTable) and screen.main.table is not before, "a new table")
        after = screen.main.table
        await screen.until(lambda: after.order == before.order, "the same order")
        assert screen.main.query_one(ProblemDrawer).has_class("open")
        assert (after.marks, after.cursor_id, after.filter_text) == (before.marks, before.cursor_id, "1")


async def test_an_error_inside_a_widget_is_told_and_the_batch_goes_on(
    tmp_path: Path, slow: RunningCoze, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with application(tmp_path, slow, rows(3)) as screen:

        def breaks() -> None:
            raise ZeroDivisionError("a widget broke")

        monkeypatch.setattr(screen.main.table, "toggle_mark", breaks)
        await screen.press("space")
        await screen.until(lambda: "a widget broke" in screen.text(), "the error on the screen")
        slow.hurry()  # only now: the message at the batch's end would take the line of the error
        await screen.until(lambda: screen.count(State.DONE) == 3, "done")
        notes = [event.text.en for event in screen.app.view_model.log if isinstance(event, Noted)]
        assert any("ZeroDivisionError" in text for text in notes), "the log has the whole of it"


async def test_a_film_whose_folder_was_moved_away_is_told(tmp_path: Path, quick: RunningCoze) -> None:
    film = tmp_path / "films" / "film.mp4"
    film.parent.mkdir()
    film.write_bytes(b"film")
    answer = json.dumps({"video_path": str(film)})
    own = {"mode": "command", "command": [sys.executable, "-c", f"print({answer!r})"], "output_dir": str(tmp_path)}
    async with application(tmp_path, quick, rows(1), synthesis=own) as screen:
        await screen.until(lambda: screen.count(State.DONE) == 1, "done")
        film.parent.rename(tmp_path / "moved")
        await screen.press("enter")
        await screen.until(lambda: isinstance(screen.app.screen, TaskScreen), "the task")
        await screen.press("f", "escape")
        await screen.until(lambda: "No longer there" in screen.text(), "what became of it")


async def test_a_screen_that_is_taken_out_again_while_it_comes_draws_nothing(
    tmp_path: Path, slow: RunningCoze, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its window was closed in that moment: nothing can be mounted any more, and to try it ended with a traceback."""
    async with application(tmp_path, slow, rows(3)) as screen:
        drawer = screen.main.query_one(ProblemDrawer)
        with monkeypatch.context() as patch:
            patch.setattr(ProblemDrawer, "is_attached", property(lambda _: False))
            drawer._shown = (("not what is shown", 0),)
            screen.main.on_mount()
