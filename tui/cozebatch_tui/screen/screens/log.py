"""The log of this process: the same lines as in the file, filtered as you type, following the newest."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.widgets import Input, RichLog

from cozebatch.model.events import Event
from cozebatch.model.sanitize import clean
from cozebatch_tui.presentation.describe import describe
from cozebatch_tui.screen.action_registry import bindings_of
from cozebatch_tui.screen.action_screen import ActionScreen
from cozebatch_tui.screen.error_boundary import guarded
from cozebatch_tui.screen.widgets.action_footer import ActionFooter


class LogScreen(ActionScreen[None]):
    """Newest at the bottom."""

    DEFAULT_CSS = """
    LogScreen Input { height: 1; border: none; padding: 0 1; }
    LogScreen RichLog { height: 1fr; }
    """
    SCOPE = "log"
    BINDINGS: ClassVar[list[BindingType]] = bindings_of("log")

    def __init__(self) -> None:
        super().__init__()
        self._seen = 0

    def compose(self) -> ComposeResult:
        yield Input(placeholder="/", compact=True)
        yield RichLog(markup=False, highlight=False, wrap=False, max_lines=5000)
        yield ActionFooter("log")

    def on_mount(self) -> None:
        self.query_one(RichLog).focus()
        self.set_interval(0.3, self._more)
        self._more()

    @on(Input.Changed)
    @guarded
    def _filtered(self) -> None:
        self.query_one(RichLog).clear()
        self._seen = self.host.view_model.logged - len(self.host.view_model.log)
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
        view_model = self.host.view_model
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
        described = describe(event, self.host.lang)
        if described is None:
            return None
        level, task_id, text = described
        return f"{datetime.fromtimestamp(event.wall):%H:%M:%S} {level.upper():<7} {clean(task_id, 60)}  {clean(text)}"
