"""An edited title and script in the row of a simulated Feishu table."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from cozebatch.demo.feishu_faults import FeishuFault
from cozebatch.demo.feishu_model import SimColumn
from cozebatch.demo.feishu_server import SimulatedFeishu
from cozebatch.demo.feishu_tables import CONTENT
from cozebatch.feishu.base import FeishuBase
from cozebatch.feishu.layout import Columns
from cozebatch.feishu.write_back import FeishuSink
from cozebatch.model.errors import Category, StepError
from support.feishu_support import COLUMNS, VALUES, Served, big_table, served

pytestmark = pytest.mark.anyio

BEFORE, AFTER = ("标题1", "文案1"), ("=新标题", "新文案\n第二行")
FORMULA = 20


@pytest.fixture
def service() -> Iterator[Served]:
    table = big_table(3)
    table.columns.append(SimColumn("公式", FORMULA))
    with served(SimulatedFeishu([table])) as service:
        yield service


def sink_of(base: FeishuBase, columns: Columns = COLUMNS) -> FeishuSink:
    return FeishuSink(base, CONTENT, columns, VALUES)


async def test_title_and_script_are_written_as_they_are_and_nothing_else(service: Served) -> None:
    async with service.connect() as (_, base):
        assert await sink_of(base).takes_texts()
        assert await sink_of(base).write_text("rec00001", BEFORE, AFTER) == AFTER
        assert await sink_of(base).write_text("rec00001", BEFORE, AFTER) == AFTER, "it is there already"
    cell = service.feishu.cell
    assert (cell(CONTENT, "rec00001", "仿写标题"), cell(CONTENT, "rec00001", "仿写文案")) == AFTER
    assert cell(CONTENT, "rec00002", "仿写文案") == "文案2"
    assert service.feishu.counts["batch_update"] == 1


async def test_what_was_written_there_meanwhile_is_not_written_over(service: Served) -> None:
    async with service.connect() as (_, base):
        with pytest.raises(StepError) as refused:
            await sink_of(base).write_text("rec00002", BEFORE, AFTER)
        assert refused.value.info.category is Category.SOURCE
        with pytest.raises(StepError) as gone:
            await sink_of(base).write_text("rec99999", BEFORE, AFTER)
        assert gone.value.info.category is Category.SOURCE
    assert "batch_update" not in service.feishu.counts


async def test_a_column_of_another_type_is_not_offered(service: Served) -> None:
    async with service.connect() as (_, base):
        assert not await sink_of(base, replace(COLUMNS, content="公式")).takes_texts()
        assert not await sink_of(base, replace(COLUMNS, title=None)).takes_texts()
        service.feishu.strike(FeishuFault(on="fields", code=1254302, status=403, times=None))
        assert not await sink_of(base).takes_texts()


async def test_what_may_pass_may_be_tried_again(service: Served) -> None:
    service.feishu.strike(FeishuFault(on="write", status=503, code=1255040, times=None))
    async with service.connect() as (_, base):
        with pytest.raises(StepError) as failed:
            await sink_of(base).write_text("rec00001", BEFORE, AFTER)
    assert failed.value.info.category is Category.WRITE_BACK
