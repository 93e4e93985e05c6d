"""Small frames of the films that were made: decoded in a thread, kept for as long as their films stay as they are."""

from __future__ import annotations

import asyncio
import os
from collections import OrderedDict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cozebatch.synthesis.process.frame import Frame
    from cozebatch_tui.session.controls import Controls

COLUMNS, LINES = 24, 21
"""Cells of the largest poster. A cell shows two pixels, one above the other."""
KEPT = 64
"""Frames that are kept; one takes 3 kB."""

Key = tuple[str, int, int]
"""A film's path, when it was changed (ns), and its size (bytes)."""


class Posters:
    """`enabled`: this terminal can show them, and the operator wants them."""

    def __init__(self, *, enabled: bool) -> None:
        self.enabled = enabled
        self._frames: OrderedDict[Key, Frame | None] = OrderedDict()
        self._one_at_a_time = asyncio.Lock()

    async def frame(self, session: Controls, film: str) -> Frame | None:
        """A frame of this film; None if it has none, or is not a film of ours."""
        if not self.enabled or (key := await asyncio.to_thread(_key, film)) is None:
            return None
        async with self._one_at_a_time:
            if key not in self._frames:
                self._frames[key] = await asyncio.to_thread(session.poster, film, COLUMNS, 2 * LINES)
                while len(self._frames) > KEPT:
                    self._frames.popitem(last=False)
            return self._frames[key]


def _key(film: str) -> Key | None:
    try:
        found = os.stat(film)
    except OSError:
        return None
    return film, found.st_mtime_ns, found.st_size
