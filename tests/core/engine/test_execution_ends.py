"""What an execution took counts to its end; a delay of noticing it only where Coze's time of the end can be true."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cozebatch.policy.polling import FixedInterval
from cozebatch.ports import PollResult
from support.fakes import START, FakeCoze, World, tasks

pytestmark = pytest.mark.anyio


class WrongEnds(FakeCoze):
    """Tells the time of a resume in place of the end."""

    async def poll(self, execute_id: str, workflow_id: str | None = None) -> PollResult:
        result = await super().poll(execute_id, workflow_id)
        return result if result.updated_at is None else replace(result, updated_at=START + 60.0)


async def figures(coze: FakeCoze) -> tuple[float, float]:
    """Average Coze time and detection lag: of 300 s, looked at every 250 s."""
    statistics = (await World(coze=coze, synthesizer=None, pacing=FixedInterval(250)).run(tasks(3))).statistics
    assert statistics.done == 3
    return statistics.average_coze_seconds, statistics.average_detection_lag_seconds


async def test_the_time_at_coze_ends_with_the_execution_and_not_when_we_notice() -> None:
    seconds, lag = await figures(FakeCoze())
    assert seconds == pytest.approx(300.0, abs=1.0)
    assert lag == pytest.approx(200.0, abs=2.0)


async def test_a_time_that_cannot_be_the_end_gives_no_delay() -> None:
    seconds, lag = await figures(WrongEnds())
    assert seconds == pytest.approx(500.0, abs=2.0), "until it was noticed"
    assert lag == 0.0
