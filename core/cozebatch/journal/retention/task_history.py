"""One task's rows over all runs of its source, and which of their data a later start may still need. Pure.

The decisions here follow `past`: it reads the latest row that is not skipped, from runs that are not abandoned.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from cozebatch.model.task import State


@dataclass(frozen=True, slots=True)
class OfRun:
    """A run as retention sees it. `old`: it ended long enough ago; other runs are never touched."""

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
    """A task's row in one run. `facts` is empty if the row cannot be read; such a row is never touched."""

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
    """All rows of one task, oldest first. `owed`: one of its write-backs is still to deliver."""

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
        """True if the task is done and written back, so that neither a retry nor a later run uses its results."""
        return self.done and not self._owed

    @property
    def under_way(self) -> bool:
        """True if a run that will be continued has not finished the task."""
        return any(row.run.goes_on and row.state not in (State.DONE, State.SKIPPED) for row in self.rows)

    def needed_outputs(self) -> set[str]:
        """Execute ids whose outputs may still be read."""
        needed: list[OfTask | None] = [] if self.settled else [self.latest] if self.done else list(self.rows)
        # A run that is continued writes its results file again at its end, with the skipped tasks.
        needed += [row for row in self.rows if not row.run.old and (row.run.goes_on or not row.skipped)]
        return {row.execute_id for row in needed if row is not None and row.execute_id is not None}

    def superseded(self) -> set[str]:
        """Ids of old runs whose rows of this task no later start reads."""
        found: set[str] = set()
        counted = told = paid = False  # a later row: `past` reads it; is not skipped; was paid for
        for row in reversed(self.rows):
            if row.skipped:
                free = self.latest is not None or not row.paid or paid
            else:
                # Rows of an abandoned run are never read, so they supersede only other such rows.
                free = told if row.run.status == "abandoned" else counted
            if free and row is not self.latest and row.run.old and row.facts:
                found.add(row.run.run_id)
            told |= not row.skipped
            counted |= not row.skipped and row.run.status != "abandoned"
            paid |= row.paid
        return found
