"""Reads JSON from outside as a value that can be written again anywhere. The one reader for all of it.

Bounded in depth and in the size of numbers. What no number, file or screen can take is mended: NaN, infinity and
numbers of absurd length become None, halves of surrogate pairs become a replacement character.
"""

from __future__ import annotations

import json
import math
from typing import Any

MOST_LEVELS = 100
MOST_DIGITS = 100
"""Of a whole number. Ids have about 20."""


def read_json(text: str | bytes, *, most_levels: int = MOST_LEVELS) -> Any:
    """The value. Raises `ValueError` for everything that is no JSON, not UTF-8, or nested deeper than `most_levels`."""
    if isinstance(text, bytes):
        text = text.decode("utf-8-sig")
    try:
        value = json.loads(text, parse_constant=no_number, parse_float=finite, parse_int=whole)
        if text.count("[") + text.count("{") > most_levels and is_deeper_than(most_levels, value):
            raise ValueError("nested too deeply")
        if "\\ud" in text or "\\uD" in text or _is_broken(text):
            value = _mended(value)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    return value


def mend(text: str) -> str:
    """`text` without halves of surrogate pairs."""
    return text.encode("utf-8", "replace").decode("utf-8") if _is_broken(text) else text


def is_deeper_than(levels: int, value: Any) -> bool:
    """Whether lists and objects in `value` lie more than `levels` deep."""
    level = [value]
    for _ in range(levels):
        if not level:
            return False
        level = [
            child
            for item in level
            if isinstance(item, (dict, list))
            for child in (item.values() if isinstance(item, dict) else item)
        ]
    return bool(level)


def no_number(_: str) -> None:
    """For `parse_constant`: NaN and infinity are no numbers."""
    return


def finite(text: str) -> float | None:
    """For `parse_float`."""
    number = float(text)
    return number if math.isfinite(number) else None


def whole(text: str) -> int | None:
    """For `parse_int`: None for a number that could not even be turned into a float."""
    return int(text) if len(text) <= MOST_DIGITS else None


def _is_broken(text: str) -> bool:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return True
    return False


def _mended(value: Any) -> Any:
    if isinstance(value, str):
        return mend(value)
    if isinstance(value, dict):
        return {mend(key): _mended(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_mended(item) for item in value]
    return value
