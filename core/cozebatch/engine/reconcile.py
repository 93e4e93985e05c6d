"""What earlier runs left behind, sorted by what happens to it unless a person says otherwise. Pure.

None of the defaults costs anything: what would cost is left to a person.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from cozebatch.engine.recovery import EXPIRED, Action, Planned
from cozebatch.ports import Delivery
from cozebatch.task import State
from cozebatch.texts import Text


class Left(StrEnum):
    ADOPT = "adopt"
    """An execution in flight."""
    GO_ON = "go_on"
    """A result of Coze's, on disk, whose film is not made."""
    OWED = "owed"
    """An outcome the table has not been told."""
    HELD = "held"
    """A person must decide."""
    EXPIRED = "expired"
    """An execution whose result was never fetched and is no longer kept by Coze."""


DEFAULTS: Mapping[Left, Text] = MappingProxyType(
    {
        Left.ADOPT: Text("继续等待运行中的执行（免费）", "executions in flight are watched to their end (free)"),
        Left.GO_ON: Text("从已取回的结果继续（免费）", "made from the results on disk (free)"),
        Left.OWED: Text("补写到表格（免费）", "delivered to the table (free)"),
        Left.HELD: Text(
            "不动，等人决定：--adopt 认领（免费）或 --rerun 重跑（付费）",
            "left alone until a person decides: --adopt (free) or --rerun (paid)",
        ),
        Left.EXPIRED: Text(
            "提交已超过 7 天，Coze 不再保留结果；不动，等人决定：--adopt 再看一次（免费）或 --rerun 重跑（付费）",
            "submitted more than 7 days ago, Coze keeps no result so long; left alone until a person decides: --adopt "
            "to look once more (free) or --rerun (paid)",
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


def leftovers(planned: Sequence[Planned], owed: Sequence[Delivery]) -> list[Leftover]:
    """What earlier runs left, a kind after the other, each in the order of the source."""
    found = []
    delivered = {delivery.task_id for delivery in owed}
    for p in planned:
        kind = _kind(p)
        if kind is not None and not (kind is Left.OWED and p.row.task_id in delivered):
            row = p.row
            found.append(Leftover(kind, row.task_id, row.title, row.execute_id, row.submitted_at))
    found += [Leftover(Left.OWED, delivery.task_id) for delivery in owed]
    order = list(Left)
    return sorted(found, key=lambda leftover: order.index(leftover.kind))


def _kind(planned: Planned) -> Left | None:
    match planned.action:
        case Action.WATCH:
            return Left.ADOPT
        case Action.FINISH:
            return Left.GO_ON
        case Action.DELIVER:
            return Left.OWED
        case Action.HOLD:
            return Left.EXPIRED if planned.error == EXPIRED else Left.HELD
        case Action.KEEP if planned.row.state is State.HELD:
            return Left.EXPIRED if planned.row.error == EXPIRED else Left.HELD
        case _:
            return None
