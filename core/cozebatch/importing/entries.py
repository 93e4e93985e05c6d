"""Reads and checks the values of one task in a results file.

A file may have been edited or cut off, and its values may have any type. All faults are collected as complaints, so
that a person can correct them in one go. A file with complaints is not imported.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cozebatch.bounds.json_values import mend
from cozebatch.model.rows import Row
from cozebatch.model.task import Task
from cozebatch.model.text import Text

LONGEST_ID = 200
"""Characters of a task id."""
_EXECUTE_ID = re.compile(r"[0-9A-Za-z_-]{1,128}")
_MOST_COMPLAINTS = 20
_OLDEST = 946_684_800.0
_LAST_YEAR = 2999
"""Windows converts no later time."""
"""2000-01-01. Coze did not exist before, and some systems cannot format much older times."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What one file says about one task. `row` is None if, according to the file, nothing was started for it.

    `at`: the latest time in it (Unix seconds). `output`: Coze's result as JSON text. `seconds`: how long the
    execution took. The row's position and fingerprint are not set yet.
    """

    task: Task
    row: Row | None
    output: str | None = None
    at: float | None = None
    seconds: float | None = None


class Complaints:
    """The faults found in one file."""

    def __init__(self, place: str) -> None:
        self.place = place
        self._found: list[Text] = []
        self._unsaid = 0

    def add(self, zh: str, en: str) -> None:
        if len(self._found) < _MOST_COMPLAINTS:
            self._found.append(Text(f"{self.place}：{zh}。", f"{self.place}: {en}."))
        else:
            self._unsaid += 1

    @property
    def texts(self) -> list[Text]:
        if not self._unsaid:
            return self._found
        more = Text("{place}：另有 {count} 处问题。", "{place}: {count} more fault(s).").filled(
            place=self.place, count=self._unsaid
        )
        return [*self._found, more]


class Entry:
    """The values of one task. A value of the wrong type adds a complaint and counts as missing."""

    def __init__(self, task_id: str, values: Mapping[str, Any], complaints: Complaints, now: float) -> None:
        self.task_id = mend(task_id)
        self._values = values
        self._complaints = complaints
        self._now = now

    def text(self, name: str) -> str:
        value = self._values.get(name)
        if value is None:
            return ""
        if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 10**30:
            return str(value)
        if isinstance(value, str):
            return mend(value)
        self._wrong(name, "应为文字", "should be a text")
        return ""

    def execute_id(self) -> str | None:
        found = self.text("execute_id").strip()
        if found and not _EXECUTE_ID.fullmatch(found):
            self._wrong("execute_id", "不像扣子的执行 ID", "does not look like an id of Coze's")
        return found or None

    def time(self, name: str) -> float | None:
        """Unix seconds, never in the future; a time without an offset is local."""
        value = self._values.get(name)
        if value is None or value == "":
            return None
        try:
            moment = datetime.fromisoformat(value)
            if moment.year > _LAST_YEAR:
                return self._now
            seconds = moment.timestamp()
        except (TypeError, ValueError, OverflowError, OSError):
            seconds = -1.0
        if seconds < _OLDEST:
            self._wrong(name, "应为 ISO 8601 时间", "should be a time in ISO 8601")
            return None
        return min(seconds, self._now)

    def count(self, name: str) -> int:
        value = self._values.get(name)
        if value is None:
            return 0
        if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= 10**12:
            self._wrong(name, "应为 0 以上的整数", "should be a whole number from 0")
            return 0
        return value

    def number(self, name: str) -> float:
        value = self._values.get(name)
        if value is None:
            return 0.0
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1e12:
            self._wrong(name, "应为 0 以上的数", "should be a number from 0")
            return 0.0
        return float(value)

    def json(self, name: str) -> str | None:
        """Any value as JSON text; None for an empty one."""
        value = self._values.get(name)
        if value is None or value in ("", {}, []):
            return None
        try:
            return mend(json.dumps(value, ensure_ascii=False))
        except RecursionError:
            self._wrong(name, "嵌套太深", "is nested too deeply")
            return None

    def object(self, name: str) -> Mapping[str, Any] | None:
        value = self._values.get(name)
        if value is None or isinstance(value, dict):
            return value
        self._wrong(name, "应为对象 {…}", "should be an object {…}")
        return None

    def _wrong(self, name: str, zh: str, en: str) -> None:
        shown = self.task_id[:60]
        self._complaints.add(f"任务 {shown!r} 的 {name} {zh}", f"{name} of task {shown!r} {en}")
