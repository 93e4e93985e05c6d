"""Help: what every live key does and costs, the filter language, what signs and colours mean, and what a screen reader
needs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import ClassVar

from rich.cells import cell_len
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll

from cozebatch.model.text import Lang
from cozebatch_tui.locale import palette as texts
from cozebatch_tui.locale.names import STATES
from cozebatch_tui.presentation.cells import fit
from cozebatch_tui.presentation.invocation import typed
from cozebatch_tui.presentation.tones import TONE_OF, Tone
from cozebatch_tui.screen.action_keys import bindings_of, help_lines
from cozebatch_tui.screen.action_registry import Scope
from cozebatch_tui.screen.action_screen import ActionScreen
from cozebatch_tui.screen.widgets.action_footer import ActionFooter
from cozebatch_tui.screen.widgets.prose import Prose, Sentence

_KEYS = 10
"""Cells of the keys before what they do."""

_STATE = 18
"""Cells of a state in the legend, two on a line."""

_NAMED_COLOURS = frozenset({"cozebatch-dark", "cozebatch-light"})
"""The themes whose colours the legend names; in the others only what they stand for."""


class HelpScreen(ActionScreen[None]):
    """Shows the actions of the screen below and of the application; in two columns where there is room."""

    DEFAULT_CSS = """
    HelpScreen VerticalScroll { padding: 0 1; scrollbar-size-vertical: 1; }
    HelpScreen #columns { height: auto; }
    HelpScreen #columns > Vertical { width: 1fr; height: auto; padding: 0 1; }
    HelpScreen Prose { margin-top: 1; }
    HelpScreen.-narrow #columns { layout: vertical; }
    HelpScreen.-narrow #columns > Vertical { width: 100%; }
    """
    SCOPE = "help"
    BINDINGS: ClassVar[list[BindingType]] = bindings_of("help")

    def __init__(self, scope: Scope, keys: Mapping[str, Sequence[str]]) -> None:
        """`keys` are the live keys of the screen below."""
        super().__init__()
        self._scope: Scope = scope
        self._keys = keys

    def compose(self) -> ComposeResult:
        lang = self.host.lang
        with VerticalScroll(), Horizontal(id="columns"):
            with Vertical():
                for title, lines in help_lines(self._scope, self._keys, lang):
                    yield _section(title, [s for keys, name in lines for s in _pair(keys, name, _KEYS)])
            with Vertical():
                yield _section(texts.FILTER_TITLE.in_(lang), _filter(lang))
                yield _section(texts.SIGNS_TITLE.in_(lang), self._signs(lang))
                yield _section(texts.READER_TITLE.in_(lang), [Sentence(typed(texts.READER).in_(lang))])
        yield ActionFooter("help")

    def on_mount(self) -> None:
        self.query_one(VerticalScroll).focus()

    async def recompose(self) -> None:
        """In another language, at the same place."""
        place = self.query_one(VerticalScroll).scroll_y
        await super().recompose()
        scroll = self.query_one(VerticalScroll)
        scroll.focus()
        self.call_after_refresh(scroll.scroll_to, y=place, animate=False)

    def _signs(self, lang: Lang) -> Iterator[Sentence]:
        """For each colour what it means, and the states that have it: sign and word."""
        signs = self.host.look.glyphs.states
        named = not self.host.look.plain and self.app.theme in _NAMED_COLOURS
        for tone in Tone:
            states = [state for state, of in TONE_OF.items() if of is tone]
            colour = f"{texts.COLOURS[tone].in_(lang)}  " if named else ""
            yield Sentence(f"{colour}{texts.STAGES[tone].in_(lang)}", f"bold ${tone}")
            words = [fit(f"{signs[state]} {STATES[state].in_(lang)}", _STATE) for state in states]
            for place in range(0, len(words), 2):
                yield Sentence("".join(words[place : place + 2]).rstrip(), f"${tone}", "  ")


def _section(title: str, sentences: Iterable[Sentence]) -> Prose:
    return Prose([Sentence(title, "bold underline"), *sentences])


def _pair(short: str, long: str, width: int) -> Iterator[Sentence]:
    """A key or a condition, and what it does; where it is too long for its column, what it does follows below."""
    if cell_len(short) > width - 2:
        yield Sentence(short, "$stage-coze")
        short = ""
    yield Sentence(long, sign=fit(short, width), sign_style="$stage-coze")


def _filter(lang: Lang) -> Iterator[Sentence]:
    yield Sentence(texts.FILTER_RULE.in_(lang))
    for short, long in texts.FILTER_LINES:
        yield from _pair(short.in_(lang), long.in_(lang), 16)
