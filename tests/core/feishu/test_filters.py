"""A filter that lists what was finished is told about; one that leaves it out is not."""

from __future__ import annotations

from typing import Any

import pytest

from cozebatch.feishu.filters import finished_rows_warning, lets_through
from cozebatch.feishu.layout import Columns, Layout, StatusValues


def condition(field: str, operator: str, *value: str) -> dict[str, Any]:
    return {"field_name": field, "operator": operator, "value": list(value)}


def all_of(*conditions: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"conjunction": "and", "conditions": list(conditions), **more}


@pytest.mark.parametrize(
    ("filter", "through"),
    [
        (None, True),
        (all_of(), True),
        (all_of(condition("状态", "is", "待生成")), False),
        (all_of(condition("状态", "is", "完成", "待生成")), True),
        (all_of(condition("标题", "isNotEmpty")), True),
        (all_of(condition("标题", "isNotEmpty"), condition("状态", "isNot", "完成")), False),
        (all_of(condition("状态", "isEmpty")), False),
        (all_of(condition("状态", "isNotEmpty")), True),
        (all_of(condition("状态", "contains", "待")), False),
        (all_of(condition("状态", "doesNotContain", "完")), False),
        ({"conjunction": "or", "conditions": [condition("状态", "is", "待生成"), condition("标题", "is", "x")]}, True),
        (all_of(children=[all_of(condition("状态", "is", "待生成"))]), False),
    ],
)
def test_a_filter_is_read_as_feishu_reads_it(filter: dict[str, Any] | None, through: bool) -> None:
    assert lets_through(filter, "状态", "完成") is through


def test_the_warning_names_the_values_and_the_column() -> None:
    layout = Layout("tbl", Columns("文案", status="状态"))
    warning = finished_rows_warning(layout, StatusValues(done="完成", failed="失败"))
    assert warning is not None
    assert "'完成', '失败'" in warning.en
    assert "'状态'" in warning.en
    assert finished_rows_warning(layout, StatusValues()) is None, "nothing is written"
    assert finished_rows_warning(Layout("tbl", Columns("文案")), StatusValues(done="完成")) is None
