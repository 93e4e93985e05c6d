"""Before anything is paid: what it costs, what earlier runs left, what the checks say, and the way out."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from textual.events import Key
from textual.widgets import Button

from cozebatch.demo.coze_server import RunningCoze
from cozebatch.model.task import State
from cozebatch.model.text import Lang
from cozebatch_tui.screen.farewell import farewell
from cozebatch_tui.screen.screens import start
from cozebatch_tui.screen.screens.dialogs import Confirm
from cozebatch_tui.screen.screens.start import StartScreen
from scenes import start_screen
from scripted_batch import preview_with_choices
from support.ui import Screen, application, rows
from support.ui import shown as shown_in

pytestmark = pytest.mark.anyio


@asynccontextmanager
async def at_the_start(
    folder: Path, coze: RunningCoze, work: list[dict[str, str]], **more: Any
) -> AsyncIterator[tuple[Screen, StartScreen]]:
    """The start screen, seen for long enough."""
    async with application(folder, coze, work, begin_at_once=False, **more) as screen:
        await screen.until(lambda: isinstance(screen.app.screen, StartScreen), "start screen")
        shown = screen.app.screen
        assert isinstance(shown, StartScreen)
        await screen.until(lambda: shown.is_checked, "the checks")
        await screen.until(lambda: "checking" not in screen.text() and "cozebatch" in screen.text(), "on the screen")
        shown.shown_at = 0.0
        yield screen, shown


async def test_the_start_screen_says_what_it_costs_and_only_its_key_starts(tmp_path: Path, quick: RunningCoze) -> None:
    async with at_the_start(tmp_path, quick, rows(3)) as (screen, _):
        assert "3  new, paid executions" in screen.text()
        assert "paid 3" in screen.text()
        await screen.press("enter", "space", "space", "up", "up")
        await screen.pilot.pause(0.2)
        assert quick.ledger().executions == {}, "Enter on the list starts nothing"
        await screen.press("s")
        await screen.until(lambda: screen.app.batch.view_model and screen.count(State.DONE) >= 1, "done")


async def test_what_was_typed_before_the_screen_could_be_read_starts_nothing(
    tmp_path: Path, quick: RunningCoze
) -> None:
    async with application(tmp_path, quick, rows(2), begin_at_once=False) as screen:
        await screen.until(lambda: isinstance(screen.app.screen, StartScreen), "start screen")
        shown = screen.app.screen
        assert isinstance(shown, StartScreen)
        typed = (Key("s", "s"), Key("enter", None), Key("1", "1"))
        for key in typed:
            key.time = shown.shown_at - 0.001  # however long a busy machine took to come here
            screen.app.post_message(key)
        await screen.pilot.pause(start.GRACE + 0.2)
        assert isinstance(screen.app.screen, StartScreen)
        assert quick.ledger().executions == {}


async def test_unticked_tasks_are_not_paid_and_stay_for_the_next_start(tmp_path: Path, quick: RunningCoze) -> None:
    async with at_the_start(tmp_path, quick, rows(3)) as (screen, _):
        await screen.press("down", "space")
        assert "paid 2" in screen.text()
        await screen.press("s")
        await screen.until(lambda: screen.app.batch.view_model and screen.count(State.DONE) == 2, "two done")
        assert sorted(screen.states()) == ["t1", "t3"]
    async with application(tmp_path, quick, rows(3)) as screen:
        await screen.until(lambda: screen.count(State.DONE) == 3, "the third")
    assert len(quick.ledger().executions) == 3


async def test_a_trial_is_part_of_the_run_and_one_key_starts_the_rest_after_asking(
    tmp_path: Path, quick: RunningCoze
) -> None:
    async with at_the_start(tmp_path, quick, rows(3)) as (screen, _):
        await screen.press("1")
        await screen.until(lambda: screen.app.batch.view_model and screen.count(State.DONE) == 1, "one done")
        await screen.until(lambda: "2 to go" in screen.text(), "the way on")
        assert len(quick.ledger().executions) == 1
        run_id = screen.app.view_model.board.run_id
        await screen.press("s")
        await screen.until(lambda: isinstance(screen.app.screen, Confirm), "the price")
        assert "2 tasks" in screen.text()
        await screen.press("n", "s", "y")
        await screen.until(lambda: screen.count(State.DONE) == 3, "all done")
        assert screen.app.view_model.board.run_id == run_id
        await screen.press("s")
        await screen.pilot.pause(0.2)
    assert len(quick.ledger().executions) == 3


async def test_a_trial_that_was_left_goes_on_at_the_next_start(tmp_path: Path, quick: RunningCoze) -> None:
    async with at_the_start(tmp_path, quick, rows(3)) as (screen, _):
        await screen.press("1")
        await screen.until(lambda: screen.app.batch.view_model and screen.count(State.DONE) == 1, "one done")
        await screen.until(lambda: "2 to go" in screen.text(), "the way on")
        await screen.press("q")
    assert screen.app.return_value == 0
    async with application(tmp_path, quick, rows(3)) as screen:
        await screen.until(lambda: screen.count(State.DONE) == 3, "all done")
    assert len(quick.ledger().executions) == 3


async def test_leaving_the_start_screen_pays_nothing(tmp_path: Path, quick: RunningCoze) -> None:
    async with at_the_start(tmp_path, quick, rows(1)) as (screen, _):
        await screen.press("q")
    assert screen.app.return_value == 0
    assert quick.ledger().executions == {}
    assert farewell(screen.app.batch, "en") == []


async def test_the_start_screen_lists_what_an_earlier_run_left_and_what_happens_to_it(
    tmp_path: Path, slow: RunningCoze
) -> None:
    async with application(tmp_path, slow, rows(2)) as screen:
        await screen.until(lambda: screen.count(State.RUNNING) == 2, "two in flight")
    async with at_the_start(tmp_path, slow, rows(3)) as (screen, _):
        assert "1  new, paid executions" in screen.text()
        left = next(line for line in screen.text().splitlines() if "in flight" in line)
        assert "2  in flight: watched to their end (free)" in left
    assert len(slow.ledger().executions) == 2


async def test_a_refused_token_is_said_before_anything_can_be_started(tmp_path: Path, quick: RunningCoze) -> None:
    async with at_the_start(tmp_path, quick, rows(1), token="pat_wrong_token") as (screen, shown):
        assert "Cannot begin" in screen.text()
        await screen.press("s")
        await screen.until(lambda: shown.is_checked, "the checks, again")
        assert screen.app.screen is shown
        assert "pat_wrong_token" not in screen.text()
        await screen.press("q")
    assert screen.app.return_value == 2
    assert quick.ledger().executions == {}


async def test_every_row_of_a_large_plan_can_be_reached_and_found(tmp_path: Path, quick: RunningCoze) -> None:
    async with at_the_start(tmp_path, quick, rows(5000)) as (screen, shown):
        await screen.press("end")
        assert shown.list.cursor_id == "t5000"
        assert "t5000" in screen.text()
        await screen.press("slash", *"标题4321", "enter")
        assert shown.list.order == ["t4321"]
        await screen.press("escape")
        assert len(shown.list.order) == 5000
    assert quick.ledger().executions == {}


@pytest.mark.parametrize(("name", "executions"), [("leave", 0), ("canary", 1), ("start", 3)])
async def test_the_buttons_of_the_start_screen_do_what_they_say(
    tmp_path: Path, quick: RunningCoze, name: str, executions: int
) -> None:
    async with at_the_start(tmp_path, quick, rows(3)) as (screen, shown):
        assert "tasks.json" in screen.text(), "where the tasks come from"
        shown.query_one(f"#{name}", Button).press()
        await screen.until(lambda: len(quick.ledger().executions) >= executions, "executions")
        if executions:
            await screen.until(lambda: screen.app.batch.running and screen.count(State.DONE) >= executions, "done")
    assert len(quick.ledger().executions) == executions


async def test_leaving_says_what_was_done_where_it_lies_what_was_paid_and_how_to_go_on(
    tmp_path: Path, slow: RunningCoze
) -> None:
    async with application(tmp_path, slow, rows(3), max_coze_concurrent=2) as screen:
        await screen.until(lambda: screen.count(State.RUNNING) == 2, "two running")
    lines = farewell(screen.app.batch, "en")
    assert lines[0] == "3 tasks: unfinished 3"
    assert any(line.startswith("Results: ") and str(tmp_path) in line for line in lines)
    assert any(line.startswith("2 paid executions") for line in lines)
    assert lines[-1].startswith("To go on")
    assert len(lines) <= 6


async def test_equal_parameters_are_paid_for_unless_the_operator_chooses_their_result(
    tmp_path: Path, quick: RunningCoze
) -> None:
    first = [{"task_id": "a", "title": "one", "content": "the same"}]
    async with application(tmp_path, quick, first) as screen:
        await screen.until(lambda: screen.count(State.DONE) == 1, "the first is paid for")
    both = [*first, {"task_id": "b", "title": "one", "content": "the same"}]
    async with at_the_start(tmp_path, quick, both) as (screen, shown):
        assert "u use results · 1 free" in screen.text()
        assert "new (paid within 7 days)" in screen.text(), "which row it is"
        assert shown.chosen.new_executions == 1
        await screen.press("u")
        assert shown.chosen.new_executions == 0
        assert "paid within 7 days)" not in screen.text()
        assert "u pay again · 1" in screen.text()
        await screen.press("u", "u")
        await screen.press("s")
        await screen.until(lambda: screen.states().get("b") is State.DONE, "made of the paid result")
        row = screen.app.view_model.board.rows["b"]
        assert (row.attempts, row.reused) == (0, True)
    assert len(quick.ledger().executions) == 1


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("size", [(120, 40), (80, 24)])
async def test_what_should_be_known_before_paying_is_shown_whole(lang: Lang, size: tuple[int, int]) -> None:
    plan = preview_with_choices()
    async with start_screen(lang, size, plan) as pilot:
        words = "".join(shown_in(pilot.app).split())
        for remark in (plan.same_script, plan.expiring):
            assert remark is not None
            assert "".join(remark.in_(lang).split()) in words
        assert ("扣子令牌" if lang == "zh" else "Cozetoken") in words, "the checks"
        assert ("4个免费" if lang == "zh" else "4free") in words, "the choice"
