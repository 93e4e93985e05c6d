"""The log of this process: the same events as in the file, newest at the bottom, found, filtered and followed."""

from __future__ import annotations

from collections.abc import Collection
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.content import Content
from textual.widgets import Input

from cozebatch.model.sanitize import clean
from cozebatch_tui.locale import log as texts
from cozebatch_tui.screen.action_keys import bindings_of
from cozebatch_tui.screen.action_screen import ActionScreen
from cozebatch_tui.screen.error_boundary import guarded
from cozebatch_tui.screen.view_model import LINES_KEPT
from cozebatch_tui.screen.widgets.action_footer import ActionFooter
from cozebatch_tui.screen.widgets.filter_field import FilterField
from cozebatch_tui.screen.widgets.log_list import Line, LogList, line_of

LOOK_EVERY = 0.3
"""Seconds between two looks for new events."""


class LogScreen(ActionScreen[None]):
    """`marked`: the tasks that were selected in the table; the log can be limited to them."""

    SCOPE = "log"
    BINDINGS: ClassVar[list[BindingType]] = bindings_of("log")

    def __init__(self, marked: Collection[str] = ()) -> None:
        super().__init__()
        self._marked = frozenset(marked)
        self._only_marked = False
        self._lines: list[Line] = []
        self._seen = 0
        self._is_drawn = False

    def compose(self) -> ComposeResult:
        lang = self.host.lang
        yield LogList(lang)
        yield FilterField(texts.FIND_HINT, lang, id="find")
        yield FilterField(texts.FILTER_HINT, lang)
        yield ActionFooter("log")

    def on_mount(self) -> None:
        self._list.focus()
        self._begin()
        self.set_interval(LOOK_EVERY, self._more)

    async def recompose(self) -> None:
        """In another language: lines, filter, what is sought, place and focus stay."""
        before, place = self._list, self._list.scroll_offset.y
        values = {field.id: field.value for field in self.query(FilterField)}
        focused = self.focused.id if isinstance(self.focused, FilterField) else None
        self._is_drawn = False
        await super().recompose()
        now = self._list
        now.take_over(before, place)
        with self.prevent(Input.Changed):
            for field in self.query(FilterField):
                field.put(values[field.id])
        (self.query_one(f"#{focused}") if focused is not None else now).focus()
        self._begin()

    def _begin(self) -> None:
        """Make all lines, in the operator's language."""
        view_model = self.host.view_model
        self._seen = view_model.logged
        made = (line_of(event, self.host.lang) for event in view_model.log)
        self._lines = [line for line in made if line is not None]
        self._is_drawn = True
        self._show()

    @property
    def _list(self) -> LogList:
        return self.query_one(LogList)

    @property
    def _filter(self) -> str:
        return self.query_one("#filter", FilterField).value.strip()

    def _show(self) -> None:
        self._list.show([line for line in self._lines if self._is_wanted(line)])

    def _is_wanted(self, line: Line) -> bool:
        if self._only_marked and line.task_id not in self._marked:
            return False
        return self._filter.casefold() in line.folded

    @guarded
    def _more(self) -> None:
        view_model = self.host.view_model
        count = min(len(view_model.log), view_model.logged - self._seen)
        if count <= 0 or not self._is_drawn:
            return
        self._seen = view_model.logged
        made = [line_of(view_model.log[place], self.host.lang) for place in range(-count, 0)]
        fresh = [line for line in made if line is not None]
        self._lines = [*self._lines, *fresh][-LINES_KEPT:]
        self._list.add([line for line in fresh if self._is_wanted(line)])

    @on(LogList.Changed)
    @guarded
    def _told(self) -> None:
        lang, found, glyphs = self.host.lang, self._list, self.host.look.glyphs
        lamp, word, tone = (
            (glyphs.live, texts.FOLLOWS, "stage-done") if found.follows else (glyphs.paused, texts.STAYS, "muted")
        )
        title = texts.TITLE.filled(count=len(found.lines)).in_(lang)
        found.border_title = Content.assemble(title, "  ", (f"{lamp} {word.in_(lang)}", f"${tone}"))
        parts = []
        if found.needle:
            text = texts.FOUND if found.matches else texts.NOT_FOUND
            parts.append(text.in_(lang).format(place=(found.match or 0) + 1, count=len(found.matches)))
        if self._filter:
            parts.append(texts.FILTERED.in_(lang).format(text=clean(self._filter, 24)))
        if self._only_marked:
            parts.append(texts.ONLY_MARKED.filled(count=len(self._marked)).in_(lang))
        found.border_subtitle = Content(f" {glyphs.dot} ".join(parts))

    @on(Input.Changed, "#filter")
    @guarded
    def _filtered(self) -> None:
        self._show()

    @on(Input.Changed, "#find")
    @guarded
    def _sought(self, event: Input.Changed) -> None:
        self._list.find(event.value.strip())

    @on(Input.Submitted)
    @guarded
    def _done(self) -> None:
        self._list.focus()

    def action_find(self) -> None:
        self.query_one("#find", FilterField).open()

    def action_filter(self) -> None:
        self.query_one("#filter", FilterField).open()

    def action_find_next(self, step: int) -> None:
        self._list.find_next(step)

    def action_follow(self) -> None:
        self._list.follow()

    def action_wrap(self) -> None:
        self._list.wrap(not self._list.wraps)

    def action_only_marked(self) -> None:
        if not self._marked:
            self.host.say(texts.NONE_MARKED.in_(self.host.lang))
            return
        self._only_marked = not self._only_marked
        self._show()

    def action_close_or_back(self) -> None:
        """Close what is sought, then the filter, then the log."""
        for field in self.query(FilterField):
            if field.is_open:
                field.put("")
                self._list.focus()
                return
        self.app.pop_screen()
