"""The remaining time is of the tasks that are there: what was known before they were read has no say in it."""

from __future__ import annotations

from cozebatch.model import events
from cozebatch.model.board import Board
from cozebatch.model.rows import Row
from cozebatch_tui.presentation.end_estimate import EndEstimate


def loaded(board: Board, rows: int, clock: float) -> None:
    board.apply(events.Loaded(wall=0, clock=clock, rows=tuple(Row(f"t{n}", n) for n in range(rows))))


def test_a_board_without_tasks_is_no_start_for_the_estimate() -> None:
    estimate, board = EndEstimate(), Board()
    estimate.usual = 300.0
    assert estimate.remaining(board, is_over=False) is None
    board.apply(events.RunStarted(wall=0, clock=0.1, run_id="r", total=16, max_coze=16, max_synthesis=4))
    assert estimate.remaining(board, is_over=False) is None
    loaded(board, 16, 0.2)
    left = estimate.remaining(board, is_over=False)
    assert left is not None
    assert left.seconds == 300.0


def test_tasks_that_come_later_count_at_once() -> None:
    estimate, board = EndEstimate(), Board()
    estimate.usual = 300.0
    board.apply(events.RunStarted(wall=0, clock=0, run_id="r", total=1, max_coze=1, max_synthesis=1))
    loaded(board, 1, 1.0)
    assert estimate.remaining(board, is_over=False) is not None
    loaded(board, 10, 2.0)
    left = estimate.remaining(board, is_over=False)
    assert left is not None
    assert left.seconds == 10 * 300.0


def test_work_that_is_left_is_not_shown_as_no_time() -> None:
    """The end that was expected has passed, because films take longer than they did."""
    estimate, board = EndEstimate(), Board()
    estimate.usual = 10.0
    board.apply(events.RunStarted(wall=0, clock=0, run_id="r", total=16, max_coze=16, max_synthesis=4))
    loaded(board, 16, 0.0)
    assert estimate.remaining(board, is_over=False) is not None
    board.clock = 9.9
    left = estimate.remaining(board, is_over=False)
    assert left is not None
    assert left.seconds >= 5.0
