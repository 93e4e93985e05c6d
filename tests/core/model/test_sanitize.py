"""Cleaning of text from outside: what is unsafe becomes a space, so that nothing is put together that was apart."""

from __future__ import annotations

import sys

import pytest

from cozebatch.model.redact import Masker
from cozebatch.model.sanitize import clean, clean_lines

TOKEN = "pat_0123456789abcdef"
UNSAFE = ["\x00", "\x1b", "\x9f", "\u202e", "\u2066", "\ufeff", "\ud83d", "\U000e0041"]


@pytest.mark.parametrize("between", UNSAFE)
def test_cleaning_masked_text_never_puts_a_secret_together(between: str) -> None:
    masked = Masker([TOKEN]).mask(f"{TOKEN[:9]}{between}{TOKEN[9:]}")
    for shown in (clean(masked), clean_lines(masked)):
        assert TOKEN not in shown
        assert between not in shown


def test_a_line_is_one_bounded_line_and_lines_stay_lines() -> None:
    assert clean("a\r\nb\tc\u2028d") == "a b c d"
    assert clean("x" * 30, 10) == "x" * 9 + "…"
    assert clean_lines("a\r\nb\u2029c") == "a\nb\nc"


def test_no_character_that_is_printable_is_changed_and_all_that_is_unsafe_is() -> None:
    unsafe = "\x00\x1b\x7f\x9f\u061c\u200e\u202a\u2069\ufeff\ud800\ufffb\U000e0001\t\n\r\u2028"
    assert all(clean(f"a{character}b") == "a b" for character in unsafe)
    printable = [c for c in map(chr, range(sys.maxunicode + 1)) if c.isprintable()]
    assert clean("".join(printable) + "\x00", sys.maxunicode) == "".join(printable) + " "
