"""How many films are made at once when other machines make them, and these come and go."""

from __future__ import annotations

from dataclasses import dataclass, field

import anyio
import pytest

from cozebatch.engine.options import Options
from cozebatch.model.events import LimitChanged, Noted
from cozebatch.model.rows import Stage
from cozebatch.model.task import State
from cozebatch.model.text import Text
from support.fakes import FakeSynthesizer, World, tasks

pytestmark = pytest.mark.anyio


@dataclass
class Elastic(FakeSynthesizer):
    """`room` is how many films its machines make at once."""

    room: int = 2
    told: list[Text] = field(default_factory=lambda: [Text("一台没装字体", "one lacks a font")])

    @property
    def capacity(self) -> int:
        return self.room

    def news(self) -> list[Text]:
        told, self.told = self.told, []
        return told


async def test_the_limit_follows_the_machines_and_no_task_that_waits_is_shown_as_being_made() -> None:
    made = Elastic(duration=500.0)
    world = World(options=Options(max_coze=8, max_synthesis=4, seed=1), synthesizer=made)
    engine, planned, owed = await world.prepare(tasks(8))
    counts, limits = engine.board.counts, engine.board.limits

    async def run() -> None:
        await engine.run(planned, owed)

    async with anyio.create_task_group() as group:
        group.start_soon(run)
        with anyio.fail_after(86400):
            while counts[State.SYNTHESIZING] < 2:  # noqa: ASYNC110 - costs no time: the clock jumps
                await anyio.sleep(1)
        assert made.busy == 2
        for room in (1, 0):
            made.room = room
            await anyio.sleep(600)  # what is being made when room is lost is finished
            assert limits[Stage.SYNTHESIS].in_force == room
            assert counts[State.SYNTHESIZING] == made.busy <= room
        await anyio.sleep(600)
        assert counts[State.SYNTHESIZING] == made.busy == 0
        assert counts[State.QUEUED] > 0
        made.room = 1
        await anyio.sleep(3)
        assert counts[State.SYNTHESIZING] == made.busy == 1
        await engine.commands.set_limit(Stage.SYNTHESIS, 6)
        assert (limits[Stage.SYNTHESIS].user, limits[Stage.SYNTHESIS].in_force) == (6, 1)
    world.collect()
    assert len(set(made.made)) == len(made.made) == 8
    assert made.peak == 2
    changes = [event.limit for event in world.events if isinstance(event, LimitChanged) and event.reason == "cluster"]
    assert changes == [2, 1, 0, 1]
    told = [event for event in world.events if isinstance(event, Noted) and "No machine" in event.text.en]
    assert len(told) == 1
    assert [event.text.en for event in world.events if isinstance(event, Noted)].count("one lacks a font") == 1
