"""Removes secrets from texts before they are logged, stored or shown.

It finds a secret as it is and in its URL and JSON spellings. It keeps at most the last four characters, and none of a
secret so short that they would reveal it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any
from urllib.parse import quote, quote_plus

MASK = "***"
_SHOWN = 4
_LONG_ENOUGH = 16
"""From this length on, four characters identify a secret to its owner without revealing it."""


class Masker:
    """Replaces every occurrence of the given secrets. No `repr` or traceback shows a secret."""

    __slots__ = ("_pattern", "_replacements")

    def __init__(self, secrets: Iterable[str]) -> None:
        self._replacements: dict[str, str] = {}
        for secret in secrets:
            if not secret:
                continue
            shown = MASK + (secret[-_SHOWN:] if len(secret) >= _LONG_ENOUGH else "")
            for spelling in _spellings(secret):
                self._replacements.setdefault(spelling, shown)
        # The longest first: one secret may be part of another.
        ordered = sorted(self._replacements, key=len, reverse=True)
        self._pattern = re.compile("|".join(map(re.escape, ordered))) if ordered else None

    def __repr__(self) -> str:
        return "Masker(***)"

    def mask(self, text: str) -> str:
        if self._pattern is None or not any(spelling in text for spelling in self._replacements):
            return text
        return self._pattern.sub(lambda found: self._replacements[found[0]], text)

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
