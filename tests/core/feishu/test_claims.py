from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Literal

import anyio
import pytest

from cozebatch.demo.feishu_faults import FeishuFault
from cozebatch.demo.feishu_server import SimulatedFeishu
from cozebatch.demo.feishu_tables import CONTENT, DONE, FAILED, READY
from cozebatch.feishu.base import FeishuBase
from cozebatch.feishu.layout import Columns, StatusValues
from cozebatch.feishu.write_back import FeishuSink
from cozebatch.model.errors import Category, ErrorInfo, LostClaimError, StepError
from cozebatch.model.task import Task
from cozebatch.ports import Delivery
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
        # For another execution its mark is read once more, and nothing is written.
        reads = service.feishu.counts["batch_get"]
        assert await sink.claim(task()) is None
        assert service.feishu.counts["batch_get"] == reads + 1
        assert len(service.feishu.writes) == 1


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


@pytest.mark.parametrize("what", ["slow", "late"])
async def test_a_write_that_takes_longer_than_the_window_counts_when_the_record_is_watched_meanwhile(
    service: Served, what: Literal["slow", "late"]
) -> None:
    service.feishu.strike(FeishuFault("write", what, seconds=4.0))
    async with service.connect() as (_, base):
        assert await sink_of(base).claim(task()) is None
        assert "somebody else" in taken(await sink_of(base, "two").claim(task()))


@pytest.mark.parametrize("effect", [True, False])
async def test_a_lost_write_is_tried_again_with_a_new_mark(service: Served, effect: bool) -> None:
    service.feishu.strike(FeishuFault("write", "cut", effect=effect))
    async with service.connect() as (_, base):
        assert await sink_of(base).claim(task()) is None
    marks = {str(write.fields["返回结果"]) for write in service.feishu.writes}
    assert len(marks) == len(service.feishu.writes) == 1
    assert service.feishu.counts["batch_update"] == (1 if effect else 2)


async def test_a_late_write_that_nobody_could_watch_is_a_problem_and_not_a_claim(service: Served) -> None:
    """Somebody may have won before it arrived, and it hides his mark."""
    service.feishu.strike(FeishuFault("write", "slow", seconds=5.0))
    async with service.connect() as (_, base):
        sink = sink_of(base)

        async def blind() -> None:
            await until(lambda: service.feishu.counts["batch_get"] == 1)
            service.feishu.strike(FeishuFault("batch_get", "slow", seconds=10.0, times=6))

        async with anyio.create_task_group() as group:
            group.start_soon(blind)
            for _ in range(2):
                with pytest.raises(StepError, match="too slow to tell"):
                    await sink.claim(task())
        assert len(service.feishu.writes) == 1
        # The next start goes on with the mark of its earlier process.
        assert await sink_of(base).claim(task()) is None


@pytest.mark.parametrize("undone", [True, False])
async def test_a_late_write_that_hides_a_colleagues_outcome_is_undone(service: Served, undone: bool) -> None:
    service.feishu.strike(FeishuFault("write", "slow", seconds=8.0))
    async with service.connect() as (_, late), service.connect() as (_, base):
        colleague = sink_of(base, "two")
        answers: list[ErrorInfo | None] = []

        async def ours() -> None:
            try:
                answers.append(await sink_of(late).claim(task()))
            except LostClaimError as lost:  # a problem that is told, since the record is not as it should be
                assert not undone
                answers.append(lost.info)

        async with anyio.create_task_group() as group:
            group.start_soon(ours)
            await until(lambda: service.feishu.counts["batch_update"] == 1)
            assert await colleague.claim(task()) is None
            service.feishu.edit(CONTENT, "rec00000", {"状态": DONE, "返回结果": "film.mp4"})
            if not undone:
                await until(lambda: len(service.feishu.writes) == 2)
                service.feishu.strike(FeishuFault("write", code=1254302, status=403))
    if undone:
        assert "somebody else may be working on it" in taken(answers[0])
        assert service.feishu.cell(CONTENT, "rec00000", "状态") == DONE
        assert service.feishu.cell(CONTENT, "rec00000", "返回结果") == "film.mp4"
    else:
        assert "could not be undone" in taken(answers[0])


async def test_our_retry_does_not_take_what_a_colleague_has_claimed_since(service: Served) -> None:
    async with service.connect() as (_, base):
        ours, colleague = sink_of(base), sink_of(base, "two")
        assert await ours.claim(task()) is None
        service.feishu.edit(CONTENT, "rec00000", {"状态": READY, "返回结果": ""})
        assert await colleague.claim(task()) is None
        assert "somebody else" in taken(await ours.claim(task()))
        assert "somebody else" in taken(await ours.claim(task(), asked=True))


async def test_a_record_that_was_set_back_is_claimed_anew(service: Served) -> None:
    async with service.connect() as (_, base):
        sink = sink_of(base)
        assert await sink.claim(task()) is None
        service.feishu.edit(CONTENT, "rec00000", {"状态": READY, "返回结果": ""})
        assert await sink.claim(task()) is None
    assert len(service.feishu.writes) == 2


async def test_a_record_whose_outcome_was_written_is_not_ours_any_more(service: Served) -> None:
    async with service.connect() as (_, base):
        sink = sink_of(base)
        assert await sink.claim(task()) is None
        await sink.deliver([Delivery(1, "rec00000", "rec00000", "failed", "it failed")])
        assert "status is" in taken(await sink.claim(task()))
        # A person who asks for it by name has it, unless somebody else does.
        assert await sink.claim(task(), asked=True) is None


async def test_a_mark_that_stands_there_after_its_outcome_is_watched_anew(service: Served) -> None:
    """A write that was sent twice may come long after the record was won, done, and set back by somebody, who may be
    claiming it too."""
    async with service.connect() as (_, base):
        sink = sink_of(base)
        assert await sink.claim(task()) is None
        mark = service.feishu.cell(CONTENT, "rec00000", "返回结果")
        await sink.deliver([Delivery(1, "rec00000", "rec00000", "done", "it is done")])
        service.feishu.edit(CONTENT, "rec00000", {"状态": RUNNING, "返回结果": mark})
        began = anyio.current_time()
        assert await sink.claim(task()) is None
        assert anyio.current_time() - began >= WINDOW


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
    assert "edit permission" in caught.value.info.hint.en


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


async def test_a_mark_counts_only_for_the_claim_that_wrote_it(service: Served) -> None:
    """That of a lost claim may have come late and hide the winner's; a person may ask for the record all the same."""
    async with service.connect() as (_, base):
        assert await sink_of(base).claim(task(), name="aa") is None
        with pytest.raises(StepError, match="late mark of ours") as told:
            await sink_of(base).claim(task(), name="bb")
        assert "set its status back" in told.value.info.hint.en
        assert await sink_of(base).claim(task(), name="aa") is None
        assert await sink_of(base).claim(task(), name="bb", asked=True) is None
    assert len(service.feishu.writes) == 1


async def test_a_late_mark_of_a_lost_claim_is_a_problem_until_the_record_is_set_back(service: Served) -> None:
    async with service.connect() as (_, base):
        assert await sink_of(base).claim(task(), name="aa") is None
        for _ in range(2):
            with pytest.raises(StepError, match="late mark of ours"):
                await sink_of(base).claim(task(), name="bb")
        service.feishu.edit(CONTENT, "rec00000", {"状态": READY})
        assert await sink_of(base).claim(task(), name="bb") is None


async def test_who_loses_a_record_while_his_write_is_under_way_does_not_use_that_claim_again(service: Served) -> None:
    service.feishu.strike(FeishuFault("write", "cut"))
    async with service.connect() as (_, base):
        sink = sink_of(base)

        async def colleague() -> None:
            await until(lambda: service.feishu.counts["batch_update"] == 1)
            service.feishu.edit(CONTENT, "rec00000", {"状态": RUNNING, "返回结果": "#two.0123"})

        async with anyio.create_task_group() as group:
            group.start_soon(colleague)
            with pytest.raises(LostClaimError):
                await sink.claim(task(), name="aa")
        assert "somebody else" in taken(await sink.claim(task(), name="bb"))


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
