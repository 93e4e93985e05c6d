from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from typing import Literal

import anyio
import pytest

from cozebatch.demo.feishu_faults import FeishuFault
from cozebatch.demo.feishu_model import NUMBER
from cozebatch.demo.feishu_server import SimulatedFeishu
from cozebatch.demo.feishu_tables import CONTENT, DONE, FAILED, READY
from cozebatch.feishu.base import FeishuBase
from cozebatch.feishu.layout import StatusValues
from cozebatch.feishu.write_back import FeishuSink
from cozebatch.model.errors import Category
from cozebatch.ports import Delivered, Delivery, StatusSink, Undelivered
from support.feishu_support import COLUMNS, VALUES, Served, big_table, served

pytestmark = pytest.mark.anyio


@pytest.fixture
def service() -> Iterator[Served]:
    with served(SimulatedFeishu([big_table(1000)])) as service:
        yield service


def sink_of(base: FeishuBase, values: StatusValues = VALUES) -> StatusSink:
    return FeishuSink(base, CONTENT, COLUMNS, values)


def owed(number: int, outcome: Literal["done", "failed"] = "done", result: str | None = None) -> Delivery:
    record = f"rec{number:05d}"
    return Delivery(number, record, record, outcome, f"/films/{number}.mp4" if result is None else result)


def undelivered(answers: Sequence[Delivered | Undelivered]) -> list[Undelivered]:
    return [answer for answer in answers if isinstance(answer, Undelivered)]


async def test_an_outcome_is_status_and_result(service: Served) -> None:
    async with service.connect() as (_, base):
        batch = [owed(1), owed(2, "failed", "请修改文案：\x1b[31m含有敏感词\r\n第二行")]
        assert list(await sink_of(base).deliver(batch)) == [Delivered(1), Delivered(2)]
    cell = service.feishu.cell
    assert (cell(CONTENT, "rec00001", "状态"), cell(CONTENT, "rec00001", "返回结果")) == (DONE, "/films/1.mp4")
    assert cell(CONTENT, "rec00002", "状态") == FAILED
    assert cell(CONTENT, "rec00002", "返回结果") == "请修改文案： [31m含有敏感词\n第二行"
    assert cell(CONTENT, "rec00003", "状态") == READY


async def test_a_thousand_changes_arrive_in_five_requests(service: Served) -> None:
    async with service.connect() as (_, base):
        sink = sink_of(base)
        for start in range(0, 1000, 200):
            answers = await sink.deliver([owed(n) for n in range(start, start + 200)])
            assert undelivered(answers) == []
    assert service.feishu.counts == {"token": 1, "batch_update": 5}
    assert len({write.record_id for write in service.feishu.writes}) == 1000


def test_what_has_no_value_is_not_written() -> None:
    class Base:
        pass

    sink = FeishuSink(Base(), CONTENT, COLUMNS, StatusValues(running="生成中", failed=None))  # type: ignore[arg-type]
    assert [sink.writes(outcome) for outcome in ("running", "done", "failed")] == [True, False, False]


async def test_deleted_records_are_found_out_and_the_others_delivered(service: Served) -> None:
    gone = {7, 120, 121}
    for number in gone:
        service.feishu.delete(CONTENT, f"rec{number:05d}")
    async with service.connect() as (_, base):
        answers = await sink_of(base).deliver([owed(n) for n in range(200)])
    assert [answer.serial for answer in answers] == list(range(200))
    refused = undelivered(answers)
    assert {answer.serial for answer in refused} == gone
    for answer in refused:
        assert answer.final
        assert answer.error.category is Category.WRITE_BACK
        assert answer.error.code == "1254043"
        assert "gone" in answer.error.message.en
    assert service.feishu.counts["batch_update"] < 50
    assert all(service.feishu.cell(CONTENT, f"rec{n:05d}", "状态") == DONE for n in range(200) if n not in gone)
    assert len(service.feishu.writes) == 197


async def test_a_column_that_cannot_take_the_value_is_found_out_in_a_few_requests(service: Served) -> None:
    column = service.feishu.tables[CONTENT].column("状态")
    assert column is not None
    column.kind = NUMBER
    async with service.connect() as (_, base):
        answers = await sink_of(base).deliver([owed(n) for n in range(200)])
    assert len(undelivered(answers)) == 200
    assert all(answer.final and "field" in answer.error.message.en for answer in undelivered(answers))
    assert service.feishu.counts["batch_update"] < 20


async def test_a_read_only_table_is_refused_once_with_the_cure(service: Served) -> None:
    service.feishu.tables[CONTENT].read_only = True
    async with service.connect() as (_, base):
        answers = await sink_of(base).deliver([owed(n) for n in range(200)])
    assert all(answer.final and "edit permission" in answer.error.hint.en for answer in undelivered(answers))
    assert len(undelivered(answers)) == 200
    assert service.feishu.counts["batch_update"] == 1


@pytest.mark.parametrize(
    "fault",
    [
        FeishuFault("write", code=1254290, reset=3),
        FeishuFault("write", code=1254291),
        FeishuFault("write", code=1254607),
        FeishuFault("write", code=99991400, status=429),
        FeishuFault("write", code=1255040, status=504),
        FeishuFault("write", "cut"),
        FeishuFault("write", "cut", effect=True),
        FeishuFault("write", "html", status=502),
    ],
)
async def test_what_may_pass_is_left_to_be_tried_again(service: Served, fault: FeishuFault) -> None:
    service.feishu.strike(fault)
    async with service.connect() as (_, base):
        sink = sink_of(base)
        answers = undelivered(await sink.deliver([owed(1), owed(2)]))
        assert [answer.serial for answer in answers] == [1, 2]
        assert not any(answer.final for answer in answers)
        assert {answer.retry_after for answer in answers} == {fault.reset}
        assert undelivered(await sink.deliver([owed(1), owed(2)])) == []


async def test_a_token_that_expires_in_the_middle_is_not_noticed(service: Served) -> None:
    async with service.connect() as (_, base):
        sink = sink_of(base)
        await sink.deliver([owed(1)])
        service.feishu.expire_tokens()
        assert undelivered(await sink.deliver([owed(2)])) == []


async def test_of_two_outcomes_of_a_record_the_last_is_written(service: Served) -> None:
    async with service.connect() as (_, base):
        older = Delivery(1, "t", "rec00001", "failed", "x")
        newer = Delivery(2, "t", "rec00001", "done", "y")
        assert list(await sink_of(base).deliver([older, newer])) == [Delivered(1), Delivered(2)]
    assert [write.fields["状态"] for write in service.feishu.writes] == [DONE]


async def test_a_storm_of_conflicts_and_refusals_ends_with_every_record_right() -> None:
    feishu = SimulatedFeishu([big_table(400)], seed=20261124)
    feishu.strike(
        FeishuFault("write", code=1254291, share=0.15, times=None),
        FeishuFault("write", code=1254290, share=0.1, times=None),
        FeishuFault("write", "cut", effect=True, share=0.1, times=None),
    )
    chance = random.Random(20261124)
    todo = {n: owed(n, chance.choice(("done", "failed"))) for n in range(400)}
    wanted = {delivery.record_id: delivery for delivery in todo.values()}
    with served(feishu) as service:
        async with service.connect() as (_, base):
            sink = sink_of(base)
            for _ in range(200):
                batch = list(todo.values())[:20]
                if not batch:
                    break
                for answer in await sink.deliver(batch):
                    assert isinstance(answer, Delivered) or not answer.final
                    if isinstance(answer, Delivered):
                        del todo[answer.serial]
    assert todo == {}
    statuses: dict[str, set[str]] = {}
    for write in feishu.writes:
        statuses.setdefault(write.record_id, set()).add(write.fields["状态"])
    assert statuses == {name: {DONE if d.outcome == "done" else FAILED} for name, d in wanted.items()}
    assert all(feishu.cell(CONTENT, name, "返回结果") == d.result for name, d in wanted.items())


async def test_writes_of_one_sink_never_overlap() -> None:
    # The simulated table refuses the second of two writes that overlap, as Feishu does.
    feishu = SimulatedFeishu([big_table(50)], write_seconds=0.02)
    with served(feishu) as service:
        async with service.connect() as (_, base):
            sink = FeishuSink(
                base, CONTENT, COLUMNS, StatusValues("生成中", DONE, FAILED), ready=[READY], claim_window=0.5
            )
            tasks = [owed(n) for n in range(10)]

            async def deliver(delivery: Delivery) -> None:
                assert undelivered(await sink.deliver([delivery])) == []

            async with anyio.create_task_group() as group:
                for delivery in tasks:
                    group.start_soon(deliver, delivery)
    assert feishu.counts["batch_update"] == 10
