"""What lies beside a file, for what a misspelt path may have meant."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path


def names_beside(path: Path, endings: Collection[str]) -> list[str]:
    """Names in the folder of `path` that end in one of `endings` (small letters), at most 1000; none where the folder
    cannot be read."""
    try:
        return [entry.name for entry in path.parent.iterdir() if entry.suffix.lower() in endings][:1000]
    except OSError:
        return []
