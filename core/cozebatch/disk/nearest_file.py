"""Finds what a misspelt path may have meant."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from cozebatch.model.nearest import nearest


def nearest_file(path: Path, endings: Collection[str]) -> Path | None:
    """The file beside `path` whose name is most like its name, among those with one of `endings` (small letters); None
    if none is like it, or the folder cannot be read. At most 1000 names are compared."""
    try:
        names = [entry.name for entry in path.parent.iterdir() if entry.suffix.lower() in endings][:1000]
    except OSError:
        return None
    near = nearest(path.name, names)
    return None if near is None else path.with_name(near)
