"""Moments as people and programs write them: `0:01:02.500`, `01:02,5`, with full-width punctuation too."""

from __future__ import annotations

import re

from cozebatch.synthesis.compose.timeline import SECOND

STAMP = r"\d{1,4}(?:[:：]\d{1,3}){1,3}(?:[.,，]\d{1,6})?"
"""What may be a moment, as part of a larger pattern; `read_stamp` decides."""
_PARTS = re.compile(r"(?:(\d{1,4}):)?(\d{1,3}):(\d{1,2})(?:[.,:](\d{1,6}))?", re.ASCII)
_HALF_WIDTH = str.maketrans("：，", ":,")


def read_stamp(text: str) -> int | None:
    """`h:mm:ss.mmm`, `mm:ss,mmm` and the like in µs; None for anything else."""
    match = _PARTS.fullmatch(text.strip().translate(_HALF_WIDTH))
    if match is None:
        return None
    seconds = int(match[1] or 0) * 3600 + int(match[2]) * 60 + int(match[3])
    return seconds * SECOND + int((match[4] or "0").ljust(6, "0"))
