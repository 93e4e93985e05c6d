"""One line of `check`: what was looked at, how it stands, and the cure where something is wrong."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from cozebatch.model.text import Text


class Level(StrEnum):
    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class CheckItem:
    """`subject` names what was looked at; `text` says how it stands and, unless `ok`, what to do."""

    level: Level
    subject: Text
    text: Text
