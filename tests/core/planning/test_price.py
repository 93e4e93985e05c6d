"""What a retry costs is said in one place, and no task whose next step is a submission is ever called free."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cozebatch.model.errors import Category
from cozebatch.model.rows import Row
from cozebatch.model.task import State
from cozebatch.planning.price import Price, free_step, needs_new_execution, price
from support.fakes import error


@pytest.mark.parametrize(
    ("row", "step"),
    [
        (Row("t", 0, state=State.FAILED, has_output=True, execute_id="e1"), "finish"),
        (Row("t", 0, state=State.FAILED, execute_id="e1"), "watch"),
        (Row("t", 0, state=State.CANCELLED, execute_id="e1"), "watch"),
        (Row("t", 0, state=State.DONE, error=error(Category.WRITE_BACK)), "deliver"),
        (Row("t", 0, state=State.DONE), None),
        (Row("t", 0, state=State.FAILED, error=error(Category.CONTENT_REJECTED)), None),
        (Row("t", 0, state=State.FAILED, execute_id="e1", execution_failed=True), None),
        (Row("t", 0, state=State.HELD, unanswered=True), None),
    ],
)
def test_the_step_from_which_a_task_goes_on_for_free(row: Row, step: str | None) -> None:
    assert free_step(row) == step


def test_a_refused_submission_costs_an_execution_and_a_held_one_is_for_a_person() -> None:
    rows = [
        Row("refused", 0, state=State.FAILED),
        Row("held", 1, state=State.HELD, unanswered=True),
        Row("made", 2, state=State.FAILED, has_output=True, execute_id="e1"),
        Row("waits", 3, state=State.PENDING),
        Row("given up", 4, state=State.CANCELLED, unanswered=True),
    ]
    assert price(rows) == Price(free=("made",), paid=("refused",), impossible=("held", "waits", "given up"))


@given(st.sampled_from(list(State)), st.booleans(), st.booleans(), st.booleans(), st.none() | st.just("e1"))
def test_every_task_has_one_price_and_what_is_free_has_something_paid_for(
    state: State, has_output: bool, execution_failed: bool, unanswered: bool, execute_id: str | None
) -> None:
    row = Row(
        "t",
        0,
        state=state,
        has_output=has_output and execute_id is not None,
        execution_failed=execution_failed,
        unanswered=unanswered,
        execute_id=execute_id,
    )
    found = price([row])
    assert len(found.free) + len(found.paid) + len(found.impossible) == 1
    if found.free:
        assert execute_id is not None
    assert bool(found.paid) == needs_new_execution(row)
    assert not (found.paid and (unanswered or not state.is_end))
