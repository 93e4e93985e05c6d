"""Text from outside made harmless for a terminal: one line, no control, escape or direction-changing characters.

Everything that came from a table, a service or a file passes here before it is shown. It is never markup either:
widgets get `Content` or plain segments, never a string that Textual would parse.
"""

from __future__ import annotations

import re
import unicodedata

_UNSAFE = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f"  # C0 and C1 but tab, line feed, carriage return
    "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"  # bidirectional controls
    "\ud800-\udfff\ufff9-\ufffb\U000e0000-\U000e007f]"  # halves of pairs, annotations, tags
)
_SPACE = re.compile(r"[\t\n\r\u2028\u2029]+")


def clean(text: str, most: int = 2000) -> str:
    """One harmless line of at most `most` characters; what was cut off is marked with an ellipsis."""
    cut = text[: most + 1]
    line = _UNSAFE.sub("", _SPACE.sub(" ", cut))
    return line if len(text) <= most else line[:most] + "..."


def clean_lines(text: str, most: int = 200_000) -> str:
    """The same for a text of several lines, which stay."""
    cut = text[:most].replace("\r\n", "\n").replace("\r", "\n").replace("\t", "    ")
    cleaned = _UNSAFE.sub("", cut.replace("\u2028", "\n").replace("\u2029", "\n"))
    return cleaned if len(text) <= most else cleaned + "\n..."


def is_harmless(text: str) -> bool:
    """Whether nothing in `text` could move the cursor or turn the direction of writing."""
    return all(unicodedata.category(c) not in ("Cc", "Cs") or c in "\n" for c in text) and not _UNSAFE.search(text)
