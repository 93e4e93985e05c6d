"""Translates the older tool's record of a task into a row of ours. Pure.

That tool wrote `feishu_async_results_*.json`: a status word, an `execute_id`, Coze's result, and an error text that
begins with the step that failed. A task counts as not started only if
its request certainly never reached Coze. In doubt the execution is queried again, which is free, or a person is asked:
no execution may be paid for twice.
"""

from __future__ import annotations

import ast
import hashlib
import json
import re
import warnings
from collections.abc import Callable
from typing import Any

from cozebatch.importing.entries import Entry, Finding
from cozebatch.model.errors import Category, ErrorInfo
from cozebatch.model.rows import Row
from cozebatch.model.task import State, Task
from cozebatch.model.text import Text

SUBMISSION_FAILED = "Coze提交失败"
EXECUTION_FAILED = "Coze执行失败"
UNREADABLE = ("输出数据解析失败", "工作流完成但无输出数据")

SHORTEST, LONGEST = 1.0, 86400.0
"""The accepted range of durations in seconds; an execution takes at most 24 h (reference: asynchronous runs)."""

_MOST_WORDS = 500
_LONGEST_REASON = 5_000
_NO_ID = re.compile(r"未获取到\s*execute_id\s*[:：]?\s*(.*)", re.DOTALL)
_MAY_HAVE_ARRIVED = re.compile(
    r"read timed out|readtimeout|connection aborted|remotedisconnected|connection reset|incompleteread|chunkedencoding|"
    r"broken ?pipe|\b504\b",
    re.IGNORECASE,
)
_ANSWERED_NO = re.compile(r"\W*(?:\w*(?:Error|Exception)\W+)?(?:4\d\d Client Error|50[023] Server Error)\b")
_NEVER_CONNECTED = re.compile(
    r"NewConnectionError|Failed to establish a new connection|ConnectTimeout|NameResolutionError|getaddrinfo"
)
_CODE = re.compile(r"([0-9A-Za-z_]{1,40})\s+-\s+(.*)", re.DOTALL)


def finding_of(entry: Entry, *, feishu: bool, mask: Callable[[str], str]) -> Finding:
    """The finding in `entry`. `feishu`: its ids are record ids. `mask` removes secrets from the services' messages."""
    task_id = entry.task_id
    task = Task(
        task_id,
        title=entry.text("title"),
        content=entry.text("content"),
        digital_no=entry.text("digital_no"),
        voice_id=entry.text("voice_id"),
        project_name=entry.text("project_name"),
        record_id=(entry.text("record_id") or task_id) if feishu else None,
    )
    execute_id = entry.execute_id()
    submitted_at, completed_at = entry.time("submit_time"), entry.time("complete_time")
    result = entry.json("coze_result")
    path = entry.text("video_path")
    status, message = entry.text("status").strip().lower(), mask(entry.text("error_message").strip())
    output = None if result is None else mask(result)
    at = max((t for t in (submitted_at, completed_at) if t is not None), default=None)

    state, error = _verdict(status, message, execute_id=execute_id, has_result=output is not None)
    if state is None:
        return Finding(task, None, at=at)
    if output is not None and execute_id is None and state in (State.DOWNLOADING, State.DONE):
        execute_id = made_up_id(task_id, output)
    has_output = output is not None and execute_id is not None and state in (State.DOWNLOADING, State.DONE)
    seconds = None
    if submitted_at is not None and completed_at is not None and SHORTEST <= completed_at - submitted_at <= LONGEST:
        seconds = completed_at - submitted_at
    ended = state is not State.RUNNING
    is_file = path.lower().endswith((".mp4", ".mov"))
    row = Row(
        task_id,
        0,
        title=task.title,
        project_name=task.project_name,
        record_id=task.record_id,
        state=state,
        attempts=1,
        execute_id=execute_id,
        has_output=has_output,
        execution_failed=state is State.FAILED,
        unanswered=state is State.HELD,
        submitted_at=submitted_at,
        coze_finished_at=completed_at if ended else None,
        finished_at=completed_at if state.is_end else None,
        coze_seconds=seconds if seconds is not None and ended else 0.0,
        video_path=path if state is State.DONE and is_file else None,
        draft_path=path if state is State.DONE and path and not is_file else None,
        error=error,
    )
    return Finding(task, row, output if has_output else None, at, seconds if ended else None)


def surely_not_started(reason: str) -> bool:
    """True if that tool's error text proves that Coze refused or never got the request (docs/contract.md §5)."""
    if len(reason) > _LONGEST_REASON:
        return False
    answer = _NO_ID.search(reason)
    if answer is not None:
        return _is_refusal(answer[1].strip())
    if _MAY_HAVE_ARRIVED.search(reason):
        return False
    return bool(_ANSWERED_NO.match(reason) or _NEVER_CONNECTED.search(reason))


def made_up_id(task_id: str, output: str) -> str:
    """Makes an id under which a result without an execute id is stored. Coze does not know this id."""
    return "imported-" + hashlib.sha256(f"{task_id}\x1f{output}".encode()).hexdigest()[:16]


def _verdict(
    status: str, message: str, *, execute_id: str | None, has_result: bool
) -> tuple[State | None, ErrorInfo | None]:
    """The state of a task and its error; the state is None if nothing was started."""
    look_again: tuple[State | None, ErrorInfo | None] = State.RUNNING, None
    if status == "finished":
        return State.DONE, None
    if status == "failed" and message.startswith(EXECUTION_FAILED):
        return State.FAILED, _execution_error(_after(EXECUTION_FAILED, message))
    if status == "failed" and message.startswith(UNREADABLE) and execute_id is not None:
        return look_again
    if has_result:
        return State.DOWNLOADING, None
    if execute_id is not None:
        return look_again
    if message.startswith(SUBMISSION_FAILED) and status in ("failed", "pending"):
        reason = _after(SUBMISSION_FAILED, message)
        return (None, None) if surely_not_started(reason) else (State.HELD, _unanswered(reason))
    if status == "pending":
        return None, None
    return State.HELD, _no_id(status)


def _execution_error(reason: str) -> ErrorInfo:
    found = _CODE.match(reason)
    code, said = (found[1], found[2].strip()) if found else (None, reason)
    said = said[:_MOST_WORDS] or "Coze"
    return ErrorInfo(Category.WORKFLOW_FAILED, Text.same(said), code=code)


def _unanswered(reason: str) -> ErrorInfo:
    said = reason[:_MOST_WORDS] or "?"
    return ErrorInfo(
        Category.UNKNOWN_SUBMIT,
        Text(
            f"旧工具提交后结果不明：{said}",
            f"The older tool got no clear response to its submission: {said}",
        ),
    )


def _no_id(status: str) -> ErrorInfo:
    shown = status[:40] or "?"
    return ErrorInfo(
        Category.UNKNOWN_SUBMIT,
        Text(
            f"旧工具的记录（状态 {shown}）里没有执行 ID，可能已提交过。",
            f"The older tool's record (status {shown}) names no execution; it may have been submitted.",
        ),
    )


def _after(step: str, message: str) -> str:
    return message.removeprefix(step).lstrip(" :：")


def _is_refusal(answer: str) -> bool:
    """True if this is a complete answer of Coze, as JSON or as a Python literal, with a code other than 0."""
    value: Any = None
    for parse in (json.loads, ast.literal_eval):
        try:
            with warnings.catch_warnings():  # a backslash in the text does not matter
                warnings.simplefilter("ignore")
                value = parse(answer)
        except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
            continue
        break
    if not isinstance(value, dict) or value.get("execute_id"):
        return False
    code = value.get("code")
    if isinstance(code, str):
        return bool(re.fullmatch(r"-?\d{1,18}", code.strip())) and int(code) != 0
    return isinstance(code, int) and not isinstance(code, bool) and code != 0
