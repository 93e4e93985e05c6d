"""Makes a text one that given fonts can draw: emoji and ornaments that no font has are left out, words never are.

A keycap becomes its digit in a circle, and a compatibility letter (`𝓗`, `™`) its plain form. Where no font has an emoji
with its skin tone or its whole sequence, the simpler one is drawn.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from cozebatch.synthesis.compose.emoji import (
    JOINER,
    SIGN,
    is_emoji,
    is_flag,
    is_keycap,
    simpler,
    visible,
)
from cozebatch.synthesis.subtitles.opentype import Face
from cozebatch.synthesis.subtitles.pictures import picture_face

_CIRCLED = {**dict(zip("0123456789", "⓪①②③④⑤⑥⑦⑧⑨", strict=True)), "\U0001f51f": "⑩"}
_PLAIN = {0x1F51F: "10", 0xFE0F: None, 0x20E3: None}
_SELECTOR = re.compile("[\ufe00-\ufe0f\U000e0020-\U000e007f]")
_ORNAMENTS = ("So", "Sk", "Me", "Mn")
"""Categories of characters that are no words: other symbols, modifiers, marks on a letter that stays."""


class Drawable:
    """What the `faces` of a machine can draw, and its fonts of coloured emoji."""

    def __init__(self, faces: Sequence[Face], pictures: Sequence[Face] = ()) -> None:
        self._faces = faces
        self._pictures = pictures
        self._emoji = [face for face in faces if face.is_emoji]
        self._known: dict[str, bool] = {}

    def of(self, text: str) -> tuple[str, list[str]]:
        """The text as it can be drawn, and the signs that were left out. A character that no font has and that
        belongs to a word stays in the text."""
        parts: list[str] = []
        gone: list[str] = []
        after_gap = False
        for sign in SIGN.findall(unicodedata.normalize("NFC", text)):
            form = self._emoji_form(sign) if is_emoji(sign) else self._form(sign)
            if form is None:
                gone.append(sign)
                after_gap = after_gap or not parts or parts[-1].isspace()
            elif not (after_gap and form == " "):  # of two spaces around an emoji one is left
                parts.append(form)
                after_gap = False
        if not gone and JOINER not in text:
            return "".join(parts), gone
        return _without_loose_joiners("".join(parts)), gone

    def _form(self, char: str) -> str | None:
        category = unicodedata.category(char)
        if _SELECTOR.match(char):
            return ""
        if char in " \n" or category in ("Cc", "Cs", "Co", "Cn") or self._covered(char, self._faces):
            return char
        if category[0] == "Z":
            return " "
        if category == "Cf":
            return ""
        plain = unicodedata.normalize("NFKC", char)
        if plain != char and all(c.isspace() or self._covered(c, self._faces) for c in plain):
            return plain
        return None if category in _ORNAMENTS else char

    def _emoji_form(self, sign: str) -> str | None:
        if picture_face(sign, self._pictures) is not None:
            return sign
        if is_keycap(sign):
            digit = _CIRCLED.get(sign[0], sign[0])
            if self._covered(visible(sign), self._emoji):
                return sign
            return digit if self._covered(digit, self._faces) else sign.translate(_PLAIN)
        if is_flag(sign):
            return sign if len(sign) == 2 and self._covered(sign, self._emoji) else None
        for form in (sign, *simpler(sign)):
            whole = visible(form)
            if self._covered(whole, self._emoji if len(whole) > 1 else self._faces):
                return form
            if picture_face(form, self._pictures) is not None:
                return form
        plain = unicodedata.normalize("NFKC", visible(sign))
        words = plain != visible(sign) and plain.isalnum()
        return plain if words and all(self._covered(c, self._faces) for c in plain) else None

    def _covered(self, chars: str, faces: Sequence[Face]) -> bool:
        """Whether one face has all of them."""
        key = f"{faces is self._emoji}{chars}"
        if key not in self._known:
            self._known[key] = any(face.covers(chars) for face in faces)
        return self._known[key]


def _without_loose_joiners(text: str) -> str:
    """A joiner means something between letters (Persian, Hindi) and inside an emoji only."""
    signs: list[str] = SIGN.findall(text)
    kept = [
        sign
        for at, sign in enumerate(signs)
        if sign != JOINER or (0 < at < len(signs) - 1 and signs[at - 1][-1:].isalpha() and signs[at + 1][:1].isalpha())
    ]
    return "".join(kept)
