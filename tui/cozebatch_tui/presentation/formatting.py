"""Text of an exact width: cells, bars and durations, with Chinese and emoji counted as the terminal draws them."""

from __future__ import annotations

from rich.cells import cell_len, set_cell_size

from cozebatch_tui.presentation.sanitize import clean


def fit(text: str, width: int, *, right: bool = False) -> str:
    """One harmless line exactly `width` cells wide; what does not fit ends in `..`."""
    if width <= 0:
        return ""
    line = clean(text, 4 * width + 8)
    taken = cell_len(line)
    if taken > width:
        return set_cell_size(line, width - 2) + ".." if width > 4 else set_cell_size(line, width)
    padding = " " * (width - taken)
    return padding + line if right else line + padding


def clock(seconds: float) -> str:
    """`3:07`, `1:02:03`; nothing for nothing."""
    if seconds <= 0:
        return ""
    whole = int(seconds)
    hours, rest = divmod(whole, 3600)
    minutes, left = divmod(rest, 60)
    return f"{hours}:{minutes:02}:{left:02}" if hours else f"{minutes}:{left:02}"


def count(number: float) -> str:
    """`987`, `12.3k`, `4.5M`."""
    for size, unit in ((1_000_000, "M"), (1_000, "k")):
        if number >= size * 10 or (number >= size and unit == "M"):
            return f"{number / size:.1f}{unit}"
    return f"{number:.0f}"


def spark(values: list[int], width: int) -> str:
    """The last `width` values as a row of blocks."""
    blocks = " ▁▂▃▄▅▆▇█"
    shown = values[-width:]
    most = max(shown, default=0)
    if most <= 0:
        return " " * width
    return "".join(blocks[-(-8 * value // most)] for value in shown).rjust(width)
