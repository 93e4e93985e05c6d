"""Task files in JSON: a list of objects, or an object that holds such a list, or one object a line.

Objects are decoded one at a time from their place in the text, so that every complaint can name a line.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from cozebatch.bounds.json_values import MOST_DIGITS, MOST_LEVELS, is_deeper_than, mend
from cozebatch.files.columns import Complaints
from cozebatch.files.field_names import USUAL, FieldNames
from cozebatch.files.rows import Row
from cozebatch.files.sheet_parser import Fault

LIST_KEYS = ("tasks", "data", "items", "records", "rows", "任务")

_DIGITS: Fault = "digits"
_SPACE = re.compile(r"[ \t\r\n]*+")


def read_json(text: str, complaints: Complaints, names: FieldNames = USUAL) -> Iterator[Row]:
    """The rows of a list, or of the list that an object holds. Raises `UsageError`, also while they are read."""
    document = _Document(text, complaints, names)
    if not document.text.strip():
        raise complaints.fail(None, None, "文件是空的", "the file is empty")
    position = document.skip(0)
    if text.startswith("{", position):
        position = document.find_list(position)
    if not text.startswith("[", position):
        raise complaints.fail(
            document.line(position), None, "应为任务的列表 […]", "a list of tasks […] should stand here"
        )
    return document.rows(position)


def read_jsonl(text: str, complaints: Complaints, names: FieldNames = USUAL) -> Iterator[Row]:
    """One object a line; empty lines are ignored."""
    found_any = False
    for number, line in enumerate(_lines(text), 1):
        if not line.strip():
            continue
        found_any = True
        document = _Document(line.strip(), complaints, names, first_line=number)
        value, end = document.decode(0)
        if end != len(document.text):
            raise complaints.fail(number, str(end + 1), "一行只能有一个对象", "a line holds one object only")
        yield document.row(value, number)
    if not found_any:
        raise complaints.fail(None, None, "文件是空的", "the file is empty")


def _lines(text: str) -> Iterator[str]:
    """Yield one line after the other: a list would hold the whole file a second time."""
    start = 0
    while (end := text.find("\n", start)) >= 0:
        yield text[start:end]
        start = end + 1
    yield text[start:]


def plain_text(value: Any) -> str:
    """A value as a person would write it: `7`, not `7.0`, and no powers of ten. Raises `ValueError` for infinity."""
    match value:
        case None:
            return ""
        case str():
            return value
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
        case float():
            if not math.isfinite(value):
                raise ValueError("not a finite number")
            if value.is_integer() and abs(value) < 1e22:
                return str(int(value))
            return format(Decimal(repr(value)), "f")
    return json.dumps(value, ensure_ascii=False)


class _Document:
    """A text, decoded piece by piece; lines are counted once, forwards."""

    def __init__(self, text: str, complaints: Complaints, names: FieldNames, first_line: int = 1) -> None:
        self._names = names
        self.text = text
        self._complaints = complaints
        self._counted = 0
        self._line = first_line

    def skip(self, position: int) -> int:
        found = _SPACE.match(self.text, position)
        return found.end() if found else position

    def line(self, position: int) -> int:
        if position >= self._counted:
            self._line += self.text.count("\n", self._counted, position)
            self._counted = position
        return self._line

    def decode(self, position: int) -> tuple[Any, int]:
        # The complaint is raised outside the handlers: the standard error holds the whole document.
        try:
            value, end = _DECODER.raw_decode(self.text, position)
            opened = self.text.count("{", position, end) + self.text.count("[", position, end)
            if opened <= MOST_LEVELS or not is_deeper_than(MOST_LEVELS, value):
                return value, end
            bad, zh, en = position, "括号嵌套太深", "brackets are nested too deeply"
        except json.JSONDecodeError as error:
            bad, zh, en = (
                error.pos,
                "JSON 格式不对，看看这里或前面少了什么",
                "is no JSON: look here or just before",
            )
        except RecursionError:
            bad, zh, en = position, "括号嵌套太深", "brackets are nested too deeply"
        except ValueError:
            bad, zh, en = position, "有一个数不是普通数字或太长", "a number is no plain number or too long"
        raise self._complaints.fail(self.line(bad), str(bad - self.text.rfind("\n", 0, bad)), zh, en)

    def find_list(self, position: int) -> int:
        """Where the list of tasks begins in the object at `position`."""
        lists: dict[str, int] = {}
        position = self.skip(position + 1)
        while not self.text.startswith("}", position):
            key, position = self.decode(position)
            position = self._expect(":", position)
            if self.text.startswith("[", position):
                lists[str(key)] = position
            _, position = self.decode(position)
            position = self.skip(position)
            if self.text.startswith("}", position):
                break
            position = self._expect(",", position)
        for name in (*LIST_KEYS, *(lists if len(lists) == 1 else ())):
            if name in lists:
                # Back to an earlier place: lines are counted anew.
                self._counted, self._line = 0, 1
                return lists[name]
        raise self._complaints.fail(
            None,
            None,
            '没有任务列表，应为 [ … ] 或 { "tasks": [ … ] }',
            'there is no list of tasks, it should be [ … ] or { "tasks": [ … ] }',
        )

    def rows(self, position: int) -> Iterator[Row]:
        position = self.skip(position + 1)
        while not self.text.startswith("]", position):
            line = self.line(position)
            value, position = self.decode(position)
            yield self.row(value, line)
            position = self.skip(position)
            if self.text.startswith("]", position):
                break
            position = self._expect(",", position)

    def row(self, value: Any, line: int) -> Row:
        if not isinstance(value, dict):
            raise self._complaints.fail(line, None, "每个任务应为对象 {…}", "each task should be an object {…}")
        cells: dict[str, str] = {}
        for name, inner in value.items():
            column = mend(name)
            if isinstance(inner, list | dict) and self._names.field_of(column) is not None:
                self._complaints.add(line, column, "应为文字", "should be text")
                continue
            try:
                cells[column] = plain_text(inner)
            except ValueError:
                self._complaints.add(line, column, "数字太大", "the number is out of range")
        inexact = {mend(name): _DIGITS for name, inner in value.items() if type(inner) is float and _is_inexact(inner)}
        return Row(line, cells, inexact) if inexact else Row(line, cells)

    def _expect(self, mark: str, position: int) -> int:
        position = self.skip(position)
        if self.text.startswith(mark, position):
            return self.skip(position + 1)
        column = str(position - self.text.rfind("\n", 0, position))
        raise self._complaints.fail(self.line(position), column, f"这里缺少 {mark}", f"{mark} is missing here")


def _is_inexact(value: float) -> bool:
    """Whether an id written like this has lost digits: `7.34e18`."""
    return abs(value) >= 10**15


def _no_constant(name: str) -> Any:
    raise ValueError(name)


def _whole(text: str) -> int:
    if len(text) > MOST_DIGITS:
        raise ValueError("too long")
    return int(text)


_DECODER = json.JSONDecoder(parse_constant=_no_constant, parse_int=_whole)
