"""Keys that nobody meant for the screen they reach: pressed ahead, while something loaded, or no keys at all but a late
answer of the terminal. The former decide nothing on a screen that asks whether money is spent."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from textual.app import App
from textual.events import Event, Key

from cozebatch_tui.screen.look.questions import LateAnswer


@runtime_checkable
class AsksForMoney(Protocol):
    """A screen whose keys may start paid executions. `shown_at`: when it was put up, on the clock of events."""

    shown_at: float


class TypedAheadGuard(App[int]):
    """Drops keys that were pressed before such a screen was there to be read, and answers of the terminal."""

    late_answer = LateAnswer(expected=False)

    async def on_event(self, event: Event) -> None:
        if isinstance(event, Key) and self.late_answer.takes(event.key, event.character):
            return
        if isinstance(event, Key) and isinstance(self.screen, AsksForMoney) and event.time < self.screen.shown_at:
            return
        await super().on_event(event)
