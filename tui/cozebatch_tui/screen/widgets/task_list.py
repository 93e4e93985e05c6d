"""The base of the task table and the timeline: a virtual list of tasks, drawn line by line. The cursor stays on its
task when rows move. The cost depends on the rows on screen, not on the number of tasks."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual.binding import Binding, BindingType
from textual.events import Click, MouseMove
from textual.geometry import Region, Size
from textual.message import Message
from textual.strip import Strip

from cozebatch_tui.presentation.cells import fit
from cozebatch_tui.screen.action_keys import bindings_of
from cozebatch_tui.screen.error_boundary import guarded
from cozebatch_tui.screen.widgets.line_grid import LineGrid


class TaskList(LineGrid):
    """Draws `order`, one task a line, below a heading line. Subclasses say what a line looks like."""

    DEFAULT_CSS = """
    TaskList {
        overflow-x: hidden;
        scrollbar-size-vertical: 1;
        background: $background;
        border: round $line;
        border-title-color: $foreground;
        border-subtitle-color: $muted;
    }
    TaskList:focus { border: round $stage-coze; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "cursor(-1)", show=False),
        Binding("down", "cursor(1)", show=False),
        Binding("pageup", "page(-1)", show=False),
        Binding("pagedown", "page(1)", show=False),
        Binding("home", "edge(-1)", show=False),
        Binding("end", "edge(1)", show=False),
        *bindings_of("list"),
    ]

    HEADING: ClassVar[int] = 1
    """Lines above the first task."""

    class Opened(Message):
        """The operator opened a task, by key or mouse."""

        def __init__(self, task_id: str) -> None:
            super().__init__()
            self.task_id = task_id

    class Moved(Message):
        """The cursor moved to another task, or other lines are seen."""

    def __init__(self, **more: str) -> None:
        super().__init__(**more)
        self.order: list[str] = []
        self.cursor_id: str | None = None
        self._places: dict[str, int] = {}
        self._hovered: int | None = None

    def show_tasks(self, order: list[str]) -> None:
        """Show these tasks in this order; the cursor stays with its task, or near where it was."""
        place = self._places.get(self.cursor_id or "", 0)
        self.order = order
        self._places = {task_id: number for number, task_id in enumerate(order)}
        if self.cursor_id not in self._places:
            self.cursor_id = order[min(place, len(order) - 1)] if order else None
        self.virtual_size = Size(self.size.width, len(order) + self.HEADING)
        self.refresh()
        self.post_message(self.Moved())

    def refresh_tasks(self, task_ids: Iterable[str]) -> None:
        """Repaint the visible ones of these tasks' lines."""
        top, height = self.scroll_offset.y, self.size.height
        for task_id in task_ids:
            place = self._places.get(task_id)
            if place is not None and top <= place < top + height:
                self.refresh(Region(0, place - top + self.HEADING, self.size.width, 1))

    def visible_tasks(self) -> list[str]:
        top = self.scroll_offset.y
        return self.order[top : top + max(0, self.size.height - self.HEADING)]

    def heading(self, width: int, number: int = 0) -> Strip:
        """One line of the heading, from 0."""
        raise NotImplementedError

    def heading_clicked(self, x: int) -> None:
        """The heading was clicked `x` cells from its left."""

    def line(self, task_id: str, width: int, style: Style) -> Strip:
        raise NotImplementedError

    def empty(self) -> str:
        return ""

    def render_line(self, y: int) -> Strip:
        width = self.scrollable_content_region.width
        if y < self.HEADING:
            return self.heading(width, y)
        place = self.scroll_offset.y + y - self.HEADING
        plain = self.ground("background")
        if place >= len(self.order):
            text = self.empty() if y == self.HEADING + 1 and not self.order else ""
            return Strip([Segment(fit(f"  {text}", width), plain + self.colour("muted"))], width)
        task_id = self.order[place]
        style = plain
        if task_id == self.cursor_id:
            style = self.ground("cursor" if self.has_focus else "cursor-blurred") + self.emphasis
        elif place == self._hovered:
            style = self.ground("hover")
        try:
            line = self.line(task_id, width, style)
        except Exception as error:  # noqa: BLE001 - one line that cannot be drawn must not take the screen down
            line = Strip([Segment(fit(f"! {task_id} {type(error).__name__}: {error}", width), style)])
        return line.adjust_cell_length(width, style)

    def action_cursor(self, step: int) -> None:
        if self.order:
            self._go(self._places.get(self.cursor_id or "", 0) + step)

    def action_page(self, step: int) -> None:
        self.action_cursor(step * max(1, self.size.height - self.HEADING - 1))

    def action_edge(self, end: int) -> None:
        self._go(len(self.order) - 1 if end > 0 else 0)

    def action_open(self) -> None:
        if self.cursor_id is not None:
            self.post_message(self.Opened(self.cursor_id))

    @guarded
    def on_click(self, event: Click) -> None:
        at = event.get_content_offset(self)
        if at is None:
            return
        if at.y < self.HEADING:
            self.heading_clicked(at.x)
            return
        place = self.scroll_offset.y + at.y - self.HEADING
        if place >= len(self.order):
            return
        again = self.order[place] == self.cursor_id
        self._go(place)
        if again and event.chain > 1:
            self.action_open()

    @guarded
    def on_mouse_move(self, event: MouseMove) -> None:
        at = event.get_content_offset(self)
        above = at is None or at.y < self.HEADING
        self._hover(None if at is None or above else self.scroll_offset.y + at.y - self.HEADING)

    @guarded
    def on_leave(self) -> None:
        self._hover(None)

    def _hover(self, place: int | None) -> None:
        before, self._hovered = self._hovered, place
        if before != place:
            self.refresh_tasks(self.order[p] for p in (before, place) if p is not None and p < len(self.order))

    def watch_scroll_y(self, old: float, new: float) -> None:
        super().watch_scroll_y(old, new)
        if round(old) != round(new):
            self.post_message(self.Moved())

    @guarded
    def on_resize(self) -> None:
        self.virtual_size = Size(self.size.width, len(self.order) + self.HEADING)
        self.refresh()

    def go_to(self, task_id: str) -> None:
        """Put the cursor on this task, if it is listed."""
        place = self._places.get(task_id)
        if place is not None:
            self._go(place)

    def _go(self, place: int) -> None:
        if not self.order:
            return
        place = min(max(0, place), len(self.order) - 1)
        before, self.cursor_id = self.cursor_id, self.order[place]
        top, seen = self.scroll_offset.y, max(1, self.size.height - self.HEADING)
        if place < top:
            self.scroll_to(y=place, animate=False, immediate=True)
        elif place >= top + seen:
            self.scroll_to(y=place - seen + 1, animate=False, immediate=True)
        self.refresh_tasks([task_id for task_id in (before, self.cursor_id) if task_id])
        self.post_message(self.Moved())
