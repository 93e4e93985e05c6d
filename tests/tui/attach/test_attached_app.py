"""The ordinary screen on a batch of another thread, driven by Textual's pilot."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from concurrent.futures import Future
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from cozebatch.demo.coze_server import RunningCoze
from cozebatch.model.task import State
from cozebatch.model.text import Lang
from cozebatch_tui.locale import attach as texts
from cozebatch_tui.screen import attached_app
from cozebatch_tui.screen.attached_app import AttachedApp
from cozebatch_tui.screen.attached_batch import AttachedBatch
from cozebatch_tui.screen.look.questions import Answers
from cozebatch_tui.screen.screens.dialogs import Confirm
from cozebatch_tui.screen.screens.leave import LeaveScreen
from cozebatch_tui.screen.screens.main import MainScreen
from cozebatch_tui.screen.screens.task import TaskScreen
from support.attached import Served, served
from support.ui import Screen, rows

pytestmark = pytest.mark.anyio


@asynccontextmanager
async def screen_on(found: Served, lang: Lang = "en", size: tuple[int, int] = (120, 40)) -> AsyncIterator[Screen]:
    assert found.place
    app = AttachedApp([found.state], [], lang, Answers())
    try:
        async with app.run_test(size=size, notifications=True) as pilot:
            screen = Screen(app, pilot)
            await screen.until(lambda: any(isinstance(s, MainScreen) for s in app.screen_stack), "main screen")
            await screen.until(lambda: app.focused is not None and app.focused.id == "table", "the table")
            yield screen
    finally:
        app.batch.close()


async def test_two_operators_who_rerun_the_same_task_pay_once(tmp_path: Path, quick: RunningCoze) -> None:
    with served(tmp_path, quick, rows(1)) as found:
        async with screen_on(found) as one, screen_on(found) as two:
            for screen in (one, two):
                await _done(screen)
                await screen.press("x")
                await _asked(screen)
            await one.press("y")
            await one.until(lambda: one.app.view_model.board.rows["t1"].attempts == 2, "rerun")
            await one.until(lambda: one.count(State.DONE) == 1, "done again")
            await two.press("y")
            await two.until(lambda: "0 paid reruns" in two.text(), "nothing was rerun")
    assert len(quick.ledger().executions) == 2


async def test_the_task_screen_shows_what_the_journal_has(tmp_path: Path, quick: RunningCoze) -> None:
    with served(tmp_path, quick, rows(1)) as found:
        async with screen_on(found) as screen:
            await screen.until(lambda: screen.count(State.DONE) == 1, "done")
            await screen.press("enter")
            assert isinstance(screen.app.screen, TaskScreen)
            await screen.until(lambda: "文案1号" in screen.text(), "the script")


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize(("size", "keys"), [((80, 24), ("q", "enter")), ((120, 40), ("ctrl+c", "ctrl+c"))])
async def test_leaving_offers_three_ways_that_fit(
    tmp_path: Path, slow: RunningCoze, lang: Lang, size: tuple[int, int], keys: tuple[str, str]
) -> None:
    with served(tmp_path, slow, rows(2)) as found:
        async with screen_on(found, lang, size) as screen:
            await screen.until(lambda: screen.count(State.RUNNING) == 2, "running")
            await screen.press("q")
            await screen.until(lambda: isinstance(screen.app.screen, LeaveScreen), "the question")
            for text in (texts.DETACH, texts.STOP, texts.STAY):
                await _reads(screen, text.in_(lang))
            await screen.press("f2")
            await screen.until(lambda: texts.STAY.in_("en" if lang == "zh" else "zh") in screen.text(), "translated")
            await screen.press("escape")
            await screen.until(lambda: isinstance(screen.app.screen, MainScreen), "back")
            await screen.press(*keys)
            await screen.until(lambda: not screen.app.is_running, "left")
            assert screen.app.return_code == 0
        assert not found.running.done()


async def test_a_way_that_never_answers_does_not_keep_the_screen(
    tmp_path: Path, quick: RunningCoze, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attached_app, "END_SECONDS", 0.2)
    with served(tmp_path, quick, rows(1)) as found:
        async with screen_on(found) as screen:
            await screen.until(lambda: screen.count(State.DONE) == 1, "done")
            app = screen.app
            assert isinstance(app, AttachedApp)
            assert app.attached.session is not None
            never: Future[bool] = Future()
            monkeypatch.setattr(app.attached.session, "leave", lambda: never)
            await screen.press("q")
            await screen.until(lambda: not app.is_running, "left")


async def test_a_batch_that_ends_while_a_screen_comes_up_is_shown_as_ended(
    tmp_path: Path, slow: RunningCoze, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody could "not begin": the screen was attached, and the last that it knows is shown."""
    attach = AttachedBatch.attach

    with served(tmp_path, slow, rows(1)) as found:

        async def attach_and_see_it_end(batch: AttachedBatch, on_end: Callable[[], object]) -> None:
            await attach(batch, on_end)
            found.session.stop()
            assert batch.running is not None
            await asyncio.wrap_future(batch.running)

        monkeypatch.setattr(AttachedBatch, "attach", attach_and_see_it_end)
        assert found.place
        app = AttachedApp([found.state], [], "en", Answers())
        async with app.run_test(size=(120, 40), notifications=True) as pilot:
            screen = Screen(app, pilot)
            await _reads(screen, "The batch has ended.")
            await screen.press("enter")
            await screen.until(lambda: isinstance(app.screen, MainScreen), "one notice, above the table")
            assert "标题" in screen.text()
        app.batch.close()


async def test_a_hostile_title_is_shown_literally_from_afar_too(tmp_path: Path, slow: RunningCoze) -> None:
    hostile = rows(1)
    hostile[0]["title"] = "[red]x[/red]\x1b]0;t\x07\u202eexe"
    with served(tmp_path, slow, hostile) as found:
        async with screen_on(found) as screen:
            await _reads(screen, "[red]x[/red]")
            assert "\x1b" not in screen.text()
            assert "\u202e" not in screen.text()


async def _done(screen: Screen) -> None:
    await screen.until(lambda: screen.count(State.DONE) == 1, "done")


async def _asked(screen: Screen) -> None:
    await screen.until(lambda: isinstance(screen.app.screen, Confirm), "the question")


async def _reads(screen: Screen, word: str) -> None:
    await screen.until(lambda: word in screen.text(), word)
