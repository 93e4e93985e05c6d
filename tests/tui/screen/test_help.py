"""The help, in any width."""

from __future__ import annotations

import pytest

from cozebatch.model.text import Lang
from scenes import main_screen
from support.ui import shown

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    ("lang", "said"), [("en", "retry everything failed that is shown"), ("zh", "重试所有显示的失败任务")]
)
@pytest.mark.parametrize("width", [40, 60, 100, 120])
async def test_what_a_key_does_goes_on_below_its_own_beginning(lang: Lang, said: str, width: int) -> None:
    async with main_screen(lang, (width, 60)) as pilot:
        await pilot.press("question_mark")
        await pilot.pause()
        lines = shown(pilot.app).splitlines()
        [first] = [n for n, line in enumerate(lines) if line.startswith("  R ")]
        half = width // 2 if width >= 100 else width
        told = lines[first][:half].replace("  R", "").strip()
        for line in lines[first + 1 :]:
            if line[2:4] != "  ":
                break
            assert line.startswith(" " * 12)
            assert line[12] != " "
            told += line[:half].strip()
        assert told.replace(" ", "").startswith(said.replace(" ", ""))
