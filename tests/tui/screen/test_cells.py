"""Every cell and its style on the screens that operators see most, in both languages, large and small."""

from __future__ import annotations

import sys

import pytest

from cells import FOLDER, LANGS, SCREENS, SIZES, cells, cells_of, name_of
from cozebatch.model.text import Lang
from scenes import view

pytestmark = pytest.mark.anyio


@pytest.mark.skipif(sys.platform == "win32", reason="no process can choose its time zone there")
@pytest.mark.parametrize("lang", LANGS)
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(("screen", "keys"), SCREENS)
async def test_cells_and_styles_are_as_they_were(
    screen: str, keys: tuple[str, ...], size: tuple[int, int], lang: Lang
) -> None:
    stored = (FOLDER / name_of(screen, size, lang)).read_text(encoding="utf-8")
    drawn = await cells(keys, size, lang)
    assert drawn.splitlines() == stored.splitlines(), "if it is meant: python screenshots/draw.py"


async def test_a_changed_colour_and_a_changed_word_show() -> None:
    async with view("en", (80, 24), ()) as pilot:
        before = cells_of(pilot.app)
        assert cells_of(pilot.app) == before
        pilot.app.theme = "cozebatch-light"
        await pilot.pause(0.1)
        other_colours = cells_of(pilot.app)
    words = before.split("\n\n", 1)[0]
    assert other_colours.split("\n\n", 1)[0] == words
    assert other_colours != before
    async with view("en", (79, 24), ()) as pilot:
        assert cells_of(pilot.app).split("\n\n", 1)[0] != words
