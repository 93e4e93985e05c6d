"""Every key by what happens in the engine, and the screen by what it must never do."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from textual.widgets import Button, Input

from cozebatch.demo.coze_server import RunningCoze
from cozebatch.demo.faults import Fault
from cozebatch.model.rows import Stage
from cozebatch.model.task import State
from cozebatch_tui.screen.screens.dialogs import Confirm
from cozebatch_tui.screen.screens.help import HelpScreen
from cozebatch_tui.screen.screens.log import LogScreen
from cozebatch_tui.screen.screens.task import TaskScreen
from cozebatch_tui.screen.widgets.problems import ProblemDrawer
from cozebatch_tui.screen.widgets.task_table import TaskTable
from cozebatch_tui.screen.widgets.timeline import Timeline
from support.ui import application, rows

pytestmark = pytest.mark.anyio


async def test_pause_stops_submitting_and_resume_goes_on(tmp_path: Path, slow: RunningCoze) -> None:
    async with application(tmp_path, slow, rows(4), max_coze_concurrent=1) as screen:
        await screen.until(lambda: screen.count(State.RUNNING) == 1, "running")
        await screen.press("p")
        await screen.until(lambda: screen.app.view_model.board.paused, "paused")
        await screen.press("plus", "plus")
        await screen.until(lambda: screen.app.view_model.board.limits[Stage.COZE].user == 3, "limit")
        assert len(slow.ledger().executions) == 1
        await screen.press("p")
        await screen.until(lambda: screen.count(State.RUNNING) == 3, "three running")


async def test_keys_pressed_faster_than_the_screen_is_drawn_all_count(tmp_path: Path, slow: RunningCoze) -> None:
    async with application(tmp_path, slow, rows(1), max_coze_concurrent=1) as screen:
        await screen.until(lambda: screen.count(State.RUNNING) == 1, "running")
        for _ in range(5):
            screen.main.task_actions.change_limit(Stage.COZE, +1)
            screen.main.task_actions.toggle_pause()
        board = screen.app.view_model.board
        await screen.until(lambda: board.limits[Stage.COZE].user == 6, "limit 6")
        await screen.until(lambda: list(board.paused) == ["operator"], "paused by the last key")


async def test_brackets_and_minus_change_the_limits(tmp_path: Path, slow: RunningCoze) -> None:
    async with application(tmp_path, slow, rows(1)) as screen:
        limits = screen.app.view_model.board.limits
        await screen.press("right_square_bracket")
        await screen.until(lambda: limits[Stage.SYNTHESIS].user == 5, "5 workers")
        await screen.press("left_square_bracket")
        await screen.until(lambda: limits[Stage.SYNTHESIS].user == 4, "4 workers")
        await screen.press("minus")
        await screen.until(lambda: limits[Stage.COZE].user == 15, "15 slots")


async def test_cancel_asks_and_then_cancels_the_marked(tmp_path: Path, slow: RunningCoze) -> None:
    async with application(tmp_path, slow, rows(3)) as screen:
        await screen.until(lambda: screen.count(State.RUNNING) == 3, "running")
        await screen.press("space", "space", "c")
        assert isinstance(screen.app.screen, Confirm)
        assert "2 tasks" in screen.text()
        await screen.press("y")
        await screen.until(lambda: screen.count(State.CANCELLED) == 2, "cancelled")
        assert screen.states()["t3"] is State.RUNNING


async def test_a_confirmation_refused_does_nothing(tmp_path: Path, slow: RunningCoze) -> None:
    async with application(tmp_path, slow, rows(1)) as screen:
        await screen.until(lambda: screen.count(State.RUNNING) == 1, "running")
        await screen.press("c", "n")
        await screen.press("c", "escape")
        assert screen.count(State.RUNNING) == 1


async def test_a_failed_execution_is_rerun_only_after_saying_yes_to_the_number(
    tmp_path: Path, quick: RunningCoze
) -> None:
    quick.set_faults(Fault(what="fail", code=9999, message="node broke"))
    async with application(tmp_path, quick, rows(2), max_retries=0) as screen:
        await screen.until(lambda: screen.count(State.FAILED) == 2, "failed")
        quick.set_faults()
        await screen.press("r")
        await screen.until(lambda: isinstance(screen.app.screen, Confirm), "the price")
        assert "By a new, paid execution: 1" in screen.text()
        await screen.press("n")
        await screen.pilot.pause(0.2)
        assert screen.count(State.FAILED) == 2, "not paid unasked"
        await screen.press("x")
        await screen.until(lambda: isinstance(screen.app.screen, Confirm), "confirmation")
        assert "Start 1 new execution?" in screen.text()
        await screen.press("y")
        await screen.until(lambda: screen.count(State.DONE) == 1, "done")
    assert len(quick.ledger().executions) == 3


async def test_the_buttons_of_the_problem_panel_say_what_they_cost_and_do_it(
    tmp_path: Path, quick: RunningCoze
) -> None:
    quick.set_faults(
        Fault(what="fail", match="标题1号", code=9999, message="node broke"),
        Fault(what="code", on="submit", match="标题2号", code=4105, message="sensitive"),
    )
    async with application(tmp_path, quick, rows(3), max_retries=0) as screen:
        await screen.until(lambda: screen.count(State.FAILED) == 2, "failed")
        assert not screen.main.drawer_open, "it never opens by itself"
        await screen.press("e")
        await screen.until(lambda: screen.main.drawer_open, "the drawer")
        await screen.until(lambda: len(screen.main.query(ProblemDrawer).last().query(Button)) == 4, "buttons")
        buttons = list(screen.main.query_one(ProblemDrawer).query(Button))
        assert sorted(b.name or "" for b in buttons) == ["rerun", "rerun", "show", "show"], "a refused one costs too"
        assert all("paid" in str(b.label) for b in buttons if b.name == "rerun")
        quick.set_faults()
        paid = len(quick.ledger().executions)
        next(b for b in buttons if b.name == "rerun").press()
        await screen.until(lambda: isinstance(screen.app.screen, Confirm), "the price")
        assert len(quick.ledger().executions) == paid
        await screen.press("y")
        await screen.until(lambda: screen.count(State.DONE) == 2, "run again")


async def test_retry_all_goes_on_with_everything_failed_that_is_shown(tmp_path: Path, quick: RunningCoze) -> None:
    quick.set_faults(Fault(what="code", on="submit", code=4105, message="sensitive"))
    async with application(tmp_path, quick, rows(4)) as screen:
        await screen.until(lambda: screen.count(State.FAILED) == 4, "failed")
        quick.set_faults()
        await screen.press("slash", *"1号", "enter")
        await screen.press("R")
        await screen.until(lambda: isinstance(screen.app.screen, Confirm), "the price")
        assert "Free: 0. By a new, paid execution: 1" in " ".join(screen.text().replace("│", " ").split())
        assert quick.ledger().executions == {}
        await screen.press("y")
        await screen.until(lambda: screen.count(State.DONE) == 1, "the shown one")
        await screen.pilot.pause(0.3)
        assert screen.count(State.FAILED) == 3


async def test_filter_narrows_as_you_type_and_escape_clears(tmp_path: Path, quick: RunningCoze) -> None:
    async with application(tmp_path, quick, rows(12)) as screen:
        await screen.press("slash", *"12号")
        assert screen.main.table.order == ["t12"]
        await screen.press("escape")
        assert len(screen.main.table.order) == 12
        assert screen.main.query_one("#filter", Input).value == ""


async def test_digits_sort_by_the_column_of_that_number(tmp_path: Path, quick: RunningCoze) -> None:
    async with application(tmp_path, quick, rows(3)) as screen:
        await screen.until(lambda: screen.count(State.DONE) == 3, "done")
        await screen.press("3")
        assert screen.main.table.order == ["t1", "t2", "t3"]
        await screen.press("3")
        assert screen.main.table.order == ["t3", "t2", "t1"]


async def test_the_cursor_stays_on_its_task_when_rows_move(tmp_path: Path, quick: RunningCoze) -> None:
    async with application(tmp_path, quick, rows(5)) as screen:
        await screen.until(lambda: screen.count(State.DONE) == 5, "done")
        await screen.press("home", "down", "down")
        table = screen.main.table
        assert table.cursor_id == "t3"
        await screen.press("3", "3")
        assert table.cursor_id == "t3"
        assert table.order.index("t3") == 2


async def test_screens_open_and_close_by_their_keys(tmp_path: Path, quick: RunningCoze) -> None:
    async with application(tmp_path, quick, rows(2)) as screen:
        await screen.until(lambda: screen.count(State.DONE) == 2, "done")
        for key, kind in (("question_mark", HelpScreen), ("l", LogScreen), ("enter", TaskScreen)):
            await screen.press(key)
            assert isinstance(screen.app.screen, kind)
            await screen.press("escape")
            assert screen.app.screen.__class__.__name__ == "MainScreen"
        await screen.press("t")
        assert isinstance(screen.main.task_list, Timeline)
        await screen.until(lambda: set("▏▎▍▌▋▊▉█") & set(screen.text()), "the bars")
        await screen.press("t")
        assert isinstance(screen.main.task_list, TaskTable)


async def test_the_task_screen_shows_input_output_and_submissions(tmp_path: Path, quick: RunningCoze) -> None:
    async with application(tmp_path, quick, rows(1)) as screen:
        await screen.until(lambda: screen.count(State.DONE) == 1, "done")
        await screen.press("enter")
        await screen.until(lambda: "文案1号" in screen.text().replace(" ", ""), "the script")
        await screen.press("right", "right")
        await screen.until(lambda: "videoUrl" in screen.text(), "output")
        await screen.press("right")
        await screen.until(lambda: "succeeded" in screen.text(), "the submission")


async def test_a_held_task_offers_to_adopt_its_execution_for_free(tmp_path: Path, quick: RunningCoze) -> None:
    quick.set_faults(Fault(what="cut_after", on="submit"))
    async with application(tmp_path, quick, rows(1)) as screen:
        await screen.until(lambda: screen.count(State.HELD) == 1, "held")
        quick.set_faults()
        await screen.press("enter")
        await screen.until(lambda: "adopt, free" in screen.text(), "the ways on")
        execute_id = next(iter(quick.ledger().executions))
        await screen.press("a")
        await screen.until(lambda: screen.app.screen.query(Input), "prompt")
        screen.app.screen.query_one(Input).value = f"https://www.coze.cn/work_flow?execute_id={execute_id}"
        await screen.press("enter")
        await screen.until(lambda: screen.count(State.DONE) == 1, "done")
    assert len(quick.ledger().executions) == 1


async def test_quitting_asks_while_work_is_in_flight_and_drains(tmp_path: Path, slow: RunningCoze) -> None:
    async with application(tmp_path, slow, rows(2)) as screen:
        await screen.until(lambda: screen.count(State.RUNNING) == 2, "running")
        await screen.press("q")
        assert isinstance(screen.app.screen, Confirm)
        assert "2 executions in flight" in screen.text()
        await screen.press("n")
        assert screen.app.is_running
        await screen.press("q", "y")
        await screen.until(lambda: screen.app.return_value is not None, "left")
    assert screen.app.return_value == 130


async def test_ctrl_c_asks_once_and_a_second_one_says_yes(tmp_path: Path, slow: RunningCoze) -> None:
    async with application(tmp_path, slow, rows(2)) as screen:
        await screen.until(lambda: screen.count(State.RUNNING) == 2, "running")
        await screen.press("ctrl+c")
        assert isinstance(screen.app.screen, Confirm)
        await screen.press("ctrl+q")
        assert sum(isinstance(shown, Confirm) for shown in screen.app.screen_stack) == 1
        await screen.press("n")
        await screen.press("slash", *"abc", "shift+home", "ctrl+c")
        assert screen.app.clipboard == "abc"
        assert not isinstance(screen.app.screen, Confirm)
        await screen.press("end", "ctrl+c", "ctrl+c")
        await screen.until(lambda: screen.app.return_value is not None, "left")
    assert screen.app.return_value == 130


async def test_a_link_is_opened_only_when_it_is_https(
    tmp_path: Path, quick: RunningCoze, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[str] = []
    monkeypatch.setattr("webbrowser.open", opened.append)
    async with application(tmp_path, quick, rows(1)) as screen:
        await screen.until(lambda: screen.count(State.DONE) == 1, "done")
        await screen.press("o")
        board = screen.app.view_model.board
        assert opened == [board.rows["t1"].debug_url]
        board.rows["t1"] = replace(board.rows["t1"], debug_url="file:///etc/passwd")
        await screen.press("o")
        assert len(opened) == 1


async def test_show_these_narrows_to_the_tasks_of_one_cause(tmp_path: Path, quick: RunningCoze) -> None:
    quick.set_faults(Fault(what="code", on="submit", match="标题2号", code=4105, message="sensitive"))
    async with application(tmp_path, quick, rows(3)) as screen:
        await screen.until(lambda: screen.count(State.FAILED) == 1, "failed")
        await screen.until(lambda: screen.main.query_one(ProblemDrawer).query(Button), "buttons")
        next(b for b in screen.main.query_one(ProblemDrawer).query(Button) if b.name == "show").press()
        await screen.until(lambda: screen.main.table.order == ["t2"], "only that one")


async def test_keys_and_theme_of_the_operators_own_settings_are_used(tmp_path: Path, quick: RunningCoze) -> None:
    settings = {"theme": "high-contrast", "keymap": {"pause": "f5"}}
    (tmp_path / "settings.json").write_text(json.dumps(settings), encoding="utf-8")
    async with application(tmp_path, quick, rows(1)) as screen:
        assert screen.app.theme == "high-contrast"
        await screen.press("f5")
        await screen.until(lambda: screen.app.view_model.board.paused, "paused")
        await screen.press("p")
        await screen.pilot.pause(0.2)
        assert screen.app.view_model.board.paused, "the old key does nothing any more"


async def test_copy_and_link_act_on_the_current_task(tmp_path: Path, quick: RunningCoze) -> None:
    async with application(tmp_path, quick, rows(1)) as screen:
        await screen.until(lambda: screen.count(State.DONE) == 1, "done")
        await screen.press("y")
        assert screen.app.clipboard.startswith("https://")


async def test_the_cursor_follows_what_has_changed_last_until_told_not_to(tmp_path: Path, slow: RunningCoze) -> None:
    async with application(tmp_path, slow, rows(30), max_coze_concurrent=1) as screen:
        await screen.until(lambda: screen.count(State.RUNNING) == 1, "running")
        await screen.press("end")
        assert screen.main.table.cursor_id != "t1"
        await screen.press("a")
        slow.hurry()
        await screen.until(lambda: screen.count(State.DONE) > 2, "some done")
        moved = screen.main.table.cursor_id
        await screen.until(lambda: screen.main.table.cursor_id != moved, "it follows")
        await screen.press("a")
        await screen.press("home")
        first = screen.main.table.cursor_id
        done = screen.count(State.DONE)
        await screen.until(lambda: screen.count(State.DONE) > min(done, 29), "more done")
        assert screen.main.table.cursor_id == first
