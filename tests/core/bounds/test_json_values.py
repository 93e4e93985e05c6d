"""JSON from outside: bounded in depth and numbers, and always writable again."""

from __future__ import annotations

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cozebatch.bounds.json_values import MOST_LEVELS, is_deeper_than, mend, read_json

values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**30), 10**30)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(values)
def test_ordinary_json_is_read_as_it_is(value: object) -> None:
    assert read_json(json.dumps(value)) == value
    assert read_json(("\ufeff" + json.dumps(value, ensure_ascii=False)).encode("utf-8")) == value


@pytest.mark.parametrize("opening", ["[", '{"a":'])
@pytest.mark.parametrize("levels", [MOST_LEVELS + 2, 5_000, 1_000_000])
def test_deep_nesting_is_refused_whether_it_is_closed_or_not(opening: str, levels: int) -> None:
    closing = {"[": "]", '{"a":': "}"}[opening]
    for text in (opening * levels, opening * levels + "1" + closing * levels):
        with pytest.raises(ValueError, match=r"nested|Expecting"):
            read_json(text)


def test_the_deepest_allowed_level_is_read() -> None:
    text = "[" * (MOST_LEVELS - 1) + "1" + "]" * (MOST_LEVELS - 1)
    assert not is_deeper_than(MOST_LEVELS, read_json(text))
    assert is_deeper_than(MOST_LEVELS - 2, read_json(text))


@pytest.mark.parametrize(
    "text", ["NaN", "Infinity", "-Infinity", "1e999", "-1e999", "9" * 101, "9" * 100_000], ids=range(7)
)
def test_a_number_that_is_none_is_absent(text: str) -> None:
    assert read_json(f'{{"a": {text}}}') == {"a": None}


def test_every_number_that_is_read_has_a_finite_float() -> None:
    assert math.isfinite(float(read_json("9" * 100)))


@pytest.mark.parametrize("text", ['"\\ud83d"', '{"\\udc00": "\\ud800x"}', '"\ud800"', '["\\ud83d\\ude00"]'])
def test_what_is_read_can_be_written(text: str) -> None:
    json.dumps(read_json(text), ensure_ascii=False).encode("utf-8")
    mend(text).encode("utf-8")


@pytest.mark.parametrize("data", [b"\xff\xfe{\x00}\x00", b'{"a": "\xff"}', b"", b"{", b"{}{}"])
def test_everything_else_is_a_value_error(data: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - of any kind: JSON's, Unicode's
        read_json(data)
