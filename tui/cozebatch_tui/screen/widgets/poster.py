"""A frame of a film in half-block cells: each cell shows two pixels, by its fore- and background."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from rich.color import Color
from rich.segment import Segment
from rich.style import Style
from textual.geometry import Size
from textual.strip import Strip
from textual.widget import Widget

from cozebatch_tui.screen.host import host_of

if TYPE_CHECKING:
    from cozebatch.synthesis.process.frame import Frame

SETTLED = 0.25
"""Seconds for which the cursor must stay on a task before its film is opened."""


class Poster(Widget, can_focus=False):
    """Takes no room while there is nothing to show."""

    DEFAULT_CSS = """
    Poster { width: auto; height: auto; display: none; }
    Poster.shown { display: block; }
    """

    def __init__(self) -> None:
        super().__init__()
        self._film: str | None = None
        self._frame: Frame | None = None

    def show(self, film: str | None) -> None:
        """Show a frame of this film, once it is decoded; of none if it is None or not ours."""
        if film == self._film:
            return
        self._film = film
        self._put(None)
        if film is not None and host_of(self).posters.enabled:
            self.run_worker(self._decode(film), exclusive=True, exit_on_error=False)

    async def _decode(self, film: str) -> None:
        await asyncio.sleep(SETTLED)
        host = host_of(self)
        frame = await host.posters.frame(host.session, film)
        if film == self._film:
            self._put(frame)

    def _put(self, frame: Frame | None) -> None:
        if frame is not self._frame:
            self._frame = frame
            self.set_class(frame is not None, "shown")
            self.refresh(layout=True)

    def get_content_width(self, container: Size, viewport: Size) -> int:
        return self._frame.width if self._frame is not None else 0

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        return (self._frame.height + 1) // 2 if self._frame is not None else 0

    def render_line(self, y: int) -> Strip:
        if self._frame is None:
            return Strip.blank(self.size.width)
        return half_blocks(self._frame, y)


def half_blocks(frame: Frame, y: int) -> Strip:
    """Line `y` of cells: the pixels of line 2y above those of line 2y + 1."""
    upper, lower = 2 * y, 2 * y + 1
    if upper >= frame.height:
        return Strip.blank(frame.width)
    cells = []
    for x in range(frame.width):
        above = Color.from_rgb(*frame.at(x, upper))
        below = Color.from_rgb(*frame.at(x, lower)) if lower < frame.height else None
        cells.append(Segment("▀", Style(color=above, bgcolor=below)))
    return Strip(cells, frame.width)
