"""One line of `check`: what was checked, the result, and what to do if something is wrong."""

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
    """`subject` names what was checked; `text` says the result and, unless `ok`, what to do. `may_pass`: a service did
    not answer as it should, and asking again may help."""

    level: Level
    subject: Text
    text: Text
    may_pass: bool = False
