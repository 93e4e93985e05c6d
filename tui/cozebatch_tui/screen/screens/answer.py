"""The form for an answer to what a workflow asks. It only gives back what was typed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Button, Input, Label, OptionList, Static, TextArea
from textual.widgets.option_list import Option

from cozebatch.model.errors import UsageError
from cozebatch.model.question import MOST_ANSWER, Question, QuestionField, read_answer
from cozebatch.model.sanitize import clean, clean_lines
from cozebatch.model.text import Lang
from cozebatch_tui.locale import question as texts
from cozebatch_tui.screen.error_boundary import guarded
from cozebatch_tui.screen.host import host_of

Typed = str | dict[str, str]


class AnswerScreen(ModalScreen[Typed | None]):
    """One text, or a line for each field. Choices that the question offers are put into the text, and may be changed
    there: another answer may be given."""

    DEFAULT_CSS = """
    AnswerScreen { align: center middle; }
    AnswerScreen > Vertical {
        width: 84; max-width: 96%; height: auto; max-height: 96%; padding: 0 1; background: $surface;
        border: round $primary; border-title-color: $foreground;
    }
    AnswerScreen VerticalScroll { height: auto; max-height: 20; }
    AnswerScreen.-short VerticalScroll { max-height: 12; }
    AnswerScreen Static { height: auto; margin-bottom: 1; }
    AnswerScreen Label { width: 100%; height: auto; margin-top: 1; }
    AnswerScreen Input { height: 3; }
    AnswerScreen TextArea { height: 5; }
    AnswerScreen OptionList { height: auto; max-height: 6; }
    AnswerScreen.-short Input { height: 1; border: none; background: $background; }
    AnswerScreen.-short OptionList { border: none; }
    AnswerScreen #complaint { color: $error; margin: 0; }
    AnswerScreen Horizontal { height: 1; align-horizontal: right; }
    AnswerScreen Button { margin-left: 2; padding: 0 2; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", show=False),
        Binding("ctrl+s", "send", show=False, priority=True),
    ]

    def __init__(self, question: Question) -> None:
        super().__init__()
        self._question = question

    def compose(self) -> ComposeResult:
        lang, question = host_of(self).lang, self._question
        with Vertical() as box:
            box.border_title = Content(texts.TITLE.in_(lang))
            with VerticalScroll(can_focus=False):
                yield Static(Content(clean_lines(question.text, 4000) or texts.NOT_SHOWN.in_(lang)))
                if question.takes_fields:
                    yield from self._fields(lang)
                else:
                    yield from self._one_text(lang)
            yield Static(Content(""), id="complaint")
            with Horizontal():
                yield Button(Content(texts.LEAVE.in_(lang)), id="leave", compact=True)
                yield Button(Content(f"{texts.SEND.in_(lang)} ctrl+s"), id="send", variant="primary", compact=True)

    def _one_text(self, lang: Lang) -> ComposeResult:
        yield Label(Content.styled(texts.ANSWER.in_(lang), "$muted"))
        if self._question.options:
            yield _choices("options", self._question.options)
        yield Input(max_length=MOST_ANSWER, id="answer")

    def _fields(self, lang: Lang) -> ComposeResult:
        for number, f in enumerate(self._question.fields):
            yield Label(_label(f, lang))
            if options := _options_of(f, lang):
                yield _choices(f"options-{number}", options)
            if f.is_list:
                yield TextArea(id=f"field-{number}", show_line_numbers=False)
            else:
                yield Input(max_length=MOST_ANSWER, id=f"field-{number}")

    def on_mount(self) -> None:
        first = self.query("OptionList, Input, TextArea").first()
        first.focus()

    async def recompose(self) -> None:
        """In another language; what was typed stays."""
        typed = [widget.value for widget in self.query(Input)]
        lists = [widget.text for widget in self.query(TextArea)]
        await super().recompose()
        for widget, value in zip(self.query(Input), typed, strict=True):
            widget.value = value
        for area, text in zip(self.query(TextArea), lists, strict=True):
            area.text = text
        self.on_mount()

    @guarded
    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Put the choice into its field: a list takes it as one more line."""
        lang, name = host_of(self).lang, event.option_list.id or ""
        if name == "options":
            field, chosen = self.query_one("#answer", Input), self._question.options[event.option_index]
        else:
            number = int(name.removeprefix("options-"))
            f = self._question.fields[number]
            chosen = _options_of(f, lang)[event.option_index]
            if f.is_list:
                area = self.query_one(f"#field-{number}", TextArea)
                area.text = "\n".join([*area.text.splitlines(), chosen])
                area.focus()
                return
            field = self.query_one(f"#field-{number}", Input)
        field.value = chosen
        field.focus()

    @guarded
    def on_input_submitted(self, event: Input.Submitted) -> None:
        """On to the next field; after the last one it is sent."""
        inputs = list(self.query("Input, TextArea"))
        place = inputs.index(event.input)
        if place + 1 < len(inputs):
            inputs[place + 1].focus()
        else:
            self.action_send()

    @guarded
    def on_button_pressed(self, event: Button.Pressed) -> None:
        if event.button.id == "send":
            self.action_send()
        else:
            self.dismiss(None)

    def action_send(self) -> None:
        """Give back an answer that the question can have; else say what is wrong, and keep what was typed."""
        typed = self._typed()
        try:
            read_answer(self._question, typed)
        except UsageError as error:
            lang = host_of(self).lang
            told = " ".join(clean(text.in_(lang), 200) for text in error.complaints)
            self.query_one("#complaint", Static).update(Content(told))
            return
        self.dismiss(typed)

    def _typed(self) -> Typed:
        if not self._question.takes_fields:
            return self.query_one("#answer", Input).value.strip()
        values: dict[str, str] = {}
        for number, f in enumerate(self._question.fields):
            place = f"#field-{number}"
            value = self.query_one(place, TextArea).text if f.is_list else self.query_one(place, Input).value
            if value.strip():
                values[f.name] = value.strip()
        return values

    def action_leave(self) -> None:
        self.dismiss(None)


def _choices(name: str, options: Sequence[str]) -> OptionList:
    return OptionList(*(Option(Content(clean(option, 200))) for option in options), id=name)


def _options_of(f: QuestionField, lang: Lang) -> Sequence[str]:
    if f.kind == "boolean" and not f.options:
        return [word.in_(lang) for word in texts.YES_NO]
    return f.options


def _label(f: QuestionField, lang: Lang) -> Content:
    """Name of a field, whether it must be given, what it takes, and what the workflow says of it."""
    facts = [(texts.REQUIRED if f.required else texts.OPTIONAL).in_(lang)]
    if f.kind in texts.KINDS:
        facts.append(texts.KINDS[f.kind].in_(lang))
    if f.is_file:
        facts.append(texts.FILE.in_(lang))
    if f.is_list:
        facts.append(texts.LIST.in_(lang))
    if f.description:
        facts.append(clean(f.description, 200))
    return Content.assemble((clean(f.name, 100), "bold"), ("  " + "  ".join(facts), "$muted"))
