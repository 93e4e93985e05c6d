"""Whether a row that a run keeps still tells what the record of executions says. Pure."""

from __future__ import annotations

from cozebatch.model.rows import Row
from cozebatch.model.task import State
from cozebatch.planning.recognition import Paid
from cozebatch.ports import Recorded


def is_of(row: Row, paid: Paid) -> bool:
    """Whether the row that a run keeps tells of these executions, and not of another script that stands there since."""
    if row.execute_id is not None:
        known = any(r.execute_id == row.execute_id for r in paid.executions)
        return known and not (is_outdated(row, paid) or has_answered(row, paid))
    return paid.best.execute_id is None and (row.unanswered or row.state is State.SUBMITTING)


def is_outdated(row: Row, paid: Paid) -> bool:
    """Whether the row ended with an execution after which others served it, under another name of its file."""
    newer = (paid.best.execute_id, paid.latest.execute_id)
    known = any(r.execute_id == row.execute_id for r in paid.executions)
    return row.state.is_end and row.execute_id is not None and known and row.execute_id not in newer


def has_answered(row: Row, paid: Paid) -> bool:
    """Whether the row waits for an answer that its execution has been given since: a later run went on with it and then
    left the row to another machine."""
    waits_on = [r for r in paid.executions if r.execute_id == row.execute_id] if row.waits else []
    return any(r.status in ("failed", "succeeded", "lost") for r in waits_on)


def is_unfinished(r: Recorded) -> bool:
    return r.status in ("sent", "running", "interrupted") or (
        r.status == "succeeded" and r.has_output and not r.has_film
    )
