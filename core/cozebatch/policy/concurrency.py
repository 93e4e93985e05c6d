"""Limits the executions in flight: by what the operator set, and by what Coze allows. Pure.

The second shrinks by half when Coze says that a limit is reached (never below what it evidently allows: the
executions running now), waits as long as asked, and is probed upwards by one after a stretch without a refusal.
The stretch doubles with each probe that failed, so that a firm limit is not knocked at all night.
"""

from __future__ import annotations

from cozebatch.policy.retry_after import MAX_RETRY_AFTER

FIRST_STRETCH = 5.0
LONGEST_STRETCH = 120.0


class AdaptiveLimit:
    """The limit in force. Times are seconds of any one monotonic clock."""

    def __init__(self, user_limit: int, *, learned: int | None = None, now: float = float("-inf")) -> None:
        """`learned`: what Coze allowed a short while ago; it begins there, and is probed upwards from `now` on."""
        self.user_limit = user_limit
        self.open_at = float("-inf")
        """Before this nothing is submitted."""
        self._ceiling = max(1, learned) if learned is not None and learned < user_limit else None
        self._shrunk_at = float("-inf")
        self._calm_since = now
        self._stretch = FIRST_STRETCH
        self._refusals = 0

    @property
    def allowed(self) -> int | None:
        """What Coze allows, as far as it is known; None while what the operator set is what binds."""
        return self._ceiling

    @property
    def limit(self) -> int:
        return self.user_limit if self._ceiling is None else min(self.user_limit, self._ceiling)

    def throttled(self, *, now: float, sent_at: float, running: int, retry_after: float | None) -> float:
        """Coze refused a submission sent at `sent_at` while `running` executions were known to be running.

        Returns the seconds until submitting is tried again. Refusals of requests that were sent before the last
        shrinking tell nothing new and only wait.
        """
        fresh = sent_at >= self._shrunk_at
        if fresh:
            self._refusals += 1
            limit = self.limit
            self._ceiling = max(1, running, limit // 2)
            if self._ceiling >= limit:
                self._ceiling = max(1, running, limit - 1)
            self._shrunk_at = now
            self._stretch = min(LONGEST_STRETCH, self._stretch * 2)
        own_wait = min(60.0, 2.0 ** (self._refusals - 1))
        wait = own_wait if retry_after is None else min(MAX_RETRY_AFTER, max(0.0, retry_after))
        self.open_at = max(self.open_at, now + wait)
        self._calm_since = max(self._calm_since, self.open_at)
        return self.open_at - now

    def accepted(self, *, running: int) -> None:
        """A submission was accepted; `running` executions are in flight with it."""
        self._refusals = 0
        if self._ceiling is not None and running > self._ceiling:
            self._ceiling = running

    def probe(self, now: float) -> bool:
        """Raise the ceiling by one if the stretch has passed; True when the limit in force changed."""
        due = self.next_probe
        if due is None or now < due or self._ceiling is None:
            return False
        before = self.limit
        self._ceiling += 1
        self._calm_since = now
        if self._ceiling >= self.user_limit:
            self._ceiling = None
            self._stretch = FIRST_STRETCH
        return self.limit != before

    @property
    def next_probe(self) -> float | None:
        """When the next probe is due; None while Coze's limit is not what binds."""
        if self._ceiling is None:
            return None
        return self._calm_since + self._stretch
