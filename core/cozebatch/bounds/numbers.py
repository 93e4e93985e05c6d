"""Reads numbers that come from outside, in JSON, headers and other programs' words: an odd one is none, never an
exception, and never one so large that reckoning with it fails."""

from __future__ import annotations

import math
import re
from typing import Any

_WHOLE = re.compile(r"[-+]?[0-9]{1,18}")
_DECIMAL = re.compile(r"[-+]?(?:[0-9]{1,18}(?:\.[0-9]{0,18})?|\.[0-9]{1,18})(?:[eE][-+]?[0-9]{1,2})?")


def whole_number(value: Any) -> int | None:
    """A whole number of at most 18 digits, also from a text of ASCII digits; None for everything else."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value if abs(value) < 10**18 else None
    if isinstance(value, float):
        return int(value) if value.is_integer() and abs(value) < 1e18 else None
    if isinstance(value, str):
        text = value.strip()
        return int(text) if _WHOLE.fullmatch(text) else None
    return None


def count(value: Any) -> int | None:
    """The same where a number below 0 makes no sense."""
    found = whole_number(value)
    return found if found is not None and found >= 0 else None


def number(value: Any) -> float | None:
    """A finite number, also from a text in ASCII; None for everything else."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return float(value) if abs(value) < 1e300 and math.isfinite(value) else None
    if isinstance(value, str):
        text = value.strip()
        return float(text) if _DECIMAL.fullmatch(text) else None
    return None
