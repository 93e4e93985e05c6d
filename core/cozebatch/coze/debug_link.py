"""Reads an execution id out of what a person pastes: the id itself, or the address of Coze's debug page."""

from __future__ import annotations

import re

_EXECUTE_ID = re.compile(r"execute_id=([0-9A-Za-z_-]+)")


def execute_id_of(text: str) -> str:
    """The execution id in `text`: the parameter `execute_id` of a debug link, else the text itself, stripped."""
    found = _EXECUTE_ID.search(text)
    return found.group(1) if found else text.strip()
