"""Films on their way into the table hold up no other row, no slot and no end of a batch for ever; none is lost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import anyio
import pytest

from cozebatch.engine.outbox import PATIENCE
from cozebatch.model.errors import Category, StepError
from cozebatch.model.text import Text
from cozebatch.ports import Delivery
from support.fakes import FakeCoze, FakeTable, World, error, tasks

pytestmark = pytest.mark.anyio


@dataclass
class FilmTable(FakeTable):
    """Shows films. `seconds` that one takes, by record; `refusals` come first; None: for ever."""

    seconds: dict[str, float] = field(default_factory=dict)
    refusals: dict[str, int | None] = field(default_factory=dict)
    brought: list[str] = field(default_factory=list)
    busy: int = 0
    peak: int = 0

    def shows_films(self) -> bool:
        return True

    async def bring(self, delivery: Delivery) -> Sequence[Text]:
        self.busy += 1
        self.peak = max(self.peak, self.busy)
        try:
            await anyio.sleep(self.seconds.get(delivery.record_id, 1.0))
        finally:
            self.busy -= 1
        left = self.refusals.get(delivery.record_id, 0)
        if left is None or left > 0:
            self.refusals[delivery.record_id] = None if left is None else left - 1
            raise StepError(error(Category.WRITE_BACK))
        self.brought.append(delivery.record_id)
        return [Text.same(f"told of {delivery.record_id}")]


async def test_a_slow_film_holds_up_its_own_row_alone() -> None:
    table = FilmTable(seconds={"rec1": 5000.0})
    world = World(coze=FakeCoze(duration=lambda _: 10.0), table=table)
    outcome = await world.run(tasks(12))
    assert outcome.statistics.done == 12
    assert table.written[-1] == ("rec1", "done")
    assert sorted(table.brought) == sorted({record for record, _ in table.written})
    assert table.peak <= 3


async def test_a_film_that_fails_for_a_while_is_tried_again_and_written_once() -> None:
    table = FilmTable(refusals={"rec2": 2})
    outcome = await World(coze=FakeCoze(duration=lambda _: 10.0), table=table).run(tasks(3))
    assert not outcome.flawed
    assert sorted(table.written) == [("rec1", "done"), ("rec2", "done"), ("rec3", "done")]


async def test_what_cannot_be_brought_for_long_stays_owed_and_the_next_start_brings_it() -> None:
    table = FilmTable(refusals={"rec1": None})
    world = World(coze=FakeCoze(duration=lambda _: 10.0), table=table)
    outcome = await world.run(tasks(2))
    assert outcome.flawed
    assert outcome.statistics.elapsed_seconds < 1000 + PATIENCE
    assert table.written == [("rec2", "done")]
    table.refusals.clear()
    submissions = list(world.coze.submissions)
    again = await world.run(tasks(2))
    assert not again.flawed
    assert table.written == [("rec2", "done"), ("rec1", "done")]
    assert world.coze.submissions == submissions, "nothing is paid for that"


async def test_a_crash_while_a_film_is_brought_loses_nothing() -> None:
    table = FilmTable(seconds={"rec1": 300.0})
    world = World(coze=FakeCoze(duration=lambda _: 10.0), table=table)
    await world.crash_after(250.0, tasks(2))
    assert ("rec1", "done") not in table.written
    table.seconds.clear()
    await world.run(tasks(2))
    assert sorted(table.written) == [("rec1", "done"), ("rec2", "done")]
    assert len(world.coze.submissions) == 2


async def test_what_a_row_will_not_show_is_told_in_the_log() -> None:
    world = World(coze=FakeCoze(duration=lambda _: 10.0), table=FilmTable())
    await world.run(tasks(1))
    assert any(getattr(e, "text", None) == Text.same("told of rec1") for e in world.events)
