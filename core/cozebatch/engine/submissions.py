"""Submissions under way, which a drain must wait for, and refusals in a row of each task."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import anyio

from cozebatch.engine.ledger import Ledger


@dataclass(frozen=True, slots=True)
class Refusals:
    """Submissions of one task refused in a row, and seconds of running time since the first."""

    count: int
    waited: float


class Submissions:
    """A submission is under way from the intent on disk to the answer on disk; its request is on the wire within."""

    def __init__(self, ledger: Ledger, notify: Callable[[], None]) -> None:
        self._ledger = ledger
        self._notify = notify
        self._under_way: set[str] = set()
        self._on_the_wire: set[anyio.CancelScope] = set()
        self._refused: dict[str, tuple[int, float]] = {}

    @property
    def any_under_way(self) -> bool:
        return bool(self._under_way)

    @contextmanager
    def under_way(self, task_id: str) -> Iterator[None]:
        self._under_way.add(task_id)
        try:
            yield
        finally:
            self._under_way.discard(task_id)
            self._notify()

    @contextmanager
    def on_the_wire(self) -> Iterator[None]:
        """Nothing but `cut` interrupts the block."""
        with anyio.CancelScope(shield=True) as scope:
            self._on_the_wire.add(scope)
            try:
                yield
            finally:
                self._on_the_wire.discard(scope)

    def cut(self) -> None:
        """Wait for answers no longer: the last seconds of a drain."""
        for scope in list(self._on_the_wire):
            scope.cancel()

    def refused(self, task_id: str) -> Refusals:
        """Count one more refusal in a row of this task."""
        now = self._ledger.clock.now()
        count, since = self._refused.get(task_id, (0, now))
        self._refused[task_id] = (count + 1, since)
        return Refusals(count + 1, now - since)

    def forget_refusals(self, task_id: str) -> None:
        """The task was accepted, or failed for good."""
        self._refused.pop(task_id, None)
