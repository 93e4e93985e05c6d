"""Screens as text: every cell, and how it is painted. `python screenshots/draw.py` writes them anew, too.

A file holds the words as they stand, then for each line its runs of one style (how many cells, and the style's letter),
then what the letters mean. So a changed colour or a cut heading shows as a changed line.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

from rich.cells import cell_len
from rich.color import Color
from rich.style import Style
from textual.app import App

from cozebatch.model.text import Lang
from scenes import END, START, view

FOLDER = Path(__file__).parent / "cells"
SCREENS: Sequence[tuple[str, tuple[str, ...]]] = (
    ("start", (START,)),
    ("main", ()),
    ("task", ("enter",)),
    ("timeline", ("t",)),
    ("end", (END,)),
    ("setup", ("setup-columns",)),
)
SIZES = ((120, 40), (80, 24))
LANGS: Sequence[Lang] = ("zh", "en")
_ATTRIBUTES = ("bold", "dim", "italic", "underline", "reverse", "strike")
_LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"


def name_of(screen: str, size: tuple[int, int], lang: Lang) -> str:
    return f"{screen}-{size[0]}x{size[1]}-{lang}.txt"


async def cells(keys: Sequence[str], size: tuple[int, int], lang: Lang) -> str:
    """The text of one file."""
    async with view(lang, size, keys) as pilot:
        return cells_of(pilot.app)


def cells_of(app: App[Any]) -> str:
    """What stands on the screen now."""
    words: list[str] = []
    runs: list[str] = []
    letters: dict[str, str] = {}
    for strip in app.screen._compositor.render_strips():
        segments = [segment for segment in strip if segment.text and segment.control is None]
        words.append("".join(segment.text for segment in segments).rstrip())
        line: list[str] = []
        for style, of_style in groupby(segments, key=lambda segment: _named(segment.style)):
            letter = letters.setdefault(style, _letter(len(letters)))
            line.append(f"{sum(cell_len(segment.text) for segment in of_style)}{letter}")
        runs.append(" ".join(line))
    legend = [f"{letter}  {style}" for style, letter in letters.items()]
    return "\n".join([*words, "", *runs, "", *legend, ""])


def _letter(number: int) -> str:
    more, place = divmod(number, len(_LETTERS))
    return _LETTERS[place] + (str(more) if more else "")


def _named(style: Style | None) -> str:
    if style is None:
        return "-"
    attributes = [name for name in _ATTRIBUTES if getattr(style, name)]
    return " ".join([_hex(style.color), "on", _hex(style.bgcolor), *attributes])


def _hex(colour: Color | None) -> str:
    return colour.get_truecolor().hex if colour is not None and not colour.is_default else "-"
