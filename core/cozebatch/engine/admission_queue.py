"""The tasks that wait: for a slot, for a delay to pass, or for a pause to end."""

from __future__ import annotations

import heapq
import itertools
import math
from collections import deque
from collections.abc import Callable

import anyio

from cozebatch.engine.options import StartStep


class AdmissionQueue:
    """Each waiting task is in one place only. Lives on the engine's event loop; nothing here awaits."""

    def __init__(self, notify: Callable[[], None]) -> None:
        self._notify = notify
        self._for_slot: deque[str] = deque()
        """Tasks that wait for a slot to submit, first in line first."""
        self._ready: deque[tuple[str, StartStep]] = deque()
        """Tasks that need no new execution: adopted executions, results on disk."""
        self._questions: dict[str, None] = {}
        """Tasks whose execution waits for an answer, and that wait for a slot to look at it."""
        self._delayed: list[tuple[float, int, str, StartStep]] = []
        self._suspended: dict[str, StartStep] = {}
        """Tasks that a pause stopped on their way."""
        self._doubted: dict[str, None] = {}
        """Tasks whose request was refused as wrong before any other was accepted: theirs may be wrong, or all are."""
        self._reserved: dict[str, None] = {}
        """Tasks that a trial leaves for later, until a person says to go on."""
        self._serial = itertools.count()

    def add(self, task_id: str, step: StartStep, *, front: bool = False) -> None:
        if step == "question":
            self._questions[task_id] = None
        elif step == "submit":
            (self._for_slot.appendleft if front else self._for_slot.append)(task_id)
        else:
            (self._ready.appendleft if front else self._ready.append)((task_id, step))
        self._notify()

    def reserve(self, task_id: str) -> None:
        """It is not submitted before `release_reserved`."""
        self._reserved[task_id] = None

    def release_reserved(self) -> list[str]:
        """The trial is over: all that it left for later waits for a slot. Returns their ids."""
        reserved, self._reserved = list(self._reserved), {}
        for task_id in reserved:
            self.add(task_id, "submit")
        return reserved

    @property
    def reserved(self) -> int:
        return len(self._reserved)

    def add_later(self, task_id: str, step: StartStep, delay: float) -> None:
        """Back into its line after `delay` seconds, in front: it has waited before."""
        heapq.heappush(self._delayed, (anyio.current_time() + delay, next(self._serial), task_id, step))
        self._notify()

    def suspend(self, task_id: str, step: StartStep) -> None:
        """Wait for the pause to end."""
        self._suspended[task_id] = step

    def doubt(self, task_id: str) -> None:
        """Wait until it is known whether its request alone is wrong."""
        self._doubted[task_id] = None
        self._notify()

    def reject_doubted(self) -> None:
        """Theirs alone were wrong."""
        doubted, self._doubted = self._doubted, {}
        for task_id in doubted:
            self.add(task_id, "reject")

    def release_suspended(self) -> None:
        """The pause is over."""
        suspended, self._suspended = self._suspended, {}
        suspended |= dict.fromkeys(self._doubted, "submit")
        self._doubted = {}
        for task_id, step in suspended.items():
            self.add(task_id, step)

    def take_due(self) -> None:
        """Put tasks whose delay has passed back into their line."""
        now = anyio.current_time()
        while self._delayed and self._delayed[0][0] <= now:
            _, _, task_id, step = heapq.heappop(self._delayed)
            self.add(task_id, step, front=True)

    def next_ready(self) -> tuple[str, StartStep] | None:
        """Take the next task that needs no new execution."""
        return self._ready.popleft() if self._ready else None

    def next_for_slot(self) -> str | None:
        """Take the next task that waits for a slot."""
        return self._for_slot.popleft() if self._for_slot else None

    def next_question(self) -> str | None:
        """Take the next task whose waiting execution is to be looked at."""
        task_id = next(iter(self._questions), None)
        if task_id is not None:
            del self._questions[task_id]
        return task_id

    def withdraw(self, task_id: str) -> StartStep | None:
        """Take a waiting task out of every line; the step it waited for, None when it was in none."""
        found = self._suspended.pop(task_id, None)
        if task_id in self._reserved:
            del self._reserved[task_id]
            found = "submit"
        if task_id in self._doubted:
            del self._doubted[task_id]
            found = "submit"
        if task_id in self._questions:
            del self._questions[task_id]
            found = "question"
        if task_id in self._for_slot:
            self._for_slot.remove(task_id)
            found = "submit"
        for item in [item for item in self._ready if item[0] == task_id]:
            self._ready.remove(item)
            found = item[1]
        for delayed in [delayed for delayed in self._delayed if delayed[2] == task_id]:
            self._delayed.remove(delayed)
            heapq.heapify(self._delayed)
            found = delayed[3]
        return found

    @property
    def has_doubted(self) -> bool:
        return bool(self._doubted)

    @property
    def has_ready(self) -> bool:
        return bool(self._ready)

    @property
    def has_for_slot(self) -> bool:
        return bool(self._for_slot)

    @property
    def has_questions(self) -> bool:
        return bool(self._questions)

    @property
    def is_empty(self) -> bool:
        """Whether nothing waits but what a pause suspended, and what is doubted."""
        return not (self._for_slot or self._ready or self._questions or self._delayed)

    @property
    def next_due(self) -> float:
        """When a delayed task comes due, on the event loop's clock; infinity when none waits."""
        return self._delayed[0][0] if self._delayed else math.inf
