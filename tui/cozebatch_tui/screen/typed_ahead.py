"""Keys pressed ahead, while something loads, decide nothing on a screen that asks whether money is spent."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from textual.app import App
from textual.events import Event, Key


@runtime_checkable
class AsksForMoney(Protocol):
    """A screen whose keys may start paid executions. `shown_at`: when it was put up, on the clock of events."""

    shown_at: float


class TypedAheadGuard(App[int]):
    """Drops keys that were pressed before such a screen was there to be read."""

    async def on_event(self, event: Event) -> None:
        if isinstance(event, Key) and isinstance(self.screen, AsksForMoney) and event.time < self.screen.shown_at:
            return
        await super().on_event(event)
