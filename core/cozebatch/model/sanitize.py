"""Makes text from outside harmless: no control, escape or direction-changing characters, and a bounded length.

All text from a table, a service, a tool or a file passes through here before it is shown, logged or written into a
table. It is never parsed as markup: widgets get `Content` or plain segments, never a string that Textual would parse.
"""

from __future__ import annotations

import re
import unicodedata

_UNSAFE = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f"  # C0 and C1 but tab, line feed, carriage return
    "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff"  # bidirectional controls, byte order mark
    "\ud800-\udfff\ufff9-\ufffb\U000e0000-\U000e007f]"  # halves of pairs, annotations, tags
)
_SPACE = re.compile(r"[\t\n\r\u2028\u2029]+")


def clean(text: str, most: int = 2000) -> str:
    """One harmless line of at most `most` characters; an ellipsis marks what was cut off.

    Unsafe characters become spaces: removing them could join the parts of a secret that the mask did not find.
    """
    if len(text) <= most and text.isprintable():  # nothing unsafe is; a start may write 100,000 lines
        return text
    line = _UNSAFE.sub(" ", _SPACE.sub(" ", text[: most + 1]))
    return line if len(text) <= most else line[: most - 1] + "…"


def clean_lines(text: str, most: int = 200_000) -> str:
    """The same for a text of several lines, which stay."""
    cut = text[: most + 1].replace("\r\n", "\n").replace("\r", "\n").replace("\t", "    ")
    cleaned = _UNSAFE.sub(" ", cut.replace("\u2028", "\n").replace("\u2029", "\n"))
    return cleaned if len(text) <= most and len(cleaned) <= most else cleaned[: most - 1] + "…"


def is_harmless(text: str) -> bool:
    """True if nothing in `text` can move the cursor or turn the direction of writing."""
    return all(unicodedata.category(c) not in ("Cc", "Cs") or c in "\n" for c in text) and not _UNSAFE.search(text)
