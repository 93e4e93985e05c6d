"""The figures at the end of a run."""

from __future__ import annotations

import pytest

from cozebatch.model import events
from cozebatch.model.board import replay
from cozebatch.model.rows import Row
from cozebatch.model.statistics import compute
from cozebatch.model.task import State
from cozebatch_tui.presentation.summary import summary


@pytest.mark.parametrize(("state", "rate"), [(State.SKIPPED, False), (State.FAILED, True), (State.DONE, True)])
def test_a_run_in_which_nothing_was_tried_has_no_rate_of_success(state: State, rate: bool) -> None:
    board = replay([events.Loaded(wall=0, clock=0, rows=(Row("t1", 0, state=state),))])
    figures = compute(board, elapsed=1.0, max_coze=1, max_synthesis=1).to_json()
    told = "\n".join(summary("finished", figures, "en"))
    assert ("Success rate" in told) is rate
    assert "Total tasks: 1" in told
