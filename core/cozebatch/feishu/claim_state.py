"""One claim and how far it has come, and the grouping of claims that share their requests."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import anyio

from cozebatch.feishu.base import Record
from cozebatch.model.errors import ErrorInfo, StepError

MOST_AT_ONCE = 100
"""Records that Feishu gives by id at once."""
_GATHER = 0.02
"""Seconds a claim waits for others to share its requests."""


@dataclass(slots=True, eq=False)
class Claim:
    """One record to be claimed, and how far that has come. Times are the event loop's.

    `asked`: a person asked for a new execution by name, so the record need not be ready.
    """

    record_id: str
    name: str = ""
    """Its marks begin so; empty: whatever this state folder began counts."""
    asked: bool = False
    marks: list[str] = field(default_factory=list)
    """All marks of ours that may stand in the record, now or later."""
    overdue: bool = False
    """A write of ours was not answered: it may still arrive."""
    sure_at: float = float("-inf")
    """At this time nobody else had won the record."""
    counting: str | None = None
    """The mark that counts, and since when."""
    counts_since: float = 0.0
    won: str | None = None
    """The mark with which it was won, until an outcome is written."""
    seen: Record | None = None
    """The record as somebody else had it while a write of ours was under way."""
    hides: bool = False
    """Our write came after all, and hides `seen`."""
    settled: bool = False
    answer: ErrorInfo | None = None
    failed: StepError | None = None

    def begin(self, *, asked: bool) -> None:
        """Claim it, or go on where the last try ended."""
        self.asked, self.settled, self.answer, self.failed = asked, False, None, None
        if self.won is not None:
            self.counting = None

    def settle(self, answer: ErrorInfo | None) -> None:
        self.settled, self.answer = True, answer

    def count(self, mark: str, now: float) -> None:
        self.counting, self.counts_since = mark, now

    @property
    def open(self) -> bool:
        return not self.settled and self.failed is None

    @property
    def unmarked(self) -> bool:
        """Whether no mark of ours counts yet."""
        return self.open and self.counting is None


class Together:
    """Does the same step for all claims that wait for it, in one go; whoever comes first does it for the others."""

    def __init__(self, step: Callable[[list[Claim]], Awaitable[None]]) -> None:
        self._step = step
        self._waiting: list[Claim] = []
        self._leading = anyio.Lock()

    async def do(self, claim: Claim) -> None:
        self._waiting.append(claim)
        try:
            await anyio.sleep(_GATHER)
            async with self._leading:
                while claim in self._waiting:
                    others = [other for other in self._waiting if other is not claim]
                    group = [claim, *others[: MOST_AT_ONCE - 1]]
                    await self._step(group)
                    self._waiting = [other for other in self._waiting if other not in group]
        finally:
            if claim in self._waiting:
                self._waiting.remove(claim)
