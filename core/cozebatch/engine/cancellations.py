"""Which tasks the operator cancelled, and how their task runs learn of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import anyio


class Cancellations:
    """A task run is interrupted only in its free part. Before that it asks at safe moments whether it is cancelled."""

    def __init__(self) -> None:
        self._requested: set[str] = set()
        self._scopes: dict[str, anyio.CancelScope] = {}

    def request(self, task_id: str) -> bool:
        """Cancel a task that has a task run. True if it is interrupted at once, False if it will ask."""
        if (scope := self._scopes.get(task_id)) is not None:
            scope.cancel()
            return True
        self._requested.add(task_id)
        return False

    def take(self, task_id: str) -> bool:
        """Whether the task was cancelled; the caller acts on it now."""
        if task_id not in self._requested:
            return False
        self._requested.discard(task_id)
        return True

    @contextmanager
    def interruptible(self, task_id: str) -> Iterator[anyio.CancelScope]:
        """The part of a task run that may be interrupted at any await."""
        with anyio.CancelScope() as scope:
            self._scopes[task_id] = scope
            yield scope

    def forget(self, task_id: str) -> None:
        """The task run ended."""
        self._requested.discard(task_id)
        self._scopes.pop(task_id, None)
