"""Holds new executions to what the operator allows.

A task run that is to submit takes a place first, and gives it back when its intent, which counts from then on, is on
disk; so no two of them take the last one. A submission that Coze refused was nothing paid.
"""

from __future__ import annotations

from collections.abc import Callable

from cozebatch.engine.ledger import Ledger
from cozebatch.engine.pauses import Pauses
from cozebatch.engine.submissions import Submissions
from cozebatch.model.allowance import SPENT


class Spending:
    """Lives on the engine's event loop; nothing here awaits. What is allowed is the ledger's."""

    def __init__(self, ledger: Ledger, pauses: Pauses, submissions: Submissions, notify: Callable[[], None]) -> None:
        self._ledger = ledger
        self._pauses = pauses
        self._submissions = submissions
        self._notify = notify
        self._places: set[str] = set()

    @property
    def is_over(self) -> bool:
        """Whether nothing more may be started now."""
        return self._ledger.allowance.spent(self._ledger.clock.wall()) is not None

    def allows_one_more(self) -> bool:
        """Whether one more task run may begin to submit. Pauses the run once that is settled for all that wait."""
        allowance = self._ledger.allowance
        spent = allowance.spent(self._ledger.clock.wall())
        if spent is None:
            return allowance.left is None or allowance.left > len(self._places)
        if spent == "until" or not self._submissions.any_under_way:  # one on the wire may still be refused
            self._pauses.pause(spent)
        return False

    def take_place(self, task_id: str) -> None:
        self._places.add(task_id)

    def give_back(self, task_id: str) -> None:
        """The submission counts by itself from now on, or will not be sent."""
        if task_id in self._places:
            self._places.discard(task_id)
            self._notify()

    def tick(self) -> None:
        """Look at the clock again, which people may set, where a time is awaited."""
        if self._ledger.allowance.until is not None:
            self._notify()

    def raised(self) -> None:
        """The operator has allowed more: go on, if nothing else stopped the run."""
        if self._pauses and set(self._pauses.reasons) <= SPENT and not self.is_over:
            self._pauses.resume()
        self._notify()
