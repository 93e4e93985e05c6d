"""Puts a run's plan on disk, then on the board.

A task whose place is decided before it begins (held, skipped, its write-back owed) is stored in that place at once: its
move is on disk with the run's start, and only has to be published.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import anyio.lowlevel

from cozebatch.engine.ledger import Ledger
from cozebatch.engine.options import StartStep
from cozebatch.model.errors import ErrorInfo
from cozebatch.model.rows import Row, changed
from cozebatch.model.task import State, Task
from cozebatch.planning.planned import Action, Planned
from cozebatch.ports import Handover, StoredInput

_START_STEPS: Mapping[Action, StartStep] = MappingProxyType(
    {Action.SUBMIT: "submit", Action.WATCH: "watch", Action.FINISH: "finish"}
)
_SETTLED: Mapping[Action, State] = MappingProxyType(
    {Action.HOLD: State.HELD, Action.SKIP: State.SKIPPED, Action.DELIVER: State.WRITING_BACK}
)
AT_ONCE = 500
"""Tasks that are published before other work of the event loop has its turn."""


@dataclass(frozen=True, slots=True)
class _Begun:
    """A task that is on disk. `row`: as it is on the board before its first move; of a task whose place is decided,
    as it is after that."""

    row: Row
    action: Action
    error: ErrorInfo | None


class Start:
    """The start of one run. `planned` is emptied while it is written, so that the texts of a large batch are let go."""

    def __init__(self, ledger: Ledger, planned: list[Planned]) -> None:
        self._ledger = ledger
        self._planned = planned
        self._begun: deque[_Begun] = deque()
        self.total = len(planned)

    async def write(self, handover: Handover) -> None:
        """Put the run, its tasks and what it takes over on disk. Raises `JournalError`; the plan is gone then too."""
        clock = self._ledger.clock  # read here: the journal takes the entries in a thread of its own
        await self._ledger.begin(self._entries(clock.wall(), clock.now()), handover)

    async def publish(self) -> Sequence[tuple[str, StartStep]]:
        """Publish all rows, and the moves of those whose place is decided. The tasks that begin now, in order, with
        the step that they begin with."""
        steps: list[tuple[str, StartStep]] = []
        wall, clock = self._ledger.clock.wall(), self._ledger.clock.now()
        while self._begun:
            some = [self._begun.popleft() for _ in range(min(AT_ONCE, len(self._begun)))]
            self._ledger.load(_waiting(b.row) if b.action in _SETTLED else b.row for b in some)
            for b in some:
                if b.action in _SETTLED:
                    self._ledger.publish_move(State.PENDING, b.row, wall, clock, error=b.error)
                if b.row.waits:
                    steps.append((b.row.task_id, "question"))
                elif b.action in _START_STEPS:
                    steps.append((b.row.task_id, _START_STEPS[b.action]))
            await anyio.lowlevel.checkpoint()
        return steps

    def _entries(self, wall: float, clock: float) -> Iterator[tuple[Task | StoredInput, Row]]:
        self._planned.reverse()
        while self._planned:
            p = self._planned.pop()
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
