from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cozebatch.files.number_format import BUILT_IN, shown_number, shown_text

SHOWN = [
    ("123", "00000", "00123"),
    ("12.0", "General", "12"),
    ("0.30000000000000004", "General", "0.3"),
    ("123456789012", "General", "123456789012"),
    ("0.5", "0%", "50%"),
    ("0.1234", "0.00%", "12.34%"),
    ("1234567.891", "#,##0.00", "1,234,567.89"),
    ("-1234.5", "#,##0.00;[Red]-#,##0.00", "-1,234.50"),
    ("-5", "0_);(0)", "(5)"),
    ("1234", "[$¥-804]#,##0.00", "¥1,234.00"),
    ("1234", '_-* #,##0.00_-;-* #,##0.00_-;_-* "-"??_-;_-@_-', "1,234.00"),
    ("13812345678", "000-0000-0000", "138-1234-5678"),
    ("7", '0"号"', "7号"),
    ("7", '"KOL-"000', "KOL-007"),
    ("5", 'G/通用格式"条"', "5条"),
    ("150", '[>100]"大"0;[<=100]"小"0', "大150"),
    ("0", "0;-0;;@", ""),
    ("0.00001", "0.00E+00", "1.00E-05"),
    ("123456789012345", "0.00E+00", "123456789012345"),
    ("1234567", '0.0,,"M"', "1.2M"),
    ("45992", "yyyy/m/d", "2025/12/1"),
    ("45992", 'yyyy"年"m"月"d"日"', "2025年12月1日"),
    ("45992", "yyyy\\-mm\\-dd;@", "2025-12-01"),
    ("45992", "[$-F800]dddd\\,\\ mmmm\\ dd\\,\\ yyyy", "2025年12月1日"),
    ("45992", "[$-804]aaaa;@", "星期一"),
    ("45992", "d-mmm-yy", "1-Dec-25"),
    ("45992.3375", "yyyy-mm-dd hh:mm:ss", "2025-12-01 08:06:00"),
    ("45992.75", '上午/下午h"时"mm"分"', "下午6时00分"),
    ("0.3375", "h:mm", "8:06"),
    ("0.75", "h:mm AM/PM", "6:00 PM"),
    ("1.5", "[h]:mm:ss", "36:00:00"),
    ("0.0000115740740740741", "mm:ss.0", "00:01.0"),
    ("12", "@", "12"),
]


@pytest.mark.parametrize(("raw", "code", "shown"), SHOWN)
def test_a_number_is_shown_as_its_cell_shows_it(raw: str, code: str, shown: str) -> None:
    assert shown_number(raw, code) == shown


@pytest.mark.parametrize(
    ("raw", "code"),
    [("12", "[DBNum1]General"), ("0.25", "# ?/?"), ("60", "yyyy/m/d"), ("-3", "yyyy/m/d"), ("1e400", "0"), ("x", "0")],
)
def test_what_cannot_be_told_is_not_guessed(raw: str, code: str) -> None:
    assert shown_number(raw, code) is None


def test_a_workbook_that_counts_from_1904_is_four_years_on() -> None:
    assert shown_number("45992", "yyyy/m/d", since_1904=True) == "2029/12/2"


def test_a_format_may_add_words_to_a_text() -> None:
    assert shown_text("abc", '"KOL-"@') == "KOL-abc"
    assert shown_text("abc", '0;-0;;@"元"') == "abc元"
    assert shown_text("a@b", "@") == shown_text("a@b", "General") == "a@b"


@given(st.floats(allow_nan=False), st.text(alphabet='0#?.,%@[]$"\\;*_/eE+-ymdhsAMPa年 DBNum1>', max_size=30))
def test_no_code_and_no_number_raises(number: float, code: str) -> None:
    assert isinstance(shown_number(repr(number), code), str | None)
    assert isinstance(shown_text("a", code), str)


@given(st.integers(0, 10**15 - 1))
def test_a_whole_number_keeps_its_digits(number: int) -> None:
    for code in ("General", "0", "@", BUILT_IN[11]):
        if code != BUILT_IN[11] or number >= 10**5:
            assert shown_number(str(number), code) == str(number)
    assert shown_number(str(number), "#,##0") == f"{number:,}"
    assert shown_number(str(number), "00000000000000000000") == f"{number:020}"
