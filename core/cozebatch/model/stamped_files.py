"""Files that are named after the moment at which they were begun, and the kinds of them that the program makes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class StampedFiles:
    """One kind: `{prefix}_YYYYMMDD_HHMMSS{suffix}`, and `…_2` to `…_999` for those of the same second."""

    prefix: str
    suffix: str

    @property
    def pattern(self) -> str:
        """Glob pattern of the names; it matches few others."""
        return f"{self.prefix}_????????_??????*{self.suffix}"

    def names(self, stamp: str) -> Iterator[str]:
        """The names for files begun at `stamp` (`YYYYMMDD_HHMMSS`), in the order in which they are tried."""
        yield f"{self.prefix}_{stamp}{self.suffix}"
        for number in range(2, 1000):
            yield f"{self.prefix}_{stamp}_{number}{self.suffix}"

    def has(self, name: str) -> bool:
        """True for exactly the names that `names` makes. Only such a file is deleted with age."""
        named = rf"{re.escape(self.prefix)}_[0-9]{{8}}_[0-9]{{6}}(_([2-9]|[1-9][0-9]{{1,2}}))?{re.escape(self.suffix)}"
        return re.fullmatch(named, name) is not None

    def in_folder(self, folder: Path) -> Iterator[Path]:
        """What has such a name in `folder`, whatever it is."""
        return (path for path in folder.glob(self.pattern) if self.has(path.name))


LOG_FILES = StampedFiles("workflow", ".log")
OUTPUT_FILES = StampedFiles("output", ".txt")
"""With what a batch in the background prints."""
