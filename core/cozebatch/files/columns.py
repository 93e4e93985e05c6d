"""Makes tasks of the rows of a task file, and gathers what is wrong with them.

Columns that stand for no field of a task (`field_names`) are kept under their own name.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from types import MappingProxyType

from cozebatch.files.cell_faults import fault_of, said
from cozebatch.files.rows import Reading, Row
from cozebatch.files.sheet_parser import Fault
from cozebatch.model.errors import UsageError
from cozebatch.model.task import NO_EXTRA, SHARED_FIELDS, Task
from cozebatch.model.text import Text

MAX_CELL_BYTES = 1_000_000
MAX_COMPLAINTS = 20
MAX_ID_CHARACTERS = 200

_SURROGATE = re.compile("[\ud800-\udfff]")
_NOT_IN_AN_ID = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")


class Complaints:
    """Gathers what is wrong with a file, so that a person can mend it at once; stops at a bounded number."""

    def __init__(self, place: str) -> None:
        self.place = place
        self._found: list[Text] = []

    def add(self, line: int | None, column: str | None, zh: str, en: str) -> None:
        """`column`: a name, or a number from 1 where a file has no columns."""
        in_zh = f"第 {column} 列" if column and column.isdecimal() else f"：{_shown(column)} 列" if column else ""
        where_zh = (f"：第 {line} 行" if line else "") + in_zh
        where_en = "".join((f": line {line}" if line else "", f": column {_shown(column)}" if column else ""))
        self._found.append(Text(f"{self.place}{where_zh}：{zh}。", f"{self.place}{where_en}: {en}."))
        if len(self._found) >= MAX_COMPLAINTS:
            self.raise_if_any()

    def raise_if_any(self) -> None:
        if self._found:
            raise UsageError(*self._found)

    def fail(self, line: int | None, column: str | None, zh: str, en: str) -> UsageError:
        """The exception to raise when reading cannot go on, with all complaints so far."""
        self._found = self._found[: MAX_COMPLAINTS - 1]
        self.add(line, column, zh, en)
        return UsageError(*self._found)


def tasks_of(
    rows: Iterable[Row], columns: Sequence[str] | None, complaints: Complaints, reading: Reading | None = None
) -> list[Task]:
    """The tasks of all rows that are not entirely empty, hidden, or repetitions of the row above.

    `columns`: the file's columns where it has a header, None where every row names its own. Raises `UsageError`.
    """
    reading = reading if reading is not None else Reading()
    field_of = reading.names.field_of
    number = 0
    if columns is not None:
        _check_columns(columns, complaints, reading)
        complaints.raise_if_any()
    tasks: list[Task] = []
    lines: dict[str, int] = {}
    has_content = columns is not None
    for row in rows:
        has_content = has_content or any(field_of(column) == "content" for column in row.cells)
        if not any(value.strip() for column, value in row.cells.items() if column not in row.merged):
            continue  # nothing at all, or only what a merged cell of a row above covers
        number += 1
        if row.hidden:
            reading.hidden += any(field_of(c) == "content" and v.strip() for c, v in row.cells.items())
            continue
        if row.merged and _repeats(row, reading):
            reading.repeated += 1
            continue
        task = _task(row, number, complaints, reading)
        if task.task_id in lines:
            complaints.add(
                row.line,
                None,
                f"task_id {_shown(task.task_id)} 与第 {lines[task.task_id]} 行重复",
                f"task_id {_shown(task.task_id)} stands on line {lines[task.task_id]} already",
            )
        lines.setdefault(task.task_id, row.line)
        tasks.append(task)
    if tasks and not has_content:
        _no_content(complaints, reading)
    complaints.raise_if_any()
    return tasks


def _check_columns(columns: Sequence[str], complaints: Complaints, reading: Reading) -> None:
    seen: dict[str, str] = {}
    for column in columns:
        key = reading.names.field_of(column) or column.strip()
        if key in seen:
            complaints.add(
                None,
                column,
                f"与 {_shown(seen[key])} 列是同一个内容，只能留一个",
                f"means the same as column {_shown(seen[key])}: keep one",
            )
        seen[key] = column
    if "content" not in seen:
        _no_content(complaints, reading, columns)


def _no_content(complaints: Complaints, reading: Reading, columns: Sequence[str] = ()) -> None:
    present = Text.listed([_shown(column) for column in columns[:12]] or ["-"])
    wanted = [_shown(name) for name in reading.names.names["content"]]
    complaints.add(
        None,
        None,
        f"没有文案列，需要一列叫 {' 或 '.join(wanted)}（现有：{present.zh}）。"
        "也可以不改列名，在配置的 task_file.columns.content 里写文案列的名称",
        f"there is no column with the scripts: call one {' or '.join(wanted)} (found: {present.en}), or name it in "
        "task_file.columns.content of the configuration",
    )


def _repeats(row: Row, reading: Reading) -> bool:
    """Whether the script comes from a merged cell above, and no other column that is used has a value of its own:
    an execution for this row would be paid for the same once more."""
    if not any(reading.names.field_of(column) == "content" for column in row.merged):
        return False
    own = (column for column, value in row.cells.items() if value.strip() and column not in row.merged)
    return not any(reading.uses(column) for column in own)


def _task(row: Row, number: int, complaints: Complaints, reading: Reading) -> Task:
    fields: dict[str, str] = {}
    extra: dict[str, str] = {}
    faults: list[tuple[str, Fault]] = []
    for column, value in row.cells.items():
        if len(value) * 4 > MAX_CELL_BYTES and len(value.encode(errors="replace")) > MAX_CELL_BYTES:
            complaints.add(
                row.line,
                column,
                f"这一格超过 {MAX_CELL_BYTES // 1_000_000} MB，不像是文案",
                f"this cell is larger than {MAX_CELL_BYTES // 1_000_000} MB, that is no script",
            )
            continue
        # Half a character (a broken emoji) can be neither stored nor sent.
        value = _SURROGATE.sub("\ufffd", value)
        field = reading.names.field_of(column)
        if fault := row.faults.get(column) or (fault_of(value) if column not in row.exact else None):
            if reading.uses(column):
                faults.append((column, fault))
            elif field is not None:
                value = ""
        if field is None:
            # `record_id` is Feishu's; a file's column of that name must not pass for it.
            if column.strip() != "record_id":
                extra[column.strip()] = value
        elif field in fields:
            complaints.add(row.line, column, f"{field} 写了两次", f"{field} is given twice")
        else:
            value = value.strip()
            fields[field] = sys.intern(value) if field in SHARED_FIELDS else value
    given = fields.pop("task_id", "")
    task_id = given or f"row-{number}"
    if len(task_id) > MAX_ID_CHARACTERS or _NOT_IN_AN_ID.search(task_id):
        complaints.add(
            row.line,
            "task_id",
            f"task_id 不能超过 {MAX_ID_CHARACTERS} 个字符，也不能有换行等控制字符",
            f"a task_id has at most {MAX_ID_CHARACTERS} characters and no control characters",
        )
    if fields.get("content") and faults and reading.wanted(task_id):
        for column, fault in faults:
            told = said(fault, row.cells[column])
            complaints.add(row.line, column, told.zh, told.en)
    proxy = MappingProxyType(extra) if extra else NO_EXTRA
    return Task(task_id, own_id=bool(given), extra=proxy, **fields)  # type: ignore[arg-type]


def named(header: Sequence[str], cells: Sequence[str]) -> Iterator[tuple[str, str]]:
    """The cells of a row that has a header, by column name; a short row ends in empty cells."""
    for index, column in enumerate(header):
        if column:
            yield column, cells[index] if index < len(cells) else ""


def _shown(text: str) -> str:
    """A name from the file, bounded, as it may stand in a sentence."""
    text = "".join(c if c.isprintable() else "?" for c in text.strip())
    return text if len(text) <= 40 else f"{text[:38]}…"
