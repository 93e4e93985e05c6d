"""The screen before anything is paid: what it costs, what is reused, how long it takes, and what the checks say.

Nothing on it starts a batch but its own key, its own button, and a number for a trial; what was typed before it could
be read counts for nothing (`typed_ahead`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.events import Mount
from textual.widgets import Button, Input

from cozebatch.batch.preview import Preview
from cozebatch.model.check_item import CheckItem
from cozebatch.model.errors import JournalError, UsageError
from cozebatch.model.sanitize import clean
from cozebatch.model.text import Text
from cozebatch_tui.locale import start as texts
from cozebatch_tui.presentation.formatting import short_origin
from cozebatch_tui.screen.action_keys import bindings_of, live_keys
from cozebatch_tui.screen.action_screen import ActionScreen
from cozebatch_tui.screen.error_boundary import guarded
from cozebatch_tui.screen.widgets.action_footer import ActionFooter
from cozebatch_tui.screen.widgets.figures import Figures, FittedFigures, clickable, spread
from cozebatch_tui.screen.widgets.filter_field import FilterField
from cozebatch_tui.screen.widgets.plan_cards import Checks, PlanCards
from cozebatch_tui.screen.widgets.plan_list import PlanList
from cozebatch_tui.screen.widgets.plan_remarks import PlanRemarks
from cozebatch_tui.screen.widgets.task_list import TaskList

GRACE = 0.7
"""Seconds for which the screen must be seen before a key counts."""


class StartScreen(ActionScreen[Preview]):
    """Gives back what is to be run, or None if the operator leaves."""

    DEFAULT_CSS = """
    StartScreen #top { height: 1; background: $raised; padding: 0 1; }
    StartScreen #buttons { height: 1; padding: 0 1; margin: 1 0; }
    StartScreen Button { margin-right: 2; padding: 0 2; }
    StartScreen.-short #buttons { margin: 0; }
    StartScreen.-narrow Button { margin-right: 1; padding: 0; }
    StartScreen.-narrow #buttons.-choice #leave { display: none; }
    /* The lines at the bottom say what can be done: nothing that is told for a while stands over them. */
    StartScreen ToastRack { margin-bottom: 4; }
    """
    SCOPE = "start"
    BINDINGS: ClassVar[list[BindingType]] = bindings_of("start")

    def __init__(
        self, preview: Preview, notes: Sequence[Text], preflight: Callable[[], Future[Sequence[CheckItem]]]
    ) -> None:
        super().__init__()
        self._preflight = preflight
        self._preview = preview
        self._notes = notes
        self._items: Sequence[CheckItem] | None = None
        self._complaints: Sequence[Text] = ()
        self._wanted: Preview | None = None
        """What begins as soon as the checks have passed."""
        self._usual: float | None = None
        self.shown_at = Mount().time + GRACE
        """From when on keys count; the clock is that of Textual's events."""

    def compose(self) -> ComposeResult:
        lang = self.host.lang
        yield Figures(id="top")
        yield PlanCards()
        yield PlanRemarks(self._notes)
        yield FilterField(texts.FIND, lang)
        yield PlanList(self._preview.tasks, lang)
        with Horizontal(id="buttons", classes="-choice" if self._preview.reusable else ""):
            paid = self._preview.new_executions
            yield Button("", id="start", variant="warning" if paid else "success", compact=True)
            if self._preview.new_executions > 1:
                yield Button(Content(texts.TRY.in_(lang)), id="canary", compact=True)
            if self._preview.reusable:
                yield Button("", id="reuse", compact=True)
            yield Button("", id="leave", compact=True)
        yield ActionFooter("start")

    def on_mount(self) -> None:
        self._begin_drawing()
        self.run_worker(self._look(), exclusive=True, exit_on_error=False)

    def _begin_drawing(self) -> None:
        self.list.show_all()
        self.list.focus()
        self._show()

    async def recompose(self) -> None:
        before = self.list
        await super().recompose()
        self.list.unticked, self.list.cursor_id = before.unticked, before.cursor_id
        self._begin_drawing()

    @property
    def list(self) -> PlanList:
        return self.query_one(PlanList)

    @property
    def chosen(self) -> Preview:
        """The plan without what was unticked."""
        return self._preview.without(self.list.unticked)

    async def _look(self) -> None:
        """Run the checks; then begin, if the operator has said so meanwhile."""
        self._items, self._complaints = None, ()
        self._show()
        session = self.host.session
        try:
            self._usual = await asyncio.wrap_future(session.usual_seconds())
            self._items = await asyncio.wrap_future(self._preflight()) if self._preview.has_work else ()
        except UsageError as refused:
            self._complaints = refused.complaints
        except JournalError as refused:
            self._complaints = (refused.text,)
        wanted, self._wanted = self._wanted, None
        if self._items is not None and wanted is not None:
            self.call_later(self._leave, wanted)  # not from here: the screen ends this worker when it goes
        self._show()

    @guarded
    def _show(self) -> None:
        self._show_top()
        self._show_cards()
        lang, keys = self.host.lang, live_keys(self)
        paid = self.chosen.new_executions
        key = next(iter(keys.get("start", ())), "s")
        label = (
            texts.START.in_(lang).format(key=key, count=paid) if paid else texts.START_FREE.in_(lang).format(key=key)
        )
        self.query_one("#start", Button).label = Content(label)
        if self._preview.reusable:
            reuse = texts.PAY_AGAIN if self._preview.reuse else texts.REUSE
            key = next(iter(keys.get("reuse", ())), "u")
            label = reuse.in_(lang).format(key=key, count=self._preview.reusable)
            self.query_one("#reuse", Button).label = Content(label)
        leave = next(iter(keys.get("leave", ())), "q")
        self.query_one("#leave", Button).label = Content(texts.LEAVE.in_(lang).format(key=leave))

    def _show_top(self) -> None:
        lang, preview = self.host.lang, self._preview
        run = (
            texts.CONTINUES.in_(lang).format(run_id=preview.run.run_id)
            if preview.continuing
            else texts.NEW_BATCH.in_(lang)
        )
        left = Content.assemble(
            ("cozebatch", "bold $stage-coze"),
            f"  {texts.TITLE.in_(lang)}",
            (f"  {clean(self.host.origin or short_origin(preview.origin), 200)}", "$muted"),
        )
        other = "EN" if lang == "zh" else "中文"
        right = Content.assemble((run, "$muted"), "  ", clickable(f"F2 {other}", "app.switch_lang", "$muted"))
        top = self.query_one("#top", Figures)
        top.draw(spread(left, right, max(20, self.size.width - 2)))

    @on(TaskList.Moved)
    @guarded
    def _moved(self) -> None:
        self._show()

    def _show_cards(self) -> None:
        checks = Checks(self._items, self._complaints, starts_after=self._wanted is not None)
        chosen = self.chosen
        self.query_one(PlanCards).show(chosen, checks, self._usual)
        self.query_one(PlanRemarks).show(chosen, checks)

    @on(FittedFigures.Sized)
    @guarded
    def _sized(self) -> None:
        self._show()

    @guarded
    def on_resize(self) -> None:
        self.call_after_refresh(self._show)

    @on(Input.Changed, "#filter")
    @guarded
    def _filter_typed(self, event: Input.Changed) -> None:
        self.list.filter(event.value)

    @on(Input.Submitted, "#filter")
    @guarded
    def _filter_done(self) -> None:
        self.list.focus()

    def on_button_pressed(self, event: Button.Pressed) -> None:
        match event.button.id:
            case "start":
                self.action_start()
            case "canary":
                self.action_try(1)
            case "reuse":
                self.action_reuse()
            case _:
                self.action_leave_start()

    def action_start(self) -> None:
        self._begin(self.chosen)

    def action_try(self, count: int) -> None:
        """Begin with a trial; the rest is started with one key, or stays for the next start."""
        self._begin(self.chosen.canary(count))

    def action_tick(self) -> None:
        self.list.tick()

    def action_reuse(self) -> None:
        """Rows that were paid for as others: have their results, or pay for them again. Nothing begins by it."""
        if self._preview.reusable:
            self._preview = self._preview.reusing(not self._preview.reuse)
            self.list.put(self._preview.tasks)
            self._show()

    def action_filter(self) -> None:
        self.query_one(FilterField).open()

    def action_leave_start(self) -> None:
        field = self.query_one(FilterField)
        if field.is_open:
            field.put("")
            self.list.filter("")
            self.list.focus()
        else:
            self.dismiss(None)

    def _begin(self, wanted: Preview) -> None:
        if self._items is not None:
            self._leave(wanted)
            return
        self._wanted = wanted
        if self._complaints:  # perhaps they were put right meanwhile
            self.run_worker(self._look(), exclusive=True, exit_on_error=False)
        self._show()

    def _leave(self, wanted: Preview) -> None:
        """Begin. What was told about the way here is of no use on the next screen, and would stand over it."""
        self.app.clear_notifications()
        self.dismiss(wanted)

    @property
    def is_checked(self) -> bool:
        """Whether the checks are through, well or not."""
        return self._items is not None or bool(self._complaints)

    @property
    def is_refused(self) -> bool:
        """Whether the checks have failed."""
        return bool(self._complaints)
