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
        return set_cell_size(line, width - 2) + ".." if width > 4 else set_cell_size(line, width)
    padding = " " * (width - taken)
    return padding + line if right else line + padding
