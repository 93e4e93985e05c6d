"""One question of the set-up on the screen: what was found, the question, a list or a place to type, and a complaint.

With a list that is long, or that takes a text besides, what is typed finds entries; the arrows move in what is found.
"""

from __future__ import annotations

from typing import ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.widgets import Input, OptionList
from textual.widgets.input import Selection
from textual.widgets.option_list import Option as Entry

from cozebatch.model.sanitize import clean
from cozebatch.model.text import Text
from cozebatch.setup.question import Option, Question
from cozebatch_tui.locale import setup as texts
from cozebatch_tui.presentation.tones import Tone
from cozebatch_tui.screen.host import host_of
from cozebatch_tui.screen.widgets.prose import Prose, Sentence

MANY = 9
"""From more entries on a list can be searched."""


class _Typed(Input):
    """`enter` answers, under the name that the operator's keymap knows; up and down move in the list below."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "submit", show=False, id="step_on"),
        Binding("up", "move(-1)", show=False),
        Binding("down", "move(1)", show=False),
    ]

    class Moved(Message):
        def __init__(self, by: int) -> None:
            super().__init__()
            self.by = by

    _offered: Selection | None = None

    def offer_anew(self) -> None:
        """What is typed or pasted next stands in place of what is there. Nobody has marked it to be copied."""
        self.select_all()
        self._offered = self.selection

    @property
    def selected_text(self) -> str:
        return "" if self.selection == self._offered else super().selected_text

    def action_move(self, by: int) -> None:
        self.post_message(self.Moved(by))

    def _on_paste(self, event: events.Paste) -> None:
        """All lines as one: what was copied with the line break before it, or over several lines, is not cut."""
        event.prevent_default()
        event.stop()
        lines = [line.strip() for line in event.text.splitlines()]
        self.replace(" ".join(line for line in lines if line), *self.selection)


class _Entries(OptionList):
    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter", "select", show=False, id="step_on")]


class QuestionPane(Vertical):
    """Tells the answer; an empty one stands for what is proposed."""

    SCOPED_CSS = False  # the last rule names a class of the screen
    DEFAULT_CSS = """
    QuestionPane { height: 1fr; }
    QuestionPane #title { margin-top: 1; }
    QuestionPane #notes { max-height: 8; }
    QuestionPane Input { height: 1; border: none; padding: 0 1; background: $raised; max-width: 100; margin-top: 1; }
    QuestionPane Input:focus { background: $cursor; border: none; }
    QuestionPane #entries { height: 1fr; margin-top: 1; }
    QuestionPane OptionList { height: auto; max-height: 100%; border: none; padding: 0; }
    QuestionPane OptionList, QuestionPane OptionList:focus { background: $background; border: none; }
    .-short QuestionPane #title, .-short QuestionPane Input, .-short QuestionPane #entries { margin-top: 0; }
    """

    class Answered(Message):
        def __init__(self, answer: str) -> None:
            super().__init__()
            self.answer = answer

    def __init__(self, question: Question, typed: str | None = None, chosen: str | None = None) -> None:
        """`typed`, `chosen`: what stood there before the screen was drawn anew."""
        super().__init__()
        self.question = question
        self._typed_before, self._chosen_before = typed, chosen
        self._shown: list[Option] = []

    @property
    def types(self) -> bool:
        """Whether there is a place to type."""
        question = self.question
        return not question.options or question.takes_text or len(question.options) > MANY

    def compose(self) -> ComposeResult:
        lang, question = host_of(self).lang, self.question
        dot = host_of(self).look.glyphs.dot
        notes = [Sentence(clean(note.in_(lang), 500), "$muted", f"{dot} ") for note in question.notes]
        yield Prose(notes, id="notes")
        yield Prose([Sentence(clean(question.title.in_(lang), 300), "bold")], id="title")
        if self.types:
            yield self._input()
        yield Prose([Sentence(clean(question.hint.in_(lang), 500), "$muted")], id="hint")
        yield Prose(id="complaint")
        if question.options:
            with Vertical(id="entries"):  # what is left of the height: the whole of a long list can be reached
                yield _Entries(markup=False)

    def _input(self) -> Input:
        lang, question = host_of(self).lang, self.question
        value, shown = self._typed_before, clean(question.shown_default().in_(lang), 100)
        if question.options:
            placeholder = texts.PASTE_HINT if question.takes_text else texts.FILTER_HINT
            return _Typed(value or "", placeholder=placeholder.in_(lang), compact=True)
        if question.secret:
            return _Typed(value or "", password=True, placeholder=shown, compact=True)
        return _Typed(question.default if value is None else value, compact=True)

    def on_mount(self) -> None:
        self.query_one("#notes").display = bool(self.question.notes)
        self.complain(None)
        self._fill(self._chosen_before or self.question.default)
        self.query_one("Input" if self.types else "OptionList").focus()

    def complain(self, complaint: Text | None) -> None:
        """Say what is wrong with the answer, in place of the hint; None takes it back. What is typed or pasted next
        stands in place of the wrong answer."""
        host = host_of(self)
        place = self.query_one("#complaint", Prose)
        place.display = complaint is not None
        self.query_one("#hint").display = bool(self.question.hint) and complaint is None
        if complaint is not None and self.types:
            self.query_one(_Typed).offer_anew()
        if complaint is not None:
            text = clean(complaint.in_(host.lang), 600)
            place.say(Sentence(text, f"${Tone.FAILED}", f"{host.look.glyphs.bad} "))

    def wait(self) -> None:
        """Say that the answer is being looked at."""
        place = self.query_one("#complaint", Prose)
        place.display = True
        place.say(Sentence(texts.LOOKING.in_(host_of(self).lang), "$muted"))

    @property
    def typed(self) -> str | None:
        return self.query_one(Input).value if self.types else None

    @property
    def chosen(self) -> str | None:
        """The value of the entry under the cursor."""
        if not self.question.options:
            return None
        place = self.query_one(OptionList).highlighted
        return self._shown[place].value if place is not None else None

    def _fill(self, wanted: str | None) -> None:
        """Show what fits to what was typed, the cursor on `wanted` or on the first."""
        question = self.question
        if not question.options:
            return
        self._shown = self._fitting((self.typed or "").strip())
        entries = self.query_one(OptionList)
        entries.clear_options()
        entries.add_options([Entry(self._entry(option)) for option in self._shown])
        values = [option.value for option in self._shown]
        if wanted in values:
            entries.highlighted = values.index(wanted)
        elif values and (self.typed or not question.default):
            entries.highlighted = 0

    def _fitting(self, typed: str) -> list[Option]:
        lang, options = host_of(self).lang, self.question.options
        found = [option for option in options if typed.casefold() in option.label.in_(lang).casefold()]
        exact = any(typed == option.label.in_(lang) for option in found)
        if typed and self.question.takes_text and not exact:
            label = Text(texts.TAKE_TYPED.zh.format(text=typed), texts.TAKE_TYPED.en.format(text=typed))
            found.append(Option(typed, label))
        return found

    def _entry(self, option: Option) -> Content:
        lang = host_of(self).lang
        label = clean(option.label.in_(lang), 120)
        style = f"${Tone.ATTENTION}" if option.good is False else ""
        line = Content.styled(f" {'! ' if option.good is False else ''}{label}", style)
        if not option.detail:
            return line
        return Content("\n").join([line, Content.styled(f"     {clean(option.detail.in_(lang), 160)}", "$muted")])

    @on(Input.Changed)
    def _changed(self, event: Input.Changed) -> None:
        event.stop()
        self.complain(None)
        self._fill(self.chosen)

    @on(_Typed.Moved)
    def _move(self, event: _Typed.Moved) -> None:
        event.stop()
        if self.question.options and self._shown:
            entries = self.query_one(OptionList)
            place = entries.highlighted
            first = 0 if event.by > 0 else len(self._shown) - 1
            entries.highlighted = first if place is None else (place + event.by) % len(self._shown)

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        event.stop()
        if self.question.options:
            self.post_message(self.Answered(self.chosen or event.value))
        else:
            self.post_message(self.Answered(event.value))

    @on(OptionList.OptionSelected)
    def _selected(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        self.post_message(self.Answered(self._shown[event.option_index].value))
