"""Help from the live keymap: what every key does and costs, and the filter language."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from rich.text import Text as RichText
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import VerticalScroll
from textual.widgets import Static

from cozebatch_tui.locale import screen as texts
from cozebatch_tui.screen.action_registry import Scope, bindings_of, help_lines
from cozebatch_tui.screen.action_screen import ActionScreen
from cozebatch_tui.screen.widgets.action_footer import ActionFooter


class HelpScreen(ActionScreen[None]):
    """Shows the actions of the screen below and of the application."""

    DEFAULT_CSS = "HelpScreen VerticalScroll { padding: 1 2; }"
    SCOPE = "help"
    BINDINGS: ClassVar[list[BindingType]] = bindings_of("help")

    def __init__(self, scope: Scope, keys: Mapping[str, Sequence[str]]) -> None:
        """`keys` are the live keys of the screen below."""
        super().__init__()
        self._scope: Scope = scope
        self._keys = keys

    def compose(self) -> ComposeResult:
        lang = self.host.lang
        text = RichText()
        for title, lines in help_lines(self._scope, self._keys, lang):
            text.append(f"{title}\n", style="bold underline")
            for keys, name in lines:
                text.append(f"  {keys:<14}", style="bold")
                text.append(f"{name}\n")
        text.append(f"\n{texts.HELP_FILTER.in_(lang)}\n")
        with VerticalScroll():
            yield Static(text, markup=False)
        yield ActionFooter("help")
