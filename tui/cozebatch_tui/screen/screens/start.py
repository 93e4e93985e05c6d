"""The screen before anything is paid: what it costs, what is reused, how long it takes, and what the checks say.

Nothing on it starts a batch but its own key, its own button, and a number for a trial; what was typed before it could
be read counts for nothing (`typed_ahead`).
"""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.events import Mount
from textual.message import Message
from textual.widgets import Button, Input

from cozebatch.batch.preview import Preview
from cozebatch.model.check_item import CheckItem, Level
from cozebatch.model.errors import JournalError, UsageError
from cozebatch.model.sanitize import clean
from cozebatch.model.text import Text
from cozebatch.planning.planned import Action
from cozebatch.synthesis.failures import existing_parent
from cozebatch_tui.locale import start as texts
from cozebatch_tui.presentation.allowed import allowed
from cozebatch_tui.presentation.formatting import duration, short_origin, size_of
from cozebatch_tui.presentation.tones import Tone
from cozebatch_tui.screen.action_registry import bindings_of, live_keys
from cozebatch_tui.screen.action_screen import ActionScreen
from cozebatch_tui.screen.error_boundary import guarded
from cozebatch_tui.screen.view_model import GUESS
from cozebatch_tui.screen.widgets.action_footer import ActionFooter
from cozebatch_tui.screen.widgets.figures import Figures, Part, clickable, spread
from cozebatch_tui.screen.widgets.filter_field import FilterField
from cozebatch_tui.screen.widgets.plan_list import TONES, PlanList
from cozebatch_tui.screen.widgets.task_list import TaskList

GRACE = 0.7
"""Seconds for which the screen must be seen before a key counts."""


class _CostCard(Figures):
    """Tells when its width changes: that comes after the screen's own, when the cards are laid out anew."""

    class Sized(Message):
        """The card has another size."""

    def on_resize(self) -> None:
        self.post_message(self.Sized())


class StartScreen(ActionScreen[Preview]):
    """Gives back what is to be run, or None if the operator leaves."""

    DEFAULT_CSS = """
    StartScreen #cards { height: 9; }
    StartScreen #cards Figures { width: 1fr; height: 100%; border: round $line; padding: 0 1; }
    StartScreen #cards Figures { border-title-color: $muted; }
    StartScreen #top { height: 1; background: $raised; padding: 0 1; }
    StartScreen #buttons { height: 1; padding: 0 1; margin: 1 0; }
    StartScreen Button { margin-right: 2; padding: 0 2; }
    StartScreen.-short #cards { height: 6; }
    StartScreen.-short #buttons { margin: 0; }
    StartScreen.-narrow #how { display: none; }
    """
    SCOPE = "start"
    BINDINGS: ClassVar[list[BindingType]] = bindings_of("start")

    def __init__(self, preview: Preview, notes: Sequence[Text]) -> None:
        super().__init__()
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
        with Horizontal(id="cards"):
            yield _CostCard(id="cost")
            yield Figures(id="how")
        yield FilterField(texts.FIND, lang)
        yield PlanList(self._preview.tasks, lang)
        with Horizontal(id="buttons"):
            paid = self._preview.new_executions
            yield Button("", id="start", variant="warning" if paid else "success", compact=True)
            if self._preview.new_executions > 1:
                yield Button(Content(texts.TRY.in_(lang)), id="canary", compact=True)
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
            self._items = await asyncio.wrap_future(session.preflight()) if self._preview.has_work else ()
        except UsageError as refused:
            self._complaints = refused.complaints
        except JournalError as refused:
            self._complaints = (refused.text,)
        wanted, self._wanted = self._wanted, None
        if self._items is not None and wanted is not None:
            self.call_later(self.dismiss, wanted)  # not from here: the screen ends this worker when it goes
        self._show()

    @guarded
    def _show(self) -> None:
        self._show_top()
        self._show_cost()
        self._show_how()
        lang, keys = self.host.lang, live_keys(self)
        paid = self.chosen.new_executions
        key = next(iter(keys.get("start", ())), "s")
        label = (
            texts.START.in_(lang).format(key=key, count=paid) if paid else texts.START_FREE.in_(lang).format(key=key)
        )
        self.query_one("#start", Button).label = Content(label)
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
            (f"  {clean(short_origin(preview.origin), 200)}", "$muted"),
        )
        other = "EN" if lang == "zh" else "中文"
        right = Content.assemble((run, "$muted"), "  ", clickable(f"F2 {other}", "app.switch_lang", "$muted"))
        top = self.query_one("#top", Figures)
        top.draw(spread(left, right, max(20, self.size.width - 2)))

    def _show_cost(self) -> None:
        card, lang, preview = self.query_one("#cost", Figures), self.host.lang, self.chosen
        card.title(texts.COST.in_(lang))
        if not self.query_one("#how").display:
            card.draw(self._in_short(preview, max(10, card.size.width)))
            return
        lines: list[Content] = []
        for action in Action:
            number = preview.actions.get(action, 0)
            if number or action is Action.SUBMIT:
                style = f"bold ${TONES[action]}" if number else "bold"
                lines.append(Content.assemble((f"{number:>5}  ", style), texts.AMOUNTS[action].in_(lang)))
        if preview.owed:
            lines.append(Content.styled("       " + texts.OWED.in_(lang).format(count=preview.owed), "$muted"))
        room = max(2, card.size.height - 1) if card.size.height else 6
        card.draw(Content("\n").join([*lines[:room], self._bar(preview, max(10, card.size.width))]))

    def _in_short(self, preview: Preview, width: int) -> Content:
        """Both cards in four lines."""
        lang = self.host.lang
        amounts = [
            Content.assemble((str(preview.actions[action]), f"bold ${TONES[action]}"), f" {text.in_(lang)}")
            for action, text in texts.WHAT.items()
            if preview.actions.get(action, 0)
        ]
        dot = f" {self.host.look.glyphs.dot} "
        coze, synthesis = self.host.session.limits
        how = [self._takes(coze), texts.LIMITS.in_(lang).format(coze=coze, synthesis=synthesis), self._films()]
        return Content("\n").join(
            [Content("  ").join(amounts), self._bar(preview, width), Content(dot.join(how)), self._checks()]
        )

    def _bar(self, preview: Preview, width: int) -> Content:
        """What is done to how many, in the colours of the list."""
        total, glyphs = max(1, len(preview.tasks)), self.host.look.glyphs
        parts: list[Part] = []
        taken = reached = 0
        for action in Action:
            reached += preview.actions.get(action, 0)
            cells = round(width * reached / total) - taken
            parts.append((glyphs.eighths[-1] * cells, f"${TONES[action]}"))
            taken += cells
        return Content.assemble(*parts)

    def _show_how(self) -> None:
        card, lang, session = self.query_one("#how", Figures), self.host.lang, self.host.session
        card.title(texts.HOW.in_(lang))
        coze, synthesis = session.limits
        lines = [
            _named(texts.CONCURRENCY.in_(lang), texts.LIMITS.in_(lang).format(coze=coze, synthesis=synthesis)),
            _named(texts.TAKES.in_(lang), self._takes(coze)),
            _named(texts.FILMS.in_(lang), self._films()),
            Content.assemble((f"{texts.CHECKS.in_(lang)}  ", "$muted"), self._checks()),
        ]
        card.draw(Content("\n").join(lines))

    def _takes(self, limit: int) -> str:
        lang, number = self.host.lang, self.chosen.new_executions
        if not number:
            return texts.NOTHING_NEW.in_(lang)
        each = self._usual or GUESS
        whole = duration(-(-number // max(1, limit)) * each)
        text = texts.ABOUT if self._usual else texts.GUESS
        return text.in_(lang).format(time=whole, each=duration(each))

    def _films(self) -> str:
        lang, folder = self.host.lang, self.host.films_folder
        if folder is None:
            return texts.NO_FILMS.in_(lang)
        try:
            free = size_of(shutil.disk_usage(existing_parent(Path(folder).absolute())).free)
        except OSError:
            return clean(folder, 120)
        return texts.FREE_SPACE.in_(lang).format(folder=clean(folder, 120), free=free)

    def _checks(self) -> Content:
        lang, glyphs = self.host.lang, self.host.look.glyphs
        if self._complaints:
            lines = [Content.styled(f"{glyphs.bad} {texts.FAILED.in_(lang)}", f"bold ${Tone.FAILED}")]
            lines += [Content(clean(text.in_(lang), 500)) for text in self._complaints]
            return Content("\n").join(lines)
        if self._items is None:
            waits = f"  {texts.WAITS.in_(lang)}" if self._wanted is not None else ""
            return Content.styled(texts.CHECKING.in_(lang) + waits, "$muted")
        good = dict.fromkeys(item.subject.in_(lang) for item in self._items if item.level is Level.OK)
        lines = [Content.styled(f"{glyphs.good} {' '.join(good)}" if good else glyphs.good, f"${Tone.DONE}")]
        warned = [(item.subject.in_(lang), item.text.in_(lang)) for item in self._items if item.level is Level.WARN]
        warned += [(texts.WARNED.in_(lang), note.in_(lang)) for note in self._notes]
        if (most := allowed(self._preview.run.allowance)) is not None:
            warned.append((texts.WARNED.in_(lang), most.in_(lang)))
        if self._preview.expiring is not None:
            warned.append((texts.WARNED.in_(lang), self._preview.expiring.in_(lang)))
        if self._preview.recognized is not None:
            warned.append((texts.WARNED.in_(lang), self._preview.recognized.in_(lang)))
        if self._preview.edited is not None:
            warned.append((texts.WARNED.in_(lang), self._preview.edited.in_(lang)))
        for subject, text in warned:
            lines.append(Content.assemble((f"! {clean(subject, 60)} ", f"${Tone.ATTENTION}"), clean(text, 300)))
        return Content("\n").join(lines)

    @on(TaskList.Moved)
    @guarded
    def _moved(self) -> None:
        self._show()

    @on(_CostCard.Sized)
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
            case _:
                self.action_leave_start()

    def action_start(self) -> None:
        self._begin(self.chosen)

    def action_try(self, count: int) -> None:
        """Begin with a trial; the rest is started with one key, or stays for the next start."""
        self._begin(self.chosen.canary(count))

    def action_tick(self) -> None:
        self.list.tick()

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
            self.dismiss(wanted)
            return
        self._wanted = wanted
        if self._complaints:  # perhaps they were put right meanwhile
            self.run_worker(self._look(), exclusive=True, exit_on_error=False)
        self._show()

    @property
    def is_checked(self) -> bool:
        """Whether the checks are through, well or not."""
        return self._items is not None or bool(self._complaints)

    @property
    def is_refused(self) -> bool:
        """Whether the checks have failed."""
        return bool(self._complaints)


def _named(name: str, text: str) -> Content:
    return Content.assemble((f"{name}  ", "$muted"), text)
