"""The pictures in the READMEs, made by one command: `python screenshots/draw.py [--check] [FOLDER]`.

The application is drawn from a scripted, seeded run, so that the same source gives the same pictures; `--check` says
whether those in the folder are current. SVG from Textual, its letter widths corrected for Chinese; PNG from resvg. The
screens as text, which a test compares cell by cell, are written with them (`cells`).
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Sequence
from itertools import product
from pathlib import Path

from cells import LANGS, SCREENS, SIZES, cells, name_of
from cozebatch.model.text import Lang
from scenes import ANSWER, CHOICES, END, LIGHT, START, settled, view
from svg import png, words_of

VIEWS: Sequence[tuple[str, Lang, tuple[int, int], tuple[str, ...]]] = (
    ("main-zh", "zh", (120, 40), ()),
    ("main-en", "en", (120, 40), ()),
    ("main-light-zh", "zh", (120, 40), (LIGHT,)),
    ("main-light-en", "en", (120, 40), (LIGHT,)),
    ("main-80x24-zh", "zh", (80, 24), ("e",)),
    ("main-80x24-en", "en", (80, 24), ()),
    ("main-200x60-zh", "zh", (200, 60), ()),
    ("main-200x60-en", "en", (200, 60), ()),
    ("start-zh", "zh", (120, 40), (START,)),
    ("start-choices-zh", "zh", (120, 40), (CHOICES,)),
    ("answer-zh", "zh", (120, 40), (ANSWER,)),
    ("task-zh", "zh", (120, 40), ("enter",)),
    ("timeline-zh", "zh", (120, 40), ("t",)),
    ("task-80x24-en", "en", (80, 24), ("enter", "down")),
    ("task-result-en", "en", (120, 40), ("enter", *("down",) * 21, "right", "right")),
    ("edit-zh", "zh", (120, 40), ("enter", "E", "delete", "delete", "x")),
    ("end-zh", "zh", (120, 40), (END,)),
    ("end-80x24-en", "en", (80, 24), (END,)),
    ("setup-zh", "zh", (100, 26), ("setup-token",)),
    ("setup-workflow-zh", "zh", (100, 26), ("setup-workflow",)),
    ("setup-columns-zh", "zh", (100, 26), ("setup-columns",)),
    ("setup-columns-en", "en", (100, 26), ("setup-columns",)),
    ("setup-status-zh", "zh", (100, 26), ("setup-status",)),
    ("help-en", "en", (120, 40), ("question_mark",)),
    ("palette-zh", "zh", (100, 34), ("ctrl+p",)),
)
"""Name, language, size and the keys that lead there."""


async def draw(lang: Lang, size: tuple[int, int], keys: Sequence[str]) -> str:
    """One view as SVG."""
    async with view(lang, size, keys) as pilot:
        return await settled(pilot)


def main(arguments: Sequence[str]) -> int:
    os.environ["COZEBATCH_SETTINGS"] = os.devnull  # nobody's own theme and language
    check = "--check" in arguments
    folder = Path(next((a for a in arguments if not a.startswith("-")), "screenshots"))
    stale = []
    for name, lang, size, keys in VIEWS:
        svg = asyncio.run(draw(lang, size, keys))
        path = folder / f"{name}.svg"
        if not check:
            folder.mkdir(parents=True, exist_ok=True)
            path.write_text(svg, encoding="utf-8")
            (folder / f"{name}.png").write_bytes(png(svg))
        elif not path.exists() or words_of(path.read_text(encoding="utf-8")) != words_of(svg):
            stale.append(path.name)
    stale += _cells(folder / "cells", check=check)
    for name in stale:
        sys.stderr.write(f"{name} is not current: python screenshots/draw.py\n")
    return 1 if stale else 0


def _cells(folder: Path, *, check: bool) -> list[str]:
    """Write the screens as text; with `check`, the names of those that are not current instead."""
    stale = []
    for (screen, keys), size, lang in product(SCREENS, SIZES, LANGS):
        drawn, path = asyncio.run(cells(keys, size, lang)), folder / name_of(screen, size, lang)
        if not check:
            folder.mkdir(parents=True, exist_ok=True)
            path.write_text(drawn, encoding="utf-8", newline="\n")
        elif not path.exists() or path.read_text(encoding="utf-8") != drawn:
            stale.append(path.name)
    return stale


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
