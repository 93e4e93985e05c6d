"""Decodes what a child process printed. Programs on Windows print in UTF-8 or in the system's code page; elsewhere all
print UTF-8."""

from __future__ import annotations

import sys

_SYSTEM = "mbcs" if sys.platform == "win32" else "utf-8"
_LONGEST = 3
"""Bytes of a character in UTF-8 that may be left when its first one was cut off."""


def decode(printed: bytes, *, cut: bool = False) -> str:
    """The text, in UTF-8 or else in the system's code page; what is in neither becomes U+FFFD. `cut`: its beginning is
    missing, perhaps the first part of a character too."""
    if cut:
        rest = printed.lstrip(bytes(range(0x80, 0xC0)))
        printed = rest if len(printed) - len(rest) <= _LONGEST else printed
    try:
        return printed.decode("utf-8")
    except UnicodeDecodeError:
        return printed.decode(_SYSTEM, "replace")
