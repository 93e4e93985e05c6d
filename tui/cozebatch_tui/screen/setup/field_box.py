"""One question of the set-up: its name, the place for the answer, and below it what is wrong or what helps."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from cozebatch.model.text import Text
from cozebatch_tui.presentation.tones import Tone
from cozebatch_tui.screen.host import host_of
from cozebatch_tui.screen.setup.steps import Field


class _TextAnswer(Input):
    """`enter` goes on, under the name that the operator's keymap knows."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter", "submit", show=False, id="step_on")]


class _Choice(OptionList):
    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter", "select", show=False, id="step_on")]


class FieldBox(Vertical):
    """Tells what is answered while it is typed."""

    DEFAULT_CSS = """
    FieldBox { height: auto; margin-bottom: 1; }
    FieldBox Static { height: auto; }
    FieldBox Input { height: 1; border: none; padding: 0 1; background: $raised; max-width: 76; }
    FieldBox Input:focus { background: $cursor; border: none; }
    FieldBox OptionList { height: auto; max-height: 6; max-width: 76; border: none; padding: 0; }
    FieldBox OptionList, FieldBox OptionList:focus { background: $background; border: none; }
    """

    class Answered(Message):
        def __init__(self, name: str, answer: str) -> None:
            super().__init__()
            self.name = name
            self.answer = answer

    class Entered(Message):
        """The operator is done with this question."""

        def __init__(self, name: str) -> None:
            super().__init__()
            self.name = name

    def __init__(self, field: Field, answer: str) -> None:
        super().__init__(id=f"field-{field.name}")
        self.field = field
        self._answer = answer

    def compose(self) -> ComposeResult:
        lang = host_of(self).lang
        yield Static(Content.styled(self.field.label.in_(lang), "bold"))
        if self.field.choices is None:
            yield _TextAnswer(self._answer, password=self.field.secret, compact=True)
        else:
            names = list(self.field.choices)
            choice = _Choice(*(Option(Content(f" {text.in_(lang)}")) for text in self.field.choices.values()))
            choice.highlighted = names.index(self._answer) if self._answer in names else 0
            yield choice
        yield Static(id="note")

    def on_mount(self) -> None:
        self.complain(None)

    def complain(self, complaint: Text | None) -> None:
        """Say what is wrong; without that, what helps to answer."""
        host = host_of(self)
        note = self.query_one("#note", Static)
        if complaint is not None:
            text = f"{host.look.glyphs.bad} {complaint.in_(host.lang)}"
            note.update(Content.styled(text, f"${Tone.FAILED}"))
        elif self.field.hint is not None:
            note.update(Content.styled(self.field.hint.in_(host.lang), "$muted"))
        note.display = complaint is not None or self.field.hint is not None

    def focus_answer(self) -> None:
        self.query_one("Input, OptionList").focus()

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        self._say(event.value)

    @on(OptionList.OptionHighlighted)
    def _chosen(self, event: OptionList.OptionHighlighted) -> None:
        """The list tells of its first option, too, before it gets to the one it was made with."""
        event.stop()
        place = event.option_list.highlighted
        assert self.field.choices is not None
        if place is not None:
            self._say(list(self.field.choices)[place])

    def _say(self, answer: str) -> None:
        if answer != self._answer:
            self._answer = answer
            self.post_message(self.Answered(self.field.name, answer))

    @on(Input.Submitted)
    @on(OptionList.OptionSelected)
    def _entered(self, event: Message) -> None:
        event.stop()
        self.post_message(self.Entered(self.field.name))
