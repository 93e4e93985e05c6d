"""What a screen that is attached to a batch asks when it is left, and how it tells the batch's end."""

from __future__ import annotations

from typing import ClassVar, Literal

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Button, Static

from cozebatch.model.text import Text
from cozebatch_tui.locale import attach as texts
from cozebatch_tui.screen.host import host_of
from cozebatch_tui.screen.screens.dialogs import dialog_css

Way = Literal["detach", "stop", "stay"]

_WIDTH = 76


class LeaveScreen(ModalScreen[Way]):
    """Detach (it has the focus), stop the batch, or stay."""

    DEFAULT_CSS = dialog_css("LeaveScreen", _WIDTH)
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("d", "go('detach')", show=False),
        Binding("s", "go('stop')", show=False),
        Binding("escape,n", "go('stay')", show=False),
    ]

    def __init__(self, question: Text) -> None:
        super().__init__()
        self._question = question

    def compose(self) -> ComposeResult:
        lang = host_of(self).lang
        with Vertical():
            yield Static(Content(self._question.in_(lang)))
            with Horizontal():
                yield Button(Content(texts.DETACH.in_(lang)), id="detach", variant="primary")
                yield Button(Content(texts.STOP.in_(lang)), id="stop", variant="warning")
                yield Button(Content(texts.STAY.in_(lang)), id="stay")

    def on_mount(self) -> None:
        self.query_one("#detach").focus()

    async def recompose(self) -> None:
        """In another language; the default has the focus again."""
        await super().recompose()
        self.query_one("#detach").focus()

    def action_go(self, way: Way) -> None:
        self.dismiss(way)

    def on_button_pressed(self, event: Button.Pressed) -> None:
        match event.button.id:
            case "detach":
                self.dismiss("detach")
            case "stop":
                self.dismiss("stop")
            case _:
                self.dismiss("stay")


class Notice(ModalScreen[None]):
    """Tells one thing."""

    DEFAULT_CSS = dialog_css("Notice", _WIDTH)
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "dismiss(None)", show=False)]

    def __init__(self, text: Text) -> None:
        super().__init__()
        self._text = text

    def compose(self) -> ComposeResult:
        lang = host_of(self).lang
        with Vertical():
            yield Static(Content(self._text.in_(lang)))
            with Horizontal():
                yield Button(Content(texts.SEEN.in_(lang)), variant="primary")

    def on_mount(self) -> None:
        self.query_one(Button).focus()

    async def recompose(self) -> None:
        await super().recompose()
        self.query_one(Button).focus()

    def on_button_pressed(self) -> None:
        self.dismiss(None)
