"""`--until HH:MM` is the next time that the clock shows, and what it means for the exit code."""

from __future__ import annotations

from datetime import datetime

import pytest

from cozebatch.engine.engine import Outcome
from cozebatch.model.allowance import Allowance
from cozebatch.model.board import Board
from cozebatch.model.statistics import compute
from cozebatch_tui.exit_codes import Exit, exit_of
from cozebatch_tui.presentation.allowed import next_clock_time, typed_allowance

EVENING = datetime(2026, 11, 26, 22, 15, 30)


@pytest.mark.parametrize(
    ("text", "day", "hour", "minute"),
    [("23:00", 26, 23, 0), ("06:30", 27, 6, 30), ("6:30", 27, 6, 30), ("6：30", 27, 6, 30), ("22:15", 27, 22, 15)],
)
def test_today_or_tomorrow_when_it_is_past(text: str, day: int, hour: int, minute: int) -> None:
    assert next_clock_time(text, EVENING) == datetime(2026, 11, day, hour, minute).timestamp()


@pytest.mark.parametrize("text", ["", "6", "24:00", "12:60", "-1:00", "noon", "12:00:00", "١٢:٠٠"])
def test_anything_else_is_refused(text: str) -> None:
    assert next_clock_time(text, EVENING) is None


@pytest.mark.parametrize(
    ("paused", "flawed", "broken_off", "code"),
    [
        (("until",), False, False, Exit.OK),
        (("until",), True, False, Exit.FLAWED),
        (("until",), False, True, Exit.STOPPED),
        (("max_executions",), False, False, Exit.STOPPED),
        (("auth",), False, False, Exit.STOPPED),
        (("until", "auth"), False, False, Exit.STOPPED),
    ],
)
def test_a_time_that_was_told_is_no_fault(paused: tuple[str, ...], flawed: bool, broken_off: bool, code: Exit) -> None:
    statistics = compute(Board(), elapsed=1.0, max_coze=1, max_synthesis=1)
    assert exit_of(Outcome("stopped", statistics, None, paused, flawed, broken_off=broken_off)) is code


def test_what_is_typed_on_the_screen_is_a_number_a_time_or_both() -> None:
    at = datetime(2026, 11, 27, 6, 30).timestamp()
    assert typed_allowance("20", EVENING) == Allowance(most=20)
    assert typed_allowance(" 06:30 ", EVENING) == Allowance(until=at)
    assert typed_allowance("20 6:30", EVENING) == typed_allowance("6:30 20", EVENING) == Allowance(20, at)
    assert typed_allowance("-", EVENING) == Allowance()
    for typed in ("", "20 30", "6:30 7:30", "20x", "-5", "20 -", "²"):
        assert typed_allowance(typed, EVENING) is None, typed
