"""What of a batch is worth telling somebody who does not look: its end, a stop, and the first task that needs a person.

Said once, for every way of telling: the terminal's bell and the card. What the operator had asked for, a pause or a
limit on what is paid, is no news.
"""

from __future__ import annotations

from typing import Literal

from cozebatch.model.allowance import SPENT
from cozebatch.model.board import Board
from cozebatch.model.task import State

News = Literal["ended", "stopped", "held"]

_ASKED_FOR = SPENT | {"operator"}
"""Pauses that the operator had asked for."""


class NewsWatch:
    """Tells each piece of news once, until it has changed meanwhile."""

    def __init__(self) -> None:
        self._over = self._stopped = self._held = False

    def look(self, board: Board, *, is_over: bool) -> News | None:
        """What is new since the last look; of several the one that matters most."""
        stopped = bool(set(board.paused) - _ASKED_FOR)
        held = board.counts[State.HELD] > 0
        found: News | None = None
        if held and not self._held:
            found = "held"
        if stopped and not self._stopped:
            found = "stopped"
        if is_over and not self._over and not (stopped and self._stopped):  # the stop is told already
            found = "ended"
        self._held = self._held or held
        self._stopped, self._over = stopped, is_over
        return found
