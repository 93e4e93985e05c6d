"""Removes secrets from texts before they are logged, stored or shown.

It finds a secret as it is and in every spelling in which text often holds another text: JSON escapes at any depth, with
single characters escaped or all, percent-encoding at any depth, and HTML's character references. It keeps at most the
last four characters, and none of a secret so short that they would reveal it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from functools import partial
from typing import Any
from urllib.parse import quote, quote_plus

MASK = "***"
_SHOWN = 4
_QUOTED = frozenset("\"\\/'")
"""Characters that a backslash alone may stand before."""
_LONG_ENOUGH = 16
"""From this length on, four characters identify a secret to its owner without revealing it."""
_LONGEST_SPELT = 1000
"""Characters up to which a secret is looked for in odd spellings: no service gives out longer ones."""
_SIGNS = ("\\u", "\\x", "%", "&")
"""Without one of these no letter or digit is spelt otherwise than it is."""


class Masker:
    """Replaces every occurrence of the given secrets. No `repr` or traceback shows a secret."""

    __slots__ = ("_pattern", "_replacements", "_secrets", "_signs", "_spelt")

    def __init__(self, secrets: Iterable[str]) -> None:
        secrets = [secret for secret in secrets if secret]
        self._replacements: dict[str, str] = {}
        for secret in secrets:
            shown = _shown(secret)
            for spelling in _spellings(secret):
                self._replacements.setdefault(spelling, shown)
        # The longest first: one secret may be part of another.
        ordered = sorted(self._replacements, key=len, reverse=True)
        self._pattern = re.compile("|".join(map(re.escape, ordered))) if ordered else None
        quoted = any(char in _QUOTED for secret in secrets for char in secret)
        self._signs = (*_SIGNS, "\\") if quoted else _SIGNS
        self._secrets = sorted({secret for secret in secrets if len(secret) <= _LONGEST_SPELT}, key=len, reverse=True)
        self._spelt: list[tuple[re.Pattern[str], str]] | None = None

    def __repr__(self) -> str:
        return "Masker(***)"

    def mask(self, text: str) -> str:
        if self._pattern is None:
            return text
        if _holds_any(text, self._replacements):
            text = self._pattern.sub(lambda found: self._replacements[found[0]], text)
        if _holds_any(text, self._signs):
            if self._spelt is None:  # made when it is needed: the patterns are large
                self._spelt = [
                    (re.compile("".join(map(_any_spelling, secret))), _shown(secret)) for secret in self._secrets
                ]
            for spelling, shown in self._spelt:
                text = spelling.sub(partial(_same, shown), text)
        return text

    def mask_json(self, value: Any) -> Any:
        """The same value with every string in it masked, keys too. Does not change the given value."""
        match value:
            case str():
                return self.mask(value)
            case dict():
                return {self.mask(key) if isinstance(key, str) else key: self.mask_json(v) for key, v in value.items()}
            case list():
                return [self.mask_json(member) for member in value]
            case tuple():
                return tuple(self.mask_json(member) for member in value)
        return value


def _holds_any(text: str, pieces: Iterable[str]) -> bool:
    """`any(piece in text for …)` takes twice the time, and everything that is stored or shown comes by here."""
    for piece in pieces:  # noqa: SIM110 - see above
        if piece in text:
            return True
    return False


def _shown(secret: str) -> str:
    return MASK + (secret[-_SHOWN:] if len(secret) >= _LONG_ENOUGH else "")


def _same(shown: str, _: re.Match[str]) -> str:
    return shown


def _any_spelling(char: str) -> str:
    """A pattern for one character, as it is or escaped, four times at most (15 backslashes): repetitions are bounded,
    so that a text of nothing but backslashes costs no more than its length."""
    units = char.encode("utf-16-be")
    escaped = "".join(rf"\\{{1,16}}u(?i:{units[i : i + 2].hex()})" for i in range(0, len(units), 2))
    percent = "".join(f"%(?:25){{0,8}}(?i:{byte:02x})" for byte in char.encode("utf-8"))
    number = ord(char)
    reference = f"&(?:amp;){{0,8}}#(?:[xX]0{{0,8}}(?i:{number:x})|0{{0,8}}{number});?"
    found = [re.escape(char), escaped, percent, reference]
    if number < 256:
        found.append(rf"\\{{1,16}}x(?i:{number:02x})")
    if char in _QUOTED:
        found.append(r"\\{1,16}" + re.escape(char))
    return f"(?:{'|'.join(found)})"


def _spellings(secret: str) -> set[str]:
    escaped = json.dumps(secret)[1:-1]
    quoted = quote(secret, safe="")
    found = {
        secret,
        escaped,
        escaped.replace("/", "\\/"),
        # JSON inside a JSON string, as in Coze's output.
        json.dumps(escaped)[1:-1],
        json.dumps(secret, ensure_ascii=False)[1:-1],
        quoted,
        quote(secret),
        quote_plus(secret),
    }
    return found | {re.sub(r"%[0-9A-F]{2}", lambda m: m[0].lower(), spelling) for spelling in (quoted, quote(secret))}
