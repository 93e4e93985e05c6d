"""Reads what a waiting workflow asks, from Coze's `interrupt_data`, leniently. Pure; nothing of it raises.

`data` is JSON as text: `{"content_type", "content"}`, where `content` is the question, or the list of fields that an
input node wants, as JSON once more. `required_parameters` is a map, name → `{type, items, required, description}`
(docs/coze.md). Everything is bounded, and harmless to show.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cozebatch.bounds.json_values import mend, read_json
from cozebatch.coze.fields import Mask, clean, whole_number
from cozebatch.model.question import MOST_FIELDS, MOST_TEXT, QUESTION_NODE, Question, QuestionField
from cozebatch.model.sanitize import clean_lines

_MOST_NAME = 100
_TEXTS = ("question", "content", "title", "text", "data", "message", "msg", "description")
_OPTIONS = ("options", "choices", "option_list")
_OPTION_NAMES = ("name", "content", "title", "label", "text", "value")
_LEVELS = 8


def question_of(data: Any, mask: Mask) -> Question:
    """The question of an execution that waits."""
    given = data if isinstance(data, dict) else {"data": data}
    event = given.get("event_id")
    event_id = mask(str(event)) if isinstance(event, (str, int)) and not isinstance(event, bool) else ""
    found = _Found()
    _search(given.get("data"), found, mask, _LEVELS)
    fields = _fields(given.get("required_parameters"), mask) or tuple(found.fields.values())
    return Question(
        event_id if len(event_id) <= 300 else "",
        whole_number(given.get("type")) or QUESTION_NODE,
        found.text,
        fields,
        tuple(found.options),
    )


class _Found:
    def __init__(self) -> None:
        self.text = ""
        self.options: list[str] = []
        self.fields: dict[str, QuestionField] = {}


def _search(value: Any, found: _Found, mask: Mask, levels: int) -> None:
    """Look for a text, options and fields, through as many layers of JSON as there may be."""
    if levels == 0 or value is None:
        return
    if isinstance(value, str):
        inner = _inner(value)
        if inner is not None:
            _search(inner, found, mask, levels - 1)
        elif not found.text:
            found.text = lines(value, mask)
    elif isinstance(value, list):
        fields = _fields(value, mask)
        found.fields |= {f.name: f for f in fields}
        if not fields and not found.options:
            found.options = _options(value, mask)
    elif isinstance(value, dict):
        for name in _OPTIONS:
            if not found.options and isinstance(value.get(name), list):
                found.options = _options(value[name], mask)
        for name in _TEXTS:
            _search(value.get(name), found, mask, levels - 1)


def _inner(text: str) -> Any:
    if text.lstrip()[:1] not in ("{", "["):
        return None
    try:
        value = read_json(text)
    except ValueError:
        return None
    return value if isinstance(value, dict | list) else None


def _options(values: list[Any], mask: Mask) -> list[str]:
    found = []
    for value in values[:MOST_FIELDS]:
        if isinstance(value, dict):
            value = next((value[name] for name in _OPTION_NAMES if isinstance(value.get(name), str)), None)
        if isinstance(value, int | float) and not isinstance(value, bool):
            value = str(value)
        if text := clean(value, mask, most=200):
            found.append(text)
    return found


def _fields(given: Any, mask: Mask) -> tuple[QuestionField, ...]:
    """The fields of a map by name, or of a list of objects with a `name` and a `type`."""
    if isinstance(given, dict):
        pairs = list(given.items())
    elif isinstance(given, list):
        pairs = [(spec["name"], spec) for spec in given if isinstance(spec, dict) and "type" in spec and "name" in spec]
    else:
        return ()
    found = {}
    for name, spec in pairs[:MOST_FIELDS]:
        # The name goes back to Coze as it is, so that one which cannot be shown as it is cannot be asked for.
        if isinstance(name, str) and name and clean(name, mask, most=_MOST_NAME) == name:
            found[name] = _field(name, spec, mask)
    return tuple(found.values())


def _field(name: str, spec: Any, mask: Mask) -> QuestionField:
    spec = {"type": spec} if isinstance(spec, str) else spec if isinstance(spec, dict) else {}
    kind = clean(spec.get("type"), mask, most=40).casefold() or "string"
    members: Mapping[str, Any] = spec["items"] if isinstance(spec.get("items"), dict) else {}
    is_list = kind in ("array", "list")
    if is_list:
        kind = clean(members.get("type"), mask, most=40).casefold() or "string"
    options: list[Any] = next((spec[name] for name in ("enum", *_OPTIONS) if isinstance(spec.get(name), list)), [])
    return QuestionField(
        name,
        kind,
        is_list,
        required=spec.get("required") is not False,
        description=clean(spec.get("description"), mask, most=300),
        options=tuple(_options(options, mask)),
    )


def lines(text: str, mask: Mask) -> str:
    """A text of several lines, harmless, bounded, without secrets."""
    return mask(clean_lines(mask(mend(text[: MOST_TEXT * 2])).strip(), MOST_TEXT)).strip()
