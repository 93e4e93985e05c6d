"""One task's rows over all runs of its source, and which of what hangs on them a later start may still need. Pure.

`past` looks at the latest row that was not skipped, of runs that were not abandoned; so do the decisions here.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from cozebatch.model.task import State


@dataclass(frozen=True, slots=True)
class OfRun:
    """A run as retention sees it. `old`: it ended, long enough ago; others are never touched."""

    run_id: str
    source_key: str
    workflow_id: str
    place: float
    status: str
    old: bool

    @property
    def order(self) -> tuple[float, str]:
        return self.place, self.run_id

    @property
    def goes_on(self) -> bool:
        return self.status not in ("finished", "abandoned")


@dataclass(frozen=True, slots=True)
class OfTask:
    """A task's row in one run. `facts` is empty when it cannot be read; such a row is never touched."""

    run: OfRun
    task_id: str
    facts: dict[str, Any]

    @classmethod
    def read(cls, run: OfRun, task_id: str, stored: str) -> OfTask:
        try:
            facts = json.loads(stored)
        except ValueError:
            facts = {}
        return cls(run, task_id, facts if isinstance(facts, dict) else {})

    @property
    def state(self) -> str | None:
        return self.facts.get("state", State.PENDING.value) if self.facts else None

    @property
    def execute_id(self) -> str | None:
        return self.facts.get("execute_id")

    @property
    def skipped(self) -> bool:
        return self.state == State.SKIPPED

    @property
    def paid(self) -> bool:
        return bool(self.facts.get("attempts")) or self.execute_id is not None


class History:
    """All rows of one task, oldest first. `owed`: a write-back of it was never delivered."""

    def __init__(self, rows: Iterable[OfTask], owed: bool) -> None:
        self.rows = sorted(rows, key=lambda row: row.run.order)
        self._owed = owed
        told = [row for row in self.rows if not row.skipped]
        counting = [row for row in told if row.run.status != "abandoned"]
        self.latest: OfTask | None = next(reversed(counting or told), None)

    @property
    def done(self) -> bool:
        row = self.latest
        return row is not None and row.state == State.DONE and not row.facts.get("unanswered")

    @property
    def settled(self) -> bool:
        """Finished, and nobody is to be told any more: neither a retry nor a later run goes on from its results."""
        return self.done and not self._owed

    @property
    def under_way(self) -> bool:
        """A run that goes on has not done it yet."""
        return any(row.run.goes_on and row.state not in (State.DONE, State.SKIPPED) for row in self.rows)

    def needed_outputs(self) -> set[str]:
        """Executions whose outputs somebody may still read."""
        needed: list[OfTask | None] = [] if self.settled else [self.latest] if self.done else list(self.rows)
        # The results file of a run that goes on is written anew at its end, skipped tasks included.
        needed += [row for row in self.rows if not row.run.old and (row.run.goes_on or not row.skipped)]
        return {row.execute_id for row in needed if row is not None and row.execute_id is not None}

    def superseded(self) -> set[str]:
        """Old runs whose rows of this task no later start looks at."""
        found: set[str] = set()
        counted = told = paid = False  # whether a later row would be taken by `past`; was not skipped; was paid for
        for row in reversed(self.rows):
            if row.skipped:
                free = self.latest is not None or not row.paid or paid
            else:
                # A run that was abandoned is not looked at: its rows take no other run's place.
                free = told if row.run.status == "abandoned" else counted
            if free and row is not self.latest and row.run.old and row.facts:
                found.add(row.run.run_id)
            told |= not row.skipped
            counted |= not row.skipped and row.run.status != "abandoned"
            paid |= row.paid
        return found
