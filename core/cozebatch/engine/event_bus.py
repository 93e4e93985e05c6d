"""Events from the engine to any number of readers, none of which can slow it down.

A reader may live in another thread: publishing only puts the event into its queue, under a lock held for a moment.
Only the latest progress of each task and the latest gauges are kept; nothing else is dropped, unless the reader asks
for a bounded queue.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

from cozebatch.model.events import Event, Gauges, TaskProgress, TaskState


class Subscription:
    """One reader's queue. `wake` is called in the engine's thread when there is something new to take.

    With `most`, a queue of more events is dropped as a whole, `has_lost` is true from then on, and nothing more is
    kept: the reader needs a new subscription and a fresh look at the board.
    """

    def __init__(self, wake: Callable[[], None] | None = None, *, most: int | None = None) -> None:
        self._wake = wake
        self._most = most
        self.has_lost = False
        self._lock = threading.Lock()
        self._events: list[Event] = []
        self._progress: dict[str, TaskProgress] = {}
        self._gauges: Gauges | None = None

    def push(self, event: Event) -> None:
        with self._lock:
            if self.has_lost:
                return
            if isinstance(event, TaskProgress):
                self._progress[event.task_id] = event
            elif isinstance(event, Gauges):
                self._gauges = event
            else:
                if isinstance(event, TaskState):
                    self._progress.pop(event.task_id, None)
                self._events.append(event)
                if self._most is not None and len(self._events) > self._most:
                    self._events, self._progress, self._gauges = [], {}, None
                    self.has_lost = True
        if self._wake is not None:
            self._wake()

    def take(self) -> list[Event]:
        """All that came since the last call, in order; never waits."""
        with self._lock:
            taken, self._events = self._events, []
            if self._progress:
                taken.extend(self._progress.values())
                self._progress = {}
            if self._gauges is not None:
                taken.append(self._gauges)
                self._gauges = None
        return taken


class Bus:
    """Hands every event to every subscription."""

    def __init__(self) -> None:
        self._subscriptions: list[Subscription] = []

    def subscribe(self, wake: Callable[[], None] | None = None, *, most: int | None = None) -> Subscription:
        """A new reader; it sees what is published from now on. `most`: see `Subscription`."""
        subscription = Subscription(wake, most=most)
        self._subscriptions.append(subscription)
        return subscription

    def unsubscribe(self, subscription: Subscription) -> None:
        self._subscriptions.remove(subscription)

    def publish(self, event: Event) -> None:
        for subscription in self._subscriptions:
            subscription.push(event)
