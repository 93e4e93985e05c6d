"""The pictures in the READMEs show the program as it is."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from draw import VIEWS, draw
from svg import widths_corrected, words_of

FOLDER = Path(__file__).resolve().parents[3] / "screenshots"

pytestmark = pytest.mark.anyio


@pytest.mark.skipif(sys.platform == "win32", reason="no process can choose its time zone there")
@pytest.mark.parametrize(("name", "lang", "size", "keys"), VIEWS)
async def test_a_picture_is_current(name: str, lang: str, size: tuple[int, int], keys: tuple[str, ...]) -> None:
    drawn = await draw(lang, size, keys)  # type: ignore[arg-type]
    stored = (FOLDER / f"{name}.svg").read_text(encoding="utf-8")
    assert words_of(drawn) == words_of(stored), "run python screenshots/draw.py"
    assert (FOLDER / f"{name}.png").stat().st_size > 10_000


def test_the_width_of_chinese_text_is_counted_in_cells() -> None:
    svg = '<text class="x" textLength="24.4" y="1">早安</text><text textLength="24.4">ab</text>'
    corrected = widths_corrected(svg)
    assert 'textLength="48.8"' in corrected
    assert 'textLength="24.4"' in corrected
