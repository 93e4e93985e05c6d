"""Knows emoji for what they are: which characters, and which sequences of them are one sign.

Keycaps, flags, skin tones, sequences with joiners and tags, and the older symbols that have an emoji form. After UTS
#51 (https://unicode.org/reports/tr51/), and `Extended_Pictographic` of its `emoji-data.txt` (Unicode 16).
"""

from __future__ import annotations

import re

_PICTOGRAPHS = (
    "\u00a9\u00ae\u203c\u2049\u2122\u2139\u2194-\u2199\u21a9\u21aa\u231a\u231b\u2328\u2388\u23cf\u23e9-\u23f3\u23f8-\u23fa"
    "\u24c2\u25aa\u25ab\u25b6\u25c0\u25fb-\u25fe\u2600-\u2605\u2607-\u2612\u2614-\u2685\u2690-\u2705\u2708-\u2712\u2714"
    "\u2716\u271d\u2721\u2728\u2733\u2734\u2744\u2747\u274c\u274e\u2753-\u2755\u2757\u2763-\u2767\u2795-\u2797\u27a1\u27b0"
    "\u27bf\u2934\u2935\u2b05-\u2b07\u2b1b\u2b1c\u2b50\u2b55\u3030\u303d\u3297\u3299"
    "\U0001f000-\U0001f0ff\U0001f10d-\U0001f10f\U0001f12f\U0001f16c-\U0001f171\U0001f17e\U0001f17f\U0001f18e"
    "\U0001f191-\U0001f19a\U0001f1ad-\U0001f1e5\U0001f201-\U0001f20f\U0001f21a\U0001f22f\U0001f232-\U0001f23a"
    "\U0001f23c-\U0001f23f\U0001f249-\U0001f3fa\U0001f400-\U0001f53d\U0001f546-\U0001f64f\U0001f680-\U0001f6ff"
    "\U0001f774-\U0001f77f\U0001f7d5-\U0001f7ff\U0001f80c-\U0001f80f\U0001f848-\U0001f84f\U0001f85a-\U0001f85f"
    "\U0001f888-\U0001f88f\U0001f8ae-\U0001f8ff\U0001f90c-\U0001f93a\U0001f93c-\U0001f945\U0001f947-\U0001faff"
    "\U0001fc00-\U0001fffd"
)
_TONES = "\U0001f3fb-\U0001f3ff"
_LETTERS = "\U0001f1e6-\U0001f1ff"
"""Two of these regional indicators make a flag."""
JOINER = "\u200d"
KEYCAP = "\u20e3"
_SELECTORS = "\ufe00-\ufe0f"
_TAGS = "\U000e0020-\U000e007f"
_ONE = rf"[{_PICTOGRAPHS}{_TONES}][{_SELECTORS}]?[{_TONES}]?{KEYCAP}?[{_TAGS}]*"
EMOJI = re.compile(rf"[{_LETTERS}]{{1,2}}|[0-9#*]\ufe0f?{KEYCAP}|{_ONE}(?:{JOINER}{_ONE})*")
"""One sign, with all that belongs to it."""
SIGN = re.compile(rf"{EMOJI.pattern}|.", re.DOTALL)
"""One emoji, or one character."""
_INVISIBLE = re.compile(rf"[{_SELECTORS}{_TAGS}{JOINER}]")
_TONE = re.compile(f"[{_TONES}]")


def is_emoji(sign: str) -> bool:
    """Whether this is an emoji, alone or as a sequence."""
    return EMOJI.fullmatch(sign) is not None


def asks_for_picture(sign: str) -> bool:
    """Whether an emoji is to be shown as a picture, where its character has a form as text, too."""
    return "\ufe0f" in sign or sign[:1] >= "\U0001f000"


def visible(sign: str) -> str:
    """The characters of a sign that need a glyph."""
    return _INVISIBLE.sub("", sign)


def is_keycap(sign: str) -> bool:
    return sign == "\U0001f51f" or (sign.endswith(KEYCAP) and sign[:1] in "0123456789#*")


def is_flag(sign: str) -> bool:
    return re.match(f"[{_LETTERS}]", sign) is not None


def simpler(sign: str) -> list[str]:
    """What may stand for an emoji that no font has as a whole: without its skin tone, then its first part alone."""
    plain = _TONE.sub("", sign)
    first = plain.partition(JOINER)[0]
    found = [plain, _INVISIBLE.sub("", plain) if JOINER not in plain else "", _INVISIBLE.sub("", first)]
    return [form for form in dict.fromkeys(found) if form and form != sign]
