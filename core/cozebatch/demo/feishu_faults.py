"""What can go wrong at a simulated Feishu: which requests are struck, how, and how often."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Literal, get_args

Kind = Literal[
    "token", "wiki", "tables", "views", "search", "fields", "update", "batch_update", "batch_get",
    "download", "upload_all", "upload_prepare", "upload_part", "upload_finish",
]  # fmt: skip
KINDS: tuple[Kind, ...] = get_args(Kind)
_WRITES = ("update", "batch_update")


@dataclass(slots=True)
class FeishuFault:
    """What strikes requests of a kind (`any`, `write` for both updates): by default an answer with `code`.

    `times`: how often; None: always. `share` of the requests, by seeded chance. `reset` goes into the header
    `x-ogw-ratelimit-reset`, seconds. `effect`: the request does what it asks for all the same. `slow` and `late` are
    answered well, with `seconds` of waiting before the effect or after it.
    """

    on: Kind | Literal["any", "write"]
    what: Literal["code", "html", "cut", "slow", "late"] = "code"
    code: int = 0
    status: int = 200
    times: int | None = 1
    share: float = 1.0
    reset: float | None = None
    effect: bool = False
    seconds: float = 0.0

    def strikes(self, kind: Kind, chance: random.Random) -> bool:
        if self.on not in ("any", kind) and not (self.on == "write" and kind in _WRITES):
            return False
        if self.times == 0 or (self.share < 1 and chance.random() >= self.share):
            return False
        if self.times is not None:
            self.times -= 1
        return True
