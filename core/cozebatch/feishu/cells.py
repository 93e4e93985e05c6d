"""Turns a Bitable cell, whatever its column's type, into the text a person sees in it.

The shapes are those of the record search (2025) and, for older tables, of the record list: see Feishu's "data
structure of Bitable". A date stays the number of milliseconds that Feishu gives: a cell does not say that it is one.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

_DEEPEST = 8
SEPARATOR = ", "
PARAGRAPH = "\n"
_SENTENCES = re.compile(r"[。！？!?；;\n]|[.](?:\s|$)")
"""What only whole sentences hold."""


def cell_text(cell: Any, *, values_apart: bool = False) -> str:
    """The text of a cell; empty for an empty one. Never raises.

    `values_apart`: the cell is a look-up, whose texts come from several records (see `may_hold_several_texts`). They
    stay apart in their order: sentences as paragraphs, anything shorter as a list.
    """
    if values_apart and may_hold_several_texts(cell):
        return _apart(cell["value"])
    return _text(cell, 0)


def may_hold_several_texts(cell: Any) -> bool:
    """Whether these are texts of which the cell does not say if they are pieces of one (a formula), or of several
    records (a look-up): the type of the column tells."""
    if not isinstance(cell, Mapping) or "type" not in cell:
        return False
    members = cell.get("value")
    if not isinstance(members, list) or len(members) < 2:
        return False
    return all(_is_piece(member) for member in members)


def related_records(cell: Any) -> tuple[str, ...]:
    """The record ids that a relation cell holds; none for any other cell."""
    found: list[str] = []
    members = cell if isinstance(cell, list) else [cell]
    for member in members:
        if isinstance(member, Mapping):
            for key in ("link_record_ids", "record_ids"):
                ids = member.get(key)
                if isinstance(ids, list):
                    found += [name for name in ids if isinstance(name, str)]
    return tuple(dict.fromkeys(found))


def attachments(cell: Any) -> list[Mapping[str, Any]]:
    """The files that an attachment cell holds, or a look-up of one, as Feishu gives them; none for any other cell."""
    members = cell.get("value") if isinstance(cell, Mapping) and "type" in cell else cell
    if not isinstance(members, list):
        return []
    return [m for m in members if isinstance(m, Mapping) and isinstance(m.get("file_token"), str)]


def _text(cell: Any, depth: int) -> str:
    if depth > _DEEPEST:
        return ""
    match cell:
        case None:
            return ""
        case str():
            return cell
        case bool():
            return "true" if cell else "false"
        case int():
            return str(cell)
        case float():
            return _number(cell)
        case list():
            return _members(cell, depth)
        case Mapping():
            return _object(cell, depth)
    return str(cell)


def _number(value: float) -> str:
    if not math.isfinite(value):
        return ""
    return str(int(value)) if value.is_integer() else format(Decimal(repr(value)), "f")


def _members(cell: Sequence[Any], depth: int) -> str:
    # Pieces of one text follow each other as they are; options, people, files are a list.
    pieces = all(_is_piece(member) for member in cell)
    texts = [_text(member, depth + 1) for member in cell]
    if pieces and not any("record_ids" in member for member in cell):
        return "".join(_piece(member, depth) for member in cell)
    return SEPARATOR.join(text for text in texts if text)


def _is_piece(member: Any) -> bool:
    """Whether it is part of a text, and not a link of a link column, which has no type."""
    if not isinstance(member, Mapping) or "text" not in member or "link_record_ids" in member:
        return False
    return "type" in member or "link" not in member


def _apart(members: Sequence[Mapping[str, Any]]) -> str:
    """Two plain pieces in a row are two texts: inside one text, plain pieces are never neighbours."""
    texts: list[str] = []
    plain_before = True
    for member in members:
        plain = member.get("type", "text") == "text"
        if plain and plain_before:
            texts.append("")
        if not texts:
            texts.append("")
        texts[-1] += _piece(member, 0)
        plain_before = plain
    kept = [text for text in texts if text.strip()]
    return (PARAGRAPH if any(_SENTENCES.search(text) for text in kept) else SEPARATOR).join(kept)


def _piece(member: Mapping[str, Any], depth: int) -> str:
    return _text(member["text"], depth + 1) or _text(member.get("link"), depth + 1)


def _object(cell: Mapping[str, Any], depth: int) -> str:
    if "type" in cell and "value" in cell:
        return _text(cell["value"], depth + 1)
    if "link_record_ids" in cell:
        return _text(cell["link_record_ids"], depth + 1)
    if "link" in cell and "type" not in cell:
        # A link column: the address is what the row is about, its wording decoration.
        return _text(cell["link"], depth + 1) or _text(cell.get("text"), depth + 1)
    for key in ("text", "name", "full_address", "en_name", "email", "id", "value"):
        if cell.get(key) not in (None, "", []):
            return _text(cell[key], depth + 1)
    if "record_ids" in cell:
        return _text(cell["record_ids"], depth + 1)
    return json.dumps(cell, ensure_ascii=False) if depth == 0 and cell and not _known_empty(cell) else ""


def _known_empty(cell: Mapping[str, Any]) -> bool:
    return all(value in (None, "", [], {}) for value in cell.values())
