"""Sorts what earlier runs left by what happens to it by default. Pure.

No default costs anything: a person decides about everything that is paid for.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import assert_never

from cozebatch.model.task import State
from cozebatch.model.text import Text
from cozebatch.planning.planned import Action, Planned, is_expired
from cozebatch.ports import Delivery


class Left(StrEnum):
    ADOPT = "adopt"
    """An execution in flight."""
    GO_ON = "go_on"
    """A result of Coze's, on disk, whose film is not made."""
    OWED = "owed"
    """An outcome that was not written to the table."""
    ASKED = "asked"
    """An execution that waits for an answer."""
    HELD = "held"
    """A person must decide."""
    EXPIRED = "expired"
    """An execution whose result was never fetched, submitted so long ago that Coze will hardly have it any more."""


DEFAULTS: Mapping[Left, Text] = MappingProxyType(
    {
        Left.ADOPT: Text("等到结束（免费）", "watched to their end (free)"),
        Left.GO_ON: Text("用已取回的结果合成（免费）", "made from the results on disk (free)"),
        Left.OWED: Text("补写到表格（免费）", "delivered to the table (free)"),
        Left.ASKED: Text("等你答复，答复后接着做（免费）", "waiting for your answer, then they go on (free)"),
        Left.HELD: Text(
            "要你确认：认领（免费）或付费重做",
            "needs you: adopt (free) or rerun (paid)",
        ),
        Left.EXPIRED: Text(
            "再查一次（免费），查不到就标为失败", "checked once more (free), failed if Coze has dropped it"
        ),
    }
)
"""What happens to each kind unless a person says otherwise."""


@dataclass(frozen=True, slots=True)
class Leftover:
    """One thing that an earlier run left. `since`: when its execution was submitted (Unix seconds), where known."""

    kind: Left
    task_id: str
    title: str = ""
    execute_id: str | None = None
    since: float | None = None


def leftovers(planned: Sequence[Planned], owed: Sequence[Delivery], now: float) -> list[Leftover]:
    """What earlier runs left, sorted by kind, then in the order of the source. `now` in Unix seconds."""
    found = []
    delivered = {delivery.task_id for delivery in owed}
    for p in planned:
        kind = _kind(p, now)
        if kind is not None and not (kind is Left.OWED and p.row.task_id in delivered):
            row = p.row
            found.append(Leftover(kind, row.task_id, row.title, row.execute_id, row.submitted_at))
    found += [Leftover(Left.OWED, delivery.task_id) for delivery in owed]
    order = list(Left)
    return sorted(found, key=lambda leftover: order.index(leftover.kind))


def _kind(planned: Planned, now: float) -> Left | None:
    match planned.action:
        case Action.WATCH:
            return Left.EXPIRED if is_expired(planned.row, now) else Left.ADOPT
        case Action.FINISH:
            return Left.GO_ON
        case Action.DELIVER:
            return Left.OWED
        case Action.HOLD:
            return Left.ASKED if planned.row.waits else Left.HELD
        case Action.KEEP:
            if planned.row.waits:
                return Left.ASKED
            return Left.HELD if planned.row.state is State.HELD else None
        case Action.SUBMIT | Action.SKIP:
            return None
        case _:
            assert_never(planned.action)
