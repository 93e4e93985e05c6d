"""Reads Coze's answers to a submission and to a poll. Pure; raises only what a docstring names.

`read_submission` divides answers by what may have been paid (docs/contract.md §5): accepted, surely refused, unclear.
Shapes are those of Coze's open API (docs/coze.md); what deviates is used as far as possible.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from cozebatch.coze.codes import (
    CANCELLED_BY_A_PERSON,
    CODES,
    NO_SUCH_EXECUTION,
    REFUSING_STATUSES,
    category_of,
    scope_of,
)
from cozebatch.coze.fields import (
    Mask,
    clean,
    code_of,
    count,
    given_execute_id,
    id_of,
    json_object,
    logid_of,
    moment,
    output_nodes,
    output_of,
    short,
    waits_for_a_person,
    web_address,
    whole_number,
)
from cozebatch.coze.http import Answer, ExchangeError, NeverSent
from cozebatch.coze.questions import question_of
from cozebatch.model.errors import Category, ErrorInfo, StepError
from cozebatch.model.question import Question
from cozebatch.model.sanitize import clean as one_line
from cozebatch.model.text import NOTHING, Text
from cozebatch.ports import Accepted, PollResult, Refused, Submission, Unanswered

_CANCELLED = frozenset({"cancel", "canceled", "cancelled"})
"""Ends that Coze Studio writes when a person cancels an execution (docs/coze.md)."""
_NOT_LIKE_COZE = Text(
    "这个地址不像扣子的接口：请检查 base_url（https://api.coze.cn 或 https://api.coze.com）和代理。",
    "This address does not respond like Coze: check base_url (https://api.coze.cn or https://api.coze.com) and any "
    "proxy.",
)


def read_submission(answer: Answer | ExchangeError, mask: Mask) -> Submission:
    """The outcome of one submission, by what was seen of its answer."""
    if isinstance(answer, NeverSent):
        return Refused(unreachable(answer, mask))
    if isinstance(answer, ExchangeError):
        said, via = _reason(answer, mask), answer.trouble.via
        return _unanswered(Text(f"没有收到返回{via.zh}（{said.zh}）", f"no response came{via.en} ({said.en})"), None)
    body = None if answer.broken else json_object(answer.body)
    logid = logid_of(body, answer, mask)
    code = code_of(body)
    taken = code == 0 or (code is None and answer.status == 200)
    execute_id = given_execute_id(body, mask) if taken else None
    if body is not None and execute_id is not None:
        return Accepted(execute_id, web_address(body.get("debug_url"), mask), logid)
    status = answer.status
    if status in REFUSING_STATUSES or (status != 504 and code not in (0, None)):
        return Refused(refusal(answer, mask), answer.retry_after)
    if status == 504:
        seen = Text("网关等待超时（HTTP 504）", "a gateway gave up waiting (HTTP 504)")
    elif status != 200:
        seen = Text(f"返回 HTTP {status}", f"the response was HTTP {status}")
    elif answer.broken:
        reason = clean(answer.broken, mask)
        seen = Text(f"返回不完整（{reason}）", f"the response is incomplete ({reason})")
    elif body is None:
        seen = Text("返回的不是完整的 JSON", "the response is no complete JSON")
    else:
        seen = Text("返回里没有 execute_id", "the response has no execute_id")
    return _unanswered(seen, logid)


def read_poll(answer: Answer, execute_id: str, mask: Mask) -> PollAnswer:
    """The state of an execution. Raises `StepError` when the answer does not tell it."""
    body = understood(answer, mask, missing=NO_SUCH_EXECUTION)
    logid = logid_of(body, answer, mask)
    if code_of(body) == NO_SUCH_EXECUTION:
        return PollAnswer(PollResult("unknown", logid=logid))
    data = body.get("data")
    records = [data] if isinstance(data, dict) else data
    if not records:
        return PollAnswer(PollResult("unknown", logid=logid))
    if not isinstance(records, list) or not isinstance(records[0], dict):
        raise _unintelligible(answer, logid, Text("data 不是执行记录", "'data' is no record of an execution"))
    record = next((r for r in records if isinstance(r, dict) and id_of(r) == execute_id), records[0])
    seen = _read_record(record, logid, mask)
    return replace(seen, result=replace(seen.result, answered_at=answer.sent_at))


@dataclass(frozen=True, slots=True)
class PollAnswer:
    """One poll's result, an unknown status word, and output nodes to fetch in full."""

    result: PollResult
    strange_status: str | None = None
    trimmed: tuple[tuple[str, str], ...] | None = None
    """Of a trimmed output: the titles of the output nodes, each with its `node_execute_uuid`."""


def _read_record(record: Mapping[str, Any], logid: str | None, mask: Mask) -> PollAnswer:
    word = record.get("execute_status")
    word = word if isinstance(word, str) else ""
    known = word.lower()
    output = output_of(record.get("output"), mask)
    logid = short(record.get("logid"), mask) or logid
    strange: str | None = None
    error: ErrorInfo | None = None
    question: Question | None = None
    status: Literal["running", "succeeded", "failed", "interrupted", "unknown"] = "running"
    waits = waits_for_a_person(record.get("interrupt_data"))
    if known == "fail":
        status, error = "failed", _failure(record, logid, mask)
    elif known in _CANCELLED:
        status, error = "failed", _cancellation(record, logid, mask)
    elif known == "success" and (output or not waits):
        status = "succeeded"
    elif waits:
        question = question_of(record["interrupt_data"], mask)
        status, error = "interrupted", interruption(question, logid)
    elif known != "running":
        strange = clean(word, mask, most=60) or "?"
    ended = status in ("succeeded", "failed")
    usage = record.get("usage")
    usage = usage if isinstance(usage, dict) else {}
    tokens_in, tokens_out = count(usage.get("input_count")), count(usage.get("output_count"))
    total = count(usage.get("token_count")) or tokens_in + tokens_out or count(record.get("token"))
    result = PollResult(
        status,
        output=output if ended else None,
        error=error,
        created_at=moment(record.get("create_time")),
        updated_at=moment(record.get("update_time")),
        debug_url=web_address(record.get("debug_url"), mask),
        logid=logid,
        tokens_in=tokens_in,
        tokens_out=tokens_out,
        tokens=total,
        question=question,
    )
    if status != "succeeded" or record.get("is_output_trimmed") is not True:
        return PollAnswer(result, strange)
    return PollAnswer(result, strange, output_nodes(record.get("node_execute_status")))


def understood(answer: Answer, mask: Mask, *, missing: int | None = None) -> dict[str, Any]:
    """The JSON object of an answer that is a success (`code` 0), or one whose code is `missing`.

    Raises `StepError` for everything else.
    """
    body = None if answer.broken else json_object(answer.body)
    code = code_of(body)
    if body is not None and code is not None and code == missing:
        return body
    if answer.status != 200 or code not in (0, None):
        raise StepError(refusal(answer, mask), retry_after=answer.retry_after)
    logid = logid_of(body, answer, mask)
    if answer.broken:
        reason = clean(answer.broken, mask)
        message = Text(f"扣子的返回不完整：{reason}", f"Coze's response is incomplete: {reason}")
        raise StepError(ErrorInfo(Category.NETWORK, message, logid=logid))
    if body is None:
        raise _unintelligible(answer, logid, Text("不是 JSON 对象", "it is no JSON object"))
    return body


def refusal(answer: Answer, mask: Mask) -> ErrorInfo:
    """An answer that is no success, as an error: by Coze's code, else by the HTTP status."""
    body = None if answer.broken else json_object(answer.body)
    code = code_of(body)
    code = None if code == 0 else code
    detail = clean(body.get("msg"), mask) if body else ""
    meaning = CODES.get(code) if code is not None else None
    zh, en = (
        ("扣子暂时不可用", "Coze is unavailable")
        if answer.status >= 500
        else ("扣子拒绝了请求", "Coze refused the request")
    )
    if meaning is not None:
        zh, en = meaning.text.zh, meaning.text.en
    where = f"HTTP {answer.status}" if code is None else f"code {code}"
    category = category_of(answer.status, code)
    if answer.status == 403 and body is None:
        category = Category.SERVER  # a firewall's page, not Coze: it may be about one text, or pass
    scope = scope_of(answer.status, code)
    if category is Category.SERVER or (answer.status == 413 and code is None):  # 413: this text alone is too long
        scope = "task"
    no_coze = code is None and scope == "batch" and category is Category.INVALID_REQUEST
    return ErrorInfo(
        category,
        Text(f"{zh}（{where}）{'：' + detail if detail else ''}", f"{en} ({where}){': ' + detail if detail else ''}"),
        code=f"HTTP {answer.status}" if code is None else str(code),
        logid=logid_of(body, answer, mask),
        hint=meaning.hint if meaning else _NOT_LIKE_COZE if no_coze else NOTHING,
        scope=scope,
    )


def unreachable(error: ExchangeError, mask: Mask) -> ErrorInfo:
    """The error when Coze could not be reached, or did not answer in time."""
    reason, via = _reason(error, mask), error.trouble.via
    if isinstance(error, NeverSent):
        message = Text(f"连不上扣子{via.zh}：{reason.zh}", f"Coze cannot be reached{via.en}: {reason.en}")
    else:
        message = Text(f"扣子没有返回{via.zh}：{reason.zh}", f"Coze did not respond{via.en}: {reason.en}")
    return ErrorInfo(Category.NETWORK, message, code=error.trouble.code, hint=error.trouble.hint)


def _reason(error: ExchangeError, mask: Mask) -> Text:
    said = error.trouble.said
    return Text(clean(said.zh, mask), clean(said.en, mask))


def _failure(record: Mapping[str, Any], logid: str | None, mask: Mask) -> ErrorInfo:
    code = whole_number(record.get("error_code"))
    detail = clean(record.get("error_message"), mask)
    meaning = CODES.get(code) if code else None
    if meaning:
        message = _with(meaning.text, detail)
        return ErrorInfo(meaning.category, message, code=str(code), logid=logid, hint=meaning.hint, scope=meaning.scope)
    raw = record.get("error_code")
    shown = str(code) if code else (clean(raw, mask, most=60) or None) if code is None else None
    return ErrorInfo(
        Category.WORKFLOW_FAILED, _with(Text("工作流执行失败", "The workflow failed"), detail), code=shown, logid=logid
    )


def interruption(question: Question, logid: str | None) -> ErrorInfo:
    """The execution waits: what it asks, in one line."""
    asked = one_line(question.text, 200).strip() or ", ".join(f.name for f in question.fields[:5])
    message = _with(Text("工作流在等你答复", "The workflow waits for your answer"), asked)
    return ErrorInfo(Category.WORKFLOW_INTERRUPTED, message, logid=logid)


def _cancellation(record: Mapping[str, Any], logid: str | None, mask: Mask) -> ErrorInfo:
    """A person ended it in Coze: its slot is free, and another execution would cure nothing."""
    meaning = CODES[CANCELLED_BY_A_PERSON]
    said = clean(record.get("error_message"), mask, most=200)
    return ErrorInfo(
        meaning.category,
        _with(meaning.text, said),
        code=short(record.get("error_code"), mask),
        logid=logid,
        hint=meaning.hint,
    )


def _with(text: Text, said: str) -> Text:
    """What happened, with Coze's own words."""
    return Text(f"{text.zh}：{said}", f"{text.en}: {said}") if said else text


def _unanswered(seen: Text, logid: str | None) -> Unanswered:
    message = Text(
        f"已提交，但结果不明，可能已经扣费：{seen.zh}",
        f"Submitted, result unclear; it may have been charged: {seen.en}",
    )
    return Unanswered(ErrorInfo(Category.UNKNOWN_SUBMIT, message, logid=logid))


def _unintelligible(answer: Answer, logid: str | None, why: Text) -> StepError:
    kind = clean(answer.headers.get("content-type"), lambda text: text, most=60) or "?"
    message = Text(
        f"扣子返回的内容无法识别（{why.zh}，{kind}）：请检查 base_url 和代理",
        f"Coze's response cannot be read ({why.en}, {kind}): check base_url and any proxy",
    )
    return StepError(ErrorInfo(Category.SERVER, message, logid=logid), retry_after=answer.retry_after)
