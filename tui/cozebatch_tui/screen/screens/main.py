"""The main screen: figures, gauges, the tasks, and the problems. Operators leave it open for hours."""

from __future__ import annotations

from typing import ClassVar, assert_never

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.widgets import ContentSwitcher, Input, Static

from cozebatch.model.rows import Row, Stage
from cozebatch.model.task import State
from cozebatch_tui.locale import screen as texts
from cozebatch_tui.presentation.cells import fit
from cozebatch_tui.screen.action_registry import Situation, bindings_of
from cozebatch_tui.screen.action_screen import ActionScreen
from cozebatch_tui.screen.error_boundary import guarded
from cozebatch_tui.screen.screens.log import LogScreen
from cozebatch_tui.screen.screens.task import TaskScreen
from cozebatch_tui.screen.view_model import Changes
from cozebatch_tui.screen.widgets.action_footer import ActionFooter
from cozebatch_tui.screen.widgets.error_panel import ErrorPanel
from cozebatch_tui.screen.widgets.filter_field import FilterField
from cozebatch_tui.screen.widgets.header import Gauges, Header
from cozebatch_tui.screen.widgets.task_list import TaskList
from cozebatch_tui.screen.widgets.task_table import TaskTable
from cozebatch_tui.screen.widgets.timeline import Timeline

_TICKING = frozenset({State.SUBMITTING, State.RUNNING, State.SYNTHESIZING})
"""States whose lines show a running time."""

FIGURES_EVERY = 6
"""Pumps between two refreshes of what changes with time alone."""


class MainScreen(ActionScreen):
    """Gets news through `apply`; its keys are those of docs/contract.md §1."""

    DEFAULT_CSS = """
    MainScreen #status { height: 1; color: $text-muted; padding: 0 1; }
    MainScreen ContentSwitcher { height: 1fr; }
    """

    SCOPE = "main"
    BINDINGS: ClassVar[list[BindingType]] = bindings_of("main")

    def __init__(self) -> None:
        super().__init__()
        self._pumps = 0
        self._resort = False
        self._errors_seen = False
        self._is_drawn = False
        self._status = ""

    def compose(self) -> ComposeResult:
        lang, board = self.host.lang, self.host.view_model.board
        yield Header(self.host.batch_title, lang)
        yield Gauges(lang)
        yield FilterField(lang)
        with ContentSwitcher(initial="table"):
            yield TaskTable(board, lang, id="table")
            yield Timeline(board, lang, id="timeline")
        yield ErrorPanel(board, lang)
        yield Static("", id="status", markup=False)
        yield ActionFooter("main")

    def on_mount(self) -> None:
        self._begin_drawing()

    def _begin_drawing(self) -> None:
        self._is_drawn = True
        self.table.rebuild()
        self.table.focus()
        self._show_errors()
        self._figures()
        self.say(self._status)

    async def recompose(self) -> None:
        """Redraw everything in another language. Marks, sorting, cursor, filter and problem panel stay."""
        before, problems_open = self.table, self.query_one(ErrorPanel).has_class("open")
        self._is_drawn = False
        await super().recompose()
        self.table.take_over(before)
        self.query_one(ErrorPanel).set_class(problems_open, "open")
        self._begin_drawing()
        if before.filter_text:
            self._put_filter(before.filter_text)

    def situation(self) -> Situation:
        rows = self.table.board.rows
        return Situation(
            chosen=[rows[task_id] for task_id in self._chosen()],
            current=self._current(),
            failed_shown=[rows[task_id] for task_id in self._failed_shown()],
            unfinished=self.table.board.unfinished > 0,
        )

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
        if self._is_drawn:  # a redraw in progress will show everything on the board anyway
            self._redraw(changes)
        if changes.finished is not None:
            self.say(self.text(texts.RUN_ENDED))

    def _redraw(self, changes: Changes) -> None:
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

    def say(self, text: str) -> None:
        """Show a line above the footer, or after a redraw in progress."""
        self._status = text
        for status in self.query("#status").results(Static):
            status.update(fit(text, max(10, self.size.width - 2)))

    def _figures(self) -> None:
        view_model = self.host.view_model
        small = len(view_model.board.rows) <= 500
        if self._pumps % (FIGURES_EVERY * (1 if small else 5)) == 0 or view_model.board.finished is not None:
            view_model.add_up()
        if self._pumps % (FIGURES_EVERY * 5) == 0 and view_model.board.unfinished:
            self.table.average_coze = view_model.average_coze()
        self.query_one(Header).show(view_model)
        self.query_one(Gauges).show(view_model)
        table = self.table
        lang = self.host.lang
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
        if self.host.view_model.board.groups and not self._errors_seen:
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
                self.task_actions.retry(list(event.task_ids))
            case "rerun":
                self.task_actions.rerun(list(event.task_ids))
            case "show":
                self._put_filter(f"error:{event.category}")
                self.table.focus()
            case _:
                assert_never(event.action)

    def action_filter(self) -> None:
        self.query_one(FilterField).open()

    def action_clear(self) -> None:
        """Close the filter, else clear the marks, else leave the timeline."""
        if self.query_one(FilterField).is_open:
            self._put_filter("")
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
        self.task_actions.retry(self._chosen())

    def action_retry_all(self) -> None:
        self.task_actions.retry(self._failed_shown())

    def action_rerun(self) -> None:
        self.task_actions.rerun(self._chosen())

    def action_cancel(self) -> None:
        self.task_actions.cancel(self._chosen())

    def action_pause(self) -> None:
        self.task_actions.toggle_pause()

    def action_coze_limit(self, step: int) -> None:
        self.task_actions.change_limit(Stage.COZE, step)

    def action_synthesis_limit(self, step: int) -> None:
        self.task_actions.change_limit(Stage.SYNTHESIS, step)

    def action_timeline(self) -> None:
        switcher = self.query_one(ContentSwitcher)
        if self._shows_timeline:
            switcher.current = "table"
        else:
            self.timeline.cursor_id = self.table.cursor_id
            self.timeline.show_tasks(self.table.order)
            switcher.current = "timeline"
            self.say(texts.TIMELINE_LEGEND.in_(self.host.lang))
        self.task_list.focus()

    def action_errors(self) -> None:
        panel = self.query_one(ErrorPanel)
        panel.show()
        panel.toggle_class("open")

    def action_open(self) -> None:
        self.task_list.action_open()

    def action_log(self) -> None:
        self.app.push_screen(LogScreen())

    def action_link(self) -> None:
        if (row := self._current()) is not None:
            self.task_actions.open_link(row)

    def action_copy(self) -> None:
        if (row := self._current()) is not None:
            self.task_actions.copy(row)

    def _put_filter(self, text: str) -> None:
        self.query_one(FilterField).put(text)
        self.table.set_filter(text)
        self.timeline.show_tasks(self.table.order)

    def _failed_shown(self) -> list[str]:
        rows = self.table.board.rows
        return [task_id for task_id in self.table.order if rows[task_id].state is State.FAILED]

    def _chosen(self) -> list[str]:
        if self._shows_timeline and not self.table.marks:
            return [self.timeline.cursor_id] if self.timeline.cursor_id else []
        return self.table.chosen()

    def _current(self) -> Row | None:
        cursor = self.task_list.cursor_id
        return self.table.board.rows.get(cursor) if cursor else None
