from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from cozebatch.demo.feishu_faults import FeishuFault
from cozebatch.demo.feishu_model import (
    ATTACHMENT,
    AUTO_NUMBER,
    CHECKBOX,
    DATE,
    FORMULA,
    LINK,
    LOOKUP,
    MULTI_SELECT,
    NUMBER,
    PERSON,
    RELATION,
    SINGLE_SELECT,
    SimColumn,
)
from cozebatch.demo.feishu_tables import CONTENT, VOICES
from cozebatch.feishu.check import check_feishu
from cozebatch.feishu.column_check import KINDS
from cozebatch.feishu.layout import Layout, StatusValues
from cozebatch.model.check_item import CheckItem, Level
from support.feishu_support import LAYOUT, VALUES, Served, served

pytestmark = pytest.mark.anyio

CREATED_TIME, MODIFIED_TIME, CREATED_BY, MODIFIED_BY, BUTTON = 1001, 1002, 1003, 1004, 3001


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
        "Feishu app", "task table", "field '仿写文案'", "records to run", "permission to write", "voice table",
    }  # fmt: skip
    assert service.feishu.writes == []


async def test_wrong_credentials_end_the_check(service: Served) -> None:
    ((level, subject, text),) = problems(await check(service, secret="nope"))
    assert (level, subject) == (Level.FAIL, "Feishu app")
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
    assert found["field '仿写文稿'"][0] is Level.FAIL
    assert "the nearest is '仿写文案'" in found["field '仿写文稿'"][1]
    # Only a default names it, and nothing depends on it.
    assert found["field '样式'"][0] is Level.WARN
    assert found["field '城市'"][0] is Level.FAIL
    assert "tables.voice_table" in found["field '音色ID'"][1]


UNWRITABLE = [LOOKUP, FORMULA, CREATED_TIME, MODIFIED_TIME, CREATED_BY, MODIFIED_BY, AUTO_NUMBER, BUTTON]
UNFIT = [NUMBER, MULTI_SELECT, DATE, CHECKBOX, PERSON, LINK, ATTACHMENT, RELATION]


async def kind_of(service: Served, column: str, kind: int, layout: Layout = LAYOUT) -> list[tuple[Level, str, str]]:
    """The problems once a column is of this kind; its cells are left out of it."""
    found = service.feishu.tables[CONTENT].column(column)
    assert found is not None
    found.kind = kind
    return problems(await check(service, layout))


@pytest.mark.parametrize("column", ["状态", "返回结果"])
@pytest.mark.parametrize("kind", UNWRITABLE + UNFIT)
async def test_a_status_or_result_column_that_cannot_take_a_text_fails(service: Served, column: str, kind: int) -> None:
    ((level, subject, text),) = await kind_of(service, column, kind)
    assert (level, subject) == (Level.FAIL, f"field '{column}'")
    assert f"is a {KINDS[kind].en} field" in text
    assert "make it" in text


async def test_a_column_that_is_not_written_may_be_of_any_kind(service: Served) -> None:
    for column in ("状态", "返回结果"):
        found = service.feishu.tables[CONTENT].column(column)
        assert found is not None
        found.kind = FORMULA
    assert problems(await check(service, replace(LAYOUT, filter=None), StatusValues())) == []


async def test_a_result_column_that_is_read_as_another_field_fails(service: Served) -> None:
    columns = replace(LAYOUT.columns, result="仿写标题")
    ((level, subject, text),) = problems(await check(service, replace(LAYOUT, columns=columns)))
    assert (level, subject) == (Level.FAIL, "field '仿写标题'")
    assert "overwrite" in text


@pytest.mark.parametrize("kind", [ATTACHMENT, LINK, RELATION, PERSON, DATE, CHECKBOX, BUTTON, AUTO_NUMBER])
async def test_a_script_column_that_holds_no_script_fails(service: Served, kind: int) -> None:
    ((level, subject, text),) = await kind_of(service, "仿写文案", kind)
    assert (level, subject) == (Level.FAIL, "field '仿写文案'")
    assert f"holds no script (its type is {KINDS[kind].en})" in text


@pytest.mark.parametrize("kind", [NUMBER, SINGLE_SELECT, MULTI_SELECT, LOOKUP, FORMULA])
async def test_a_script_may_be_looked_up_computed_or_chosen(service: Served, kind: int) -> None:
    assert await kind_of(service, "仿写文案", kind) == []


async def test_a_column_of_which_only_ids_or_names_can_be_had_is_a_warning(service: Served) -> None:
    ((level, subject, text),) = await kind_of(service, "数字人编号", RELATION)
    assert (level, subject) == (Level.WARN, "field '数字人编号'")
    assert "ids of records" in text
    service.feishu.tables[CONTENT].columns.append(SimColumn("图片", ATTACHMENT))
    found = await kind_of(service, "数字人编号", 1, replace(LAYOUT, extra=("图片",)))
    assert [(level, subject) for level, subject, _ in found] == [(Level.WARN, "field '图片'")]
    assert "names of the files" in found[0][2]


def asking(*values: str, operator: str = "is", column: str = "状态") -> dict[str, Any]:
    condition = {"field_name": column, "operator": operator, "value": list(values)}
    return {"conjunction": "and", "conditions": [], "children": [{"conjunction": "or", "conditions": [condition]}]}


@pytest.mark.parametrize("kind", [SINGLE_SELECT, MULTI_SELECT])
@pytest.mark.parametrize("operator", ["is", "contains"])
async def test_a_filter_value_that_is_no_option_fails_with_the_options(
    service: Served, kind: int, operator: str
) -> None:
    service.feishu.tables[CONTENT].columns.append(SimColumn("语气", kind, ["轻快", "沉稳"]))
    layout = replace(LAYOUT, filter=asking("轻松", "轻快", operator=operator, column="语气"))
    found = [item for item in problems(await check(service, layout)) if item[1] == "filter" and item[0] is Level.FAIL]
    ((_, _, text),) = found
    assert "'轻松'" in text
    assert "There are: 轻快, 沉稳." in text


async def test_a_filter_value_that_is_no_option_is_a_warning_where_another_alternative_may_fit(service: Served) -> None:
    either = asking("没有")
    (alternatives,) = either["children"]
    alternatives["conditions"] *= 2
    found = problems(await check(service, replace(LAYOUT, filter=either)))
    assert {level for level, subject, _ in found if subject == "filter"} == {Level.WARN}


async def test_a_filter_value_that_is_to_be_left_out_need_not_exist(service: Served) -> None:
    found = problems(await check(service, replace(LAYOUT, filter=asking("没有", operator="isNot"))))
    assert [item for item in found if item[0] is Level.FAIL] == []


async def test_an_option_that_does_not_exist_yet_is_a_warning(service: Served) -> None:
    found = problems(await check(service, values=replace(VALUES, running="生成中")))
    assert [(level, subject) for level, subject, _ in found] == [(Level.WARN, "field '状态'")]
    assert "生成中" in found[0][2]


async def test_a_read_only_table_fails_with_the_cure(service: Served) -> None:
    service.feishu.tables[CONTENT].read_only = True
    ((level, subject, text),) = problems(await check(service))
    assert (level, subject) == (Level.FAIL, "permission to write")
    assert "edit permission" in text


async def test_a_hidden_table_is_a_warning(service: Served) -> None:
    service.feishu.tables[CONTENT].hidden = True
    ((level, subject, text),) = problems(await check(service))
    assert (level, subject) == (Level.WARN, "records to run")
    assert "advanced permissions" in text


async def test_a_fault_in_the_middle_is_an_item_and_no_exception(service: Served) -> None:
    service.feishu.strike(FeishuFault("any", "cut", times=None))
    ((level, _, text),) = problems(await check(service))
    assert level is Level.FAIL
    assert "cannot be reached" in text
