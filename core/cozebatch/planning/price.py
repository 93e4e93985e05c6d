"""What retrying tasks costs: the one place that says it, for keys, buttons, hints and confirmations. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from cozebatch.model.rows import Row
from cozebatch.model.task import State


@dataclass(frozen=True, slots=True)
class Price:
    """Task ids by what a retry of each means, in the order they were given.

    `free`: something that was paid for can be used. `paid`: only a new execution helps. `impossible`: there is nothing
    to retry, or a person must first find out whether an execution exists.
    """

    free: tuple[str, ...] = ()
    paid: tuple[str, ...] = ()
    impossible: tuple[str, ...] = ()


def price(rows: Iterable[Row]) -> Price:
    """Sort the tasks by what a retry costs."""
    free, paid, impossible = [], [], []
    for row in rows:
        if free_step(row) is not None:
            free.append(row.task_id)
        elif needs_new_execution(row):
            paid.append(row.task_id)
        else:
            impossible.append(row.task_id)
    return Price(tuple(free), tuple(paid), tuple(impossible))


def free_step(row: Row) -> Literal["finish", "watch", "deliver", "question"] | None:
    """The step from which an ended task goes on without a new execution; None where there is none.

    A task whose submission was refused has none: its next submission costs an execution like any other.
    """
    if row.state is State.DONE:
        return "deliver" if row.error is not None else None
    if row.waits:
        return "question"
    if row.state not in (State.FAILED, State.CANCELLED) or row.unanswered:
        return None
    if row.has_output:
        return "finish"
    if row.execution_failed or row.execute_id is None:
        return None
    return "watch"


def needs_new_execution(row: Row) -> bool:
    """Whether a retry of the task means a new, paid execution. Not where an execution may exist that nobody has found:
    that is a rerun, for which a person decides by name."""
    return row.state in (State.FAILED, State.CANCELLED) and not row.unanswered and free_step(row) is None
