"""What came from the engine and the screen has not taken yet."""

from __future__ import annotations

import threading
from collections.abc import Sequence

from cozebatch.model.events import Event
from cozebatch_tui.session.controls import Snapshot


class Inbox:
    """Filled in the connection's thread, emptied in the screen's."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: list[Event | Snapshot] = []

    def put(self, found: Sequence[Event]) -> None:
        with self._lock:
            self._waiting.extend(found)

    def begin_anew(self, snapshot: Snapshot) -> None:
        """What came before is in the snapshot."""
        with self._lock:
            self._waiting = [snapshot]

    def take(self) -> Sequence[Event | Snapshot]:
        with self._lock:
            found, self._waiting = self._waiting, []
        return found
