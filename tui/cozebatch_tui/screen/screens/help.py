"""Help from the live keymap: what every key does, and the filter language."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from rich.text import Text as RichText
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.screen import Screen
from textual.widgets import Static

from cozebatch_tui.locale import screen as texts

if TYPE_CHECKING:
    from cozebatch_tui.screen.app import CozebatchApp

_NAMES = {
    "slash": "/",
    "plus": "+",
    "equals_sign": "=",
    "minus": "-",
    "left_square_bracket": "[",
    "right_square_bracket": "]",
    "question_mark": "?",
}


class HelpScreen(Screen[None]):
    """Shows the bindings of the screen below and of the app."""

    app: CozebatchApp

    DEFAULT_CSS = """
    HelpScreen VerticalScroll { padding: 1 2; }
    HelpScreen #footer { height: 1; background: $panel; padding: 0 1; dock: bottom; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,question_mark,q", "app.pop_screen", show=False)]

    def __init__(self, bindings: list[Binding]) -> None:
        super().__init__()
        self._shown = bindings

    def compose(self) -> ComposeResult:
        lang = self.app.lang
        text = RichText()
        text.append(f"{texts.HELP_TITLE.in_(lang)}\n\n", style="bold")
        keys: dict[str, list[str]] = {}
        for binding in self._shown:
            if binding.description in texts.KEYS:
                keys.setdefault(binding.description, []).append(_NAMES.get(binding.key, binding.key))
        for name, typed in keys.items():
            shown = f"{typed[0]}-{typed[-1]}" if len(typed) > 3 else " ".join(typed)
            text.append(f"  {shown:<14}", style="bold")
            text.append(f"{texts.KEYS[name].in_(lang)}\n")
        text.append(f"\n{texts.HELP_FILTER.in_(lang)}\n")
        with VerticalScroll():
            yield Static(text, markup=False)
        yield Static(texts.HELP_KEYS.in_(lang), id="footer", markup=False)
