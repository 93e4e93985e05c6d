"""What was changed between two texts, line by line, as a person reads it."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import SequenceMatcher
from typing import Literal

Kind = Literal["same", "removed", "added"]

MOST_LINES = 2000
"""Lines of each text that are compared."""


def differences(before: str, after: str) -> Iterator[tuple[Kind, str]]:
    """The lines of both, in order; what was removed comes before what took its place."""
    old, new = before.splitlines()[:MOST_LINES], after.splitlines()[:MOST_LINES]
    for _, old_from, old_to, new_from, new_to in _blocks(old, new):
        if old[old_from:old_to] == new[new_from:new_to]:
            yield from (("same", line) for line in old[old_from:old_to])
            continue
        yield from (("removed", line) for line in old[old_from:old_to])
        yield from (("added", line) for line in new[new_from:new_to])


def _blocks(old: list[str], new: list[str]) -> list[tuple[str, int, int, int, int]]:
    return [(str(tag), *places) for tag, *places in SequenceMatcher(None, old, new, autojunk=False).get_opcodes()]  # type: ignore[misc]
