"""Puts a run's plan on disk, then on the board.

A task whose place is decided before it begins (held, skipped, its write-back owed) is stored in that place at once: its
move is on disk with the run's start, and only has to be published.

Of a large batch that was done before, the rows that are finished follow while the others have begun: nothing waits for
them. A process that dies before they are all entered has lost nothing, since the runs that finished them still say so.
"""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType

import anyio.lowlevel

from cozebatch.engine.ledger import Ledger
from cozebatch.engine.options import StartStep
from cozebatch.model.errors import ErrorInfo, JournalError
from cozebatch.model.rows import Row, changed
from cozebatch.model.task import State, Task
from cozebatch.model.value_class import valueclass
from cozebatch.planning.planned import Action, Planned
from cozebatch.ports import Enter, Handover, StoredInput

_START_STEPS: Mapping[Action, StartStep] = MappingProxyType(
    {Action.SUBMIT: "submit", Action.WATCH: "watch", Action.FINISH: "finish"}
)
_SETTLED: Mapping[Action, State] = MappingProxyType(
    {Action.HOLD: State.HELD, Action.SKIP: State.SKIPPED, Action.DELIVER: State.WRITING_BACK}
)
RETRY_AFTER = 5.0
"""Seconds until a write is tried again that the disk did not take."""
AT_ONCE = 500
"""Tasks that are published before other work of the event loop has its turn."""
MANY = 5000
"""So many finished tasks follow once the others have begun; fewer are entered with them."""


@valueclass(frozen=True, slots=True)
class _Begun:
    """A task that is on disk. `row`: as it is on the board before its first move; of a task whose place is decided,
    as it is after that."""

    row: Row
    action: Action
    error: ErrorInfo | None


class Start:
    """The start of one run. `planned` is emptied while it is written, so that the texts of a large batch are let go."""

    def __init__(self, ledger: Ledger, planned: list[Planned], owed: Collection[str] = ()) -> None:
        """`owed`: tasks with something to deliver, which are there from the beginning."""
        self._ledger = ledger
        self.total = len(planned)
        self._later: deque[Planned] = deque()
        may_wait = [isinstance(p.task, StoredInput) and p.task_id not in owed for p in planned]
        if sum(may_wait) >= MANY:
            self._later.extend(itertools.compress(planned, may_wait))
            planned[:] = [p for p, waits in zip(planned, may_wait, strict=True) if not waits]
        self._planned = planned
        self._begun: deque[_Begun] = deque()
        self.is_entered = anyio.Event()
        """All tasks are on the board."""

    async def write(self, handover: Handover) -> None:
        """Put the run, its tasks and what it takes over on disk. Raises `JournalError`; the plan is gone then too."""
        clock = self._ledger.clock  # read here: the journal takes the entries in a thread of its own
        await self._ledger.begin(self._entries(clock.wall(), clock.now()), handover)

    async def publish(self) -> Sequence[tuple[str, StartStep]]:
        """Publish all rows, and the moves of those whose place is decided. The tasks that begin now, in order, with
        the step that they begin with."""
        steps: list[tuple[str, StartStep]] = []
        while self._begun:
            some = self._next_begun()
            self._publish(some)
            for b in some:
                if b.row.waits:
                    steps.append((b.row.task_id, "question"))
                elif b.action in _START_STEPS:
                    steps.append((b.row.task_id, _START_STEPS[b.action]))
            await anyio.lowlevel.checkpoint()
        return steps

    async def enter_the_finished(self) -> None:
        """Enter the tasks that could wait, on disk and then on the board, while the run goes on. A write that fails is
        told once and tried again: what is not on disk cannot be rerun, so it is not shown."""
        told = False
        while self._later:
            some = [self._later.popleft() for _ in range(min(AT_ONCE, len(self._later)))]
            entries = tuple(self._entered(some, self._ledger.clock.wall(), self._ledger.clock.now()))
            while entries:
                try:
                    await self._ledger.write(Enter(entries))
                    break
                except JournalError as error:
                    if not told:
                        self._ledger.note("error", error.text)
                        told = True
                    await anyio.sleep(RETRY_AFTER)
            self._publish(self._next_begun())
            await anyio.lowlevel.checkpoint()
        self.is_entered.set()

    def _next_begun(self) -> list[_Begun]:
        return [self._begun.popleft() for _ in range(min(AT_ONCE, len(self._begun)))]

    def _publish(self, some: Sequence[_Begun]) -> None:
        wall, clock = self._ledger.clock.wall(), self._ledger.clock.now()
        self._ledger.load(_waiting(b.row) if b.action in _SETTLED else b.row for b in some)
        for b in some:
            if b.action in _SETTLED:
                self._ledger.publish_move(State.PENDING, b.row, wall, clock, error=b.error)

    def _entries(self, wall: float, clock: float) -> Iterator[tuple[Task | StoredInput, Row]]:
        def emptied() -> Iterator[Planned]:
            self._planned.reverse()
            while self._planned:
                yield self._planned.pop()

        return self._entered(emptied(), wall, clock)

    def _entered(
        self, planned: Iterable[Planned], wall: float, clock: float
    ) -> Iterator[tuple[Task | StoredInput, Row]]:
        """What is to be stored of them; what is to be published is kept."""
        for p in planned:
            stored = row = p.row
            if p.action in _SETTLED:
                stored = row = _settled(p, wall, clock)
            elif p.action is not Action.KEEP:
                row = _waiting(row)
            self._begun.append(_Begun(row, p.action, p.error))
            if not p.on_disk:
                yield p.task, stored


def _settled(p: Planned, wall: float, clock: float) -> Row:
    """The row after its move from `pending`: `rows.moved` gives the same, in thrice the time of a start."""
    after = _SETTLED[p.action]
    ended = {"finished_at": wall, "end_clock": clock} if after.is_end else {}
    facts = {"entered_clock": clock, "stage": None, "fraction": None, "error": p.error, "note": p.note}
    return changed(p.row, state=after, **facts, **ended)


def _waiting(row: Row) -> Row:
    """The row before its task begins; the same object if it is so already, since a batch may have 100,000."""
    if row.state is State.PENDING and row.error is None and row.note is None:
        return row
    return changed(row, state=State.PENDING, error=None, note=None)
