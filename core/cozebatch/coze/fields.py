"""Single fields of Coze's JSON, read leniently: whatever has another type or shape counts as absent. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from cozebatch.bounds import numbers
from cozebatch.bounds.json_values import mend, read_json
from cozebatch.coze.http import Answer
from cozebatch.model import sanitize

Mask = Callable[[str], str]
"""Takes the secrets out of a text that came from outside."""


_MOST_MESSAGE = 500


_EXECUTE_ID = re.compile(r"[\x21-\x7e]{1,256}")


_WEB = re.compile(r"https?://[\x21-\x7e]{1,2000}")


def clean(value: Any, mask: Mask, *, most: int = _MOST_MESSAGE) -> str:
    """A text from outside as one harmless, bounded line without secrets."""
    if not isinstance(value, str):
        return ""
    # Masked before the text is cut, and once more because cleaning may join what was apart.
    return mask(sanitize.clean(mask(mend(value[: most * 20])).strip(), most)).strip()


def json_object(body: bytes) -> dict[str, Any] | None:
    try:
        value = read_json(body)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


def code_of(body: Mapping[str, Any] | None) -> int | None:
    return None if body is None else whole_number(body.get("code"))


def whole_number(value: Any) -> int | None:
    """A whole number, also from a string; `""` counts as 0, as Coze writes it where nothing is wrong."""
    return 0 if isinstance(value, str) and not value.strip() else numbers.whole_number(value)


def count(value: Any) -> int:
    return max(whole_number(value) or 0, 0)


def moment(value: Any) -> float | None:
    """Unix seconds; None where there is no plausible moment."""
    seconds = float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else whole_number(value)
    return float(seconds) if seconds and 0 < seconds < 1e11 else None


def id_of(record: Mapping[str, Any]) -> str | None:
    value = record.get("execute_id")
    return str(value) if isinstance(value, (str, int)) and not isinstance(value, bool) else None


def given_execute_id(body: Mapping[str, Any] | None, mask: Mask) -> str | None:
    value = None if body is None else id_of(body)
    if value is None or not _EXECUTE_ID.fullmatch(value) or value in (".", "..") or mask(value) != value:
        return None
    return value


def web_address(value: Any, mask: Mask) -> str | None:
    return mask(value) if isinstance(value, str) and _WEB.fullmatch(value) else None


def short(value: Any, mask: Mask) -> str | None:
    return clean(value, mask, most=200) or None


def logid_of(body: Mapping[str, Any] | None, answer: Answer, mask: Mask) -> str | None:
    detail = body.get("detail") if body else None
    logid = detail.get("logid") if isinstance(detail, dict) else None
    return short(logid, mask) or short(answer.logid, mask)


def output_of(value: Any, mask: Mask) -> str | None:
    if value is None:
        return None
    return mask(mend(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)))


def waits_for_a_person(data: Any) -> bool:
    return any(data.values()) if isinstance(data, dict) else bool(data)


def output_nodes(status: Any) -> tuple[tuple[str, str], ...]:
    """Title and `node_execute_uuid` of the output nodes that have run. A title may lead to the node's facts, or to one
    more object, uuid → facts."""
    if not isinstance(status, dict):
        return ()
    found: list[tuple[str, str]] = []
    for title, node in status.items():
        if not isinstance(node, dict):
            continue
        for facts in (node, *(member for member in node.values() if isinstance(member, dict))):
            uuid = facts.get("node_execute_uuid")
            if not isinstance(uuid, str) or not _EXECUTE_ID.fullmatch(uuid) or uuid in (".", ".."):
                continue
            if facts.get("is_finish") is not False:
                found.append((str(title), uuid))
    return tuple(found)
