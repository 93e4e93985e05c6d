"""Whether the configured filter lets through rows whose status is one that we wrote. Pure.

Such rows are listed at every start. They are not paid for again, since their status cell says what became of them, but
the person who set the filter up should know.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cozebatch.feishu.layout import Layout, StatusValues
from cozebatch.model.text import Text


def finished_rows_warning(layout: Layout, values: StatusValues) -> Text | None:
    """What to tell about the filter; None if it leaves out what was finished."""
    column = layout.columns.status
    ours = [value for value in (values.done, values.failed) if value]
    through = [value for value in ours if column is not None and lets_through(layout.filter, column, value)]
    if not through:
        return None
    shown_zh, shown_en = "、".join(f"“{value}”" for value in through), ", ".join(f"'{value}'" for value in through)
    return Text(
        f"筛选条件也会列出状态为{shown_zh}的记录：它们不会再次付费，但每次启动都要读取。请在筛选条件里限定“{column}”。",
        f"The filter also lists records whose status is {shown_en}: they are not paid for again, but read at each "
        f"start. Add a condition on '{column}' to the filter.",
    )


def lets_through(filter: Mapping[str, Any] | None, column: str, value: str) -> bool:
    """Whether a row with `value` in `column` may pass, whatever stands in its other columns."""
    if not filter:
        return True
    parts = [_may_hold(condition, column, value) for condition in filter.get("conditions") or ()]
    parts += [lets_through(child, column, value) for child in filter.get("children") or ()]
    if not parts:
        return True
    return any(parts) if filter.get("conjunction") == "or" else all(parts)


def _may_hold(condition: Mapping[str, Any], column: str, value: str) -> bool:
    if condition.get("field_name") != column:
        return True
    wanted = [str(v) for v in condition.get("value") or ()]
    match condition.get("operator"):
        case "is":
            return value in wanted
        case "isNot":
            return value not in wanted
        case "contains":
            return any(v in value for v in wanted)
        case "doesNotContain":
            return not any(v in value for v in wanted)
        case "isEmpty":
            return False
        case _:
            return True
