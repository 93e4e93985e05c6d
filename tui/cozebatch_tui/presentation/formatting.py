"""Numbers as a person reads them: durations, counts and sizes."""

from __future__ import annotations

from pathlib import Path


def duration(seconds: float) -> str:
    """A duration in full seconds: `3:07`, `1:02:03`; `0:00` for less than a second."""
    whole = max(0, int(seconds))
    hours, rest = divmod(whole, 3600)
    minutes, left = divmod(rest, 60)
    return f"{hours}:{minutes:02}:{left:02}" if hours else f"{minutes}:{left:02}"


def duration_or_blank(seconds: float) -> str:
    """The same, but empty for 0: for table cells."""
    return duration(seconds) if seconds > 0 else ""


def count(number: float) -> str:
    """`987`, `12.3k`, `4.5M`."""
    for size, unit in ((1_000_000, "M"), (1_000, "k")):
        if number >= size * 10 or (number >= size and unit == "M"):
            return f"{number / size:.1f}{unit}"
    return f"{number:.0f}"


def short_origin(text: str) -> str:
    """Where tasks come from, for a narrow place: of a file's path its name."""
    name = Path(text).name
    return name if Path(text).suffix.lower() in (".json", ".jsonl", ".csv", ".xlsx") else text


def size_of(size: int) -> str:
    """`987 B`, `12.3 kB`, `4.5 MB`, `6.7 GB`."""
    for unit, length in (("GB", 1_000_000_000), ("MB", 1_000_000), ("kB", 1_000)):
        if size >= length:
            return f"{size / length:.1f} {unit}"
    return f"{size} B"
