"""A task's way through its stages, whether it was charged, and what differs between two texts: pure parts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cozebatch.model import events
from cozebatch.model.errors import Category, ErrorInfo
from cozebatch.model.rows import Row
from cozebatch.model.task import State
from cozebatch.model.text import Text
from cozebatch_tui.locale import task as texts
from cozebatch_tui.presentation.charges import charged
from cozebatch_tui.presentation.course import course
from cozebatch_tui.presentation.differences import differences

ERROR = ErrorInfo(Category.DOWNLOAD, Text.same("404"))


def retrying(step: str) -> events.Retrying:
    return events.Retrying(wall=0, clock=0, task_id="t", step=step, error=ERROR, delay=1)


def test_a_running_tasks_time_goes_on_and_a_held_ones_stands_still() -> None:
    running = Row("t", 0, state=State.RUNNING, submit_clock=10.0)
    held = Row("t", 0, state=State.HELD, submit_clock=10.0, end_clock=40.0, unanswered=True)
    for now in (100.0, 1000.0):
        assert course(running, now)[0].seconds == now - 10
        assert course(running, now)[0].outcome == "goes on"
        assert course(held, now)[0].seconds == 30
        assert course(held, now)[0].outcome == "unclear"


def test_a_failed_download_is_told_where_it_failed_and_how_often() -> None:
    row = Row("t", 0, state=State.FAILED, submit_clock=0.0, coze_end_clock=300.0, has_output=True, end_clock=320.0)
    coze, download, synthesis = course(row, 999.0, [retrying("download"), retrying("download")])
    assert (coze.outcome, coze.seconds) == ("done", 300)
    assert (download.outcome, download.start, download.seconds, download.failures) == ("failed", 300, 20, 2)
    assert synthesis.outcome == "waits"
    assert len(course(row, 999.0, with_films=False)) == 1


def test_a_task_that_waits_again_shows_nothing_of_its_earlier_attempt() -> None:
    row = Row("t", 0, state=State.PENDING, submit_clock=0.0, coze_end_clock=3.0, has_output=True, synthesis_clock=5.0)
    assert {leg.outcome for leg in course(row, 9.0)} == {"waits"}


@pytest.mark.parametrize(
    ("row", "words"),
    [
        (Row("t", 0, state=State.FAILED), texts.NOT_CHARGED),
        (Row("t", 0, state=State.HELD, attempts=1, unanswered=True), texts.MAY_BE_CHARGED),
        (Row("t", 0, state=State.CANCELLED, attempts=1, unanswered=True), texts.MAY_BE_CHARGED),
        (Row("t", 0, state=State.FAILED, attempts=1, execute_id="e", has_output=True), texts.CHARGED),
        (Row("t", 0, state=State.FAILED, attempts=1, execute_id="e", execution_failed=True), texts.FAILED_AT_COZE),
        (Row("t", 0, state=State.FAILED, attempts=1, execute_id="e"), texts.CHARGED_AT_COZE),
        (Row("t", 0, state=State.FAILED, attempts=2), texts.MAY_BE_CHARGED),
    ],
)
def test_what_is_said_of_the_money_is_never_less_than_what_may_have_been_paid(row: Row, words: Text) -> None:
    assert charged(row) == words


@given(st.text(alphabet="ab\n", max_size=30), st.text(alphabet="ab\n", max_size=30))
def test_the_lines_of_a_difference_give_both_texts_back(before: str, after: str) -> None:
    told = list(differences(before, after))
    assert [line for kind, line in told if kind != "added"] == before.splitlines()
    assert [line for kind, line in told if kind != "removed"] == after.splitlines()
