"""The log of this process: the same lines as in the file, filtered as you type, following the newest."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import Screen
from textual.widgets import Input, RichLog, Static

from cozebatch.model.events import Event
from cozebatch.model.sanitize import clean
from cozebatch_tui.locale import screen as texts
from cozebatch_tui.presentation.describe import describe
from cozebatch_tui.screen.error_boundary import guarded

if TYPE_CHECKING:
    from cozebatch_tui.screen.app import CozebatchApp


class LogScreen(Screen[None]):
    """Newest at the bottom."""

    app: CozebatchApp

    DEFAULT_CSS = """
    LogScreen Input { height: 1; border: none; padding: 0 1; }
    LogScreen RichLog { height: 1fr; }
    LogScreen #footer { height: 1; background: $panel; padding: 0 1; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,l", "app.pop_screen", show=False),
        Binding("f", "follow", show=False),
        Binding("slash", "filter", show=False),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._seen = 0

    def compose(self) -> ComposeResult:
        yield Input(placeholder="/", compact=True)
        yield RichLog(markup=False, highlight=False, wrap=False, max_lines=5000)
        yield Static(texts.LOG_KEYS.in_(self.app.lang), id="footer", markup=False)

    def on_mount(self) -> None:
        self.query_one(RichLog).focus()
        self.set_interval(0.3, self._more)
        self._more()

    @on(Input.Changed)
    @guarded
    def _filtered(self) -> None:
        self.query_one(RichLog).clear()
        self._seen = self.app.view_model.logged - len(self.app.view_model.log)
        self._more()

    @on(Input.Submitted)
    @guarded
    def _done(self) -> None:
        self.query_one(RichLog).focus()

    def action_follow(self) -> None:
        log = self.query_one(RichLog)
        log.auto_scroll = not log.auto_scroll

    def action_filter(self) -> None:
        self.query_one(Input).focus()

    @guarded
    def _more(self) -> None:
        view_model = self.app.view_model
        fresh = min(len(view_model.log), view_model.logged - self._seen)
        self._seen = view_model.logged
        if fresh <= 0:
            return
        needle = self.query_one(Input).value.casefold()
        log = self.query_one(RichLog)
        for event in list(view_model.log)[-fresh:]:
            line = self._line(event)
            if line is not None and needle in line.casefold():
                log.write(line)

    def _line(self, event: Event) -> str | None:
        told = describe(event, self.app.lang)
        if told is None:
            return None
        level, task_id, text = told
        return f"{datetime.fromtimestamp(event.wall):%H:%M:%S} {level.upper():<7} {clean(task_id, 60)}  {clean(text)}"
