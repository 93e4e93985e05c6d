"""The screen an operator leaves open all day: figures, gauges, the tasks, and what went wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import Screen
from textual.widgets import ContentSwitcher, Input, Static

from cozebatch.model.rows import Row, Stage
from cozebatch.model.statistics import compute
from cozebatch.model.task import State
from cozebatch_tui.locale import screen as texts
from cozebatch_tui.presentation.cells import fit
from cozebatch_tui.screen.error_boundary import guarded
from cozebatch_tui.screen.screens.log import LogScreen
from cozebatch_tui.screen.screens.task import TaskScreen
from cozebatch_tui.screen.view_model import Changes
from cozebatch_tui.screen.widgets.error_panel import ErrorPanel
from cozebatch_tui.screen.widgets.header import Gauges, Header
from cozebatch_tui.screen.widgets.task_list import TaskList
from cozebatch_tui.screen.widgets.task_table import TaskTable
from cozebatch_tui.screen.widgets.timeline import Timeline

if TYPE_CHECKING:
    from cozebatch_tui.screen.app import CozebatchApp

_TICKING = frozenset({State.SUBMITTING, State.RUNNING, State.SYNTHESIZING})
"""States whose lines show a time that runs."""

FIGURES_EVERY = 6
"""Pumps between two refreshes of what changes with time alone."""


class MainScreen(Screen[None]):
    """Fed by `apply`; obeys the keys of docs/contract.md §1."""

    app: CozebatchApp

    DEFAULT_CSS = """
    MainScreen #filter { display: none; height: 1; border: none; padding: 0 1; }
    MainScreen #filter.open { display: block; }
    MainScreen #status { height: 1; color: $text-muted; padding: 0 1; }
    MainScreen #footer { height: 1; background: $panel; padding: 0 1; }
    MainScreen ContentSwitcher { height: 1fr; }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("slash", "filter", "filter", show=False, id="filter"),
        Binding("escape", "clear", "clear", show=False, id="clear"),
        Binding("space", "mark", "mark", show=False, id="mark"),
        *(Binding(str(n), f"sort({n})", "sort", show=False, id=f"sort{n}") for n in range(1, 10)),
        Binding("r", "retry", "retry", show=False, id="retry"),
        Binding("R", "retry_all", "retry_all", show=False, id="retry_all"),
        Binding("x", "rerun", "rerun", show=False, id="rerun"),
        Binding("c", "cancel", "cancel", show=False, id="cancel"),
        Binding("p", "pause", "pause", show=False, id="pause"),
        Binding("plus,equals_sign", "coze_limit(1)", "coze_limit", show=False, id="coze_up"),
        Binding("minus", "coze_limit(-1)", "coze_limit", show=False, id="coze_down"),
        Binding("right_square_bracket", "synthesis_limit(1)", "synthesis_limit", show=False, id="synthesis_up"),
        Binding("left_square_bracket", "synthesis_limit(-1)", "synthesis_limit", show=False, id="synthesis_down"),
        Binding("t", "timeline", "timeline", show=False, id="timeline"),
        Binding("e", "errors", "errors", show=False, id="errors"),
        Binding("l", "log", "log", show=False, id="log"),
        Binding("o", "link", "link", show=False, id="link"),
        Binding("y", "copy", "copy", show=False, id="copy"),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._pumps = 0
        self._resort = False
        self._errors_seen = False

    def compose(self) -> ComposeResult:
        lang, board = self.app.lang, self.app.view_model.board
        yield Header(self.app.start.title, lang)
        yield Gauges(lang)
        yield Input(placeholder=texts.FILTER_HINT.in_(lang), id="filter", compact=True)
        with ContentSwitcher(initial="table"):
            yield TaskTable(board, lang, id="table")
            yield Timeline(board, lang, id="timeline")
        yield ErrorPanel(board, lang)
        yield Static("", id="status", markup=False)
        yield Static(texts.FOOTER.in_(lang), id="footer", markup=False)

    def on_mount(self) -> None:
        self.table.rebuild()
        self.table.focus()
        self._figures()

    @property
    def table(self) -> TaskTable:
        return self.query_one(TaskTable)

    @property
    def timeline(self) -> Timeline:
        return self.query_one(Timeline)

    @property
    def task_list(self) -> TaskList:
        return self.timeline if self._shows_timeline else self.table

    @property
    def _shows_timeline(self) -> bool:
        return self.query_one(ContentSwitcher).current == "timeline"

    def apply(self, changes: Changes) -> None:
        """Repaint what changed; sort and figures a few times a second at most."""
        if not self.is_mounted or not self.query(TaskTable):
            return
        self._pumps += 1
        table = self.table
        if changes.new_rows:
            table.rebuild()
        elif changes.dirty:
            self._resort = self._resort or table.order_may_change
            table.refresh_tasks(changes.dirty)
        if changes.errors:
            self._show_errors()
        if self._pumps % FIGURES_EVERY == 0 or changes.new_rows or changes.finished:
            if self._resort:
                self._resort = False
                table.rebuild()
            self._figures()
            if changes.any or self._pumps % (2 * FIGURES_EVERY) == 0:
                table.refresh_tasks(
                    task_id for task_id in table.visible_tasks() if table.board.rows[task_id].state in _TICKING
                )
            if self._shows_timeline:
                self.timeline.show_tasks(table.order)
        if changes.finished is not None:
            self.say(texts.RUN_ENDED.in_(self.app.lang))

    def say(self, text: str) -> None:
        """A line above the footer."""
        self.query_one("#status", Static).update(fit(text, max(10, self.size.width - 2)))

    def _figures(self) -> None:
        view_model = self.app.view_model
        limits = view_model.board.limits
        small = len(view_model.board.rows) <= 500
        if self._pumps % (FIGURES_EVERY * (1 if small else 5)) == 0 or view_model.board.finished is not None:
            view_model.add_up()
        if self._pumps % (FIGURES_EVERY * 5) == 0 and view_model.board.unfinished:
            figures = compute(
                view_model.board,
                elapsed=view_model.board.clock,
                max_coze=max(1, limits[Stage.COZE].user),
                max_synthesis=max(1, limits[Stage.SYNTHESIS].user),
            )
            self.table.average_coze = figures.average_coze_seconds
        self.query_one(Header).show(view_model)
        self.query_one(Gauges).show(view_model)
        table = self.table
        lang = self.app.lang
        parts = []
        if table.filter_text:
            parts.append(texts.FILTERED.in_(lang).format(text=table.filter_text))
            parts.append(texts.SHOWN.in_(lang).format(shown=len(table.order), total=len(table.board.rows)))
        if table.marks:
            parts.append(texts.MARKED.in_(lang).format(count=len(table.marks)))
        if parts:
            self.say("  ".join(parts))

    def _show_errors(self) -> None:
        panel = self.query_one(ErrorPanel)
        panel.show()
        if self.app.view_model.board.groups and not self._errors_seen:
            self._errors_seen = True
            panel.add_class("open")

    @on(Input.Changed, "#filter")
    @guarded
    def _filter_typed(self, event: Input.Changed) -> None:
        self.table.set_filter(event.value)
        self.timeline.show_tasks(self.table.order)
        self._figures()

    @on(Input.Submitted, "#filter")
    @guarded
    def _filter_done(self) -> None:
        self.task_list.focus()

    @on(TaskList.Opened)
    @guarded
    def _open(self, event: TaskList.Opened) -> None:
        self.app.push_screen(TaskScreen(event.task_id))

    @on(ErrorPanel.Asked)
    @guarded
    def _asked(self, event: ErrorPanel.Asked) -> None:
        match event.action:
            case "retry":
                self.app.actions.retry(list(event.task_ids))
            case "rerun":
                self.app.actions.rerun(list(event.task_ids))
            case "show":
                self._put_filter(f"error:{event.category}")
                self.table.focus()

    def action_filter(self) -> None:
        field = self.query_one("#filter", Input)
        field.add_class("open")
        field.focus()

    def action_clear(self) -> None:
        """Step by step: the filter's field, the marks, the timeline."""
        field = self.query_one("#filter", Input)
        if field.has_class("open"):
            self._put_filter("")
            field.remove_class("open")
            self.say("")
            self.task_list.focus()
        elif self.table.marks:
            self.table.marks.clear()
            self.table.refresh()
            self.say("")
        elif self._shows_timeline:
            self.action_timeline()

    def action_mark(self) -> None:
        self.table.toggle_mark()
        self._figures()

    def action_sort(self, number: int) -> None:
        self.table.sort_by(number)
        self.timeline.show_tasks(self.table.order)

    def action_retry(self) -> None:
        self.app.actions.retry(self._chosen())

    def action_retry_all(self) -> None:
        rows = self.table.board.rows
        self.app.actions.retry([task_id for task_id in self.table.order if rows[task_id].state is State.FAILED])

    def action_rerun(self) -> None:
        self.app.actions.rerun(self._chosen())

    def action_cancel(self) -> None:
        self.app.actions.cancel(self._chosen())

    def action_pause(self) -> None:
        self.app.actions.toggle_pause()

    def action_coze_limit(self, step: int) -> None:
        self.app.actions.change_limit(Stage.COZE, step)

    def action_synthesis_limit(self, step: int) -> None:
        self.app.actions.change_limit(Stage.SYNTHESIS, step)

    def action_timeline(self) -> None:
        switcher = self.query_one(ContentSwitcher)
        if self._shows_timeline:
            switcher.current = "table"
        else:
            self.timeline.cursor_id = self.table.cursor_id
            self.timeline.show_tasks(self.table.order)
            switcher.current = "timeline"
            self.say(texts.TIMELINE_LEGEND.in_(self.app.lang))
        self.task_list.focus()

    def action_errors(self) -> None:
        panel = self.query_one(ErrorPanel)
        panel.show()
        panel.toggle_class("open")

    def action_log(self) -> None:
        self.app.push_screen(LogScreen())

    def action_link(self) -> None:
        if (row := self._current()) is not None:
            self.app.actions.open_link(row)

    def action_copy(self) -> None:
        if (row := self._current()) is not None:
            self.app.actions.copy(row)

    def _put_filter(self, text: str) -> None:
        field = self.query_one("#filter", Input)
        field.value = text
        field.set_class(bool(text), "open")
        self.table.set_filter(text)
        self.timeline.show_tasks(self.table.order)

    def _chosen(self) -> list[str]:
        if self._shows_timeline and not self.table.marks:
            return [self.timeline.cursor_id] if self.timeline.cursor_id else []
        return self.table.chosen()

    def _current(self) -> Row | None:
        cursor = self.task_list.cursor_id
        return self.table.board.rows.get(cursor) if cursor else None
