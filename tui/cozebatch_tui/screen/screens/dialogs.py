"""Small screens over the main one: a question with yes and no, and a prompt for one line."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Button, Input, Static

from cozebatch.model.text import Lang
from cozebatch_tui.locale import screen as texts
from cozebatch_tui.screen.host import host_of

_CSS = """
{name} {{ align: center middle; }}
{name} > Vertical {{ width: {width}; max-width: 95%; height: auto; max-height: 90%; padding: 1 2; }}
{name} > Vertical {{ background: $surface; border: round $primary; }}
{name} Static {{ height: auto; margin-bottom: 1; }}
{name} Horizontal {{ height: 3; align-horizontal: right; }}
{name} Button {{ margin-left: 2; }}
"""


def dialog_css(name: str, width: int = 72) -> str:
    """The look of the small screen that the class `name` makes: a box of `width` cells in the middle."""
    return _CSS.format(name=name, width=width)


class Confirm(ModalScreen[bool]):
    """Asks a question; `no` has the focus."""

    DEFAULT_CSS = dialog_css("Confirm")
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "answer(True)", show=False),
        Binding("n,escape", "answer(False)", show=False),
    ]

    def __init__(self, question: str, lang: Lang) -> None:
        super().__init__()
        self._question = question
        self._lang: Lang = lang

    def compose(self) -> ComposeResult:
        with Vertical():
            yield Static(Content(self._question))
            with Horizontal():
                yield Button(Content(texts.YES.in_(self._lang)), id="yes", variant="warning")
                yield Button(Content(texts.NO.in_(self._lang)), id="no", variant="primary")

    def on_mount(self) -> None:
        self.query_one("#no").focus()

    async def recompose(self) -> None:
        """In another language; `no` has the focus again."""
        self._lang = host_of(self).lang
        await super().recompose()
        self.query_one("#no").focus()

    def action_answer(self, answer: bool) -> None:
        self.dismiss(answer)

    def on_button_pressed(self, event: Button.Pressed) -> None:
        self.dismiss(event.button.id == "yes")


class ConfirmLeaving(Confirm):
    """Whether the program is to be left."""


class Prompt(ModalScreen[str | None]):
    """Asks for one line."""

    DEFAULT_CSS = dialog_css("Prompt")
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "leave", show=False)]

    def __init__(self, question: str) -> None:
        super().__init__()
        self._question = question

    def compose(self) -> ComposeResult:
        with Vertical():
            yield Static(Content(self._question))
            yield Input()

    async def recompose(self) -> None:
        """In another language; what was typed stays."""
        typed = self.query_one(Input).value
        await super().recompose()
        self.query_one(Input).value = typed
        self.query_one(Input).focus()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        self.dismiss(event.value.strip() or None)

    def action_leave(self) -> None:
        self.dismiss(None)
