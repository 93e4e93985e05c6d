"""Starts task runs as slots come free, and knows which tasks have one.

A task run exists only while a task is on its way, so memory follows the slots, not the batch.
"""

from __future__ import annotations

from anyio.abc import TaskGroup

from cozebatch.engine.lifecycle.task_run import TaskRun
from cozebatch.engine.options import StartStep
from cozebatch.engine.outbox import Outbox
from cozebatch.engine.run_state import RunState
from cozebatch.model.task import State

LIVE_AT_ONCE = 1000
"""Task runs at once beyond which no new one starts. This bounds memory when synthesis cannot keep up, and costs no
time, since that many tasks wait for synthesis then."""


class Admission:
    """Owns the set of live task runs."""

    def __init__(self, state: RunState, outbox: Outbox) -> None:
        self._state = state
        self._outbox = outbox
        self._live: set[str] = set()

    def is_live(self, task_id: str) -> bool:
        """Whether the task has a task run now."""
        return task_id in self._live

    def admit(self, group: TaskGroup) -> None:
        """Start every task run that may start now: first those that need no new execution."""
        queue, slots, spending = self._state.queue, self._state.slots, self._state.spending
        queue.take_due()
        while self._has_room and (ready := queue.next_ready()) is not None:
            task_id, step = ready
            if step == "watch":
                slots.take(task_id)
            self._start(group, task_id, step)
        if self._waits_for_slot:
            slots.probe()  # only then is it tried at once, and what was learned stays true
        while (
            self._has_room and self._state.may_ask and slots.is_free and (asking := queue.next_question()) is not None
        ):
            slots.take(asking)
            self._start(group, asking, "question")
        while self._has_room and self._state.may_submit and queue.has_for_slot:
            if not spending.allows_one_more() or not slots.is_free:
                return
            waiting = queue.next_for_slot()
            if waiting is None:
                return
            spending.take_place(waiting)
            slots.take(waiting)
            self._start(group, waiting, "submit")

    @property
    def is_busy(self) -> bool:
        """Whether any task that has not ended is on its way, or will be without a person's help."""
        queue, pauses, rows = self._state.queue, self._state.pauses, self._state.ledger.rows
        if queue.has_ready or any(rows[task_id].state is not State.CANCELLED for task_id in self._live):
            return True
        return not queue.is_empty and not pauses.needs_a_person

    @property
    def next_timer(self) -> float:
        """When `admit` should be called again even if nothing happens, on the event loop's clock."""
        timers = [self._state.queue.next_due]
        if self._waits_for_slot:
            timers += self._state.slots.next_change
        return min(timers)

    @property
    def _waits_for_slot(self) -> bool:
        """Whether a free slot would be taken now."""
        state = self._state
        return (state.may_submit and state.queue.has_for_slot) or (state.may_ask and state.queue.has_questions)

    @property
    def _has_room(self) -> bool:
        return len(self._live) < LIVE_AT_ONCE

    def _start(self, group: TaskGroup, task_id: str, step: StartStep) -> None:
        self._live.add(task_id)
        self._state.activity.mark_changed()
        group.start_soon(self._run, task_id, step, name=f"task run {task_id}")

    async def _run(self, task_id: str, step: StartStep) -> None:
        try:
            await TaskRun(task_id, self._state, self._outbox, step).run()
        finally:
            self._live.discard(task_id)
            self._state.spending.give_back(task_id)
            self._state.activity.notify()
