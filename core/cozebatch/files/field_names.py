"""Which field of a task a column stands for: by our own names (`task_id`, `title`, …) or the Chinese ones of the usual
Feishu table, whatever their case and spaces."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType

HEADER_WITHIN = 20
"""The header is among the first so many rows that are not empty; titles and explanations may stand above it."""

FIELD_NAMES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "task_id": ("task_id",),
        "title": ("title", "仿写标题"),
        "content": ("content", "仿写文案"),
        "digital_no": ("digital_no", "数字人编号"),
        "voice_id": ("voice_id", "声音ID"),
        "account_id": ("account_id", "account", "关联账号"),
        "project_name": ("project_name", "项目名称"),
        "template": ("template", "模板名称"),
    }
)


def field_of(column: str) -> str | None:
    """The field a column stands for; None for an extra one."""
    return _BY_NAME.get(column) or _BY_NAME.get(_plain(column))


def is_header(cells: Iterable[str]) -> bool:
    """Whether these cells name columns: one of them is that of the scripts."""
    return any(field_of(cell) == "content" for cell in cells)


def header_among(rows: Sequence[Sequence[str]]) -> int | None:
    """Which of the first rows is the header; None if none is. A title may be called like the column of the scripts, so
    that a row of several names comes before a row of one."""
    headers = [at for at, cells in enumerate(rows) if is_header(cells)]
    wide = (at for at in headers if sum(bool(cell.strip()) for cell in rows[at]) > 1)
    return next(wide, headers[0] if headers else None)


def _plain(column: str) -> str:
    return re.sub(r"[\s_\-\ufeff]+", "", unicodedata.normalize("NFKC", column[:200]).casefold())


_BY_NAME = {spelt: field for field, names in FIELD_NAMES.items() for name in names for spelt in (name, _plain(name))}
