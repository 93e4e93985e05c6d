"""The task table: state, progress, title and figures of each task, sorted and filtered by the operator."""

from __future__ import annotations

from collections.abc import Iterable

from rich.segment import Segment
from rich.style import Style
from textual.content import Content
from textual.strip import Strip

from cozebatch.model.board import Board
from cozebatch.model.rows import Row
from cozebatch.model.task import State
from cozebatch.model.text import Lang
from cozebatch_tui.locale import screen as texts
from cozebatch_tui.locale.names import STATES
from cozebatch_tui.presentation.cells import fit
from cozebatch_tui.presentation.formatting import duration
from cozebatch_tui.presentation.glyphs import filled
from cozebatch_tui.presentation.tones import TONE_OF, Tone, urgency
from cozebatch_tui.screen.action_keys import live_keys, text_with_keys
from cozebatch_tui.screen.host import host_of
from cozebatch_tui.screen.view_model import Pace
from cozebatch_tui.screen.widgets.columns import Column, column_at, progress, shown_columns
from cozebatch_tui.screen.widgets.filter import Predicate, read_filter
from cozebatch_tui.screen.widgets.task_list import TaskList

_PERCENT = 5
"""Cells behind a bar."""


class TaskTable(TaskList):
    """Shows the rows of a board: what needs a person first, then what moves, waits, and is done, unless sorted
    otherwise."""

    DEFAULT_CSS = "TaskTable { height: 1fr; min-height: 4; }"

    def __init__(self, board: Board, lang: Lang, **more: str) -> None:
        super().__init__(**more)
        self.board = board
        self.lang: Lang = lang
        self.marks: set[str] = set()
        self.filter_text = ""
        self.sort_column: Column | None = None
        self.descending = False
        self.pace: Pace | None = None
        self._filter: Predicate | None = None
        self._filter_ticks = False
        self._ranks: dict[str, int] = {}

    def set_filter(self, text: str) -> None:
        self.filter_text = text.strip()
        found = read_filter(text)
        self._filter, self._filter_ticks = found.predicate, found.ticks
        self.rebuild()

    def sort_by(self, number: int) -> None:
        """Sort by the `number`-th visible column, from 1; again: reversed; a third time: the table's own order."""
        shown = shown_columns(self.scrollable_content_region.width, self.lang)
        if not 1 <= number <= len(shown):
            return
        column = shown[number - 1][0]
        if self.sort_column is not column:
            self.sort_column, self.descending = column, False
        elif not self.descending:
            self.descending = True
        else:
            self.sort_column = None
        self.rebuild()

    def rebuild(self) -> None:
        """Filter and sort all rows."""
        now, pace = self.board.clock, self.pace
        rows = [row for row in self.board.rows.values() if self._filter is None or self._filter(row, now)]
        if self.sort_column is None:
            self._ranks = {row.task_id: urgency(row.state) for row in rows}
            rows.sort(key=lambda row: (self._ranks[row.task_id], row.position))
        else:
            key = self.sort_column.sort_key
            rows.sort(key=lambda row: row.position)
            rows.sort(key=lambda row: key(row, now, pace), reverse=self.descending)
        self.show_tasks([row.task_id for row in rows])
        self.border_title = Content(f"{texts.TASKS.in_(self.lang)} {len(self.board.rows)}")
        self.show_place()

    @property
    def ticks(self) -> bool:
        """Whether lines come, go and move as time passes."""
        by_time = self._filter_ticks or (self.sort_column is not None and self.sort_column.ticks)
        return by_time and self.board.unfinished > 0

    def moves(self, task_ids: Iterable[str]) -> bool:
        """Whether lines would stand elsewhere, now that these tasks have changed."""
        if self._filter is not None or self.sort_column is not None:
            return True
        ranks = self._ranks
        return any(ranks.get(task_id) != urgency(self.board.rows[task_id].state) for task_id in task_ids)

    def show_place(self) -> None:
        """Tell in the border which lines are seen, what is marked and filtered, and the order."""
        first = self.scroll_offset.y + 1 if self.order else 0
        last = min(len(self.order), self.scroll_offset.y + max(0, self.size.height - 1))
        parts = [f"{first}-{last} / {len(self.order)}"]
        if self.filter_text:
            parts.append(texts.FILTERED.in_(self.lang).format(text=fit(self.filter_text, 24).rstrip()))
        if self.marks:
            parts.append(texts.MARKED.in_(self.lang).format(count=len(self.marks)))
        if self.sort_column is None:
            parts.append(texts.IN_OWN_ORDER.in_(self.lang))
        else:
            column = texts.COLUMNS[self.sort_column.name].in_(self.lang)
            parts.append(texts.ORDERED.in_(self.lang).format(column=column))
        self.border_subtitle = Content(f" {host_of(self).look.glyphs.dot} ".join(parts))

    def take_over(self, other: TaskTable) -> None:
        """Continue with the marks, sorting and cursor of another table of the same board."""
        self.marks = other.marks
        self.sort_column, self.descending = other.sort_column, other.descending
        self.cursor_id = other.cursor_id
        self.pace = other.pace

    def toggle_mark(self) -> None:
        if self.cursor_id is not None:
            self.marks ^= {self.cursor_id}
            self.refresh_tasks([self.cursor_id])
            self.action_cursor(1)

    def chosen(self) -> list[str]:
        """The marked tasks, or the one under the cursor."""
        if self.marks:
            return [task_id for task_id in self.board.rows if task_id in self.marks]
        return [self.cursor_id] if self.cursor_id is not None else []

    def heading(self, width: int, number: int = 0) -> Strip:
        glyphs = host_of(self).look.glyphs
        style = self.ground("background") + self.colour("muted")
        segments = [Segment("  ", style)]
        for column, size in shown_columns(width, self.lang):
            name = texts.COLUMNS[column.name].in_(self.lang)
            if column is self.sort_column:
                name = f"{name} {glyphs.descending if self.descending else glyphs.ascending}"
            segments.append(
                Segment(fit(name, size, right=column.right), style + Style(bold=column is self.sort_column))
            )
            segments.append(Segment(" ", style))
        return Strip(segments).adjust_cell_length(width, style)

    def heading_clicked(self, x: int) -> None:
        number = column_at(x, self.scrollable_content_region.width, self.lang)
        if number is not None:
            self.sort_by(number)

    def line(self, task_id: str, width: int, style: Style) -> Strip:
        row, look = self.board.rows[task_id], host_of(self).look
        tone = style + self.colour(TONE_OF[row.state])
        quiet = style + self.colour("muted") if row.state in (State.PENDING, State.SKIPPED, State.CANCELLED) else style
        edge = look.glyphs.cursor if task_id == self.cursor_id else " "
        segments = [Segment(edge, style + self.colour(Tone.COZE))]
        segments.append(
            Segment(look.glyphs.mark if task_id in self.marks else " ", style + self.colour(Tone.ATTENTION))
        )
        for column, size in shown_columns(width, self.lang):
            match column.name:
                case "progress":
                    segments.extend(self._progress(row, size, style))
                case "state":
                    name = f"{look.glyphs.states[row.state]} {STATES[row.state].in_(self.lang)}"
                    segments.append(Segment(fit(name, size), tone + Style(bold=row.state in _LOUD)))
                case "title" if row.edited:
                    mark = f"{look.glyphs.edited} "
                    segments.append(Segment(mark, style + self.colour(Tone.ATTENTION)))
                    text = fit(column.text(row, self.board.clock, self.lang), size - len(mark))
                    segments.append(Segment(text, quiet))
                case _:
                    text = fit(column.text(row, self.board.clock, self.lang), size, right=column.right)
                    aside = column.name in ("account", "id", "attempts")
                    paint = tone if column.name == "error" and row.error is not None else quiet
                    segments.append(Segment(text, style + self.colour("muted") if aside else paint))
            segments.append(Segment(" ", style))
        return Strip(segments)

    def empty(self) -> str:
        text = texts.NOTHING_MATCHES if self._filter is not None else texts.EMPTY
        return text_with_keys(text, self.lang, live_keys(self.screen))

    def _progress(self, row: Row, width: int, style: Style) -> list[Segment]:
        """A bar of the measured progress, or of the part of a usual execution that has passed, and the percent; past
        the usual time, by how much."""
        fraction, guess, over = progress(row, self.board.clock, self.pace), "", 0.0
        if fraction is None:
            return [Segment(" " * width, style)]
        if row.state is State.RUNNING and row.submit_clock is not None and self.pace is not None:
            over = self.board.clock - row.submit_clock - self.pace.coze_seconds
            guess = "~" if self.pace.guessed else ""
        cells = width - _PERCENT
        if over > 0:
            late = fit(f"{guess}+{duration(over)}", _PERCENT, right=True)
            return [*self._bar(row, 1.0, cells, style), Segment(late, style + self.colour(Tone.ATTENTION))]
        percent = fit(f"{guess}{min(99, int(100 * fraction))}%", _PERCENT, right=True)
        return [*self._bar(row, fraction, cells, style), Segment(percent, style + self.colour("muted"))]

    def _bar(self, row: Row, fraction: float, width: int, style: Style) -> list[Segment]:
        look = host_of(self).look
        done = filled(min(fraction, 1.0), width, look.glyphs)
        if look.plain:
            return [Segment(done, style), Segment(look.glyphs.line * (width - len(done)), style)]
        rest = self.background("bar-rest")
        tone = style + self.colour(TONE_OF[row.state]) + rest
        return [Segment(done, tone), Segment(" " * (width - len(done)), style + rest)]


_LOUD = frozenset({State.FAILED, State.HELD})
