"""Which field of a task a column stands for: by the name that the configuration gives, else by our own names
(`task_id`, `title`, …) or the Chinese ones of the usual Feishu table; whatever their case and spaces."""

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


class FieldNames:
    """The names of one configuration. A field whose column is `given` has no other name, and a given column stands for
    no other field."""

    def __init__(self, given: Mapping[str, str] = MappingProxyType({})) -> None:
        """`given`: field → column."""
        self.names: Mapping[str, tuple[str, ...]] = {
            field: (given[field],) if field in given else usual for field, usual in FIELD_NAMES.items()
        }
        fields = sorted(self.names, key=lambda field: field in given)
        self._by_name = {
            spelt: field for field in fields for name in self.names[field] for spelt in (name, _plain(name))
        }

    def field_of(self, column: str) -> str | None:
        """The field a column stands for; None for an extra one."""
        return self._by_name.get(column) or self._by_name.get(_plain(column))

    def is_header(self, cells: Iterable[str]) -> bool:
        """Whether these cells name columns: one of them is that of the scripts."""
        return any(self.field_of(cell) == "content" for cell in cells)

    def header_among(self, rows: Sequence[Sequence[str]]) -> int | None:
        """Which of the first rows is the header; None if none is. A title may be called like the column of the
        scripts, so that a row of several names comes before a row of one."""
        headers = [at for at, cells in enumerate(rows) if self.is_header(cells)]
        wide = (at for at in headers if sum(bool(cell.strip()) for cell in rows[at]) > 1)
        return next(wide, headers[0] if headers else None)


def _plain(column: str) -> str:
    return re.sub(r"[\s_\-\ufeff]+", "", unicodedata.normalize("NFKC", column[:200]).casefold())


USUAL = FieldNames()
