"""Several operators on one table, in good and in bad weather: at most one of them wins each record."""

from __future__ import annotations

import anyio
import pytest

from cozebatch.demo.feishu_faults import FeishuFault
from cozebatch.demo.feishu_server import SimulatedFeishu
from cozebatch.demo.feishu_tables import CONTENT, DONE, FAILED, READY
from cozebatch.feishu.base import FeishuBase
from cozebatch.feishu.claim_state import Claim
from cozebatch.feishu.layout import StatusValues
from cozebatch.feishu.write_back import FeishuSink
from cozebatch.model.errors import StepError
from cozebatch.model.task import Task
from support.feishu_support import COLUMNS, Served, big_table, in_process
from support.virtual_time import anyio_backend

__all__ = ["anyio_backend"]

pytestmark = pytest.mark.anyio
VALUES = StatusValues("生成中", DONE, FAILED)
WINDOW = 3.0


@pytest.fixture
def service() -> Served:
    return in_process(SimulatedFeishu([big_table(40)], latency=0.1))


def sink_of(base: FeishuBase, owner: str) -> FeishuSink:
    return FeishuSink(base, CONTENT, COLUMNS, VALUES, ready=[READY], owner=owner, claim_window=WINDOW)


def task(number: int = 0) -> Task:
    return Task(f"rec{number:05d}", record_id=f"rec{number:05d}")


async def test_of_several_operators_at_most_one_wins_each_record(service: Served) -> None:
    winners: dict[int, list[str]] = {}

    async with service.connect() as (_, first), service.connect() as (_, second), service.connect() as (_, third):
        sinks = {name: sink_of(base, name) for name, base in (("a", first), ("b", second), ("c", third))}

        async def claim(name: str, number: int) -> None:
            if await sinks[name].claim(task(number)) is None:
                winners.setdefault(number, []).append(name)

        async with anyio.create_task_group() as group:
            for number in range(20):
                for name in sinks:
                    group.start_soon(claim, name, number)
    assert {number: len(names) for number, names in winners.items()} == dict.fromkeys(range(20), 1)


@pytest.mark.parametrize("seed", range(25))
async def test_neither_slow_requests_nor_lost_answers_make_two_winners(seed: int) -> None:
    assert await winners_in_bad_weather(seed) <= {1}


async def test_the_weather_is_bad_enough_to_make_two_winners_of_those_who_do_not_wait(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def count_without_waiting(claim: Claim, mark: str, now: float) -> None:
        claim.counting, claim.counts_since = mark, now - WINDOW

    monkeypatch.setattr(Claim, "count", count_without_waiting)
    assert 2 in set().union(*[await winners_in_bad_weather(seed) for seed in range(25)])


async def winners_in_bad_weather(seed: int) -> set[int]:
    """Two operators want the same records while requests are slow, writes get lost or come late and out of order, and
    reads fail: winners there are a record. Who could not find out tries again."""
    feishu = SimulatedFeishu([big_table(8)], seed=seed)
    feishu.strike(
        FeishuFault("any", "slow", share=0.25, seconds=1.0, times=None),
        FeishuFault("any", "late", share=0.25, seconds=1.0, times=None),
        FeishuFault("write", "cut", effect=True, share=0.2, times=None),
        FeishuFault("write", "cut", share=0.15, times=None),
        FeishuFault("write", "slow", share=0.2, seconds=5.0, times=None),
        FeishuFault("batch_get", code=1254290, share=0.15, times=None),
    )
    winners: dict[str, int] = {}
    service = in_process(feishu)
    async with service.connect() as (_, first), service.connect() as (_, second):
        sinks = [sink_of(base, name) for name, base in (("a", first), ("b", second))]

        async def claim(sink: FeishuSink, number: int) -> None:
            for _ in range(3):
                try:
                    if await sink.claim(task(number)) is None:
                        winners[task(number).task_id] = winners.get(task(number).task_id, 0) + 1
                    return
                except StepError:
                    continue  # it could not be found out, so nobody runs it

        for number in range(8):
            async with anyio.create_task_group() as group:
                for sink in sinks:
                    group.start_soon(claim, sink, number)
    return set(winners.values())
