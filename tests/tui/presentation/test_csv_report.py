"""The table for Excel: Chinese is readable there, and no cell of it is a formula or loses digits."""

from __future__ import annotations

import csv
import io

import pytest

from cozebatch.model.errors import Category, ErrorInfo
from cozebatch.model.rows import Row
from cozebatch.model.task import State
from cozebatch.model.text import Text
from cozebatch_tui.presentation.csv_report import COLUMNS, table


def cells(text: str) -> list[list[str]]:
    assert text.startswith("\ufeff")
    return list(csv.reader(io.StringIO(text[1:], newline="")))


@pytest.mark.parametrize("title", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", " =1", "＝1", '=HYPERLINK("http://x","y")'])
def test_nothing_from_outside_is_a_formula(title: str) -> None:
    error = ErrorInfo(Category.SYNTHESIS, Text.same(title), hint=Text.same(title))
    row = Row("r", 1, title=title, state=State.FAILED, error=error, account_id=title, video_path=title)
    (_, found) = cells(table([row], "zh"))
    assert len(found) == len(COLUMNS)
    for cell in found:
        assert not cell.lstrip().startswith(("=", "+", "-", "@", "＝", "＋")), cell


def test_long_ids_keep_their_digits_and_lines_stay_lines() -> None:
    row = Row("00123", 1, title='一\n"二",三', execute_id="7566412345678901234", attempts=2)
    (heads, found) = cells(table([row], "en"))
    by_name = dict(zip(heads, found, strict=True))
    assert by_name["task"] == "\t00123"
    assert by_name["execution"] == "\t7566412345678901234"
    assert by_name["executions"] == "2"
    assert "\n" not in by_name["title"]
    assert '"二",三' in by_name["title"]
