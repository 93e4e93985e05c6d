"""Opens what is wrapped around a workflow's result, layer by layer.

Seen in outputs of real workflows: JSON as text, any number of times; Markdown fences and words around the JSON, as
model nodes write them; a byte order mark; the envelope of an answering node; objects and lists with one member only;
and neighbours such as `node_status` beside the result. Everything here is bounded and raises nothing, on any text.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

from cozebatch.bounds.json_values import finite, no_number, read_json, whole

END_NODE = "Output"
"""The key of the end node's result."""

MOST_LAYERS = 40
"""Layers that are opened around one result."""

_MOST_PLACES = 20_000
"""Values looked at in one search."""
_MOST_STARTS = 40
"""Places in a text at which JSON is tried."""
_LONG = 1_000_000
"""Characters from which on a text is tried at its first two places only."""

_SCANNER = json.JSONDecoder(parse_constant=no_number, parse_float=finite, parse_int=whole)


def opened(text: str) -> Any | None:
    """What a string holds if it is a JSON object, list or string; None if it is just text (or a bare number)."""
    stripped = text.strip().lstrip("\ufeff").strip()
    if not stripped or stripped[0] not in '{["':
        return None
    try:
        return read_json(stripped)
    except ValueError:
        return None


def opened_within(text: str) -> Any | None:
    """The first JSON object, list of objects, or string that may hold one, inside a text: behind a fence, between
    words, or with its quotes escaped. None if there is none."""
    for start in _starts(text):
        try:
            value, end = _SCANNER.raw_decode(text, start)
        except (ValueError, RecursionError):
            continue
        if _may_hold_an_object(value):
            try:
                return read_json(text[start:end])
            except ValueError:
                continue
    if '{\\"' in text:
        try:
            unescaped = read_json(f'"{text.strip()}"')
        except ValueError:
            return None
        return unescaped if isinstance(unescaped, str) and unescaped != text else None
    return None


def holding(value: Any, names: Collection[str]) -> Mapping[str, Any] | None:
    """The outermost object around or in `value` that has a value under one of `names`; None if there is none.

    Of several members that lead to one, `Output` counts, else the one that leads there soonest; if two are alike, none:
    rows of a list are not the result.
    """
    found = _Search(names).within(value, 0)
    return None if found is None else found[1]


class _Search:
    """One search, bounded in depth and in the values it looks at."""

    def __init__(self, names: Collection[str]) -> None:
        self._names = names
        self._places = _MOST_PLACES

    def within(self, place: Any, depth: int) -> tuple[int, Mapping[str, Any]] | None:
        """The object and how deep it lies."""
        self._places -= 1
        if self._places < 0 or depth > MOST_LAYERS:
            return None
        if isinstance(place, str):
            inner = opened(place)
            if inner is None:
                inner = opened_within(place)
            return None if inner is None else self.within(inner, depth + 1)
        if isinstance(place, dict):
            if any(not _is_empty(place.get(name)) for name in self._names):
                return depth, place
            if END_NODE in place and (found := self.within(place[END_NODE], depth + 1)) is not None:
                return found
            return self._only(place.values(), depth)
        return self._only(place, depth) if isinstance(place, list) else None

    def _only(self, members: Iterable[Any], depth: int) -> tuple[int, Mapping[str, Any]] | None:
        found = []
        for member in members:
            if self._places < 0:
                break
            if member and isinstance(member, str | dict | list):
                leads = self.within(member, depth + 1)
                found += [leads] if leads is not None else []
        if not found:
            return None
        soonest = min(reached for reached, _ in found)
        first = [leads for leads in found if leads[0] == soonest]
        return first[0] if len(first) == 1 else None


def _starts(text: str) -> Iterator[int]:
    """Where JSON may begin in a text."""
    most = 2 if len(text) > _LONG else _MOST_STARTS
    at = -1
    for _ in range(most):
        found = [place for place in (text.find(mark, at + 1) for mark in '{["') if place >= 0]
        if not found:
            return
        at = min(found)
        yield at


def _may_hold_an_object(value: Any) -> bool:
    if isinstance(value, list):
        return any(isinstance(item, dict) and item for item in value)
    if isinstance(value, str):
        return "{" in value
    return isinstance(value, dict) and bool(value)


def _is_empty(value: Any) -> bool:
    return value is None or value == ""
