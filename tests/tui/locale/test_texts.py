"""Filter, widths and texts: pure parts of the screen."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

import cozebatch_tui.locale
from cozebatch.model.errors import HINTS, Category, ErrorInfo
from cozebatch.model.rows import Row
from cozebatch.model.sanitize import clean, clean_lines, is_harmless
from cozebatch.model.task import State
from cozebatch.model.text import Lang, Text
from cozebatch_tui.locale import screen as texts
from cozebatch_tui.locale.names import CATEGORIES, STATES
from cozebatch_tui.presentation.cells import fit
from cozebatch_tui.presentation.formatting import duration, duration_or_blank
from cozebatch_tui.presentation.glyphs import ASCII, UNICODE, Glyphs, filled, sparkline
from cozebatch_tui.presentation.tones import TONE_OF
from cozebatch_tui.screen.view_model import Pace
from cozebatch_tui.screen.widgets.columns import COLUMNS, shown_columns
from cozebatch_tui.screen.widgets.filter import read_filter
from cozebatch_tui.screen.widgets.timeline import parts

ROW = Row(
    "rec1",
    0,
    title="早安 Coffee",
    account_id="老陈",
    state=State.FAILED,
    attempts=3,
    coze_seconds=320,
    error=ErrorInfo(Category.CONTENT_REJECTED, Text("敏感", "sensitive"), "4105"),
)
UNDER_WAY = Row("rec2", 1, state=State.RUNNING, submit_clock=100.0)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("", True), ("coffee", True), ("咖啡", False), ("老陈", True), ("sensitive", True), ("rec1", True),
        ("status:failed", True), ("status:失败", True), ("status:fail", True), ("status:done", False),
        ("!status:done", True), ("!coffee", False), ("coze>300", True), ("coze>=320", True), ("coze<300", False),
        ("attempts=3 coze>100", True), ("attempts>3", False), ("account:老", True), ("error:content", True),
        ("coffee !tea", True), ("!", True), ("[red]", False), ("(", False), ("coze>", True), ("status:", True),
        ("4105", True), ("error:4105", True), ("error:4100", False),
        ("状态:失败", True), ("状态：完成", False), ("账号:老陈", True), ("!status:", True),
        ("attempts=x !coffee", False),
    ],
)  # fmt: skip
def test_the_filter_language(text: str, shown: bool) -> None:
    predicate = read_filter(text).predicate
    assert (predicate is None or predicate(ROW, 0.0)) is shown


@pytest.mark.parametrize(
    ("text", "ticks", "shown"),
    [("coze>300", True, [False, True]), ("!coze>300", True, [True, False]), ("tokens<1", False, [True, True])],
)
def test_the_time_of_what_is_under_way_counts_as_it_is_shown(text: str, ticks: bool, shown: list[bool]) -> None:
    found = read_filter(text)
    assert found.ticks is ticks
    assert found.predicate is not None
    assert [found.predicate(UNDER_WAY, now) for now in (400.0, 400.5)] == shown


@pytest.mark.parametrize("text", ["error:earlier", "earlier", "以前"])
def test_what_the_problem_column_says_is_found_where_it_is_no_error(text: str) -> None:
    note = Text("以前的批次已完成", "An earlier batch did it")
    predicate = read_filter(text).predicate
    assert predicate is not None
    assert predicate(Row("rec3", 2, state=State.SKIPPED, note=note), 0.0)
    assert not predicate(UNDER_WAY, 0.0)


def test_rows_are_sorted_by_the_figures_that_are_shown() -> None:
    making = Row("rec4", 3, state=State.SYNTHESIZING, synthesis_clock=100.0, coze_seconds=50, fraction=0.25)
    ended = Row("rec5", 4, state=State.DONE, coze_seconds=60, synthesis_seconds=20, fraction=1.0)
    rows = {row.task_id: row for row in (UNDER_WAY, making, ended)}
    order = {
        column.name: sorted(rows, key=lambda task_id: column.sort_key(rows[task_id], 130.0, Pace(60.0)))
        for column in COLUMNS
        if column.ticks
    }
    assert order == {
        "progress": ["rec5", "rec4", "rec2"],
        "coze": ["rec2", "rec4", "rec5"],
        "synthesis": ["rec2", "rec5", "rec4"],
    }


@pytest.mark.parametrize(
    ("text", "complaints"),
    [
        ("statsu:failed", ["there is no condition statsu: (try status:)"]),
        ("cozee>3", ["cozee cannot be compared (try coze>1)"]),
        ("coze>abc coffee", ["a number should follow the comparison"]),
        ("!status:broken", ["there is no such state"]),
        ("status:fail coze>=3 3:00 https://a.b/c a:b", []),
        ("status: coze>", []),
    ],
)
def test_what_cannot_be_meant_is_told_and_filters_nothing(text: str, complaints: list[str]) -> None:
    found = read_filter(text)
    assert [complaint.en for complaint in found.complaints] == complaints
    if complaints:
        assert found.predicate is None or found.predicate(ROW, 0.0)


@given(st.text())
def test_any_text_is_a_filter(text: str) -> None:
    predicate = read_filter(text).predicate
    assert predicate is None or predicate(ROW, 0.0) in (True, False)


@given(st.text(), st.integers(0, 60), st.booleans())
def test_a_cell_is_exactly_as_wide_as_its_column(text: str, width: int, right: bool) -> None:
    cell = fit(text, width, right=right)
    assert cell_len(cell) == width
    assert is_harmless(cell)


@given(st.text())
def test_cleaned_text_is_one_harmless_line(text: str) -> None:
    assert is_harmless(clean(text))
    assert "\n" not in clean(text)
    assert is_harmless(clean_lines(text))


@given(st.integers(10, 300), st.sampled_from(("zh", "en")))
def test_columns_take_exactly_what_there_is(width: int, lang: Lang) -> None:
    shown = shown_columns(width, lang)
    assert any(column.name == "title" for column, _ in shown)
    if width >= 78:
        assert 1 + sum(size + 1 for _, size in shown) == width


def test_clock_and_sparkline() -> None:
    assert (duration(0), duration(67), duration(3723)) == ("0:00", "1:07", "1:02:03")
    assert (duration_or_blank(0), duration_or_blank(67)) == ("", "1:07")
    assert sparkline([0, 4, 8], 3, UNICODE) == " ▄█"
    assert sparkline([0, 4, 8], 5, ASCII) == "   -#"
    assert sparkline([], 4, UNICODE) == "    "


@given(st.floats(-1, 2), st.integers(1, 40), st.sampled_from((UNICODE, ASCII)))
def test_a_bar_grows_with_its_share_and_never_over_its_room(fraction: float, width: int, glyphs: Glyphs) -> None:
    part = filled(fraction, width, glyphs)
    assert len(part) <= width
    assert len(part) <= len(filled(fraction + 0.2, width, glyphs))
    assert filled(1.0, width, glyphs) == glyphs.eighths[-1] * width
    assert filled(0.0, width, glyphs) == ""


@given(st.floats(0, 100), st.floats(0, 100), st.floats(0, 100), st.sampled_from(list(State)), st.integers(1, 200))
def test_a_timeline_bar_is_exactly_as_wide_as_its_room(a: float, b: float, c: float, state: State, width: int) -> None:
    row = Row("t", 0, state=state, submit_clock=a, coze_end_clock=a + b, synthesis_clock=a + b + c)
    cells = parts(row, 20.0, 300.0, 290.0, width)
    assert len(cells) == width
    assert set(cells) <= {"", "waits", "coze", "queue", "film", "end"}


def constants() -> Iterator[tuple[str, Text]]:
    def found(name: str, value: Any) -> Iterator[tuple[str, Text]]:
        if isinstance(value, Text):
            yield name, value
        elif isinstance(value, dict):
            for key, inner in value.items():
                yield from found(f"{name}[{key}]", inner)

    for info in pkgutil.iter_modules(cozebatch_tui.locale.__path__, "cozebatch_tui.locale."):
        module = importlib.import_module(info.name)
        for name, value in vars(module).items():
            yield from found(f"{info.name}.{name}", value)


@pytest.mark.parametrize(("name", "text"), list(constants()))
def test_no_text_is_missing_in_either_language(name: str, text: Text) -> None:
    assert text.zh.strip()
    assert text.en.strip()
    placeholders = [part.split("}")[0] for part in text.zh.split("{")[1:]]
    assert sorted(placeholders) == sorted(part.split("}")[0] for part in text.en.split("{")[1:])


def test_every_state_and_category_has_a_name_a_glyph_and_a_hint() -> None:
    assert set(STATES) == set(TONE_OF) == set(State)
    assert set(CATEGORIES) == set(HINTS) == set(Category)
    for glyphs in (UNICODE, ASCII):
        assert set(glyphs.states) == set(State)
        assert len(set(glyphs.states.values())) == len(State)
        assert all(cell_len(sign) == 1 for sign in glyphs.states.values())
    assert set(texts.COLUMNS) == {column.name for column in COLUMNS}
