"""One task's screen, and the editor of its script, on the real application."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual.widgets import Button, Checkbox, Collapsible, Input, TabbedContent, TextArea

from cozebatch.demo.coze_server import RunningCoze
from cozebatch.demo.faults import Fault
from cozebatch.model.task import State
from cozebatch_tui.screen.screens.dialogs import Confirm
from cozebatch_tui.screen.screens.edit import EditScreen
from cozebatch_tui.screen.screens.main import MainScreen
from cozebatch_tui.screen.screens.task import TaskScreen
from cozebatch_tui.screen.widgets.task_cards import CourseCard
from scenes import main_screen
from support.ui import Screen, application, rows, until

pytestmark = pytest.mark.anyio


def shown(screen: Screen) -> str:
    return " ".join(screen.text().split())


async def opened(screen: Screen) -> TaskScreen:
    await screen.press("enter")
    await screen.until(lambda: isinstance(screen.app.screen, TaskScreen), "the task")
    found = screen.app.screen
    assert isinstance(found, TaskScreen)
    return found


async def test_up_and_down_turn_to_the_neighbours_in_the_tables_order(tmp_path: Path, quick: RunningCoze) -> None:
    async with application(tmp_path, quick, rows(3)) as screen:
        await screen.until(lambda: screen.count(State.DONE) == 3, "done")
        task = await opened(screen)
        await screen.press("up", "up")
        await screen.until(lambda: "Task 1/3" in shown(screen), "the first")
        await screen.press("down", "down", "down")
        await screen.until(lambda: "Task 3/3" in shown(screen), "the last")
        last, before = screen.main.table.order[2], screen.main.table.order[1]
        assert task.row.task_id == last
        await screen.until(lambda: f"文案{last[1:]}号" in screen.text().replace(" ", ""), "its script")
        await screen.press("up")
        assert task.row.task_id == before
        await screen.press("escape")
        assert screen.main.table.cursor_id == before, "the cursor went along"


async def test_the_tabs_show_what_was_sent_and_the_result_with_its_json_last(
    tmp_path: Path, quick: RunningCoze
) -> None:
    async with application(tmp_path, quick, rows(1)) as screen:
        await screen.until(lambda: screen.count(State.DONE) == 1, "done")
        await opened(screen)
        await screen.until(lambda: "Submissions 1" in screen.text(), "its submissions")
        await screen.press("right")
        await screen.until(lambda: "The parameters sent to Coze at" in screen.text(), "what was sent")
        await screen.press("right")
        await screen.until(lambda: "https://" in screen.text() or "http://" in screen.text(), "the media")
        assert '"videoUrl"' not in screen.text()
        screen.app.screen.query_one(Collapsible).collapsed = False
        await screen.until(lambda: "videoUrl" in screen.text(), "the JSON")
        await screen.press("right")
        await screen.until(lambda: "succeeded" in screen.text(), "the submission")
        await screen.press("right")
        await screen.until(lambda: "running -> done" in screen.text(), "the log of this task")


async def test_another_language_keeps_the_tab_and_what_is_unfolded(tmp_path: Path, quick: RunningCoze) -> None:
    async with application(tmp_path, quick, rows(1)) as screen:
        await screen.until(lambda: screen.count(State.DONE) == 1, "done")
        await opened(screen)
        await screen.press("right", "right")
        screen.app.screen.query_one(Collapsible).collapsed = False
        await screen.press("f2")
        await screen.until(lambda: "扣子返回" in screen.text(), "the other language")
        assert screen.app.screen.query_one(TabbedContent).active == "result"
        assert not screen.app.screen.query_one(Collapsible).collapsed
        await screen.until(lambda: "videoUrl" in screen.text(), "the JSON")


async def test_a_held_tasks_time_at_coze_stands_still_and_the_ways_on_are_said_once(
    tmp_path: Path, quick: RunningCoze
) -> None:
    quick.set_faults(Fault(what="cut_after", on="submit"))
    async with application(tmp_path, quick, rows(1), size=(80, 24)) as screen:
        await screen.until(lambda: screen.count(State.HELD) == 1, "held")
        await opened(screen)
        text = shown(screen)
        assert text.count("adopt, free") == 1
        assert text.count("paid rerun, 1") == 1
        assert "--adopt" not in text
        assert "It may have been charged." in text
        board = screen.app.view_model.board
        board.clock += 1000
        await screen.pilot.pause(0.7)
        assert "16:4" not in shown(screen), "a thousand seconds"


async def test_the_table_edits_too_and_marks_what_was_edited(tmp_path: Path, quick: RunningCoze) -> None:
    async with application(tmp_path, quick, rows(1)) as screen:
        await screen.until(lambda: screen.count(State.DONE) == 1, "done")
        assert "✎" not in shown(screen)
        await screen.press("E")
        await screen.until(lambda: isinstance(screen.app.screen, EditScreen), "the editor")
        screen.app.screen.query_one(TextArea).text = "新文案"
        await screen.pilot.pause()
        await screen.press("ctrl+s")
        await screen.until(lambda: isinstance(screen.app.screen, Confirm), "the price")
        await screen.press("y")
        await screen.until(lambda: screen.count(State.DONE) == 1 and "✎" in shown(screen), "the mark")
    assert [e.parameters["content"] for e in quick.ledger().executions.values()] == ["文案1号", "新文案"]


async def test_an_edited_script_is_sent_after_one_question_with_its_price(tmp_path: Path, quick: RunningCoze) -> None:
    async with application(tmp_path, quick, rows(1)) as screen:
        await screen.until(lambda: screen.count(State.DONE) == 1, "done")
        await opened(screen)
        await screen.press("E")
        await screen.until(lambda: isinstance(screen.app.screen, EditScreen), "the editor")
        assert screen.app.screen.query_one("#continue", Button).disabled, "nothing was changed"
        screen.app.screen.query_one(Input).value = "新标题"
        screen.app.screen.query_one(TextArea).text = "新文案"
        await screen.pilot.pause()
        assert "-文案1号" in screen.text()
        assert "+新文案" in screen.text()
        await screen.press("ctrl+s")
        await screen.until(lambda: isinstance(screen.app.screen, Confirm), "the price")
        assert "New paid executions: 1" in shown(screen)
        focused = screen.app.screen.focused
        assert focused is not None
        assert focused.id == "no"
        assert len(quick.ledger().executions) == 1
        await screen.press("y")
        await screen.until(lambda: len(quick.ledger().executions) == 2, "it was sent")
        await screen.until(lambda: screen.count(State.DONE) == 1, "done again")
        await screen.until(lambda: "Edited: the source still has" in screen.text(), "the difference")
        assert "新标题" in screen.text()
    assert [e.parameters["content"] for e in quick.ledger().executions.values()] == ["文案1号", "新文案"]


@pytest.mark.parametrize("keys", [("escape", "escape"), ("ctrl+s", "n"), ("ctrl+s", "enter")])
async def test_nothing_is_sent_unless_it_is_confirmed(
    tmp_path: Path, quick: RunningCoze, keys: tuple[str, ...]
) -> None:
    async with application(tmp_path, quick, rows(1)) as screen:
        await screen.until(lambda: screen.count(State.DONE) == 1, "done")
        await opened(screen)
        await screen.press("E")
        await screen.until(lambda: isinstance(screen.app.screen, EditScreen), "the editor")
        await screen.press("x")
        for key in keys:
            await screen.press(key)
            await screen.pilot.pause(0.1)
        await screen.until(lambda: isinstance(screen.app.screen, TaskScreen), "the task again")
    assert len(quick.ledger().executions) == 1


async def test_writing_into_the_feishu_record_is_offered_not_done_and_said_before_it_is_paid_for() -> None:
    async with main_screen("en", (120, 40)) as pilot:
        screen = Screen(pilot.app, pilot)  # type: ignore[arg-type]
        for ticked in (False, True):
            await screen.press("enter", "E")
            await screen.until(lambda: isinstance(screen.app.screen, EditScreen), "the editor")
            assert not screen.app.screen.query_one(Checkbox).value
            assert "☐" in screen.text()
            await screen.press("x", *(("tab", "space") if ticked else ()))
            assert ("☑" in screen.text()) is ticked
            await screen.press("ctrl+s")
            await screen.until(lambda: isinstance(screen.app.screen, Confirm), "the price")
            assert ("of its Feishu record are changed" in shown(screen)) is ticked
            await screen.press("n", "escape")
            await screen.until(lambda: isinstance(screen.app.screen, MainScreen), "the table")


async def test_a_tiny_terminal_shows_the_problem_first() -> None:
    async with main_screen("en", (40, 10)) as pilot:
        screen = Screen(pilot.app, pilot)  # type: ignore[arg-type]
        await screen.press("enter")
        await screen.until(lambda: "Problem" in screen.text(), "the problem")
        assert "Stages" not in screen.text()
        assert "? help" in screen.text()


async def test_a_scroll_bar_that_comes_draws_the_cards_again_for_their_new_width(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("cozebatch_tui.screen.screens.task.LOOKS_A_SECOND", 0.001)  # nothing draws but the change
    async with main_screen("en", (80, 24)) as pilot:
        await pilot.press("enter")
        card = pilot.app.screen.query_one(CourseCard)
        await until(pilot, lambda: card._drawn is not None, "the card")
        before = card._drawn
        pilot.app.screen.query_one("#cards").styles.overflow_y = "scroll"
        await until(pilot, lambda: card._drawn is not before, "drawn again")
        assert card._drawn is not None
        assert before is not None
        assert max(line.cell_length for line in card._drawn.split("\n")) < max(
            line.cell_length for line in before.split("\n")
        )


async def test_one_escape_does_not_drop_what_was_typed(tmp_path: Path, quick: RunningCoze) -> None:
    async with application(tmp_path, quick, rows(1)) as screen:
        await screen.until(lambda: screen.count(State.DONE) == 1, "done")
        await opened(screen)
        await screen.press("E")
        await screen.until(lambda: isinstance(screen.app.screen, EditScreen), "the editor")
        await screen.press("x", "escape")
        assert isinstance(screen.app.screen, EditScreen)
        assert screen.app.screen.query_one(TextArea).text == "x文案1号"


async def test_an_edit_that_is_refused_at_once_is_shown_all_the_same(tmp_path: Path, quick: RunningCoze) -> None:
    async with application(tmp_path, quick, rows(1)) as screen:
        await screen.until(lambda: screen.count(State.DONE) == 1, "done")
        quick.set_faults(Fault(what="code", on="submit", code=4105, message="sensitive"))
        await opened(screen)
        for script in ("新文案", "更新的文案"):
            await screen.press("E")
            await screen.until(lambda: isinstance(screen.app.screen, EditScreen), "the editor")
            screen.app.screen.query_one(TextArea).text = script
            await screen.pilot.pause()
            await screen.press("ctrl+s")
            await screen.until(lambda: isinstance(screen.app.screen, Confirm), "the price")
            await screen.press("y")
            await screen.until(lambda script=script: f"+{script}" in screen.text(), script)  # type: ignore[misc]
    assert len(quick.ledger().executions) == 1
