"""What executions cost, where that is known."""

from __future__ import annotations

import pytest

from cozebatch.model.prices import NO_PRICES, Prices, yuan


def test_without_a_price_nothing_is_said() -> None:
    assert NO_PRICES.spent(3, 100) is None
    assert NO_PRICES.expected(3) is None


def test_executions_and_tokens_are_added() -> None:
    both = Prices(1.2, 0.05)
    assert both.spent(10, 40_000) == pytest.approx(14.0)
    assert both.expected(10) is None, "tokens decide it, and are not known yet"
    assert both.expected(10, 4_000) == pytest.approx(14.0)
    assert Prices(1.2).expected(10) == pytest.approx(12.0)
    assert Prices(0.0).spent(10, 0) == 0.0, "free is a price"


@pytest.mark.parametrize(("amount", "shown"), [(0, "¥0.00"), (1234.5, "¥1,234.50"), (0.0123, "¥0.0123")])
def test_yuan(amount: float, shown: str) -> None:
    assert yuan(amount) == shown
