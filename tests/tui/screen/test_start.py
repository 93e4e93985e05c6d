"""Before anything is paid: what it costs, what earlier runs left, and the way out."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual.widgets import Button

from cozebatch.demo.coze_server import RunningCoze
from cozebatch.model.task import State
from cozebatch_tui.screen.screens.start import StartScreen
from support.ui import application, rows

pytestmark = pytest.mark.anyio


async def test_the_start_screen_says_what_it_costs_and_nothing_is_paid_before_enter(
    tmp_path: Path, quick: RunningCoze
) -> None:
    async with application(tmp_path, quick, rows(3), begin_at_once=False) as screen:
        await screen.until(lambda: isinstance(screen.app.screen, StartScreen), "start screen")
        await screen.until(lambda: "3  new, paid executions" in screen.text(), "the price")
        assert quick.ledger().executions == {}
        await screen.press("enter")
        await screen.until(lambda: screen.app.batch.view_model and screen.count(State.DONE) == 3, "done")


async def test_a_canary_starts_one_and_leaves_the_rest_for_the_next_start(tmp_path: Path, quick: RunningCoze) -> None:
    async with application(tmp_path, quick, rows(3), begin_at_once=False) as screen:
        await screen.until(lambda: isinstance(screen.app.screen, StartScreen), "start screen")
        await screen.press("1")
        await screen.until(lambda: screen.count(State.DONE) == 1, "one done")
    async with application(tmp_path, quick, rows(3)) as screen:
        await screen.until(lambda: screen.count(State.DONE) == 3, "all done")
    assert len(quick.ledger().executions) == 3


async def test_leaving_the_start_screen_pays_nothing(tmp_path: Path, quick: RunningCoze) -> None:
    async with application(tmp_path, quick, rows(1), begin_at_once=False) as screen:
        await screen.until(lambda: isinstance(screen.app.screen, StartScreen), "start screen")
        await screen.press("q")
    assert screen.app.return_value == 0
    assert quick.ledger().executions == {}


async def test_the_start_screen_lists_what_an_earlier_run_left_and_what_happens_to_it(
    tmp_path: Path, slow: RunningCoze
) -> None:
    async with application(tmp_path, slow, rows(2)) as screen:
        await screen.until(lambda: screen.count(State.RUNNING) == 2, "two in flight")
    async with application(tmp_path, slow, rows(3), begin_at_once=False) as screen:
        await screen.until(lambda: isinstance(screen.app.screen, StartScreen), "start screen")
        await screen.until(lambda: "1  new, paid executions" in screen.text(), "the price")
        left = next(line for line in screen.text().splitlines() if "in flight" in line)
        assert left.split(maxsplit=1)[0] == "2"
        assert "watched to their end (free)" in left
    assert len(slow.ledger().executions) == 2


async def test_a_refused_token_is_said_on_a_friendly_screen(tmp_path: Path, quick: RunningCoze) -> None:
    async with application(tmp_path, quick, rows(1), begin_at_once=False, token="pat_wrong_token") as screen:
        await screen.until(lambda: isinstance(screen.app.screen, StartScreen), "start screen")
        await screen.press("enter")
        await screen.until(lambda: "Cannot begin" in screen.text(), "the complaint")
        assert "pat_wrong_token" not in screen.text()
        await screen.press("q")
    assert screen.app.return_value == 2


@pytest.mark.parametrize(("name", "executions"), [("leave", 0), ("canary", 1), ("start", 3)])
async def test_the_buttons_of_the_start_screen_do_what_they_say(
    tmp_path: Path, quick: RunningCoze, name: str, executions: int
) -> None:
    async with application(tmp_path, quick, rows(3), begin_at_once=False) as screen:
        await screen.until(lambda: screen.app.screen.query(f"#{name}"), name)
        await screen.until(lambda: "tasks.json" in screen.text(), "where the tasks come from")
        screen.app.screen.query_one(f"#{name}", Button).press()
        await screen.until(lambda: len(quick.ledger().executions) >= executions, "executions")
        if executions:
            await screen.until(lambda: screen.app.batch.running and screen.count(State.DONE) >= executions, "done")
    assert len(quick.ledger().executions) == executions
