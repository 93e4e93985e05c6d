"""The screen before anything is paid: the plan and what it costs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import ClassVar, Literal

from rich.text import Text as RichText
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.events import Mount
from textual.screen import Screen
from textual.widgets import Button, Static

from cozebatch.batch.preview import Preview
from cozebatch.model.sanitize import clean
from cozebatch.model.text import Lang, Text
from cozebatch.planning.leftovers import DEFAULTS, Left
from cozebatch.planning.planned import Action
from cozebatch_tui.locale import headless
from cozebatch_tui.locale import screen as texts
from cozebatch_tui.presentation.cells import fit

Decision = int | Literal["start", "leave"]
"""A number starts only so many new executions."""


class StartScreen(Screen[Decision]):
    """Offers to start, to try a few tasks first, or to leave."""

    DEFAULT_CSS = """
    StartScreen #plan { height: auto; padding: 1 2; }
    StartScreen VerticalScroll { height: 1fr; padding: 0 2; border-top: solid $panel; }
    StartScreen #tasks { text-wrap: nowrap; text-overflow: ellipsis; }
    StartScreen Horizontal { height: 3; padding: 0 2; }
    StartScreen Button { margin-right: 2; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "decide('start')", show=False),
        *(Binding(str(n), f"decide({n})", show=False) for n in range(1, 10)),
        Binding("q,escape", "decide('leave')", show=False),
    ]

    def __init__(self, preview: Preview, notes: Sequence[Text], lang: Lang) -> None:
        super().__init__()
        self._preview = preview
        self._notes = notes
        self._lang: Lang = lang
        self.shown_at = Mount().time
        """See `typed_ahead`; the clock is that of Textual's events."""

    def compose(self) -> ComposeResult:
        with Vertical(id="plan"):
            yield Static(self._plan(), markup=False)
        with VerticalScroll():
            yield Static(self._tasks(), markup=False, id="tasks")
        with Horizontal():
            yield Button(Content(texts.START_ALL.in_(self._lang)), id="start", variant="success")
            if self._preview.new_executions > 1:
                yield Button(Content(texts.START_CANARY.in_(self._lang)), id="canary")
            yield Button(Content(texts.START_LEAVE.in_(self._lang)), id="leave")

    def on_mount(self) -> None:
        self.query_one("#start").focus()

    def action_decide(self, decision: Decision) -> None:
        self.dismiss(decision)

    def on_button_pressed(self, event: Button.Pressed) -> None:
        decisions: dict[str | None, Decision] = {"start": "start", "canary": 1}
        self.dismiss(decisions.get(event.button.id, "leave"))

    def _plan(self) -> RichText:
        preview, lang = self._preview, self._lang
        text = RichText()
        text.append(f"{texts.START_TITLE.in_(lang)}  ", style="bold")
        if preview.continuing:
            text.append(texts.START_CONTINUES.in_(lang).format(run_id=preview.run.run_id))
        else:
            text.append(texts.START_NEW_RUN.in_(lang))
        text.append(f"\n{clean(preview.origin, 300)}\n\n")
        text.append(f"{preview.new_executions:>6}  {texts.START_NEW.in_(lang)}\n", style="bold")
        for action, name in ((Action.SKIP, texts.START_SKIPPED), (Action.KEEP, texts.START_KEPT)):
            if number := preview.actions.get(action, 0):
                text.append(f"{number:>6}  {name.in_(lang)}\n")
        left = Counter(leftover.kind for leftover in preview.leftovers)
        if left:
            text.append(f"\n{texts.START_LEFT.in_(lang)}\n")
        for kind, number in sorted(left.items(), key=lambda item: list(Left).index(item[0])):
            text.append(f"{number:>6}  {fit(headless.LEFT_KINDS[kind].in_(lang), 21)}  ")
            text.append(f"{DEFAULTS[kind].in_(lang)}\n", style="dim")
        if preview.recognized is not None:
            text.append(f"\n{preview.recognized.in_(lang)}\n")
        for note in self._notes:
            text.append(f"\n! {clean(note.in_(lang), 500)}")
        return text

    def _tasks(self) -> RichText:
        text = RichText()
        for task in self._preview.tasks[:2000]:
            what = headless.what(task).in_(self._lang)
            line = f"{fit(task.task_id, 16)}  {fit(task.title, 24)}  {what}"
            text.append(line + (f"  {clean(task.reason.in_(self._lang), 200)}" if task.reason else "") + "\n")
        return text
