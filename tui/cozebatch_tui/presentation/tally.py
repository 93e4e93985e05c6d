"""What a board does not keep of a batch's course: finished tasks a minute, what was reused, how the slots were used."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from typing import Any

from cozebatch.model import events
from cozebatch.model.board import Board
from cozebatch.model.rows import Stage
from cozebatch.model.task import State
from cozebatch_tui.presentation.usage import UsageHistory, Used

BUCKET = 60.0
"""Seconds of running time that one bar of the throughput shows."""
BUCKETS_KEPT = 240

_IN_FLIGHT = tuple(state for state in State if state.in_flight)


class Tally:
    """Counts along with a board: give it each event after the board has had it."""

    def __init__(self) -> None:
        self.reused = 0
        """Executions and results reused from earlier runs instead of paid for again."""
        self.usage = UsageHistory()
        self._done_in: deque[int] = deque(maxlen=BUCKETS_KEPT)
        self._bucket = 0

    def count(self, event: events.Event, board: Board) -> None:
        match event:
            case events.TaskState():
                self._move(event)
                self._record_usage(event.clock, board)
            case events.RunStarted() | events.LimitChanged() | events.Gauges():
                self._record_usage(event.clock, board)
            case _:
                pass

    def throughput(self, clock: float) -> list[int]:
        """Tasks finished in each minute of running time up to `clock`, oldest first."""
        self._advance(clock)
        return list(self._done_in)

    def to_json(self) -> dict[str, Any]:
        return {
            "reused": self.reused,
            "done_in": list(self._done_in),
            "bucket": self._bucket,
            "usage": self.usage.to_json(),
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Tally:
        tally = cls()
        tally.reused, tally._bucket = value["reused"], value["bucket"]
        tally._done_in.extend(value["done_in"])
        tally.usage = UsageHistory.from_json(value["usage"])
        return tally

    def _record_usage(self, clock: float, board: Board) -> None:
        counts, limits = board.counts, board.limits
        coze, synthesis = limits[Stage.COZE], limits[Stage.SYNTHESIS]
        self.usage.record(
            clock,
            Used(
                sum(counts[state] for state in _IN_FLIGHT),
                coze.in_force,
                coze.user,
                counts[State.SYNTHESIZING],
                synthesis.in_force,
                synthesis.user,
            ),
        )

    def _move(self, event: events.TaskState) -> None:
        if event.before is State.PENDING and event.after in (State.RUNNING, State.DOWNLOADING, State.WRITING_BACK):
            self.reused += 1
        if event.after is State.DONE:
            self._advance(event.clock)
            self._done_in[-1] += 1

    def _advance(self, clock: float) -> None:
        bucket = int(clock // BUCKET)
        if not self._done_in:
            self._bucket = bucket
            self._done_in.append(0)
        while self._bucket < bucket:
            self._done_in.append(0)
            self._bucket += 1
