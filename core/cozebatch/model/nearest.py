"""The known name that a person most likely meant."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Collection, Iterable
from pathlib import Path


def nearest(
    name: str, known: Iterable[str], *, plain: Callable[[str], str] = str.casefold, cutoff: float = 0.6
) -> str | None:
    """The one of `known` that is most like `name`, compared as `plain` makes them; None if none is like it.

    `cutoff`: as of `difflib.get_close_matches`, 0 to 1.
    """
    candidates = {plain(candidate): candidate for candidate in known}
    if plain(name) in candidates:
        return candidates[plain(name)]
    found = difflib.get_close_matches(plain(name), list(candidates), n=1, cutoff=cutoff)
    return candidates[found[0]] if found else None


def nearest_file(path: Path, endings: Collection[str]) -> Path | None:
    """The file beside `path` whose name is most like its name, among those with one of `endings` (small letters); None
    if none is like it, or the folder cannot be read. At most 1000 names are compared."""
    try:
        names = [entry.name for entry in path.parent.iterdir() if entry.suffix.lower() in endings][:1000]
    except OSError:
        return None
    near = nearest(path.name, names)
    return None if near is None else path.with_name(near)
