"""What a run takes over: the executions of others that its rows go on with, and the numbers of its own. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from cozebatch.batch.earlier import EarlierWork
from cozebatch.planning.planned import Action, Planned
from cozebatch.ports import Rebound, Recorded, RunRecord

_GOES_ON = frozenset({Action.WATCH, Action.FINISH, Action.DELIVER, Action.HOLD})


def numbered_on(planned: Sequence[Planned], record: Sequence[Recorded], run: RunRecord) -> list[Planned]:
    """The plan with rows that know the highest number of all executions that the run has under their ids: what is sent
    next gets a higher one, by which it counts as later. Without an id of its own, a row does not know what was sent for
    others that stood in its place."""
    highest: dict[str, int] = {}
    for r in record:
        if r.run_id == run.run_id:
            highest[r.task_id] = max(r.number, highest.get(r.task_id, 0))
    return [
        p if (number := highest.get(p.task_id, 0)) <= 0 or p.row.submissions >= number else p.numbered_from(number)
        for p in planned
    ]


def taken_over(
    source_key: str, run: RunRecord, planned: Sequence[Planned], earlier: EarlierWork
) -> tuple[list[Rebound], list[Planned]]:
    """The executions that the run takes over from another run or row, and the plan that counts them."""
    rebound: list[Rebound] = []
    counted: list[Planned] = []
    for p in planned:
        task_id = p.task_id
        paid, past = earlier.paid.get(task_id), earlier.past.get(task_id)
        if paid is not None and past is not None and (paid.by_content or p.action in _GOES_ON):
            taken = [r for r in paid.executions if paid.by_content or r.run_id == past.run_id]
            here = (source_key, run.run_id, task_id)
            moved = [
                Rebound(r.key, task_id, number)
                for number, r in enumerate(taken, start=1)
                if (r.source_key, r.run_id, r.task_id) != here
            ]
            if moved:
                rebound += moved
                p = replace(p, made=replace(p.row, submissions=max(p.row.submissions, len(taken))))
        counted.append(p)
    return rebound, counted
