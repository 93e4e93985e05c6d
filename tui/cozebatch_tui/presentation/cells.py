"""Text of an exact width in terminal cells: Chinese characters and emoji take two."""

from __future__ import annotations

from rich.cells import cell_len, set_cell_size

from cozebatch.model.sanitize import clean


def fit(text: str, width: int, *, right: bool = False) -> str:
    """One harmless line exactly `width` cells wide; `..` ends a line that was cut."""
    if width <= 0:
        return ""
    line = clean(text, 4 * width + 8)
    taken = cell_len(line)
    if taken > width:
        if width <= 4:
            return set_cell_size(line, width)
        cut = set_cell_size(line, width - 2).rstrip() + ".."  # half a Chinese character leaves a blank
        return cut + " " * (width - cell_len(cut))
    padding = " " * (width - taken)
    return padding + line if right else line + padding
