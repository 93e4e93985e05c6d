"""Reads Coze's answers: what a submission came to, and what a look showed. Pure; nothing here raises unasked.

The division that money depends on stands in `read_submission` (docs/contract.md §5): accepted, surely refused, or not
understandably answered. Shapes are those of Coze's open API; whatever deviates is taken as far as it can be.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from cozebatch.coze.codes import CODES, NO_SUCH_EXECUTION, REFUSING_STATUSES, category_of
from cozebatch.coze.http import Answer, ExchangeError, NeverSent
from cozebatch.coze.output import mend, read_json
from cozebatch.model import sanitize
from cozebatch.model.errors import Category, ErrorInfo, StepError
from cozebatch.model.text import NOTHING, Text
from cozebatch.ports import Accepted, PollResult, Refused, Submission, Unanswered

Mask = Callable[[str], str]
"""Takes the secrets out of a text that came from outside."""

_MOST_MESSAGE = 500
_EXECUTE_ID = re.compile(r"[\x21-\x7e]{1,256}")
_WEB = re.compile(r"https?://[\x21-\x7e]{1,2000}")


def read_submission(answer: Answer | ExchangeError, mask: Mask) -> Submission:
    """What one POST came to, by what was seen of its answer."""
    if isinstance(answer, NeverSent):
        return Refused(unreachable(answer, mask))
    if isinstance(answer, ExchangeError):
        reason = clean(str(answer), mask)
        return _unanswered(Text(f"没有收到回答（{reason}）", f"no answer came ({reason})"), None)
    body = None if answer.broken else _object(answer.body)
    logid = _logid(body, answer, mask)
    code = _code(body)
    taken = code == 0 or (code is None and answer.status == 200)
    execute_id = _execute_id(body, mask) if taken else None
    if body is not None and execute_id is not None:
        return Accepted(execute_id, _url(body.get("debug_url"), mask), logid)
    status = answer.status
    if status in REFUSING_STATUSES or (status != 504 and code not in (0, None)):
        return Refused(refusal(answer, mask), answer.retry_after)
    if status == 504:
        seen = Text("网关等待超时（HTTP 504）", "a gateway gave up waiting (HTTP 504)")
    elif status != 200:
        seen = Text(f"回答是 HTTP {status}", f"the answer was HTTP {status}")
    elif answer.broken:
        reason = clean(answer.broken, mask)
        seen = Text(f"回答不完整（{reason}）", f"the answer is not whole ({reason})")
    elif body is None:
        seen = Text("回答不是完整的 JSON", "the answer is no whole JSON")
    else:
        seen = Text("回答里没有 execute_id", "the answer has no execute_id")
    return _unanswered(seen, logid)


def read_poll(answer: Answer, execute_id: str, mask: Mask) -> PollAnswer:
    """What a look showed. Raises `StepError` when the answer is none."""
    body = understood(answer, mask, missing=NO_SUCH_EXECUTION)
    logid = _logid(body, answer, mask)
    if _code(body) == NO_SUCH_EXECUTION:
        return PollAnswer(PollResult("unknown", logid=logid))
    data = body.get("data")
    records = [data] if isinstance(data, dict) else data
    if not records:
        return PollAnswer(PollResult("unknown", logid=logid))
    if not isinstance(records, list) or not isinstance(records[0], dict):
        raise _unintelligible(answer, logid, Text("data 不是执行记录", "'data' is no record of an execution"))
    record = next((r for r in records if isinstance(r, dict) and _id_of(r) == execute_id), records[0])
    seen = _read_record(record, logid, mask)
    return replace(seen, result=replace(seen.result, answered_at=answer.sent_at))


@dataclass(frozen=True, slots=True)
class PollAnswer:
    """A look, with what the client needs beside it: an unknown status word, and output nodes to fetch in full."""

    result: PollResult
    strange_status: str | None = None
    trimmed: tuple[tuple[str, str], ...] = ()
    """Output node title and its `node_execute_uuid`."""


def _read_record(record: Mapping[str, Any], logid: str | None, mask: Mask) -> PollAnswer:
    word = record.get("execute_status")
    word = word if isinstance(word, str) else ""
    output = _output(record.get("output"), mask)
    logid = _short(record.get("logid"), mask) or logid
    strange: str | None = None
    error: ErrorInfo | None = None
    status: Literal["running", "succeeded", "failed", "interrupted", "unknown"] = "running"
    waits = _waits_for_a_person(record.get("interrupt_data"))
    if word == "Fail":
        status, error = "failed", _failure(record, logid, mask)
    elif word == "Success" and (output or not waits):
        status = "succeeded"
    elif waits:
        status, error = "interrupted", _interruption(record["interrupt_data"], logid, mask)
    elif word != "Running":
        strange = clean(word, mask, most=60) or "?"
    ended = status in ("succeeded", "failed")
    usage = record.get("usage")
    usage = usage if isinstance(usage, dict) else {}
    tokens_in, tokens_out = _count(usage.get("input_count")), _count(usage.get("output_count"))
    total = _count(usage.get("token_count")) or tokens_in + tokens_out or _count(record.get("token"))
    result = PollResult(
        status,
        output=output if ended else None,
        error=error,
        created_at=_moment(record.get("create_time")),
        updated_at=_moment(record.get("update_time")),
        debug_url=_url(record.get("debug_url"), mask),
        logid=logid,
        tokens_in=tokens_in,
        tokens_out=tokens_out,
        tokens=total,
    )
    trimmed = _nodes(record.get("node_execute_status")) if record.get("is_output_trimmed") is True else ()
    return PollAnswer(result, strange, trimmed if status == "succeeded" else ())


def understood(answer: Answer, mask: Mask, *, missing: int | None = None) -> dict[str, Any]:
    """The JSON object of an answer that is a success (`code` 0), or one whose code is `missing`.

    Raises `StepError` for everything else.
    """
    body = None if answer.broken else _object(answer.body)
    code = _code(body)
    if body is not None and code is not None and code == missing:
        return body
    if answer.status != 200 or code not in (0, None):
        raise StepError(refusal(answer, mask), retry_after=answer.retry_after)
    logid = _logid(body, answer, mask)
    if answer.broken:
        reason = clean(answer.broken, mask)
        message = Text(f"Coze 的回答不完整：{reason}", f"Coze's answer is not whole: {reason}")
        raise StepError(ErrorInfo(Category.NETWORK, message, logid=logid))
    if body is None:
        raise _unintelligible(answer, logid, Text("不是 JSON 对象", "it is no JSON object"))
    return body


def refusal(answer: Answer, mask: Mask) -> ErrorInfo:
    """An answer that is no success, as an error: by Coze's code, else by the HTTP status."""
    body = None if answer.broken else _object(answer.body)
    code = _code(body)
    code = None if code == 0 else code
    detail = clean(body.get("msg"), mask) if body else ""
    meaning = CODES.get(code) if code is not None else None
    zh, en = (meaning.text.zh, meaning.text.en) if meaning else ("Coze 拒绝了请求", "Coze refused the request")
    where = f"HTTP {answer.status}" if code is None else f"code {code}"
    category = category_of(answer.status, code)
    if answer.status == 403 and body is None:
        category = Category.SERVER  # a firewall's page, not Coze: it may be about one text, or pass
    return ErrorInfo(
        category,
        Text(f"{zh}（{where}）{'：' + detail if detail else ''}", f"{en} ({where}){': ' + detail if detail else ''}"),
        code=f"HTTP {answer.status}" if code is None else str(code),
        logid=_logid(body, answer, mask),
        hint=meaning.hint if meaning else NOTHING,
    )


def unreachable(error: ExchangeError, mask: Mask) -> ErrorInfo:
    """Coze could not be asked, or did not answer in time."""
    reason = clean(str(error), mask)
    if isinstance(error, NeverSent):
        message = Text(f"连不上 Coze：{reason}", f"Coze cannot be reached: {reason}")
    else:
        message = Text(f"Coze 没有回答：{reason}", f"Coze did not answer: {reason}")
    return ErrorInfo(Category.NETWORK, message)


def clean(value: Any, mask: Mask, *, most: int = _MOST_MESSAGE) -> str:
    """A text from outside as one harmless, bounded line without secrets."""
    if not isinstance(value, str):
        return ""
    # Masked before the text is cut, and once more because cleaning may join what was apart.
    return mask(sanitize.clean(mask(mend(value[: most * 20])).strip(), most)).strip()


def _failure(record: Mapping[str, Any], logid: str | None, mask: Mask) -> ErrorInfo:
    code = _number(record.get("error_code"))
    detail = clean(record.get("error_message"), mask)
    meaning = CODES.get(code) if code else None
    if meaning:
        message = Text(
            f"{meaning.text.zh}{'：' + detail if detail else ''}", f"{meaning.text.en}{': ' + detail if detail else ''}"
        )
        return ErrorInfo(meaning.category, message, code=str(code), logid=logid, hint=meaning.hint)
    raw = record.get("error_code")
    shown = str(code) if code else (clean(raw, mask, most=60) or None) if code is None else None
    message = Text(
        f"工作流运行失败{'：' + detail if detail else ''}", f"The workflow failed{': ' + detail if detail else ''}"
    )
    return ErrorInfo(Category.WORKFLOW_FAILED, message, code=shown, logid=logid)


def _interruption(data: Any, logid: str | None, mask: Mask) -> ErrorInfo:
    asked = clean(data.get("data") if isinstance(data, dict) else data, mask, most=200)
    message = Text(
        f"工作流停下来等人回答{'：' + asked if asked else ''}",
        f"The workflow waits for a person to answer{': ' + asked if asked else ''}",
    )
    return ErrorInfo(Category.WORKFLOW_INTERRUPTED, message, logid=logid)


def _unanswered(seen: Text, logid: str | None) -> Unanswered:
    message = Text(
        f"已提交但没有得到明确的回答，可能已经开始执行：{seen.zh}",
        f"Submitted, but not clearly answered; an execution may have been started: {seen.en}",
    )
    return Unanswered(ErrorInfo(Category.UNKNOWN_SUBMIT, message, logid=logid))


def _unintelligible(answer: Answer, logid: str | None, why: Text) -> StepError:
    kind = clean(answer.headers.get("content-type"), lambda text: text, most=60) or "?"
    message = Text(
        f"看不懂 Coze 的回答（{why.zh}，{kind}）：请检查 base_url 和代理",
        f"Coze's answer cannot be understood ({why.en}, {kind}): check base_url and any proxy",
    )
    return StepError(ErrorInfo(Category.SERVER, message, logid=logid), retry_after=answer.retry_after)


def _object(body: bytes) -> dict[str, Any] | None:
    try:
        value = read_json(body)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


def _code(body: Mapping[str, Any] | None) -> int | None:
    return None if body is None else _number(body.get("code"))


def _number(value: Any) -> int | None:
    """A whole number, also from a string; `""` counts as 0, as Coze writes it where nothing is wrong."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value if abs(value) < 10**18 else None
    if isinstance(value, float):
        return int(value) if value.is_integer() else None
    if isinstance(value, str):
        text = value.strip()
        if not text:
            return 0
        return int(text) if re.fullmatch(r"-?[0-9]{1,18}", text) else None
    return None


def _count(value: Any) -> int:
    return max(_number(value) or 0, 0)


def _moment(value: Any) -> float | None:
    """Unix seconds; None where there is no plausible moment."""
    seconds = float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else _number(value)
    return float(seconds) if seconds and 0 < seconds < 1e11 else None


def _id_of(record: Mapping[str, Any]) -> str | None:
    value = record.get("execute_id")
    return str(value) if isinstance(value, (str, int)) and not isinstance(value, bool) else None


def _execute_id(body: Mapping[str, Any] | None, mask: Mask) -> str | None:
    value = None if body is None else _id_of(body)
    if value is None or not _EXECUTE_ID.fullmatch(value) or value in (".", "..") or mask(value) != value:
        return None
    return value


def _url(value: Any, mask: Mask) -> str | None:
    return mask(value) if isinstance(value, str) and _WEB.fullmatch(value) else None


def _short(value: Any, mask: Mask) -> str | None:
    return clean(value, mask, most=200) or None


def _logid(body: Mapping[str, Any] | None, answer: Answer, mask: Mask) -> str | None:
    detail = body.get("detail") if body else None
    logid = detail.get("logid") if isinstance(detail, dict) else None
    return _short(logid, mask) or _short(answer.logid, mask)


def _output(value: Any, mask: Mask) -> str | None:
    if value is None:
        return None
    return mask(mend(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)))


def _waits_for_a_person(data: Any) -> bool:
    return any(data.values()) if isinstance(data, dict) else bool(data)


def _nodes(status: Any) -> tuple[tuple[str, str], ...]:
    if not isinstance(status, dict):
        return ()
    return tuple(
        (str(title), node["node_execute_uuid"])
        for title, node in status.items()
        if isinstance(node, dict)
        and isinstance(node.get("node_execute_uuid"), str)
        and _EXECUTE_ID.fullmatch(node["node_execute_uuid"])
    )
