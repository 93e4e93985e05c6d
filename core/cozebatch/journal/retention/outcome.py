"""Counts what retention removed, per kind, for log lines, tables and the code that deletes files."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum

from cozebatch.model.text import Text


class Kind(StrEnum):
    OUTPUT = "output"
    EXECUTION = "execution"
    DELIVERY = "delivery"
    TASK = "task"
    RUN = "run"
    MEDIA = "media"
    DAMAGED = "damaged"
    LOG = "log"


@dataclass(slots=True)
class Pruned:
    """What was removed, and what is old enough but was kept because it is still needed."""

    gone: Counter[Kind] = field(default_factory=Counter)
    freed: Counter[Kind] = field(default_factory=Counter)
    """Stored bytes of what was removed."""
    kept: Counter[Kind] = field(default_factory=Counter)
    saved: int = 0
    """Bytes by which the journal's file became smaller."""
    troubles: list[Text] = field(default_factory=list)
    """Failures to delete files or to make the journal smaller."""

    def went(self, kind: Kind, size: int) -> None:
        self.gone[kind] += 1
        self.freed[kind] += size


@dataclass(slots=True)
class JournalPruned:
    """What was removed from a journal, and the facts needed before files beside it are deleted."""

    found: Pruned = field(default_factory=Pruned)
    unsettled: set[str] = field(default_factory=set)
    """Tasks of any source that are not done or whose write-back is still to deliver."""
    incomplete: bool = False
    """True if damage lost something and not every known source has been read completely since."""
