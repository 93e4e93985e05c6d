"""A text in the middle of the screen: what the program waits for, or why the batch cannot begin."""

from __future__ import annotations

from collections.abc import Sequence

from rich.text import Text as RichText
from textual.app import ComposeResult
from textual.screen import Screen
from textual.widgets import Static

from cozebatch.model.sanitize import clean_lines


class MessageScreen(Screen[None]):
    """Shows a title and paragraphs."""

    DEFAULT_CSS = """
    MessageScreen { align: center middle; }
    MessageScreen Static { width: auto; max-width: 90%; height: auto; max-height: 90%; }
    MessageScreen Static { padding: 1 3; border: round $primary; }
    """

    def __init__(self, title: str, lines: Sequence[str] = ()) -> None:
        super().__init__()
        self._title_text = title
        self._lines = lines

    def compose(self) -> ComposeResult:
        text = RichText(f"{self._title_text}\n", style="bold")
        for line in self._lines:
            text.append(f"\n{clean_lines(line)}\n", style="not bold")
        yield Static(text, markup=False)
