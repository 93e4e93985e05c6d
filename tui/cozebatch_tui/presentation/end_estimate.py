"""When a batch will end, as it is shown: nothing while it would be a guess, and smoothed, so that it does not jump."""

from __future__ import annotations

import math

from cozebatch.model.board import Board
from cozebatch.model.rows import Stage
from cozebatch.model.statistics import Remaining, estimate_remaining

ENDS_NEEDED = 3
"""Executions that have ended before their average counts."""
SMOOTHED_OVER = 30.0
"""Seconds over which the time of the end is smoothed."""


class EndEstimate:
    """Smooths the estimates of one batch."""

    def __init__(self) -> None:
        self.usual: float | None = None
        """Seconds of a usual execution in earlier batches; None if there were none."""
        self._smoothed: tuple[float, float] | None = None
        """The clock's time of the last estimate, and that of the end."""
        self._of = 0
        """Tasks that the last estimate was made of."""

    def remaining(self, board: Board, *, is_over: bool) -> Remaining | None:
        """The time until the end; None while it would be a guess. The cost grows with the number of tasks."""
        ended = sum(1 for row in board.rows.values() if row.coze_end_clock is not None)
        limits = board.limits
        begun = bool(board.rows) and limits[Stage.COZE].in_force > 0
        if is_over or not begun or (ended < ENDS_NEEDED and self.usual is None):
            self._smoothed = None
            return None
        if len(board.rows) != self._of:  # the work is another: what was estimated of the old is no start for the new
            self._of, self._smoothed = len(board.rows), None
        now = estimate_remaining(
            board,
            coze_limit=limits[Stage.COZE].in_force,
            synthesis_limit=limits[Stage.SYNTHESIS].in_force,
            usual=self.usual,
        )
        if now is None:
            return None
        end = board.clock + now.seconds
        if self._smoothed is not None:
            since, before = self._smoothed
            smoothed = before + (end - before) * (1 - math.exp(-(board.clock - since) / SMOOTHED_OVER))
            end = max(smoothed, board.clock + now.seconds / 2)  # far behind the pace, it would say 0:00 with work left
        self._smoothed = (board.clock, end)
        return Remaining(max(0.0, end - board.clock), now.bottleneck)
