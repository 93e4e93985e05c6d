"""What the source lists, with the plan for those tasks of which the row that the journal keeps of them says enough.

Tasks are taken a few thousand at a time, and the text of a finished one is let go of at once: with 100,000 tasks, what
is in memory is what is left to do.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from cozebatch.model.task import Task
from cozebatch.planning.planned import OperatorOverrides, Planned
from cozebatch.planning.recognition import DigestOf
from cozebatch.planning.settled import NO_DIGESTS, finished_before, not_begun
from cozebatch.ports import Journal, Recorded

AT_ONCE = 2000


@dataclass(slots=True)
class Listing:
    """Each listed task is in one place: `open`, `settled` or `untouched`."""

    order: dict[str, None]
    """The ids of all."""
    open: list[Task] = field(default_factory=list)
    """Tasks to be decided about, in order."""
    settled: dict[str, Planned] = field(default_factory=dict)
    untouched: dict[str, Planned] = field(default_factory=dict)
    """Not begun, and paid for by nothing that is on record under their ids."""

    def reopen(self, record: Iterable[Recorded], source_key: str, workflow_id: str, digest_of: DigestOf) -> None:
        """Open those untouched tasks that something on record may serve; all others are settled. `record` holds what
        counts, without the ended executions of the settled tasks."""
        free: set[str] = set()
        known: set[str] = set()
        for r in record:
            if r.source_key == source_key and r.task_id in self.untouched:
                known.add(r.task_id)
            elif r.digest is not None and (
                r.task_id not in self.order if r.source_key == source_key else r.workflow_id == workflow_id
            ):
                free.add(r.digest)
        again = {}
        for task_id, planned in self.untouched.items():
            task = planned.task
            assert isinstance(task, Task), "the text of an untouched task is kept"
            if task_id in known or (free and digest_of(task) in free):
                again[task_id] = task
            else:
                self.settled[task_id] = planned
        if again:
            opened = {task.task_id: task for task in self.open} | again
            self.open = [opened[t] for t in self.order if t in opened]
        self.untouched = {}


async def listing(
    tasks: Sequence[Task],
    journal: Journal,
    source_key: str,
    overrides: OperatorOverrides,
    *,
    continuing: str | None,
    source_is_authoritative: bool,
    digest_of: DigestOf,
) -> Listing:
    """Raises `JournalError`. The caller lets go of `tasks`."""
    listed = Listing(dict.fromkeys(task.task_id for task in tasks))
    if overrides.fresh:
        listed.open = list(tasks)
        return listed
    elsewhere = await journal.bound_elsewhere(source_key)
    again = set() if all(task.own_id for task in tasks) else set(await journal.started_again(source_key))
    left = deque(tasks)
    del tasks
    while left:
        some = [left.popleft() for _ in range(min(AT_ONCE, len(left)))]
        pasts = await journal.past(source_key, [task.task_id for task in some])
        unnamed = {t.task_id for t in some if not t.own_id and t.task_id in pasts} - again
        asked = [execute_id for t in unnamed if (execute_id := pasts[t].row.execute_id) is not None]
        digests = await journal.digests(source_key, asked) if asked else NO_DIGESTS
        digests = {at: digest for at, digest in digests.items() if at[0] in unnamed}
        for task in some:
            past = pasts.get(task.task_id)
            if past is None or past.row.execute_id in elsewhere:
                listed.open.append(task)
            elif settled := finished_before(
                task,
                past,
                overrides,
                continuing=continuing,
                source_is_authoritative=source_is_authoritative,
                digests=digests,
                digest_of=digest_of,
            ):
                listed.settled[task.task_id] = settled
            elif untouched := not_begun(task, past, overrides, continuing=continuing):
                listed.untouched[task.task_id] = untouched
            else:
                listed.open.append(task)
    return listed
