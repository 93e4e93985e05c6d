"""Coze's `update_time` is the end of an execution only where it fits what was seen; no delay is made up."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cozebatch.policy.execution_end import SLACK, ExecutionEnd, execution_end

SUBMITTED = 1_800_000_000.0
NOTICED = SUBMITTED + 300.0


def end(updated: float | None, *, unseen: float = 30.0, answered: float | None = None) -> ExecutionEnd:
    """Times in seconds since the submission."""
    return execution_end(
        updated_at=None if updated is None else SUBMITTED + updated,
        answered_at=None if answered is None else SUBMITTED + answered,
        noticed_at=NOTICED,
        submitted_at=SUBMITTED,
        unseen=unseen,
    )


def test_an_end_between_the_last_two_polls_is_the_end() -> None:
    assert end(290.0) == ExecutionEnd(SUBMITTED + 290.0, 10.0)
    assert end(300.0) == ExecutionEnd(NOTICED, 0.0)


def test_whole_seconds_and_the_way_of_an_answer_are_forgiven() -> None:
    assert end(301.0) == ExecutionEnd(NOTICED, 0.0), "never below 0"
    assert end(269.0) == ExecutionEnd(SUBMITTED + 270.0, 30.0), "never before it was seen running"


@pytest.mark.parametrize("updated", [None, -10.0, 5.0, 200.0, 310.0, 9000.0, -SUBMITTED + 1])
def test_a_time_that_does_not_fit_is_no_end_and_no_delay(updated: float | None) -> None:
    """Before the submission, at a resume while it was seen running later, after it was noticed."""
    assert end(updated) == ExecutionEnd(NOTICED, None)


def test_a_clock_of_cozes_that_is_off_by_hours_is_told_by_its_answers() -> None:
    assert end(290.0 + 7200, answered=300.0 + 7200) == ExecutionEnd(SUBMITTED + 290.0, 10.0)
    assert end(290.0 - 7200, answered=300.0 - 7200) == ExecutionEnd(SUBMITTED + 290.0, 10.0)
    assert end(290.0, answered=-5000.0) == ExecutionEnd(SUBMITTED + 290.0, 10.0), "a date that is wrong itself"


@given(st.floats(-1e5, 1e5), st.floats(0, 1e4), st.none() | st.floats(-1e5, 1e5))
def test_an_end_is_never_in_the_future_nor_before_it_was_seen_running(
    updated: float, unseen: float, answered: float | None
) -> None:
    found = end(updated, unseen=unseen, answered=answered)
    assert NOTICED - unseen - 1e-3 <= found.at <= NOTICED
    assert found.lag is None or found.lag == pytest.approx(NOTICED - found.at, abs=1e-3)
    assert found.lag is None or found.at >= SUBMITTED - SLACK - 1e-3 or unseen < 300.0
