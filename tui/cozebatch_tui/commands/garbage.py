"""How often a process with many rows looks for garbage that refers to itself."""

from __future__ import annotations

import gc

GARBAGE_AT = 50_000
"""New objects for which the process looks for circles among them. With Python's 700, a tenth of the start of 100,000
tasks goes into that, and so does many a wait for a key on a screen with 10,000 rows; rows form no circles."""


def collect_rarely() -> None:
    """For the rest of the process's life."""
    gc.set_threshold(GARBAGE_AT)
