"""One task in full: what became of it and what can be done, its script, what was sent, the result, its submissions
and its log. The neighbours in the table's order are one key away."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import Collapsible, TabbedContent, TabPane, Tabs

from cozebatch.coze.output import parse_output
from cozebatch.model import events
from cozebatch.model.errors import CozebatchError
from cozebatch.model.rows import Row
from cozebatch.model.text import Lang
from cozebatch_tui.locale import task as texts
from cozebatch_tui.presentation.course import course
from cozebatch_tui.screen.action_keys import bindings_of, live_keys
from cozebatch_tui.screen.error_boundary import guarded
from cozebatch_tui.screen.situation import Situation
from cozebatch_tui.screen.task_action_screen import TaskActionScreen
from cozebatch_tui.screen.widgets import task_texts
from cozebatch_tui.screen.widgets.action_footer import ActionFooter
from cozebatch_tui.screen.widgets.figures import Figures, FittedFigures
from cozebatch_tui.screen.widgets.poster import Poster
from cozebatch_tui.screen.widgets.task_cards import CourseCard, FilesCard, ProblemCard, TaskHead

LOOKS_A_SECOND = 2


class TaskScreen(TaskActionScreen):
    """`order` gives the ids of the tasks as the table lists them; `on_turn` is told the task that is shown now."""

    DEFAULT_CSS = """
    TaskScreen #body { height: 1fr; }
    TaskScreen Poster { padding: 1; }
    TaskScreen #cards { height: auto; max-height: 60%; }
    TaskScreen TabbedContent { height: 1fr; border: round $line; }
    TaskScreen.-short TabbedContent { border: none; }
    TaskScreen Tabs:focus #tabs-list .-active { text-style: bold reverse; }
    TaskScreen ContentSwitcher { height: 1fr; }
    TaskScreen TabPane { padding: 0 1; height: 1fr; }
    TaskScreen TabPane VerticalScroll { height: 1fr; scrollbar-size-vertical: 1; }
    TaskScreen TabPane Figures { height: auto; }
    TaskScreen Collapsible { border: none; padding: 0; margin-top: 1; background: transparent; }
    """

    SCOPE = "task"
    BINDINGS: ClassVar[list[BindingType]] = bindings_of("task")

    def __init__(
        self,
        task_id: str,
        order: Callable[[], Sequence[str]] | None = None,
        on_turn: Callable[[str], None] = lambda _: None,
    ) -> None:
        super().__init__()
        self._task_id = task_id
        self._order = order
        self._on_turn = on_turn
        self._loaded: tuple[object, ...] | None = None
        self._details: task_texts.Details | None = None
        self._told: list[events.Event] = []
        self._logged = 0
        self._is_drawn = False

    def compose(self) -> ComposeResult:
        lang = self.host.lang
        yield TaskHead()
        with Horizontal(id="body"):
            yield Poster()
            yield from self._parts(lang)
        yield ActionFooter("task")

    def _parts(self, lang: Lang) -> ComposeResult:
        with Vertical():
            with VerticalScroll(id="cards", can_focus=False):
                yield CourseCard()
                yield ProblemCard()
                yield FilesCard()
            with TabbedContent():
                for name, title in texts.TABS.items():
                    with TabPane(Content(title.in_(lang).format(count="")), id=name), VerticalScroll(can_focus=False):
                        yield Figures(id=f"{name}-text")
                        if name == "result":
                            yield Collapsible(Figures(id="whole"), title=texts.JSON.in_(lang))

    def on_mount(self) -> None:
        self._begin_drawing()
        self.set_interval(1 / LOOKS_A_SECOND, self._look)

    def _begin_drawing(self) -> None:
        self._is_drawn = True
        self.query_one(Tabs).focus()
        self._look()
        self._draw_details()

    async def recompose(self) -> None:
        """Redraw in another language; the tab, what is unfolded and how far it was scrolled stay."""
        self._is_drawn = False
        tab, folded = self.query_one(TabbedContent).active, self.query_one(Collapsible).collapsed
        scrolled = {name: self.query_one(f"#{name} VerticalScroll").scroll_offset.y for name in texts.TABS}
        await super().recompose()
        self.query_one(TabbedContent).active = tab
        self.query_one(Collapsible).collapsed = folded
        self._begin_drawing()
        for name, y in scrolled.items():
            self.call_after_refresh(self.query_one(f"#{name} VerticalScroll").scroll_to, y=y, animate=False)

    @property
    def row(self) -> Row:
        return self.host.view_model.board.rows[self._task_id]

    @property
    def order(self) -> Sequence[str]:
        """The tasks that can be turned to; this one is among them, though the filter may hide it by now."""
        listed = self._order() if self._order is not None else list(self.host.view_model.board.rows)
        return listed if self._task_id in listed else [self._task_id, *listed]

    def situation(self) -> Situation:
        row = self.row
        return Situation(chosen=[row], current=row, unfinished=not row.state.is_end, in_browser=self.host.in_browser)

    @guarded
    def on_resize(self) -> None:
        self.call_after_refresh(self._look)

    @on(FittedFigures.Sized)
    @guarded
    def _sized(self) -> None:
        self._look()

    @guarded
    def _look(self) -> None:
        """Bring the cards up to date; read the journal again where the task has moved."""
        if not self._is_drawn or not self.is_attached:
            return
        row, board = self.row, self.host.view_model.board
        news = self._take_events()
        self._draw_cards(row, board.clock)
        if news:
            self._draw_log()
        moved = (self._task_id, row.state, row.entered_clock, row.submissions, row.fingerprint, row.error)
        if news or moved != self._loaded:
            self._loaded = moved
            self.query_one(ActionFooter).show()
            self.run_worker(self._load(row), exclusive=True, exit_on_error=False)

    def _draw_cards(self, row: Row, now: float) -> None:
        keys, order = live_keys(self), self.order
        with_films = self.host.films_folder is not None
        self.query_one(TaskHead).show(row, order.index(self._task_id) + 1, len(order), keys)
        tiny, has_problem = self.size.height < 16, row.error is not None or row.note is not None
        self.query_one(CourseCard).display = not (tiny and has_problem)
        self.query_one(CourseCard).show(row, course(row, now, self._told, with_films=with_films))
        self.query_one(ProblemCard).show(row, keys)
        self.query_one(Poster).show(row.video_path if self.has_class("-wide") else None)
        self.query_one(FilesCard).show(row, keys, compact=self.size.height < 30)

    def _take_events(self) -> bool:
        """Collect what was told of this task since the last look. True if there was any of it."""
        view_model = self.host.view_model
        fresh = min(len(view_model.log), view_model.logged - self._logged)
        self._logged = view_model.logged
        if fresh <= 0:
            return False
        log = view_model.log
        found = [log[n] for n in range(len(log) - fresh, len(log)) if getattr(log[n], "task_id", None) == self._task_id]
        self._told += found
        return bool(found)

    async def _load(self, row: Row) -> None:
        """Read what the journal has of the task, in the engine's thread."""
        try:
            found = await asyncio.wrap_future(self.host.session.task_facts(row.task_id))
        except CozebatchError as error:
            self.host.say(str(error), severity="error")
            return
        if row.task_id == self._task_id:
            parsed = parse_output(found.output) if found.output else {}
            self._details = task_texts.Details(
                found.task, found.edit, found.parameters, parsed, found.executions, found.asked
            )
            self._draw_details()

    def _draw_details(self) -> None:
        if not self._is_drawn or not self.is_attached:
            return
        lang, details = self.host.lang, self._details
        self._draw_log()
        if details is None:
            for name in ("script", "sent", "result", "submissions"):
                self._text(name).draw(Content(""))
            return
        self._text("script").draw(task_texts.script(details, lang))
        self._text("sent").draw(task_texts.sent(details, lang))
        self._text("result").draw(task_texts.result(details, self.row, lang))
        self.query_one("#whole", Figures).draw(task_texts.whole(details))
        self.query_one(Collapsible).display = bool(details.output)
        self._text("submissions").draw(task_texts.submissions(details, lang))
        self._label("submissions", len(details.executions))

    def _draw_log(self) -> None:
        self._text("log").draw(task_texts.log(self._told, self.host.lang))
        self._label("log", len(self._told))

    def _text(self, name: str) -> Figures:
        return self.query_one(f"#{name}-text", Figures)

    def _label(self, name: str, count: int) -> None:
        label = texts.TABS[name].in_(self.host.lang).format(count=count or "").strip()
        tab = self.query_one(TabbedContent).get_tab(name)
        if str(tab.label) != label:
            tab.label = Content(label)

    def action_turn(self, step: int) -> None:
        """To a neighbour in the table's order."""
        order = self.order
        place = min(max(0, order.index(self._task_id) + step), len(order) - 1)
        if order[place] == self._task_id:
            return
        self._task_id = order[place]
        self._details, self._told, self._logged = None, [], 0
        self._on_turn(self._task_id)
        self._draw_details()
        self._look()
        self.query_one(ActionFooter).show()

    def action_scroll_text(self, pages: int) -> None:
        pane = self.query_one(TabbedContent).active_pane
        if pane is not None:
            scroll = pane.query_one(VerticalScroll)
            scroll.scroll_relative(y=pages * max(1, scroll.size.height - 1), animate=False)

    def chosen_ids(self) -> list[str]:
        return [self._task_id]

    def action_answer(self) -> None:
        if self.row.waits:
            self.task_actions.answer(self.row)

    def current_row(self) -> Row:
        return self.row
