"""`Retry-After` of any service: seconds or a date, bounded, never a surprise."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cozebatch.policy.retry_after import MAX_RETRY_AFTER, read_retry_after

NOW = 1_790_000_000.0  # Mon, 21 Sep 2026 14:13:20 GMT


@pytest.mark.parametrize(
    ("header", "wait"),
    [
        (None, None),
        ("", None),
        ("soon", None),
        ("nan", None),
        ("2", 2.0),
        (" 2.5 ", 2.5),
        ("-5", 0.0),
        ("inf", MAX_RETRY_AFTER),
        ("86400", MAX_RETRY_AFTER),
        ("Mon, 21 Sep 2026 14:13:30 GMT", 10.0),
        ("Mon, 21 Sep 2026 14:13:00 GMT", 0.0),
        ("Tue, 22 Sep 2026 14:13:20 GMT", MAX_RETRY_AFTER),
    ],
)
def test_seconds_and_dates_are_read_and_bounded(header: str | None, wait: float | None) -> None:
    assert read_retry_after(header, now=NOW) == wait


@given(st.text() | st.floats().map(str))
def test_no_header_is_too_strange(header: str) -> None:
    wait = read_retry_after(header, now=NOW)
    assert wait is None or 0 <= wait <= MAX_RETRY_AFTER
