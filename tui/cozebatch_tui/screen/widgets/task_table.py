"""The task table: state, progress, title and figures of each task, sorted and filtered by the operator."""

from __future__ import annotations

from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from cozebatch.model.board import Board
from cozebatch.model.rows import Row
from cozebatch.model.task import State
from cozebatch.model.text import Lang
from cozebatch_tui.locale import screen as texts
from cozebatch_tui.presentation.cells import fit
from cozebatch_tui.screen.action_registry import live_keys, text_with_keys
from cozebatch_tui.screen.widgets.columns import COLOURS, Column, shown_columns
from cozebatch_tui.screen.widgets.filter import Predicate, parse_filter
from cozebatch_tui.screen.widgets.task_list import TaskList


class TaskTable(TaskList):
    """Shows the rows of a board."""

    DEFAULT_CSS = "TaskTable { height: 1fr; min-height: 4; }"

    def __init__(self, board: Board, lang: Lang, **more: str) -> None:
        super().__init__(**more)
        self.board = board
        self.lang: Lang = lang
        self.marks: set[str] = set()
        self.filter_text = ""
        self.sort_column: Column | None = None
        self.descending = False
        self._filter: Predicate | None = None
        self.average_coze = 0.0

    def set_filter(self, text: str) -> None:
        self.filter_text = text.strip()
        self._filter = parse_filter(text)
        self.rebuild()

    def sort_by(self, number: int) -> None:
        """Sort by the `number`-th visible column, from 1; again: reversed; a third time: the source's order."""
        shown = shown_columns(self.scrollable_content_region.width)
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
        rows = [row for row in self.board.rows.values() if self._filter is None or self._filter(row)]
        rows.sort(key=lambda row: row.position)
        if self.sort_column is not None:
            key = self.sort_column.sort_key
            rows.sort(key=key, reverse=self.descending)
        self.show_tasks([row.task_id for row in rows])

    @property
    def order_may_change(self) -> bool:
        """True if changed rows can move or vanish."""
        return self._filter is not None or self.sort_column is not None

    def take_over(self, other: TaskTable) -> None:
        """Continue with the marks, sorting and cursor of another table of the same board."""
        self.marks = other.marks
        self.sort_column, self.descending = other.sort_column, other.descending
        self.cursor_id = other.cursor_id
        self.average_coze = other.average_coze

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

    def heading(self, width: int) -> Strip:
        style = self.colour("text-muted") + Style(bold=True, underline=True)
        segments = [Segment("  ", style)]
        for number, (column, size) in enumerate(shown_columns(width), start=1):
            arrow = ("v" if self.descending else "^") if column is self.sort_column else ""
            name = f"{number} {texts.COLUMNS[column.name].in_(self.lang)}{arrow}"
            segments.append(Segment(fit(name, size, right=column.right) + " ", style))
        return Strip(segments).adjust_cell_length(width, style)

    def line(self, task_id: str, width: int, style: Style) -> Strip:
        row = self.board.rows[task_id]
        state = style + self.colour(COLOURS[row.state])
        mark = "> " if task_id in self.marks else "  "
        segments = [Segment(mark, style + self.colour("warning") + Style(bold=True))]
        for column, size in shown_columns(width):
            if column.name == "progress":
                segments.extend(self._progress(row, size, style))
            else:
                text = fit(column.text(row, self.board.clock, self.lang), size, right=column.right)
                segments.append(Segment(text, state if column.name in ("state", "error") else style))
            segments.append(Segment(" ", style))
        return Strip(segments)

    def empty(self) -> str:
        text = texts.NOTHING_MATCHES if self._filter is not None else texts.EMPTY
        return text_with_keys(text, self.lang, live_keys(self.screen))

    def _progress(self, row: Row, width: int, style: Style) -> list[Segment]:
        """A bar of the measured progress, or of the elapsed part of an average execution."""
        fraction = row.fraction
        if row.state is State.RUNNING and row.submit_clock is not None and self.average_coze > 0:
            fraction = min(0.99, (self.board.clock - row.submit_clock) / self.average_coze)
        if row.state is State.DONE:
            return [Segment(" " * width, style)]
        if fraction is None or row.state.is_end:
            return [Segment(" " * width, style)]
        label = f"{round(100 * fraction)}%".center(width)
        filled = round(fraction * width)
        full = self.background(COLOURS[row.state]) + self.colour("background") + Style(bold=True)
        rest = style + self.background("surface")
        return [Segment(label[:filled], full), Segment(label[filled:], rest)]
