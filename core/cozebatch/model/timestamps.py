"""Formats wall-clock times for people and other programs."""

from __future__ import annotations

from datetime import datetime


def iso(seconds: float | None) -> str | None:
    """ISO 8601 in local time with its offset, milliseconds kept; None stays None."""
    if seconds is None:
        return None
    return datetime.fromtimestamp(seconds).astimezone().isoformat(timespec="milliseconds")


def compact(seconds: float) -> str:
    """`YYYYMMDD_HHMMSS` in local time, as in file names."""
    return datetime.fromtimestamp(seconds).strftime("%Y%m%d_%H%M%S")
