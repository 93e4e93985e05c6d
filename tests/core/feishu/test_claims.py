from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import anyio
import pytest

from cozebatch.demo.feishu_faults import FeishuFault
from cozebatch.demo.feishu_server import SimulatedFeishu
from cozebatch.demo.feishu_tables import CONTENT, DONE, FAILED, READY
from cozebatch.feishu.base import FeishuBase
from cozebatch.feishu.layout import Columns, StatusValues
from cozebatch.feishu.write_back import FeishuSink
from cozebatch.model.errors import Category, ErrorInfo, StepError
from cozebatch.model.task import Task
from support.feishu_support import COLUMNS, Served, big_table, in_process
from support.virtual_time import anyio_backend

__all__ = ["anyio_backend"]

pytestmark = pytest.mark.anyio
RUNNING = "生成中"
VALUES = StatusValues(RUNNING, DONE, FAILED)
WINDOW = 3.0


@pytest.fixture
def service() -> Served:
    return in_process(SimulatedFeishu([big_table(40)], latency=0.1))


def sink_of(base: FeishuBase, owner: str = "one", columns: Columns = COLUMNS, window: float = WINDOW) -> FeishuSink:
    return FeishuSink(base, CONTENT, columns, VALUES, ready=[READY], owner=owner, claim_window=window)


def task(number: int = 0) -> Task:
    return Task(f"rec{number:05d}", record_id=f"rec{number:05d}")


async def until(holds: Callable[[], bool]) -> None:
    with anyio.fail_after(60):
        while not holds():  # noqa: ASYNC110 - in virtual time this waits for nothing
            await anyio.sleep(0.01)


def taken(answer: ErrorInfo | None) -> str:
    assert answer is not None
    assert answer.category is Category.SOURCE
    return answer.message.en


async def test_a_ready_record_is_ours_and_says_so(service: Served) -> None:
    async with service.connect() as (_, base):
        sink = sink_of(base)
        assert await sink.claim(task()) is None
        assert service.feishu.cell(CONTENT, "rec00000", "状态") == RUNNING
        assert "#one." in service.feishu.cell(CONTENT, "rec00000", "返回结果")
        # Once ours it stays ours: another execution of the same run asks nobody.
        before = dict(service.feishu.counts)
        assert await sink.claim(task()) is None
        assert service.feishu.counts == before


@pytest.mark.parametrize("status", [DONE, FAILED, RUNNING, "别的"])
async def test_a_record_that_is_no_longer_ready_is_not_touched(service: Served, status: str) -> None:
    service.feishu.edit(CONTENT, "rec00000", {"状态": status})
    async with service.connect() as (_, base):
        answer = await sink_of(base).claim(task())
    assert f"status is '{status}' by now" in taken(answer)
    assert service.feishu.counts["batch_update"] == 0


async def test_a_deleted_record_is_not_ours(service: Served) -> None:
    service.feishu.delete(CONTENT, "rec00000")
    async with service.connect() as (_, base):
        assert "is gone" in taken(await sink_of(base).claim(task()))


async def test_without_a_running_value_nothing_is_asked(service: Served) -> None:
    async with service.connect() as (_, base):
        sink = FeishuSink(base, CONTENT, COLUMNS, replace(VALUES, running=None), ready=[READY])
        assert await sink.claim(task()) is None
    assert service.feishu.counts["batch_get"] == 0


async def test_claims_at_the_same_time_share_their_requests(service: Served) -> None:
    answers: list[ErrorInfo | None] = []
    async with service.connect() as (_, base):
        sink = sink_of(base)

        async def claim(number: int) -> None:
            answers.append(await sink.claim(task(number)))

        async with anyio.create_task_group() as group:
            for number in range(40):
                group.start_soon(claim, number)
    assert answers == [None] * 40
    assert service.feishu.counts["batch_get"] + service.feishu.counts["batch_update"] <= 12


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
    class Hurried:
        """anyio, but for the waiting."""

        def __getattr__(self, name: str) -> object:
            return getattr(anyio, name)

        @staticmethod
        async def sleep(seconds: float) -> None:
            await anyio.sleep(min(seconds, 0.02))

    # In the module of the claims alone: the simulated service keeps its own time.
    monkeypatch.setattr("cozebatch.feishu.claims.anyio", Hurried())
    assert 2 in set().union(*[await winners_in_bad_weather(seed) for seed in range(25)])


async def winners_in_bad_weather(seed: int) -> set[int]:
    """Two operators want the same records while requests are slow and answers get lost: winners there are a record."""
    feishu = SimulatedFeishu([big_table(8)], seed=seed)
    feishu.strike(
        FeishuFault("any", "slow", share=0.25, seconds=1.0, times=None),
        FeishuFault("any", "late", share=0.25, seconds=1.0, times=None),
        FeishuFault("write", "cut", effect=True, share=0.2, times=None),
        FeishuFault("write", "slow", share=0.2, seconds=5.0, times=None),
    )
    winners: dict[str, int] = {}
    service = in_process(feishu)
    async with service.connect() as (_, first), service.connect() as (_, second):
        sinks = [sink_of(base, name) for name, base in (("a", first), ("b", second))]

        async def claim(sink: FeishuSink, number: int) -> None:
            try:
                if await sink.claim(task(number)) is None:
                    winners[task(number).task_id] = winners.get(task(number).task_id, 0) + 1
            except StepError:
                pass  # it could not be found out, so nobody runs it

        for number in range(8):
            async with anyio.create_task_group() as group:
                for sink in sinks:
                    group.start_soon(claim, sink, number)
    return set(winners.values())


async def test_one_who_read_ready_just_before_our_write_takes_it_from_us(service: Served) -> None:
    # The other operator's read and write lie around our write; both look afterwards.
    async with service.connect() as (_, base):
        answers: list[ErrorInfo | None] = []

        async def ours() -> None:
            answers.append(await sink_of(base).claim(task()))

        async with anyio.create_task_group() as group:
            group.start_soon(ours)
            await until(lambda: len(service.feishu.writes) == 1)
            service.feishu.edit(CONTENT, "rec00000", {"返回结果": "x #two.12345678"})
        assert "somebody else" in taken(answers[0])


async def test_a_write_that_took_longer_than_the_window_is_never_taken_for_ours(service: Served) -> None:
    service.feishu.strike(FeishuFault("write", "late", seconds=5.0))
    async with service.connect() as (_, base):
        sink = sink_of(base)
        assert "too late" in taken(await sink.claim(task()))
        assert service.feishu.cell(CONTENT, "rec00000", "状态") == RUNNING
        assert "too late" in taken(await sink.claim(task()))


async def test_a_write_whose_answer_was_lost_counts_when_it_is_seen_in_time(service: Served) -> None:
    service.feishu.strike(FeishuFault("write", "cut", effect=True))
    async with service.connect() as (_, base):
        sink = sink_of(base)
        assert await sink.claim(task(1)) is None
        service.feishu.strike(FeishuFault("write", "cut"))
        # Never arrived, as far as one can see; but it might yet.
        assert "too late" in taken(await sink.claim(task(2)))


async def test_refusals_that_pass_are_waited_out(service: Served) -> None:
    service.feishu.strike(
        FeishuFault("batch_get", code=1254290), FeishuFault("write", code=1254291), FeishuFault("write", code=1254607)
    )
    async with service.connect() as (_, base):
        assert await sink_of(base).claim(task(0)) is None
    assert service.feishu.cell(CONTENT, "rec00000", "状态") == RUNNING


async def test_what_stays_refused_is_an_error_and_not_a_claim(service: Served) -> None:
    service.feishu.tables[CONTENT].read_only = True
    async with service.connect() as (_, base):
        with pytest.raises(StepError) as caught:
            await sink_of(base).claim(task())
    assert caught.value.info.category is Category.SOURCE
    assert "edit rights" in caught.value.info.hint.en


async def test_one_deleted_record_does_not_keep_the_claims_of_others_back(service: Served) -> None:
    service.feishu.delete(CONTENT, "rec00001")
    answers: dict[int, ErrorInfo | None] = {}
    async with service.connect() as (_, base):
        sink = sink_of(base)

        async def claim(number: int) -> None:
            answers[number] = await sink.claim(task(number))

        async with anyio.create_task_group() as group:
            for number in range(4):
                group.start_soon(claim, number)
    assert [number for number, answer in answers.items() if answer is not None] == [1]


async def test_the_same_operator_goes_on_after_a_restart(service: Served) -> None:
    async with service.connect() as (_, base):
        assert await sink_of(base).claim(task()) is None
        assert await sink_of(base).claim(task()) is None
        assert "somebody else" in taken(await sink_of(base, "two").claim(task()))


async def test_a_claim_that_could_not_be_looked_at_goes_on_where_it_was(service: Served) -> None:
    async with service.connect() as (_, base):
        sink = sink_of(base)

        async def fail() -> None:
            with pytest.raises(StepError):
                await sink.claim(task())

        async with anyio.create_task_group() as group:
            group.start_soon(fail)
            await until(lambda: len(service.feishu.writes) == 1)
            service.feishu.strike(FeishuFault("batch_get", code=1254302, status=403))
        assert await sink.claim(task()) is None
    assert service.feishu.counts["batch_update"] == 1


async def test_a_cancelled_claim_does_not_stop_the_others_that_share_its_requests(service: Served) -> None:
    answers: list[ErrorInfo | None] = []
    async with service.connect() as (_, base):
        sink = sink_of(base)

        async def claim(number: int, scope: anyio.CancelScope) -> None:
            with scope:
                answers.append(await sink.claim(task(number)))

        scopes = [anyio.CancelScope() for _ in range(5)]
        async with anyio.create_task_group() as group:
            for number, scope in enumerate(scopes):
                group.start_soon(claim, number, scope)
            await until(lambda: service.feishu.counts["batch_get"] == 1)
            scopes[0].cancel()
    assert answers == [None] * 4


async def test_without_a_result_column_the_status_alone_decides(service: Served) -> None:
    columns = replace(COLUMNS, result=None)
    async with service.connect() as (_, base):
        assert await sink_of(base, columns=columns).claim(task()) is None
        assert "by now" in taken(await sink_of(base, "two", columns=columns).claim(task()))
    assert service.feishu.writes[0].fields == {"状态": RUNNING}


async def test_where_records_cannot_be_read_by_id_they_are_searched_for(service: Served) -> None:
    service.feishu.strike(FeishuFault("batch_get", "html", status=404, times=None))
    async with service.connect() as (_, base):
        sink = sink_of(base)
        assert await sink.claim(task(3)) is None
        service.feishu.edit(CONTENT, "rec00004", {"状态": DONE})
        assert "gone, or its status" in taken(await sink.claim(task(4)))
    assert service.feishu.counts["batch_get"] == 1
