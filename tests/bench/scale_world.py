"""What `bench_scale` runs batches against, in virtual time: a Coze that counts, and one Feishu table for them all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import anyio

from cozebatch.model.errors import Category, ErrorInfo
from cozebatch.model.task import Task
from cozebatch.ports import Delivered, Delivery, PollResult, Submission, Undelivered
from support.fakes import FakeCoze, FakeTable, error

CALL = 0.3
"""Seconds of one call to Feishu."""
WINDOW = 3.0
"""Seconds between marking a record and knowing that it is ours (docs/feishu.md, claims)."""


@dataclass
class CountingCoze(FakeCoze):
    """Counts its requests by the second. It does not look at every execution at each submission, so that thousands
    cost no time."""

    requests: Counter[int] = field(default_factory=Counter)

    def in_flight(self) -> int:
        return 0

    async def submit(self, task: Task) -> Submission:
        self._count()
        return await super().submit(task)

    async def poll(self, execute_id: str, workflow_id: str | None = None) -> PollResult:
        self._count()
        return await super().poll(execute_id, workflow_id)

    def _count(self) -> None:
        self.requests[int(anyio.current_time())] += 1

    @property
    def at_once(self) -> int:
        """The most executions that ran at the same time."""
        moments = sorted(
            (moment, step) for e in self.executions.values() for moment, step in ((e.started_at, 1), (e.ends_at, -1))
        )
        running = most = 0
        for _, step in moments:
            running += step
            most = max(most, running)
        return most


@dataclass
class Table:
    """One Feishu table: one writer at a time, and who has which record."""

    claimed: dict[str, object] = field(default_factory=dict)
    calls: int = 0
    records: int = 0
    conflicts: int = 0
    busy: float = 0.0
    """Seconds in which somebody wrote."""
    writing: bool = False


@dataclass
class Writer(FakeTable):
    """One batch's view of `table`. A write while another batch writes is refused, as Feishu does (docs/feishu.md,
    1254291). `claiming`: every record is claimed before it is paid for."""

    table: Table = field(default_factory=Table)
    claiming: bool = False
    lost: int = 0

    def writes(self, outcome: str) -> bool:
        return outcome != "running" or self.claiming

    async def claim(self, task: Task, *, name: str = "", asked: bool = False) -> ErrorInfo | None:
        await anyio.sleep(CALL)  # read
        if task.task_id not in self.table.claimed:
            self.table.claimed[task.task_id] = self  # the mark that counts
            await anyio.sleep(CALL + WINDOW + CALL)  # write, wait, read again
        if self.table.claimed[task.task_id] is self:
            return None
        self.lost += 1
        return error(Category.SOURCE, "another batch has it")

    async def deliver(self, batch: Sequence[Delivery]) -> Sequence[Delivered | Undelivered]:
        table = self.table
        table.calls += 1
        if table.writing:
            table.conflicts += 1
            await anyio.sleep(CALL / 3)
            return [Undelivered(d.serial, error(Category.WRITE_BACK, code="1254291"), final=False) for d in batch]
        table.writing = True
        try:
            await anyio.sleep(CALL)
        finally:
            table.writing = False
        table.busy += CALL
        table.records += len(batch)
        return [Delivered(d.serial) for d in batch]


def steady(requests: Mapping[int, int]) -> float:
    """Requests a second over the middle half of the run, without its beginning and its end."""
    seconds = range(min(requests), max(requests) + 1)
    middle = seconds[len(seconds) // 4 : max(1, 3 * len(seconds) // 4)]
    return sum(requests.get(second, 0) for second in middle) / max(1, len(middle))
