"""The lines of the log: a virtual list that follows the newest line until somebody scrolls up, finds and wraps.

Only what is seen is drawn. Filtering and finding look at texts that were made once, so 5,000 lines cost little.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from rich.cells import cell_len, chop_cells
from rich.segment import Segment
from rich.style import Style
from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.message import Message
from textual.strip import Strip

from cozebatch.model.events import Event
from cozebatch.model.sanitize import clean
from cozebatch.model.text import Lang
from cozebatch_tui.locale import log as texts
from cozebatch_tui.presentation.cells import fit
from cozebatch_tui.presentation.describe import describe
from cozebatch_tui.presentation.tones import Tone
from cozebatch_tui.screen.error_boundary import guarded
from cozebatch_tui.screen.view_model import LINES_KEPT
from cozebatch_tui.screen.widgets.line_grid import LineGrid

_TIME, _LEVEL, _TASK = 9, 6, 15
_TEXT_AT = _TIME + _LEVEL + _TASK
"""Cells before the text of a line."""
_LEAST_TEXT = 20
_TONES = {"warning": str(Tone.ATTENTION), "error": str(Tone.FAILED), "debug": "muted"}


@dataclass(frozen=True, slots=True)
class Line:
    """One event in words. `folded` is what find and filter look at."""

    time: str
    level: str
    task_id: str
    text: str
    folded: str


def line_of(event: Event, lang: Lang) -> Line | None:
    """None for an event that has no line."""
    described = describe(event, lang)
    if described is None:
        return None
    level, task_id, text = described
    shown, name = clean(text), clean(task_id, 60)
    folded = f"{texts.LEVELS[level].in_(lang)} {name} {shown}".casefold()
    return Line(f"{datetime.fromtimestamp(event.wall):%H:%M:%S}", level, name, shown, folded)


class LogList(LineGrid):
    """Shows the lines it is given; `follows` says whether it stays with the newest."""

    DEFAULT_CSS = """
    LogList {
        height: 1fr; overflow-x: hidden; scrollbar-size-vertical: 1; background: $background;
        border: round $line; border-title-color: $foreground; border-subtitle-color: $muted;
    }
    LogList:focus { border: round $stage-coze; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [Binding("home", "scroll_home", show=False)]

    class Changed(Message):
        """It follows again, or no longer, or another match is shown."""

    def __init__(self, lang: Lang) -> None:
        super().__init__()
        self.lang: Lang = lang
        self.follows = True
        self.wraps = False
        self.needle = ""
        self.lines: list[Line] = []
        self.matches: list[int] = []
        """Places in `lines`."""
        self.match: int | None = None
        """The place in `matches` of the match that is shown."""
        self._rows: list[tuple[int, str]] = []
        """For each row a place in `lines`, and the part of that line's text which stands there."""
        self._owed_place: int | None = None
        """The row to be scrolled to as soon as there is a size."""
        self._owed_match: int | None = None
        self._starts: list[int] = []
        """The row on which each line starts."""

    def show(self, lines: Iterable[Line]) -> None:
        """Show these instead of what is there."""
        self.lines = list(lines)[-LINES_KEPT:]
        self._lay_out()

    def take_over(self, other: LogList, place: int) -> None:
        """Continue as another list that is gone; `place` is the row that was seen first."""
        self.wraps, self.follows, self.needle = other.wraps, other.follows, other.needle
        self._owed_match = other.match
        self._owed_place = None if other.follows else place

    def add(self, fresh: Sequence[Line]) -> None:
        """Add these at the end; the oldest make room. What is seen stays where it is, unless it follows."""
        if not fresh:
            return
        excess = len(self.lines) + len(fresh) - LINES_KEPT
        before = self._starts[excess] if 0 < excess < len(self._starts) else 0
        if excess > 0:
            self.show([*self.lines, *fresh])
            if not self.follows:
                self.scroll_to(y=max(0, self.scroll_offset.y - before), animate=False, immediate=True)
            return
        for line in fresh:
            self._append(line)
        self._grown()

    def wrap(self, wraps: bool) -> None:
        """Break long lines, or cut them; the first line seen stays."""
        top = self._rows[self.scroll_offset.y][0] if self.scroll_offset.y < len(self._rows) else 0
        self.wraps = wraps
        self._lay_out_again()
        if not self.follows and top < len(self._starts):
            self.scroll_to(y=self._starts[top], animate=False, immediate=True)

    def find(self, needle: str) -> None:
        """Mark all lines with this text, and show the last one that is not below what is seen."""
        self.needle = needle.casefold()
        self.matches = [place for place, line in enumerate(self.lines) if self.needle and self.needle in line.folded]
        self.match = None
        if self.matches:
            seen = self._rows[min(len(self._rows) - 1, self.scroll_offset.y + self.size.height - 1)][0]
            above = [number for number, place in enumerate(self.matches) if place <= seen]
            self._show_match(above[-1] if above else 0)
        self.refresh()
        self.post_message(self.Changed())

    def find_next(self, step: int) -> None:
        """The next match, or the previous one; around at the ends."""
        if self.matches:
            self._show_match(((self.match or 0) + step) % len(self.matches))
            self.refresh()
            self.post_message(self.Changed())

    def follow(self) -> None:
        self.follows = True
        self.scroll_end(animate=False, immediate=True)
        self.post_message(self.Changed())

    def render_line(self, y: int) -> Strip:
        width = self.scrollable_content_region.width
        plain = self.ground("background")
        row = self.scroll_offset.y + y
        if row >= len(self._rows):
            text = texts.EMPTY.in_(self.lang) if y == 0 and not self._rows else ""
            return Strip([Segment(fit(f"  {text}", width), plain + self.colour("muted"))], width)
        place, text = self._rows[row]
        line, muted = self.lines[place], plain + self.colour("muted")
        if self.match is not None and self.matches[self.match] == place:
            plain, muted = self.ground("cursor"), self.ground("cursor") + self.colour("muted")
        tone = plain + self.colour(_TONES[line.level]) if line.level in _TONES else plain
        segments = [Segment(" " * _TEXT_AT, plain)]
        if self._starts[place] == row:
            level = fit(texts.LEVELS[line.level].in_(self.lang), _LEVEL)
            segments = [
                Segment(fit(line.time, _TIME), muted),
                Segment(level, tone + Style(bold=line.level != "info")),
                Segment(fit(line.task_id, _TASK - 1) + " ", muted),
            ]
        text = text if self.wraps else fit(text, max(0, width - _TEXT_AT)).rstrip()
        segments.extend(self._marked(text, tone))
        return Strip(segments).adjust_cell_length(width, plain)

    def _marked(self, text: str, style: Style) -> Iterator[Segment]:
        """The text with what is sought reversed."""
        folded = text.casefold()
        if not self.needle or len(folded) != len(text):  # a letter that folds into two: places would not fit
            yield Segment(text, style)
            return
        at = 0
        while (found := folded.find(self.needle, at)) >= 0:
            yield Segment(text[at:found], style)
            yield Segment(text[found : found + len(self.needle)], style + Style(reverse=True, bold=True))
            at = found + len(self.needle)
        yield Segment(text[at:], style)

    def _lay_out(self) -> None:
        lines, self.lines, self._rows, self._starts = self.lines, [], [], []
        self.matches, self.match = [], None
        for line in lines:
            self._append(line)
        self._grown()

    def _lay_out_again(self) -> None:
        """The same lines in another shape."""
        match = self.match
        self._lay_out()
        self.match = match
        self.post_message(self.Changed())

    def _append(self, line: Line) -> None:
        place, width = len(self.lines), self.scrollable_content_region.width - _TEXT_AT
        self.lines.append(line)
        self._starts.append(len(self._rows))
        if self.needle and self.needle in line.folded:
            self.matches.append(place)
        if self.wraps and cell_len(line.text) > width:
            self._rows.extend((place, part) for part in chop_cells(line.text, max(_LEAST_TEXT, width)))
        else:
            self._rows.append((place, line.text))

    def _grown(self) -> None:
        self.virtual_size = Size(self.scrollable_content_region.width, len(self._rows))
        if self.follows:
            self.scroll_end(animate=False, immediate=True)
        self.refresh()
        self.post_message(self.Changed())

    def _show_match(self, number: int) -> None:
        self.match = number
        row, height = self._starts[self.matches[number]], self.scrollable_content_region.height
        if not self.scroll_offset.y <= row < self.scroll_offset.y + height:
            self.scroll_to(y=max(0, row - height // 2), animate=False, immediate=True)

    def watch_scroll_y(self, old: float, new: float) -> None:
        super().watch_scroll_y(old, new)
        follows = new >= self.max_scroll_y
        if follows != self.follows:
            self.follows = follows
            self.post_message(self.Changed())

    @guarded
    def on_resize(self) -> None:
        self._lay_out_again()
        self.call_after_refresh(self._settle)

    @guarded
    def _settle(self) -> None:
        """Take up place and match of a list that is gone."""
        if self._owed_match is not None:
            self.match, self._owed_match = self._owed_match, None
            self.post_message(self.Changed())
        if self._owed_place is not None and self.max_scroll_y:
            self.scroll_to(y=self._owed_place, animate=False, immediate=True)
            self._owed_place = None
