"""The header's figures are whole: a number that is cut is another number."""

from __future__ import annotations

import pytest

from cozebatch.model.text import Lang
from cozebatch_tui.screen.widgets.figures import Figures
from cozebatch_tui.screen.widgets.header import LimitsCard, MoneyCard, ProgressCard
from scenes import main_screen

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("width", [100, 110, 120, 149, 200])
async def test_no_line_of_a_card_is_wider_than_the_card(width: int, lang: Lang) -> None:
    async with main_screen(lang, (width, 40)) as pilot:
        for card in (ProgressCard, MoneyCard, LimitsCard):
            figures: Figures = pilot.app.screen.query_one(card)
            assert figures._drawn is not None
            for line in figures._drawn.split("\n"):
                assert line.cell_length <= figures.size.width, (card.__name__, line.plain)
