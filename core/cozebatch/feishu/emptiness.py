"""Which fields that are sent to Coze are empty in all of the rows: the column is another one than was meant. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from cozebatch.feishu.layout import Layout
from cozebatch.model.task import Task
from cozebatch.model.text import Text

_COLUMN_OF = {"account_id": "account"}


def empty_everywhere(layout: Layout, tasks: Sequence[Task]) -> dict[str, Text]:
    """What is sent and has nothing in any of `tasks`, with what to tell: task field, or column, → text. A voice or a
    digital human that comes from the table of accounts is not empty."""
    if not tasks:
        return {}
    named = layout.columns.named()
    found: dict[str, Text] = {}
    for field in (*sorted(layout.sent), *layout.extra):
        if any(not _is_blank(task.value(field)) for task in tasks):
            continue
        ours = _COLUMN_OF.get(field, field)
        column = field if field in layout.extra else named.get(ours)
        if column is not None:
            key = "workflow_config.coze_config.parameters" if field in layout.extra else f"field_mapping.{ours}"
            found[field] = _told(column, key, len(tasks))
    return found


def _is_blank(text: str | None) -> bool:
    return not text or text.isspace()


def _told(column: str, key: str, count: int) -> Text:
    return Text(
        f"要生成的 {count} 条记录里，字段“{column}”全是空的：请检查 {key}。",
        f"The field '{column}' is empty in every record to run ({count}): check {key}.",
    )
