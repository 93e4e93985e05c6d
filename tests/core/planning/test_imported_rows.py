"""A changed script is another input, as far as the script is all that is known."""

from __future__ import annotations

from typing import Any

import pytest

from cozebatch.model.rows import Row
from cozebatch.model.task import State, Task
from cozebatch.planning.planned import Action, OperatorOverrides
from cozebatch.planning.recovery import plan
from cozebatch.ports import Past


def decision(
    state: State, *, script: str, same_run: bool = False, source_is_authoritative: bool = False, **facts: Any
) -> Action:
    fingerprint = Task("t", content="一段 文案。").content_fingerprint()
    row = Row("t", 0, fingerprint=fingerprint, state=state, execute_id="e1", attempts=1, **facts)
    continuing = "r" if same_run else None
    task = Task("t", content=script, title="别的标题", account_id="a")
    return plan(
        [task],
        {"t": Past("r", row, owed=False)},
        OperatorOverrides(),
        continuing=continuing,
        source_is_authoritative=source_is_authoritative,
    )[0].action


SAME, CHANGED = "一段\n文案。", "另一段文案。"


@pytest.mark.parametrize("source_is_authoritative", [True, False])
def test_a_film_known_from_an_import_is_made_again_only_when_its_script_was_changed(
    source_is_authoritative: bool,
) -> None:
    assert decision(State.DONE, script=SAME, source_is_authoritative=source_is_authoritative) is Action.SKIP
    assert decision(State.DONE, script=CHANGED, source_is_authoritative=source_is_authoritative) is Action.SUBMIT


def test_what_a_run_of_ours_finished_is_no_unverified_any_more() -> None:
    assert decision(State.DONE, script=SAME, source_is_authoritative=True, end_clock=5.0) is Action.SUBMIT
    assert decision(State.DONE, script=SAME, source_is_authoritative=False, end_clock=5.0) is Action.SKIP


@pytest.mark.parametrize("same_run", [True, False])
def test_a_result_of_another_script_is_not_gone_on_from(same_run: bool) -> None:
    assert decision(State.DOWNLOADING, script=SAME, same_run=same_run, has_output=True) is Action.FINISH
    assert decision(State.DOWNLOADING, script=CHANGED, same_run=same_run, has_output=True) is Action.SUBMIT
    assert decision(State.DOWNLOADING, script=" ", same_run=same_run, has_output=True) is Action.FINISH


@pytest.mark.parametrize("same_run", [True, False])
def test_an_execution_in_flight_is_watched_whatever_its_script(same_run: bool) -> None:
    assert decision(State.RUNNING, script=CHANGED, same_run=same_run) is Action.WATCH


def test_a_failed_film_from_an_import_goes_on_from_its_result_unless_the_script_was_changed() -> None:
    assert decision(State.FAILED, script=SAME, has_output=True) is Action.FINISH
    assert decision(State.FAILED, script=CHANGED, has_output=True) is Action.SUBMIT
    assert decision(State.HELD, script=CHANGED, unanswered=True) is Action.HOLD
