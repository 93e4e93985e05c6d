"""What of a batch is worth telling somebody who does not look: its end, a stop, and the first task that needs a person.

Each is told once, until it has changed meanwhile. An operator's own pause and interrupt are no news to the operator.
"""

from __future__ import annotations

from typing import Literal

from cozebatch.model import events
from cozebatch.model.allowance import SPENT
from cozebatch.model.board import Board
from cozebatch.model.task import State

Kind = Literal["ended", "stopped", "held"]

_OWN_DOING = SPENT | {"operator"}
"""Pauses that the operator had asked for: the end tells of them."""


class NewsWatch:
    """Reads a batch's events in order; nothing here awaits."""

    def __init__(self) -> None:
        self._held = False

    def look(self, event: events.Event, board: Board) -> Kind | None:
        """Whether this event, which is in `board` already, is worth telling."""
        match event:
            case events.Paused() if event.reason not in _OWN_DOING and len(set(board.paused) - _OWN_DOING) == 1:
                return "stopped"
            case events.TaskState() if event.after is State.HELD and not self._held:
                self._held = True
                return "held"
            case events.RunFinished() if event.status != "interrupted":
                return "ended"
        return None
