"""The known name that a person most likely meant."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable


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
