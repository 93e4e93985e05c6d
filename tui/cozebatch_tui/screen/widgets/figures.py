"""A text that is drawn anew only if it has changed; the base of the header's parts."""

from __future__ import annotations

from typing import Any

from textual.content import Content
from textual.geometry import Size
from textual.message import Message
from textual.screen import Screen
from textual.style import Style
from textual.widgets import Static

from cozebatch_tui.screen.host import Host, host_of


class Figures(Static):
    """Takes `Content`, never markup. Styles name theme variables, so that another theme needs no new text."""

    DEFAULT_CSS = """
    Figures {
        link-style: none; link-color: $foreground; link-background: transparent;
        link-style-hover: bold; link-color-hover: $foreground; link-background-hover: $cursor;
    }
    """

    def __init__(self, **more: Any) -> None:
        super().__init__("", markup=False, **more)
        self._drawn: Content | None = None

    @property
    def host(self) -> Host:
        return host_of(self)

    def draw(self, content: Content) -> None:
        if self._drawn is None or not content.is_same(self._drawn):
            self._drawn = content
            self.update(content)

    def title(self, text: str) -> None:
        """The text in the border, as it is."""
        if str(self.border_title or "") != text:
            self.border_title = Content(text)


class FittedFigures(Figures):
    """A text made for its width. Tells when it has another size: it should be drawn again then.

    Textual 8 sends no `Resize` where a scroll bar comes or goes, so this looks whenever the screen was laid out."""

    class Sized(Message):
        """It has another size."""

    _told: Size = Size()

    def on_mount(self) -> None:
        self.screen.screen_layout_refresh_signal.subscribe(self, self._laid_out, immediate=True)

    def _laid_out(self, _: Screen[object]) -> None:
        if self.size != self._told:
            self._told = self.size
            self.post_message(self.Sized())


Part = str | Content | tuple[str, str]
"""A text, or one with its style."""


def spread(left: Content, right: Content, width: int) -> Content:
    """Two texts at the edges of a line; the right one is whole, the left one is cut where it must be."""
    room = max(0, width - right.cell_length - 1)
    return Content.assemble(left.truncate(room, ellipsis=True, pad=True), " ", right)


def clickable(text: str, action: str, style: str = "") -> Content:
    """A text of ours that does what a key does."""
    return Content.styled(text, style).stylize(Style.from_meta({"@click": action}))
