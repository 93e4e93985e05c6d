"""Coze's own wording in our messages: one line, bounded, without our secrets however they are spelt."""

from __future__ import annotations

import pytest

from cozebatch.coze.fields import clean
from cozebatch.model.redact import Masker

TOKEN = "pat_0123456789abcdef"
mask = Masker([TOKEN]).mask


@pytest.mark.parametrize("between", ["\x00", "\u202e", "\ufeff", "\ud83d", "\x1b", ""])
def test_a_token_cut_in_two_by_what_cleaning_removes_is_masked(between: str) -> None:
    shown = clean(f"bad token {TOKEN[:9]}{between}{TOKEN[9:]}", mask)
    assert TOKEN not in shown
    assert TOKEN[:12] not in shown


def test_a_message_is_one_bounded_line() -> None:
    assert clean("two\nlines \x1b[31m", mask) == "two lines  [31m"
    assert len(clean("x" * 5000, mask)) == 500
    assert clean(None, mask) == ""
