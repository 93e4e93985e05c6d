"""Reads the output of a finished execution, leniently: it was paid for, whatever shape it has.

Coze hands out a string. Usually it is a JSON object whose `Output` is the end node's result, itself often JSON in a
string, while output nodes stand beside it under their own titles; an end node that answers with text wraps it once
more, `{"content_type", "data", "type_for_model"}`. It may as well be plain text. Nothing here raises, on any text.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from cozebatch.bounds.json_values import mend
from cozebatch.coze.layers import END_NODE, holding, opened

TEXT = "text"
"""The key under which plain text is handed on."""

NODE_STATUS = "node_status"
"""A neighbour of the result that only tells how the nodes fared."""

_MOST_LAYERS = 8
_ENVELOPE = frozenset({"content_type", "type_for_model"})


def parse_output(raw: str, names: Collection[str] = ()) -> dict[str, Any]:
    """The output as an object: the end node's own keys first, output nodes under their titles.

    `names` are the keys (or dotted paths) that are wanted of it: where one is missing, the object that holds it is
    looked for through every layer, and its members join. Plain text becomes `{"text": …}`, nothing at all `{}`.
    Numbers JSON does not know (NaN, infinity) become None and broken surrogates a replacement character, so that the
    result can always be written as JSON in UTF-8.
    """
    parsed = _parsed(raw)
    for _ in names:
        missing = {_first_key(name) for name in names if _walk(parsed, name) is None} - {"", END_NODE, TEXT}
        found = holding(raw, missing) if missing else None
        if found is None:
            break
        wanted = {key: value for key, value in found.items() if key in missing or key not in parsed}
        parsed = {**wanted, **{key: value for key, value in parsed.items() if key not in wanted}}
    return parsed


def _first_key(name: str) -> str:
    return name.removeprefix(f"{END_NODE}.").partition(".")[0]


def _parsed(raw: str) -> dict[str, Any]:
    value = _unfold(raw)
    if not isinstance(value, dict):
        return _as_object(value)
    if END_NODE not in value:
        return {key: _opened(item) for key, item in value.items()}
    result = _unfold(value[END_NODE])
    merged = dict(result) if isinstance(result, dict) else _as_object(result)
    for key, item in value.items():
        if key != END_NODE and key not in merged:
            merged[key] = _opened(item)
    return merged


def pick(output: Mapping[str, Any], key: str) -> Any | None:
    """The value under `key`, which may be a plain key or a dotted path (`node.videoUrl`, `scenes.0.url`).

    JSON in strings on the way is opened, `Output` (or `Output.` before a path) means the end node, and a plain key
    that stands nowhere at the top is also found one object deeper if it is there only once. None for nothing.
    """
    found = _walk(output, key)
    if found is None and key.startswith(f"{END_NODE}."):
        found = _walk(output, key.removeprefix(f"{END_NODE}."))
    if found is None and key == END_NODE:
        found = output.get(TEXT)
    if found is None:
        inner = [value[key] for value in output.values() if isinstance(value, dict) and value.get(key) is not None]
        if len(inner) == 1:
            found = inner[0]
    return found


def is_empty(raw: str | None) -> bool:
    """Whether an output says nothing at all: no text, no number, no link under any name (`node_status` aside)."""
    output = parse_output(raw or "")
    return not any(_says_something(value) for key, value in output.items() if key != NODE_STATUS)


def _says_something(value: Any, depth: int = 0) -> bool:
    if isinstance(value, str):
        inner = opened(value)
        if inner is None or depth > _MOST_LAYERS:
            return bool(value.strip())
        value = inner
    if isinstance(value, Mapping | list) and depth <= _MOST_LAYERS:
        if isinstance(value, Mapping) and "data" in value and value.keys() >= _ENVELOPE:
            return _says_something(value["data"], depth + 1)
        members = value.values() if isinstance(value, Mapping) else value
        return any(_says_something(member, depth + 1) for member in members)
    return value is not None and value != ""


def _unfold(value: Any) -> Any:
    """Opens strings that hold JSON objects or lists, envelopes and lone `Output` wrappers, layer by layer."""
    for _ in range(_MOST_LAYERS):
        if isinstance(value, str):
            inner = opened(value)
            if inner is None:
                return mend(value)
            value = inner
        elif isinstance(value, dict) and "data" in value and value.keys() >= _ENVELOPE:
            value = value["data"]
        elif isinstance(value, dict) and len(value) == 1 and isinstance(value.get(END_NODE), (str, dict)):
            wrapped = value[END_NODE]
            inner = opened(wrapped) if isinstance(wrapped, str) else wrapped
            if inner is None:
                return value
            value = inner
        else:
            return value
    return value


def _opened(value: Any) -> Any:
    """An output node's value: an object in a string is opened, any other text stays text."""
    if isinstance(value, str) and value.lstrip()[:1] == "{":
        inner = _unfold(value)
        return inner if isinstance(inner, dict) else value
    if isinstance(value, dict):
        return _unfold(value)
    return value


def _as_object(value: Any) -> dict[str, Any]:
    if value is None or (isinstance(value, str) and value.strip() in ("", "null")):
        return {}
    if isinstance(value, str):
        return {TEXT: value}
    return {END_NODE: value}


def _walk(value: Any, key: str) -> Any | None:
    """Follows a path, trying the longest key first, since keys may hold dots themselves."""
    if isinstance(value, str):
        value = opened(value)
    if isinstance(value, Mapping):
        for head, tail in _splits(key):
            if value.get(head) is not None:
                found = value[head] if tail is None else _walk(value[head], tail)
                if found is not None:
                    return found
    elif isinstance(value, list):
        head, _, tail = key.partition(".")
        if head.isascii() and head.isdigit() and len(head) < 9 and int(head) < len(value):
            return _walk(value[int(head)], tail) if tail else value[int(head)]
    return None


def _splits(key: str) -> Iterator[tuple[str, str | None]]:
    yield key, None
    cut = len(key)
    while (cut := key.rfind(".", 0, cut)) > 0:
        yield key[:cut], key[cut + 1 :]
