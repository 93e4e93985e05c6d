"""Reads LRC files: lines that begin with one or more `[mm:ss.xx]`, each shown until the next begins."""

from __future__ import annotations

import re
from bisect import bisect_right

from cozebatch.synthesis.compose.stamps import read_stamp
from cozebatch.synthesis.compose.timeline import SECOND

_STAMPED = re.compile(r"[ \t]*\[(\d{1,3}:\d{1,2}(?:[.:]\d{1,3})?)\]", re.ASCII)
_OFFSET = re.compile(r"^[ \t]*\[offset:[ \t]*([+-]?\d{1,7})[ \t]*\]", re.ASCII | re.MULTILINE | re.IGNORECASE)
_LAST_LINE = 5 * SECOND
"""How long the last line stands: the file names beginnings only."""


def read_lyrics(text: str) -> list[tuple[int, int, str]]:
    """(start, end, words) in order of time, in µs; empty if there are no such lines.

    `[offset:500]` shows everything 500 ms earlier. Lines of one moment stand together: one is the other's translation.
    """
    found = _OFFSET.search(text)
    earlier = int(found[1]) * 1000 if found else 0
    begins: list[tuple[int, str]] = []
    for line in text.split("\n"):
        at, stamps = 0, []
        while (match := _STAMPED.match(line, at)) is not None:
            stamps.append(read_stamp(match[1]))
            at = match.end()
        begins += [(max(0, stamp - earlier), line[at:]) for stamp in stamps if stamp is not None]
    begins.sort(key=lambda begin: begin[0])
    starts = [start for start, _ in begins]
    ends = [*starts, starts[-1] + _LAST_LINE] if starts else []
    return [(start, ends[bisect_right(starts, start)], words) for start, words in begins]
