from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from cozebatch.demo.feishu_faults import FeishuFault
from cozebatch.demo.feishu_model import FORMULA, NUMBER
from cozebatch.demo.feishu_tables import CONTENT, VOICES
from cozebatch.feishu.check import check_feishu
from cozebatch.feishu.layout import Layout, StatusValues
from cozebatch.model.check_item import CheckItem, Level
from support.feishu_support import LAYOUT, VALUES, Served, served

pytestmark = pytest.mark.anyio


@pytest.fixture
def service() -> Iterator[Served]:
    with served() as service:
        yield service


async def check(
    service: Served, layout: Layout = LAYOUT, values: StatusValues = VALUES, secret: str = "demo_secret"
) -> list[CheckItem]:
    async with service.connect(app_secret=secret) as (client, base):
        return await check_feishu(client, base, layout, values)


def problems(items: list[CheckItem]) -> list[tuple[Level, str, str]]:
    return [(item.level, item.subject.en, item.text.en) for item in items if item.level is not Level.OK]


async def test_a_good_configuration_is_ok_all_through_and_nothing_is_written(service: Served) -> None:
    items = await check(service)
    assert problems(items) == []
    assert {item.subject.en for item in items} > {
        "Feishu application", "task table", "column 仿写文案", "rows to run", "right to write", "voice table",
    }  # fmt: skip
    assert service.feishu.writes == []


async def test_wrong_credentials_end_the_check(service: Served) -> None:
    ((level, subject, text),) = problems(await check(service, secret="nope"))
    assert (level, subject) == (Level.FAIL, "Feishu application")
    assert "app_secret" in text


async def test_a_missing_table_is_named_and_the_others_are_still_looked_at(service: Served) -> None:
    found = problems(await check(service, replace(LAYOUT, table_id="tblnone")))
    assert [(level, subject) for level, subject, _ in found] == [(Level.FAIL, "task table")]
    assert "table_id" in found[0][2]


async def test_missing_columns_come_with_the_nearest(service: Served) -> None:
    columns = replace(LAYOUT.columns, content="仿写文稿", template="样式")
    layout = replace(LAYOUT, columns=columns, extra=("城市",))
    del service.feishu.tables[VOICES].columns[0]
    found = {subject: (level, text) for level, subject, text in problems(await check(service, layout))}
    assert found["column 仿写文稿"][0] is Level.FAIL
    assert "the nearest is '仿写文案'" in found["column 仿写文稿"][1]
    # Only a default names it, and nothing depends on it.
    assert found["column 样式"][0] is Level.WARN
    assert found["column 城市"][0] is Level.FAIL
    assert "tables.voice_table" in found["column 音色ID"][1]


@pytest.mark.parametrize(("column", "kind"), [("状态", NUMBER), ("返回结果", NUMBER), ("返回结果", FORMULA)])
async def test_a_column_that_cannot_be_written_fails(service: Served, column: str, kind: int) -> None:
    found = service.feishu.tables[CONTENT].column(column)
    assert found is not None
    found.kind = kind
    items = problems(await check(service))
    assert [(level, subject) for level, subject, _ in items] == [(Level.FAIL, f"column {column}")]
    assert "make it" in items[0][2]


async def test_an_option_that_does_not_exist_yet_is_a_warning(service: Served) -> None:
    found = problems(await check(service, values=replace(VALUES, running="生成中")))
    assert [(level, subject) for level, subject, _ in found] == [(Level.WARN, "column 状态")]
    assert "生成中" in found[0][2]


async def test_a_read_only_table_fails_with_the_cure(service: Served) -> None:
    service.feishu.tables[CONTENT].read_only = True
    ((level, subject, text),) = problems(await check(service))
    assert (level, subject) == (Level.FAIL, "right to write")
    assert "edit rights" in text


async def test_a_hidden_table_is_a_warning(service: Served) -> None:
    service.feishu.tables[CONTENT].hidden = True
    ((level, subject, text),) = problems(await check(service))
    assert (level, subject) == (Level.WARN, "rows to run")
    assert "advanced permissions" in text


async def test_a_fault_in_the_middle_is_an_item_and_no_exception(service: Served) -> None:
    service.feishu.strike(FeishuFault("any", "cut", times=None))
    ((level, _, text),) = problems(await check(service))
    assert level is Level.FAIL
    assert "cannot be reached" in text
