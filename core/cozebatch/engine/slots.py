"""The Coze slots: who holds one, whose execution Coze has accepted, and how many there may be.

A slot is held from before the submission until the execution is known to have ended, whatever becomes of its task.
"""

from __future__ import annotations

from collections.abc import Callable

import anyio

from cozebatch.engine.ledger import Ledger
from cozebatch.model import events
from cozebatch.model.rows import Stage
from cozebatch.policy.concurrency import AdaptiveLimit


class Slots:
    """Holders are task ids, or names of orphan executions. Every change of the limit is published."""

    def __init__(
        self, ledger: Ledger, user_limit: int, notify: Callable[[], None], *, learned: int | None = None
    ) -> None:
        self._ledger = ledger
        self._notify = notify
        self._limit = AdaptiveLimit(user_limit, learned=learned, now=anyio.current_time())
        self._holders: set[str] = set()
        self._executing: set[str] = set()
        """The holders whose execution Coze has accepted."""

    def __contains__(self, holder: str) -> bool:
        return holder in self._holders

    def __len__(self) -> int:
        return len(self._holders)

    @property
    def limit(self) -> int:
        """The limit in force."""
        return self._limit.limit

    @property
    def allowed(self) -> int | None:
        """What Coze allows where that is less than the operator set; None where it is not known to be."""
        return self._limit.allowed

    @property
    def user_limit(self) -> int:
        """What the operator set."""
        return self._limit.user_limit

    @property
    def is_free(self) -> bool:
        """Whether a new execution may be started now."""
        return len(self._holders) < self._limit.limit and anyio.current_time() >= self._limit.open_at

    def tell_start(self) -> None:
        """Publish the limit where the run begins below what the operator set."""
        if self.limit < self.user_limit:
            self._publish_limit("learned")

    def take(self, holder: str) -> None:
        """Hold a slot. An execution in flight takes one even beyond the limit."""
        self._holders.add(holder)

    def release(self, holder: str) -> None:
        """The execution is known to have ended, or was never started."""
        self._holders.discard(holder)
        self._executing.discard(holder)
        self._notify()

    def adopted(self, holder: str) -> None:
        """The execution was accepted before it came to us."""
        self._executing.add(holder)

    def accepted(self, holder: str) -> None:
        """Coze accepted the holder's submission."""
        self._executing.add(holder)
        before = self.limit
        self._limit.accepted(running=len(self._executing))
        if self.limit != before:
            self._publish_limit("accepted")

    def throttled(self, *, sent_at: float, retry_after: float | None) -> None:
        """A submission sent at `sent_at` (event loop's clock) was refused for a limit: wait, and shrink the limit."""
        before = self.limit
        wait = self._limit.throttled(
            now=anyio.current_time(), sent_at=sent_at, running=len(self._executing), retry_after=retry_after
        )
        self._ledger.publish(events.Throttled(retry_in=round(wait, 3), **self._ledger.stamp()))
        if self.limit != before:
            self._publish_limit("throttled")

    def probe(self) -> None:
        """Raise the limit by one if it is time to try."""
        if self._limit.probe(anyio.current_time()):
            self._publish_limit("probe")

    def set_user_limit(self, limit: int) -> None:
        """Lowering drains, never kills."""
        self._limit.user_limit = limit
        self._publish_limit("operator")
        self._notify()

    @property
    def next_change(self) -> list[float]:
        """When, on the event loop's clock, waiting or probing may let a task in."""
        times = [] if anyio.current_time() >= self._limit.open_at else [self._limit.open_at]
        return times if self._limit.next_probe is None else [*times, self._limit.next_probe]

    def _publish_limit(self, reason: str) -> None:
        self._ledger.publish(
            events.LimitChanged(
                stage=Stage.COZE,
                limit=self.limit,
                user_limit=self.user_limit,
                reason=reason,
                **self._ledger.stamp(),
            )
        )
