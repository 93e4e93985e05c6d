"""A text field that filters or finds: closed until it is used, and cleared when it is closed."""

from __future__ import annotations

from textual.widgets import Input

from cozebatch.model.text import Lang, Text


class FilterField(Input):
    """An input line that hides itself."""

    DEFAULT_CSS = """
    FilterField { display: none; height: 1; border: none; padding: 0 1; }
    FilterField.open { display: block; }
    """

    def __init__(self, hint: Text, lang: Lang, id: str = "filter") -> None:
        super().__init__(placeholder=hint.in_(lang), id=id, compact=True)

    @property
    def is_open(self) -> bool:
        return self.has_class("open")

    def open(self) -> None:
        self.add_class("open")
        self.focus()

    def put(self, text: str) -> None:
        """Hold this text; open if there is any."""
        self.value = text
        self.set_class(bool(text), "open")
