"""Finds for each listed row the executions that were paid for it (docs/contract.md §5). Pure.

A row with an id of its own (a Feishu record, a file's `task_id`) is recognized by it. A row without one, or whose id is
new, is recognized by what would be sent for it: an execution with the same parameters serves it, each execution one
row. So a file that was renamed, moved or sorted anew changes nothing. A row whose parameters were changed since is
looked for among other sources, too: what it says now may have been paid for under another name of its file. Of other
sources only executions of the same workflow count; a row of the same source keeps what another workflow made, as one
with an id of its own does.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from cozebatch.model.task import Task
from cozebatch.ports import Recorded

DigestOf = Callable[[Task], str]
"""`parameters_digest` of what would be sent for a task."""

_IN_FLIGHT = ("running", "interrupted")
_UNANSWERED = ("sent", "unanswered")
"""The states of an execution of which it is not known whether it was started."""


@dataclass(frozen=True, slots=True)
class Paid:
    """The executions that serve one row, oldest first; at least one."""

    executions: tuple[Recorded, ...]
    by_content: bool = False
    """They served another row until now, which had the same parameters."""

    @property
    def best(self) -> Recorded:
        """The one that leads on furthest, the latest of these. If the last submission went unanswered and nothing is in
        flight, it is that one: another execution was asked for, and may have been paid, whatever there was before. One
        before the last that went unanswered is decided about: what came after it counts."""
        if len(self.executions) == 1:
            return self.executions[0]
        latest = self.latest
        known = [r for r in self.executions if r is latest or r.status not in _UNANSWERED]
        best = min(reversed(known), key=_rank)
        doubtful = latest.status in _UNANSWERED and best.status not in _IN_FLIGHT
        return latest if doubtful else best

    @property
    def is_settled(self) -> bool:
        """Whether nothing of it is in flight, unanswered, or a result that waits for its film."""
        return all(r.status not in (*_IN_FLIGHT, *_UNANSWERED) for r in self.executions) and _rank(self.best) != _RESULT

    def of_input(self, digest_now: Callable[[], str], execute_id: str | None) -> Paid | None:
        """Those that were sent exactly what the row says now, if the row was left with another execution (`execute_id`)
        of something else, and one of them has a result, or the last went unanswered: a script that is changed back is
        not paid for again. None where nothing of that applies, or where something is in flight, or something else waits
        for its film."""
        if len({r.digest for r in self.executions}) < 2 or any(r.status in _IN_FLIGHT for r in self.executions):
            return None
        digest = digest_now()
        same = tuple(r for r in self.executions if r.digest == digest)
        if self.best.digest == digest:
            if execute_id is None or any(r.execute_id == execute_id for r in same):
                return None  # the row tells of them itself
        elif _rank(self.best) == _RESULT:
            return None
        is_known = all(r.status not in _UNANSWERED for r in self.executions)
        has_result = is_known and any(r.status in ("succeeded", "reused") for r in same)
        return Paid(same, self.by_content) if has_result or self.is_unanswered(digest_now) else None

    def is_unanswered(self, digest_now: Callable[[], str]) -> bool:
        """Whether the last submission of exactly what the row says now went unanswered, whatever else was sent for the
        row since: it may have been paid. A later execution of which it is not known what was sent (an adopted one)
        counts as its answer."""
        if all(r.status not in _UNANSWERED for r in self.executions):
            return False
        digest = digest_now()
        last = next((r for r in reversed(self.executions) if r.digest in (None, digest)), None)
        return last is not None and last.digest is not None and last.status in _UNANSWERED

    @property
    def leads_nowhere(self) -> bool:
        """Whether all of them failed: only a new execution helps."""
        return _rank(self.best) >= _FAILED

    @property
    def latest(self) -> Recorded:
        return self.executions[-1]


@dataclass(frozen=True, slots=True)
class Recognition:
    """`record` holds what counts, oldest first: no refused submissions, nothing of runs that were abandoned."""

    record: Sequence[Recorded]
    source_key: str
    workflow_id: str
    digest_of: DigestOf
    settled: Collection[str] = ()
    """Further tasks that are listed; what was paid for them serves no other row."""

    def unlisted(self, listed: Sequence[Task]) -> list[str]:
        """Tasks of this source that are not listed and whose executions a listed row might take: it may only if the
        source has them no more."""
        wanted = self._by_digest(listed, self._by_id(listed))
        if not wanted:
            return []
        ids = {task.task_id for task in listed}
        return list(
            dict.fromkeys(
                r.task_id
                for r in self.record
                if r.source_key == self.source_key and r.digest in wanted and r.task_id not in ids
                if r.task_id not in self.settled
            )
        )

    def recognize(self, listed: Sequence[Task], hidden: Collection[str] = ()) -> dict[str, Paid]:
        """What was paid for each listed row that anything was paid for. `hidden`: tasks that the source has without
        listing them. Neither names nor the order of the rows change how many executions are found."""
        found = self._by_id(listed)
        wanted = self._by_digest(listed, found)
        if not wanted:
            return found
        kept = {task.task_id for task in listed if task.own_id} | set(hidden)
        groups: dict[str, dict[tuple[str, str], Paid]] = {}
        for r in self.record:
            if r.digest is None or r.digest not in wanted:
                continue
            if (
                r.task_id not in kept and r.task_id not in self.settled
                if r.source_key == self.source_key
                else r.workflow_id == self.workflow_id
            ):
                _put(groups.setdefault(r.digest, {}), (r.source_key, r.task_id), r, by_content=True)
        own_ids = {task.task_id for task in listed if task.own_id}
        for digest, free in groups.items():
            for task_id, paid in self._share_out(wanted[digest], list(free.values())).items():
                elsewhere = paid.best.source_key != self.source_key and paid.best.task_id == task_id
                renamed = elsewhere and task_id not in found
                if task_id not in own_ids or renamed or not paid.leads_nowhere:  # another's failure means nothing
                    found[task_id] = paid
        return found

    def _by_id(self, listed: Sequence[Task]) -> dict[str, Paid]:
        """The executions of the rows that have ids of their own."""
        found: dict[str, Paid] = {}
        ids = {task.task_id for task in listed if task.own_id}
        if ids:
            for r in self.record:
                if r.source_key == self.source_key and r.task_id in ids:
                    _put(found, r.task_id, r)
        return found

    def _by_digest(self, listed: Sequence[Task], by_id: Mapping[str, Paid]) -> dict[str, list[Task]]:
        """By what would be sent for them: the rows that are not recognized by their id, or were changed since and paid
        for elsewhere as they are now."""
        found: dict[str, list[Task]] = {}
        if not self.record:
            return found
        elsewhere = {r.digest for r in self.record if r.source_key != self.source_key and r.digest is not None}
        for task in listed:
            paid = by_id.get(task.task_id)
            if not task.content.strip() or (paid is not None and not (elsewhere and paid.is_settled)):
                continue
            digest = self.digest_of(task)
            if paid is None or (digest in elsewhere and all(r.digest not in (None, digest) for r in paid.executions)):
                found.setdefault(digest, []).append(task)
        return found

    def _share_out(self, rows: Sequence[Task], free: Sequence[Paid]) -> dict[str, Paid]:
        """Gives the best of the free executions to the rows: the same id first, then in the order of the listing."""
        if len(rows) == len(free) == 1 and rows[0].task_id == free[0].best.task_id:
            return {rows[0].task_id: self._unless_moved(free[0])}
        ids = {row.task_id for row in rows}

        def order(paid: Paid) -> tuple[int, bool, bool, bool, float]:
            best = paid.best
            elsewhere = best.source_key != self.source_key
            return _rank(best), best.workflow_id != self.workflow_id, best.task_id not in ids, elsewhere, -best.sent_at

        best = sorted(free, key=order)[: len(rows)]
        found: dict[str, Paid] = {}
        rest = []
        for paid in best:
            if paid.best.task_id in ids and paid.best.task_id not in found:
                found[paid.best.task_id] = self._unless_moved(paid)
            else:
                rest.append(paid)
        waiting = (row.task_id for row in rows if row.task_id not in found)
        return found | dict(zip(waiting, rest, strict=False))

    def _unless_moved(self, paid: Paid) -> Paid:
        """The same row of the same source as before is not told as recognized by content."""
        return Paid(paid.executions) if paid.best.source_key == self.source_key else paid


_RESULT = 1
"""The rank of a result whose film is not made yet."""
_FAILED = 5
"""The rank of what leads nowhere."""

Place = TypeVar("Place")


def _put(groups: dict[Place, Paid], place: Place, r: Recorded, *, by_content: bool = False) -> None:
    """Add an execution to those of its place."""
    earlier = groups.get(place)
    groups[place] = Paid((r,) if earlier is None else (*earlier.executions, r), by_content)


def _rank(r: Recorded) -> int:
    """How far an execution leads on: in flight or waiting for an answer, result, film, lost, unanswered, failed."""
    match r.status:
        case "running" | "interrupted":
            return 0
        case "succeeded" | "reused":
            return 2 if r.has_film else _RESULT
        case "lost":
            return 3
        case "sent" | "unanswered":
            return 4
        case _:
            return _FAILED
