"""The header's figures are whole: a number that is cut is another number."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cozebatch.model import events
from cozebatch.model.text import Lang
from cozebatch_tui.screen.widgets.figures import Figures
from cozebatch_tui.screen.widgets.header import LimitsCard, MoneyCard, ProgressCard
from scenes import main_screen
from support.ui import shown

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


async def test_what_was_paid_is_never_older_than_the_rows_beside_it() -> None:
    async with main_screen("en", (80, 24)) as pilot:
        main, model = pilot.app.main, pilot.app.view_model  # type: ignore[attr-defined]
        for paid in range(31, 44):  # whichever of its paints it meets
            row = next(iter(model.board.rows.values()))
            others = sum(r.attempts for r in model.board.rows.values()) - row.attempts
            model._subscription.push(events.Loaded(wall=0, clock=0, rows=(replace(row, attempts=paid - others),)))
            main.apply(model.pump())
            await pilot.pause()
            assert f"paid {paid} " in shown(pilot.app)
