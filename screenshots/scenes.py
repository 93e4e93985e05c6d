"""The screens of the scripted batch, as the pictures and the tests show them."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from typing import Any
from unittest.mock import patch

from textual.pilot import Pilot
from textual.widgets import Input, TextArea

from cozebatch.batch.preview import Preview
from cozebatch.engine.event_bus import Subscription
from cozebatch.model.text import Lang
from cozebatch_tui.presentation.invocation import STARTED_AS
from cozebatch_tui.screen.app import CozebatchApp
from cozebatch_tui.screen.look import themes
from cozebatch_tui.screen.screens.answer import AnswerScreen
from cozebatch_tui.screen.screens.main import MainScreen
from cozebatch_tui.screen.screens.start import StartScreen
from cozebatch_tui.screen.setup.question_pane import QuestionPane
from cozebatch_tui.screen.startup import AppStart, Ask
from cozebatch_tui.screen.view_model import ViewModel
from scripted_batch import COZE, NOW, OVER, ScriptedSession, history, preview, preview_with_choices, question
from scripted_setup import PLACES, scripted
from svg import widths_corrected

START, CHOICES, END = "start", "choices", "end"
"""Before the keys: the screen before a batch begins, the same with results to be reused or lost, the batch at its end.
Without them: in the middle."""
ANSWER = "answer"
"""Before the keys: a question of a workflow, over the batch."""
SETUP: Mapping[str, str] = {f"setup-{place}": place for place in PLACES}
"""Before the keys: the set-up at one of its questions."""
LIGHT = "light"
"""Before the keys: in the light theme."""


@contextmanager
def in_china() -> Iterator[None]:
    """The times of day in a picture are those of one place, where a process can choose that; and commands read as if
    the program was installed."""
    before = {name: os.environ.get(name) for name in _PLACE}
    _live_in(_PLACE)
    try:
        yield
    finally:
        _live_in(before)


_PLACE = {"TZ": "Asia/Shanghai", STARTED_AS: "cozebatch-tui"}


def _live_in(place: Mapping[str, str | None]) -> None:
    for name, value in place.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value
    if sys.platform != "win32":
        time.tzset()


async def settled(pilot: Pilot[Any]) -> str:
    """The picture once it no longer changes: on a busy machine the last line comes later than the others."""
    before = ""
    for _ in range(50):
        await pilot.pause(0.2)
        svg = widths_corrected(pilot.app.export_screenshot(title="cozebatch-tui"))
        if svg == before:
            break
        before = svg
    return before


@asynccontextmanager
async def view(lang: Lang, size: tuple[int, int], keys: Sequence[str]) -> AsyncIterator[Pilot[Any]]:
    """The application as a view shows it."""
    with in_china():
        async with _screen_of(lang, size, keys) as pilot:
            for key in keys:
                if key == LIGHT:
                    pilot.app.theme = themes.LIGHT
                elif key not in (START, CHOICES, END, ANSWER, *SETUP):
                    await pilot.press(key)
                    await pilot.pause(0.1)
            for field in (*pilot.app.screen.query(Input), *pilot.app.screen.query(TextArea)):
                field.cursor_blink = False
            await settled(pilot)
            yield pilot


def _screen_of(lang: Lang, size: tuple[int, int], keys: Sequence[str]) -> AbstractAsyncContextManager[Pilot[Any]]:
    if START in keys or CHOICES in keys:
        return start_screen(lang, size, preview_with_choices() if CHOICES in keys else None)
    if keys and keys[0] in SETUP:
        return setup_screen(lang, size, SETUP[keys[0]])
    if ANSWER in keys:
        return answer_screen(lang, size)
    return main_screen(lang, size, OVER if END in keys else NOW)


@asynccontextmanager
async def setup_screen(lang: Lang, size: tuple[int, int], place: str) -> AsyncIterator[Pilot[Any]]:
    """The application without a configuration, at one question of its set-up."""
    app = CozebatchApp(AppStart(make_session=_no_session, lang=lang, title="", setup_needed=True))
    begun = scripted(place, lang)
    with patch("cozebatch_tui.session.setup.begin", lambda *_: begun):
        async with app.run_test(size=size, notifications=True) as pilot:
            while not app.screen.query(QuestionPane):
                await pilot.pause(0.05)
            yield pilot


@asynccontextmanager
async def start_screen(lang: Lang, size: tuple[int, int], shown: Preview | None = None) -> AsyncIterator[Pilot[Any]]:
    """The application before the scripted run."""
    app = CozebatchApp(AppStart(make_session=_no_session, lang=lang, title="demo", setup_needed=True))
    with patch("shutil.disk_usage", lambda _: _Usage()):  # to the end: a card is drawn again whenever its width changes
        async with app.run_test(size=size, notifications=True) as pilot:
            app.batch.session = ScriptedSession()  # type: ignore[misc, assignment]
            await app.push_screen(StartScreen(shown or preview(), (), ScriptedSession().preflight))
            await pilot.pause(0.3)
            yield pilot


@asynccontextmanager
async def main_screen(lang: Lang, size: tuple[int, int], now: float = NOW) -> AsyncIterator[Pilot[Any]]:
    """The application in the middle of the scripted run, or at its end. Nothing happens on it but what a test does."""
    app = CozebatchApp(AppStart(make_session=_no_session, lang=lang, title="demo", setup_needed=True))
    async with app.run_test(size=size, notifications=True) as pilot:
        subscription = Subscription()
        app.batch.session = ScriptedSession()  # type: ignore[misc, assignment]
        app.batch.view_model = ViewModel(subscription)
        for event in history(now):
            subscription.push(event)
        changes = app.view_model.pump()
        app.view_model.usual = COZE
        app.view_model.add_up()
        app.main = MainScreen()
        await app.push_screen(app.main)
        await pilot.pause()
        app.main.apply(changes)
        await pilot.pause()
        yield pilot


@asynccontextmanager
async def answer_screen(lang: Lang, size: tuple[int, int]) -> AsyncIterator[Pilot[Any]]:
    async with main_screen(lang, size) as pilot:
        await pilot.app.push_screen(AnswerScreen(question()))
        await pilot.pause()
        yield pilot


class _Usage:
    free = 212_000_000_000


def _no_session(_: Ask) -> Any:
    raise RuntimeError("pictures need no session")
