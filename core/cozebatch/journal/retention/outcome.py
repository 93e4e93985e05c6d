"""What retention took out, kind by kind: for a log line, a table, and whoever deletes files beside the journal."""

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
    """What went, and what is old enough but was kept because it is still needed."""

    gone: Counter[Kind] = field(default_factory=Counter)
    freed: Counter[Kind] = field(default_factory=Counter)
    """Bytes of what went, as it was stored."""
    kept: Counter[Kind] = field(default_factory=Counter)
    saved: int = 0
    """Bytes by which the journal's file became smaller."""
    troubles: list[Text] = field(default_factory=list)
    """What could not be deleted, or not be made smaller."""

    def went(self, kind: Kind, size: int) -> None:
        self.gone[kind] += 1
        self.freed[kind] += size


@dataclass(slots=True)
class JournalPruned:
    """What went of a journal, and what must be known of it before files beside it go."""

    found: Pruned = field(default_factory=Pruned)
    unsettled: set[str] = field(default_factory=set)
    """Tasks of any source that are not done, or whose outcome the table has not been told."""
    incomplete: bool = False
    """Something was lost in a damage, and not all known sources were seen whole since."""
