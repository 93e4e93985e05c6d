"""What a planted fault is."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Planted:
    """`breaks`: the rule, in a few words. `file` is relative to `core/cozebatch`."""

    name: str
    breaks: str
    file: str
    old: str
    new: str
