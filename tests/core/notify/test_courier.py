"""A card is told once, tried again, and never holds up a batch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import anyio
import pytest

from cozebatch.engine.options import Options
from cozebatch.model.board import Board
from cozebatch.model.errors import Category
from cozebatch.model.text import Text
from cozebatch.notify.card import About
from cozebatch.notify.courier import LAST_PATIENCE, Courier
from cozebatch.notify.webhook import NotDelivered
from support.fakes import FakeCoze, World, tasks

pytestmark = pytest.mark.anyio


class Bot:
    """Fails with these errors, one a card; then takes `seconds` for each."""

    def __init__(self, *errors: NotDelivered, seconds: float = 0.1) -> None:
        self._errors = list(errors)
        self._seconds = seconds
        self.cards: list[Mapping[str, Any]] = []
        self.tries = 0

    async def send(self, card: Mapping[str, Any]) -> None:
        self.tries += 1
        await anyio.sleep(self._seconds)
        if self._errors:
            raise self._errors.pop(0)
        self.cards.append(card)

    @property
    def titles(self) -> list[str]:
        return [card["header"]["title"]["content"] for card in self.cards]


async def told_of(world: World, bot: Bot, count: int) -> tuple[list[str], float, float]:
    """Run tasks with a courier; what was logged, seconds from the batch's end to the courier's, and of the batch."""
    courier = Courier(bot.send, About("tasks.csv"), lang="en")
    engine, planned, owed = await world.prepare(tasks(count))
    board, found = Board(), engine.subscribe()
    said: list[str] = []

    def log(level: str, text: Text) -> None:
        said.append(text.en)

    async def watch() -> None:
        while True:
            for event in found.take():
                board.apply(event)
                courier.tell(event, board, log)
            await anyio.sleep(0.5)

    async with anyio.create_task_group() as group:
        group.start_soon(watch)
        group.start_soon(courier.serve, log)
        outcome = await engine.run(planned, owed)
        await anyio.sleep(0.6)
        ended = anyio.current_time()
        await courier.finish()
        took = anyio.current_time() - ended
        group.cancel_scope.cancel()
    return said, took, outcome.statistics.elapsed_seconds


async def test_the_end_is_told_once_with_figures_and_failures_with_their_cures() -> None:
    bot = Bot()
    coze = FakeCoze(mishaps={"t1": ["refused-content_rejected"], "t2": ["refused-content_rejected"]})
    said, took, _ = await told_of(World(coze=coze), bot, 5)
    assert bot.titles == ["Batch ended: tasks.csv"]
    shown = str(bot.cards[0])
    assert "Done  3" in shown
    assert "Failed  2" in shown
    assert "2 × " in shown
    assert "→ " in shown
    assert bot.cards[0]["header"]["template"] == "red"
    assert said == []
    assert took < 1.0


async def test_the_first_task_that_waits_for_a_person_is_told_and_the_next_is_not() -> None:
    bot = Bot()
    await told_of(World(coze=FakeCoze(mishaps={"t1": ["lost"], "t2": ["lost"]})), bot, 4)
    assert bot.titles == ["A task waits for you: tasks.csv", "Batch ended: tasks.csv"]


async def test_a_batch_that_stops_itself_is_told() -> None:
    bot = Bot()
    coze = FakeCoze(mishaps={f"t{n}": ["refused-auth"] * 9 for n in range(1, 5)})
    await told_of(World(coze=coze), bot, 4)
    assert bot.titles[0] == "Batch stopped itself and needs you: tasks.csv"
    assert str(Category.AUTH.value) not in bot.titles[0]


async def test_what_the_operator_limited_is_told_at_the_end_only() -> None:
    bot = Bot()
    await told_of(World(max_executions=2), bot, 5)
    assert bot.titles == ["Batch ended: tasks.csv"]
    assert "What is left waits" in str(bot.cards[0])


async def test_a_bot_that_recovers_gets_the_card_and_one_that_refuses_does_not_again() -> None:
    recovering = Bot(*[NotDelivered(Text.same("HTTP 500"), may_pass=True)] * 2)
    said, *_ = await told_of(World(), recovering, 2)
    assert recovering.titles == ["Batch ended: tasks.csv"]
    assert len(said) == 2
    refusing = Bot(NotDelivered(Text.same("code 19021: sign match fail"), may_pass=False))
    said, *_ = await told_of(World(), refusing, 2)
    assert refusing.tries == 1
    assert said == ["The Feishu card was not sent: code 19021: sign match fail"]


async def test_a_bot_that_hangs_delays_the_end_by_no_more_than_promised_and_the_batch_not_at_all() -> None:
    async def once(bot: Bot) -> tuple[float, float]:
        world = World(coze=FakeCoze(mishaps={"t1": ["lost"]}), options=Options(max_coze=2, seed=3))
        _, took, elapsed = await told_of(world, bot, 6)
        return elapsed, took

    quick, _ = await once(Bot())
    slow, took = await once(Bot(seconds=1e9))
    assert slow == pytest.approx(quick)
    assert took == pytest.approx(LAST_PATIENCE)


async def test_a_program_that_leaves_does_not_wait_for_a_bot_that_hangs() -> None:
    courier = Courier(Bot(seconds=1e9).send, About("tasks.csv"), lang="en")
    world = World(max_executions=1)
    engine, planned, owed = await world.prepare(tasks(2))
    board, found = Board(), engine.subscribe()
    async with anyio.create_task_group() as group:
        group.start_soon(courier.serve, lambda *_: None)
        await engine.run(planned, owed)
        courier.give_up()
        for event in found.take():
            board.apply(event)
            courier.tell(event, board, lambda *_: None)
        began = anyio.current_time()
        await courier.finish()
        assert anyio.current_time() == began
        group.cancel_scope.cancel()
