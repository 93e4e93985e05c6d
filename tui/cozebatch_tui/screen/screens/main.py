"""The main screen: how the batch stands, what needs a person, the tasks. Operators leave it open all day."""

from __future__ import annotations

from typing import ClassVar, assert_never

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal
from textual.widgets import ContentSwitcher, Input

from cozebatch.model.rows import Row, Stage
from cozebatch.model.task import State
from cozebatch_tui.locale import screen as texts
from cozebatch_tui.screen.action_keys import bindings_of, live_keys
from cozebatch_tui.screen.error_boundary import guarded
from cozebatch_tui.screen.screens.log import LogScreen
from cozebatch_tui.screen.screens.task import TaskScreen
from cozebatch_tui.screen.situation import Situation
from cozebatch_tui.screen.task_action_screen import TaskActionScreen
from cozebatch_tui.screen.view_model import Changes
from cozebatch_tui.screen.widgets.action_footer import ActionFooter
from cozebatch_tui.screen.widgets.attention import AttentionStrip
from cozebatch_tui.screen.widgets.detail_panel import DetailPanel
from cozebatch_tui.screen.widgets.filter_pane import FilterPane
from cozebatch_tui.screen.widgets.header import Header
from cozebatch_tui.screen.widgets.problems import ProblemDrawer
from cozebatch_tui.screen.widgets.task_list import TaskList
from cozebatch_tui.screen.widgets.task_table import TaskTable
from cozebatch_tui.screen.widgets.timeline import Timeline

_TICKING = frozenset({State.SUBMITTING, State.RUNNING, State.SYNTHESIZING})
"""States whose lines show a running time."""

FIGURES_EVERY = 6
"""Pumps between two refreshes of what changes with time alone."""


_PARTS = (Header, FilterPane, TaskTable, DetailPanel, ProblemDrawer, AttentionStrip, ActionFooter)
"""What is drawn anew as the batch goes on."""


class MainScreen(TaskActionScreen):
    """Gets news through `apply`; its keys are those of docs/contract.md §1."""

    DEFAULT_CSS = """
    MainScreen #body { height: 1fr; }
    MainScreen ContentSwitcher { width: 1fr; height: 1fr; }
    """

    SCOPE = "main"
    BINDINGS: ClassVar[list[BindingType]] = bindings_of("main")

    def __init__(self) -> None:
        super().__init__()
        self._pumps = 0
        self._unshown = False
        """Something has changed since the figures were drawn."""
        self._resort = False
        self._is_drawn = False
        self._follows = False
        """The cursor goes to whichever task has moved last."""

    def compose(self) -> ComposeResult:
        lang, board = self.host.lang, self.host.view_model.board
        yield Header()
        yield FilterPane(board, lang)
        with Horizontal(id="body"):
            with ContentSwitcher(initial="table"):
                yield TaskTable(board, lang, id="table")
                yield Timeline(board, lang, id="timeline")
            yield DetailPanel()
        yield ProblemDrawer(board, lang)
        yield AttentionStrip()
        yield ActionFooter("main")

    def on_mount(self) -> None:
        # An application that leaves meanwhile makes no more of it, or has taken some of it out again.
        parts = [next(iter(self.query(kind)), None) for kind in _PARTS]
        if all(part is not None and part.is_mounted and part.is_attached for part in parts):
            self._begin_drawing()
            self.table.focus()

    def _begin_drawing(self) -> None:
        self._is_drawn = True
        self.table.pace = self.host.view_model.pace()
        self.table.rebuild()
        self.query_one(ProblemDrawer).show()
        self._figures()

    async def recompose(self) -> None:
        """Redraw everything in another language. Marks, sorting, cursor, filter, focus and what is open stay."""
        before, drawer_open = self.table, self.drawer_open
        shows_timeline, timeline = self._shows_timeline, self.timeline
        focused = type(self.focused) if self.focused is not None else TaskTable
        self._is_drawn = False
        await super().recompose()
        self.table.take_over(before)
        self.drawer_open = drawer_open
        self._begin_drawing()
        if before.filter_text:
            self._put_filter(before.filter_text)
        if shows_timeline:
            self.timeline.take_over(timeline)
            self._lay_out_timeline()
            self.query_one(ContentSwitcher).current = "timeline"
        found = self.query(focused)
        (found.first() if found else self.task_list).focus()

    def situation(self) -> Situation:
        if not self._is_drawn:
            return Situation()
        rows = self.table.board.rows
        return Situation(
            chosen=[rows[task_id] for task_id in self.chosen_ids()],
            current=self.current_row(),
            failed_shown=[rows[task_id] for task_id in self._failed_shown()],
            unfinished=self.table.board.unfinished > 0,
            waiting=self.host.waiting,
            timeline=self._shows_timeline,
            has_films=self.table.board.counts[State.DONE] > 0,
            in_browser=self.host.in_browser,
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

    @property
    def drawer_open(self) -> bool:
        return self.query_one(ProblemDrawer).has_class("open")

    @drawer_open.setter
    def drawer_open(self, is_open: bool) -> None:
        """The drawer takes the strip's place."""
        self.query_one(ProblemDrawer).set_class(is_open, "open")
        self.query_one(AttentionStrip).display = not is_open

    def apply(self, changes: Changes) -> None:
        """Repaint what changed; sort and figures a few times a second at most."""
        if self._is_drawn:  # a redraw in progress will show everything on the board anyway
            self._filter_typed()
            self._redraw(changes)

    def _redraw(self, changes: Changes) -> None:
        self._pumps += 1
        table = self.table
        if changes.new_rows:
            table.rebuild()
        elif changes.dirty:
            self._resort = self._resort or table.moves(changes.dirty)
            table.refresh_tasks(changes.dirty)
            if self._follows:
                rows = table.board.rows
                self.task_list.go_to(max(changes.dirty, key=lambda task_id: rows[task_id].entered_clock or 0.0))
        if changes.errors:
            self.query_one(ProblemDrawer).show()
        self._unshown = self._unshown or changes.any
        every = FIGURES_EVERY if self._unshown else 2 * FIGURES_EVERY  # with nothing new only the clock goes on
        if self._pumps % every == 0 or changes.new_rows or changes.finished:
            self._unshown = False
            if self._resort or (table.ticks and self._pumps % (2 * FIGURES_EVERY) == 0):
                self._resort = False
                table.rebuild()
            self._figures()
            if changes.any or self._pumps % (2 * FIGURES_EVERY) == 0:
                table.refresh_tasks(
                    task_id for task_id in table.visible_tasks() if table.board.rows[task_id].state in _TICKING
                )
            if self._shows_timeline:
                self._lay_out_timeline()

    def _figures(self) -> None:
        view_model, table = self.host.view_model, self.table
        small = len(view_model.board.rows) <= 500
        if small or self._pumps % (FIGURES_EVERY * 5) == 0 or view_model.board.finished is not None:
            view_model.add_up()
        if self._pumps % (FIGURES_EVERY * 5) == 0 and view_model.board.unfinished:
            table.pace = view_model.pace()
        self.query_one(Header).show(view_model, draining=self.host.is_draining)
        films = None if self.host.in_browser else self.host.films_folder
        self.query_one(AttentionStrip).show(view_model, live_keys(self), films=films)
        self._show_detail()
        self.query_one(FilterPane).show()
        self.query_one(ActionFooter).show()

    def _show_detail(self) -> None:
        self.query_one(DetailPanel).show(self.table.board, self.task_list.cursor_id)

    @on(TaskList.Moved)
    @guarded
    def _moved(self) -> None:
        if self._is_drawn:
            self.table.show_place()
            self._show_detail()
            self.query_one(ActionFooter).show()

    def _filter_typed(self) -> None:
        typed = self.query_one(FilterPane).take_typed()
        if typed is not None:
            self._filter_by(typed)

    def _filter_by(self, text: str) -> None:
        self.table.set_filter(text)
        self._lay_out_timeline()

    @on(Input.Submitted, "#filter")
    @guarded
    def _filter_done(self) -> None:
        self._filter_typed()
        self.task_list.focus()

    @on(TaskList.Opened)
    @guarded
    def _open(self, event: TaskList.Opened) -> None:
        self.app.push_screen(TaskScreen(event.task_id, lambda: self.table.order, self._turn_to))

    def _turn_to(self, task_id: str) -> None:
        """The cursor goes along with the task that is shown in full."""
        if self._is_drawn:
            self.task_list.go_to(task_id)

    @on(ProblemDrawer.Asked)
    @guarded
    def _asked(self, event: ProblemDrawer.Asked) -> None:
        self.task_list.focus()
        match event.action:
            case "retry":
                self.task_actions.retry(list(event.task_ids))
            case "rerun":
                self.task_actions.rerun(list(event.task_ids))
            case "show":
                self._put_filter(f"error:{event.category}")
            case _:
                assert_never(event.action)

    def action_filter(self) -> None:
        self.query_one(FilterPane).open()

    def action_filter_by(self, state: str) -> None:
        """Show the tasks in this state only; once more, all."""
        self._put_filter(self.query_one(FilterPane).other(State(state)))
        self.task_list.focus()

    def action_clear(self) -> None:
        """Close the filter, else clear the marks, else leave the timeline."""
        if self.query_one(FilterPane).is_open:
            self._put_filter("")
            self.task_list.focus()
        elif self.table.marks:
            self.table.marks.clear()
            self.table.refresh()
            self.table.show_place()
        elif self.drawer_open:
            self.action_errors()
        elif self._shows_timeline:
            self.action_timeline()

    def action_mark(self) -> None:
        self.table.toggle_mark()
        self._moved()

    def action_sort(self, number: int) -> None:
        self.table.sort_by(number)
        self._lay_out_timeline()

    def action_retry_all(self) -> None:
        self.task_actions.retry(self._failed_shown())

    def action_pause(self) -> None:
        self.task_actions.toggle_pause()

    def action_allow(self) -> None:
        self.task_actions.allow()

    def action_coze_limit(self, step: int) -> None:
        self.task_actions.change_limit(Stage.COZE, step)

    def action_synthesis_limit(self, step: int) -> None:
        self.task_actions.change_limit(Stage.SYNTHESIS, step)

    def action_follow(self) -> None:
        self._follows = not self._follows
        self.host.say(self.text(texts.FOLLOWS if self._follows else texts.FOLLOWS_NOT))

    def action_timeline(self) -> None:
        switcher = self.query_one(ContentSwitcher)
        if self._shows_timeline:
            switcher.current = "table"
        else:
            self.timeline.cursor_id = self.table.cursor_id
            self._lay_out_timeline()
            switcher.current = "timeline"
        self.task_list.focus()

    def _lay_out_timeline(self) -> None:
        """In the operator's order; unless sorted, the newest submissions first."""
        self.timeline.show(self.table.order, by_time=self.table.sort_column is None)

    def action_zoom(self, step: int) -> None:
        if self._shows_timeline:
            self.timeline.zoom(step)
            self._lay_out_timeline()

    def action_zoom_all(self) -> None:
        if self._shows_timeline:
            self.timeline.zoom_all()
            self._lay_out_timeline()

    def action_errors(self) -> None:
        """Open the drawer, and go into it; or close it."""
        self.query_one(ProblemDrawer).show()
        self.drawer_open = not self.drawer_open
        (self.query_one(ProblemDrawer) if self.drawer_open else self.task_list).focus()

    def action_open(self) -> None:
        self.task_list.action_open()

    def action_log(self) -> None:
        self.app.push_screen(LogScreen(self.table.marks))

    def action_continue(self) -> None:
        self.host.go_on()

    def action_report(self) -> None:
        self.host.write_report()

    def _put_filter(self, text: str) -> None:
        self.query_one(FilterPane).put(text)
        self._filter_by(text)

    def _failed_shown(self) -> list[str]:
        rows = self.table.board.rows
        return [task_id for task_id in self.table.order if rows[task_id].state is State.FAILED]

    def chosen_ids(self) -> list[str]:
        if self._shows_timeline and not self.table.marks:
            return [self.timeline.cursor_id] if self.timeline.cursor_id else []
        return self.table.chosen()

    def current_row(self) -> Row | None:
        cursor = self.task_list.cursor_id
        return self.table.board.rows.get(cursor) if cursor else None
