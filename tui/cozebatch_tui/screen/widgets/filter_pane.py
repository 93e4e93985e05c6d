"""The filter of the task table: its text with suggestions, below it what is wrong with it and how many tasks there are.

What is typed is taken once per pump, however fast one types.
"""

from __future__ import annotations

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import Input

from cozebatch.model.board import Board
from cozebatch.model.task import State
from cozebatch.model.text import Lang
from cozebatch_tui.locale import screen as texts
from cozebatch_tui.screen.error_boundary import guarded
from cozebatch_tui.screen.widgets.filter_bar import FilterBar, filter_for
from cozebatch_tui.screen.widgets.filter_field import FilterField
from cozebatch_tui.screen.widgets.filter_suggester import FilterSuggester


class FilterPane(Vertical):
    """Closed until it is used."""

    DEFAULT_CSS = "FilterPane { height: auto; }"

    def __init__(self, board: Board, lang: Lang) -> None:
        super().__init__()
        self._board = board
        self._lang: Lang = lang
        self._typed: str | None = None

    def compose(self) -> ComposeResult:
        field = FilterField(texts.FILTER_HINT, self._lang)
        field.suggester = FilterSuggester(self._board, self._lang)
        yield field
        yield FilterBar()

    @property
    def field(self) -> FilterField:
        return self.query_one(FilterField)

    @property
    def is_open(self) -> bool:
        return self.field.is_open

    def open(self) -> None:
        self.field.open()
        self.show()

    def put(self, text: str) -> None:
        """Hold this text; open if there is any."""
        with self.prevent(Input.Changed):
            self.field.put(text)
        self._typed = None
        self.show()

    def other(self, state: State) -> str:
        """The filter for this state, or none if it is the filter already."""
        text = filter_for(state, self._lang)
        return "" if self.field.value.strip() == text else text

    def take_typed(self) -> str | None:
        """What was typed since the last time; None if nothing was."""
        typed, self._typed = self._typed, None
        return typed

    def show(self) -> None:
        """Draw the counts and complaints as they are now."""
        bar = self.query_one(FilterBar)
        bar.set_class(self.is_open, "open")
        if self.is_open:
            bar.show(self._board, self.field.value)

    @on(Input.Changed, "#filter")
    @guarded
    def _changed(self, event: Input.Changed) -> None:
        event.stop()
        self._typed = event.value
        self.show()
