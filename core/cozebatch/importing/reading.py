"""Reads results files into findings, one per task; the latest information over all files wins.

It reads the older tool's files, and our own, which have a `schema_version`.
"""

from __future__ import annotations

import hashlib
import json
import math
import stat
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from cozebatch.bounds.json_values import MOST_LEVELS, finite, is_deeper_than, no_number
from cozebatch.importing import legacy_format as older
from cozebatch.importing import own_format as own
from cozebatch.importing.entries import LONGEST_ID, Complaints, Entry, Finding
from cozebatch.model.errors import ErrorInfo, UsageError
from cozebatch.model.os_reason import os_reason
from cozebatch.model.task import State
from cozebatch.model.text import Text

MAX_BYTES = 512 * 1024 * 1024

# From weakest to strongest: a state that continues without a new payment wins.
_STRENGTH = (State.FAILED, State.CANCELLED, State.HELD, State.RUNNING, State.DOWNLOADING, State.DONE)


@dataclass(frozen=True, slots=True)
class Results:
    """The findings of all files together. `digest` identifies their content."""

    findings: tuple[Finding, ...]
    digest: str


def read_results(
    paths: Sequence[Path], *, feishu: bool, mask: Callable[[str], str], now: float, most_bytes: int = MAX_BYTES
) -> Results:
    """Read results files. `feishu`: the tasks are records of a Feishu table. `mask` removes secrets; `now` is Unix
    seconds. Raises `UsageError` that lists the files and their faults."""
    complaints: list[Text] = []
    findings: list[Finding] = []
    digest = hashlib.sha256()
    for path in paths:
        try:
            raw = _bytes_of(path, most_bytes)
            digest.update(hashlib.sha256(raw).digest())
            findings += findings_of(raw, str(path), feishu=feishu, mask=mask, now=now)
        except UsageError as error:
            complaints += error.complaints
    if complaints:
        raise UsageError(*complaints)
    return Results(tuple(merge(findings)), digest.hexdigest())


def findings_of(raw: bytes, place: str, *, feishu: bool, mask: Callable[[str], str], now: float) -> list[Finding]:
    """The findings of one file; `place` names it in complaints. Raises `UsageError`."""
    complaints = Complaints(place)
    document = _document(raw, complaints)
    tasks = document.get("tasks") if isinstance(document, dict) else None
    if not isinstance(document, dict) or not isinstance(tasks, dict):
        complaints.add(
            "不是结果文件：缺少对象 tasks",
            "is no results file: it has no object 'tasks'",
        )
        raise UsageError(*complaints.texts)
    finding_of = older.finding_of
    if "schema_version" in document:
        if document["schema_version"] != own.SCHEMA_VERSION:
            complaints.add(
                f"schema_version 应为 {own.SCHEMA_VERSION}，可能由更新的版本写成",
                f"schema_version should be {own.SCHEMA_VERSION}; a newer version may have written it",
            )
            raise UsageError(*complaints.texts)
        finding_of = own.finding_of
    found = []
    for task_id, values in tasks.items():
        if not task_id.strip() or len(task_id) > LONGEST_ID:
            complaints.add(
                f"任务编号 {task_id[:60]!r} 应有 1 到 {LONGEST_ID} 个字符",
                f"the task id {task_id[:60]!r} should have 1 to {LONGEST_ID} characters",
            )
        elif not isinstance(values, dict):
            complaints.add(f"任务 {task_id[:60]!r} 应为对象 {{…}}", f"task {task_id[:60]!r} should be an object {{…}}")
        else:
            found.append(finding_of(Entry(task_id, values, complaints, now), feishu=feishu, mask=mask))
    if complaints.texts:
        raise UsageError(*complaints.texts)
    return found


def merge(findings: Iterable[Finding]) -> list[Finding]:
    """One finding per task, in the order in which tasks first appear.

    A started task beats one that was not; then the later time wins, then the state that continues without a new
    payment, then the later file.
    """
    of_task: dict[str, list[Finding]] = {}
    for finding in findings:
        of_task.setdefault(finding.task.task_id, []).append(finding)
    return [_merged(found) for found in of_task.values()]


def _merged(found: list[Finding]) -> Finding:
    best = max(enumerate(found), key=lambda numbered: (*_weight(numbered[1]), numbered[0]))[1]
    if best.row is None:
        return best
    same = [f for f in found if f.row is not None and f.row.execute_id == best.row.execute_id]
    if not best.task.content:  # our files lack the script, the older tool's may have it
        known = next((f.task for f in same if f.task.content), None)
        best = best if known is None else replace(best, task=replace(known, record_id=best.task.record_id))
    assert best.row is not None
    if not best.row.has_output and best.row.execute_id is not None:
        with_output = next((f for f in same if f.output is not None), None)
        if with_output is not None and best.row.state in (State.RUNNING, State.DONE):
            state = State.DOWNLOADING if best.row.state is State.RUNNING else best.row.state
            best = replace(best, output=with_output.output, row=replace(best.row, state=state, has_output=True))
    assert best.row is not None
    executions = {f.row.execute_id for f in found if f.row is not None and f.row.execute_id is not None}
    attempts = max(best.row.attempts, len(executions), *(f.row.attempts for f in found if f.row is not None))
    fingerprint = best.task.content_fingerprint() if best.task.content else ""
    row = replace(best.row, attempts=attempts, fingerprint=fingerprint)
    if row.state is State.HELD and row.error is not None and row.execute_id is None and executions:
        row = replace(row, error=_naming(row.error, sorted(executions)))
    return replace(best, row=row)


def _naming(error: ErrorInfo, executions: Sequence[str]) -> ErrorInfo:
    """The error of a held task, extended by its earlier execute ids, because a person may adopt one of them."""
    named = Text.listed(executions[:5])
    zh, en = f"{error.message.zh} 此前的执行：{named.zh}", f"{error.message.en} Executions before it: {named.en}"
    return error.with_message(Text(zh, en))


def _weight(finding: Finding) -> tuple[bool, float, int]:
    at = -math.inf if finding.at is None else finding.at
    return (finding.row is not None, at, -1 if finding.row is None else _STRENGTH.index(finding.row.state))


def _bytes_of(path: Path, most_bytes: int) -> bytes:
    try:
        known = path.stat()
        if not stat.S_ISREG(known.st_mode):
            raise UsageError(Text(f"{path} 不是文件。", f"{path} is not a file."))
        with path.open("rb") as file:
            raw = file.read(most_bytes + 1)
    except FileNotFoundError:
        raise UsageError(Text(f"找不到文件 {path}。", f"There is no file {path}.")) from None
    except (OSError, ValueError) as error:  # ValueError: a zero byte in the name
        why = os_reason(error) if isinstance(error, OSError) else Text.same(str(error))
        raise UsageError(Text(f"无法读取 {path}：{why.zh}。", f"{path} cannot be read: {why.en}.")) from None
    if len(raw) > most_bytes:
        size = most_bytes // 2**20
        raise UsageError(Text(f"{path} 超过 {size} MB。", f"{path} is larger than {size} MB."))
    return raw


class _Twice(ValueError):
    """One JSON object has the same key twice; only a person can tell which value is right."""


def _document(raw: bytes, complaints: Complaints) -> Any:
    try:
        text = raw.decode("utf-8-sig")
        value = json.loads(
            text, object_pairs_hook=_object, parse_constant=no_number, parse_float=finite, parse_int=_int
        )
        if is_deeper_than(MOST_LEVELS, value):
            raise ValueError("nested too deeply")
        return value
    except UnicodeDecodeError:
        complaints.add("不是 UTF-8 编码", "is not UTF-8")
    except json.JSONDecodeError as error:
        complaints.add(
            f"不是完整的 JSON（第 {error.lineno} 行第 {error.colno} 列），文件可能被截断或改坏",
            f"is no whole JSON (line {error.lineno}, column {error.colno}); it may have been cut or spoilt",
        )
    except _Twice as error:
        shown = str(error)[:60]
        complaints.add(f"键 {shown!r} 在同一处写了两次", f"the key {shown!r} stands twice in the same place")
    except (RecursionError, ValueError):
        complaints.add("JSON 嵌套太深或数字太长", "the JSON is nested too deeply, or holds a number too long")
    raise UsageError(*complaints.texts)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                raise _Twice(key)
            seen.add(key)
    return found


def _int(text: str) -> int | float | None:
    return int(text) if len(text) < 100 else finite(text)
