"""A row of a task file as a reader found it, and what decides whether it is a task."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from cozebatch.files.field_names import USUAL, FieldNames
from cozebatch.files.sheet_parser import Fault
from cozebatch.model.text import Text

ALWAYS_USED = frozenset({"task_id", "title", "content", "project_name"})
"""Fields that a film needs, whether or not they are sent to Coze."""
NO_FAULTS: Mapping[str, Fault] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Row:
    """One row as a reader found it: the line (or sheet row) it begins on, and its cells by column name."""

    line: int
    cells: Mapping[str, str]
    faults: Mapping[str, Fault] = field(default_factory=lambda: NO_FAULTS)
    """Columns whose text is no value, as far as the reader can tell."""
    exact: Collection[str] = ()
    """Columns marked as text: whatever they hold is what was meant."""
    merged: Collection[str] = ()
    """Columns whose value comes from a merged cell that begins in a row above."""
    hidden: bool = False
    """By a filter, or by hand."""


def _any(_: str) -> bool:
    return True


@dataclass(slots=True)
class Reading:
    """What decides about rows while a file is read, and what becomes of rows that are no tasks.

    `used`: the task fields and columns that are sent to Coze; None for all fields. `wanted`: whether the task with this
    id may run at all; a fault in another one's row does no harm. `names`: which column is which field.
    """

    used: Collection[str] | None = None
    wanted: Callable[[str], bool] = _any
    names: FieldNames = USUAL
    hidden: int = 0
    """Rows with a script that are hidden."""
    repeated: int = 0
    """Rows that show the same merged script again, with nothing of their own that is used."""

    def uses(self, column: str) -> bool:
        name = self.names.field_of(column)
        if name in ALWAYS_USED:
            return True
        return name is not None if self.used is None else (name or column.strip()) in self.used

    def notes(self, place: str) -> list[Text]:
        found = []
        if self.hidden:
            found.append(
                Text(
                    f"{place}：{self.hidden} 行被筛选或隐藏，不会执行。要执行就取消筛选、取消隐藏，保存后再跑一次。",
                    f"{place}: rows that are filtered out or hidden, and will not run: {self.hidden}. To run them, "
                    "clear the filter or unhide them, and save the file.",
                )
            )
        if self.repeated:
            found.append(
                Text(
                    f"{place}：{self.repeated} 行与上一行共用合并的文案，没有别的不同内容，不会重复执行。",
                    f"{place}: rows that share a merged script with the row above and add nothing to it: "
                    f"{self.repeated}. They will not run again.",
                )
            )
        return found
