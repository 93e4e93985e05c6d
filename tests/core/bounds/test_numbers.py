from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cozebatch.bounds.numbers import count, number, whole_number

ANYTHING = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.lists(st.integers()))


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        (7, 7),
        ("7", 7),
        (" -7 ", -7),
        (7.0, 7),
        (True, None),
        (7.5, None),
        ("7.5", None),
        ("²", None),
        ("１", None),
        ("9" * 19, None),
        (10**18, None),
        (1e300, None),
        (math.nan, None),
        (math.inf, None),
        ([], None),
        ("", None),
    ],
)
def test_whole_numbers(value: Any, wanted: int | None) -> None:
    assert whole_number(value) == wanted


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        ("1.5", 1.5),
        (".5", 0.5),
        ("2.", 2.0),
        ("1e3", 1000.0),
        ("-0.25", -0.25),
        (3, 3.0),
        ("0.1.2", None),
        ("nan", None),
        ("inf", None),
        ("1e400", None),
        ("1_0", None),
        (True, None),
        (10**400, None),
        (math.nan, None),
    ],
)
def test_numbers(value: Any, wanted: float | None) -> None:
    assert number(value) == wanted


@given(ANYTHING)
def test_nothing_is_too_odd_and_all_is_finite(value: Any) -> None:
    assert whole_number(value) is None or abs(whole_number(value) or 0) < 10**18
    assert number(value) is None or math.isfinite(number(value) or 0.0)
    assert count(value) is None or (count(value) or 0) >= 0
