"""The engine: lets tasks in as slots come free, obeys the operator, and ends the run.

Run it in any anyio event loop. `run` returns when every task has ended, when a pause leaves nothing to do, or after
`commands.stop`.
"""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Literal

import anyio
from anyio.abc import TaskGroup

from cozebatch.engine.admission import Admission
from cozebatch.engine.answers import GivenAnswer
from cozebatch.engine.clock import RunClock
from cozebatch.engine.commands import OperatorCommands
from cozebatch.engine.event_bus import Bus, Subscription
from cozebatch.engine.heartbeat import Heartbeat
from cozebatch.engine.ledger import Ledger, Level
from cozebatch.engine.options import Adapters, Options, StartStep
from cozebatch.engine.outbox import Outbox
from cozebatch.engine.run_state import RunState
from cozebatch.engine.start import Start
from cozebatch.engine.synthesis_capacity import follow_capacity
from cozebatch.engine.text_outbox import TextOutbox
from cozebatch.model import events
from cozebatch.model.allowance import ANY_NUMBER
from cozebatch.model.board import Board
from cozebatch.model.errors import Category, JournalError
from cozebatch.model.statistics import Statistics, compute
from cozebatch.model.task import State
from cozebatch.model.text import Text
from cozebatch.planning.planned import Planned
from cozebatch.ports import (
    NO_HANDOVER,
    Delivery,
    ElasticSynthesizer,
    Forget,
    Handover,
    Journal,
    LearnedLimit,
    PutLearned,
    Recorded,
    RunRecord,
)

KeepOpen = bool | Callable[[], bool]
"""Whether a run goes on to wait for commands when nothing is left to do."""

SEND_GRACE = 3.0
"""Seconds of a drain in which submissions on the wire may still be answered."""
ENTER_GRACE = 1.0
"""Seconds after that in which the finished rows of a large batch may still be entered."""

NO_ANSWERS: Mapping[str, GivenAnswer] = MappingProxyType({})

RunEnd = Literal["finished", "interrupted", "stopped"]
SaveResults = Callable[[RunEnd, Statistics], Awaitable[str | None]]


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a run ended. `paused` names the reasons for which it was paused then."""

    status: RunEnd
    statistics: Statistics
    results_path: str | None
    paused: tuple[str, ...]
    flawed: bool
    """Some task failed, is held, or its outcome is still owed to the table."""
    nothing_started: bool = False
    """No execution was ever started for any task of the run."""
    broken_off: bool = False
    """Some task that had been started, or tried, has not ended."""


class Engine:
    """One run. Made inside the event loop that will run it. `commands` obeys the operator."""

    def __init__(
        self,
        run: RunRecord,
        *,
        journal: Journal,
        adapters: Adapters,
        options: Options,
        clock: RunClock | None = None,
        bus: Bus | None = None,
        first_serial: int = 1,
    ) -> None:
        run = replace(run, max_coze=options.max_coze, max_synthesis=options.max_synthesis)
        self._ledger = Ledger(run, journal, clock or RunClock(run.clock), bus or Bus())
        self._state = RunState(self._ledger, adapters, options)
        self._outbox = Outbox(self._ledger, adapters.sink, self._state.retry, first_serial, self._state.activity.notify)
        notify = self._state.activity.notify
        self._texts = TextOutbox(self._ledger, adapters.sink, self._state.retry, notify)
        self._admission = Admission(self._state, self._outbox)
        self.commands = OperatorCommands(self._state, self._outbox, self._texts, self._admission)
        self._partial = False
        self._cut_short = False
        self._held_when_cut: int | None = None

    @property
    def board(self) -> Board:
        """The engine's own read model; for readers on its event loop."""
        return self._ledger.board

    def subscribe(self, wake: Callable[[], None] | None = None) -> Subscription:
        return self._ledger.bus.subscribe(wake)

    def note(self, level: Level, text: Text) -> None:
        """Put a line into the log."""
        self._ledger.note(level, text)

    def statistics(self) -> Statistics:
        return compute(
            self._ledger.board,
            elapsed=self._ledger.advance_clock(),
            max_coze=self._state.slots.user_limit,
            max_synthesis=self._state.synthesis_limiter.user_limit,
        )

    async def run(
        self,
        planned: list[Planned],
        owed: Sequence[Delivery] = (),
        *,
        save_results: SaveResults | None = None,
        keep_open: KeepOpen = False,
        partial: bool = False,
        trial: int | None = None,
        orphans: Sequence[Recorded] = (),
        handover: Handover = NO_HANDOVER,
        answers: Mapping[str, GivenAnswer] = NO_ANSWERS,
    ) -> Outcome:
        """Run what `recovery.plan` decided, and deliver what is `owed` from before.

        `planned` is emptied while it is put on disk: the texts of a large batch are not kept in memory.

        With `keep_open` the run does not return when there is nothing left to do, but waits for commands until
        `commands.stop`; meanwhile its clock stands still. A function is asked each time nothing is left to do, and
        after `commands.look_again`. `partial`: other tasks of this run were left out this time,
        so that it is to be continued. `trial`: only so many new executions are started before `commands.go_on`.
        `orphans` are executions in flight that belong to no task of this run: they take slots until they have ended.
        `handover` is put on disk together with the start. `answers`: to waiting executions, by task.
        Raises `JournalError` when not even the start could be written.
        """
        self._partial = partial
        start = Start(self._ledger, planned, {delivery.task_id for delivery in owed})
        await self._begin(start, handover)
        outcome: Outcome | None = None
        async with anyio.create_task_group() as group:
            self._start_services(group, orphans)
            steps = await start.publish()
            await self.commands.give(answers)
            self._enqueue(steps, owed, trial)
            group.start_soon(self._enter_the_finished, start)
            while True:
                self._ledger.clock.resume()
                await self._work_off(group, start)
                if self._state.draining:
                    self._cut_short = not self._is_stuck  # asked now: after the drain nobody is busy
                    self._held_when_cut = self.board.counts[State.HELD] if self._cut_short else None
                    await self._drain()
                    with anyio.move_on_after(ENTER_GRACE):  # the next start finds them where they are
                        await start.is_entered.wait()
                    break
                if not (keep_open() if callable(keep_open) else keep_open):
                    break
                if self._state.activity.is_changed:
                    outcome = await self._report(save_results)
                    self._state.activity.reported()
                self._ledger.clock.pause()
                await self._next_notification()
            group.cancel_scope.cancel()
        if outcome is None or self._state.activity.is_changed:
            outcome = await self._report(save_results)
        return outcome

    # The start

    async def _begin(self, start: Start, handover: Handover) -> None:
        """Put the run and its rows on disk, then say that it has started."""
        await start.write(handover)
        self._texts.add(await self._ledger.journal.edits())
        self._ledger.publish(
            events.RunStarted(
                run_id=self._ledger.run.run_id,
                total=start.total,
                max_coze=self._state.slots.user_limit,
                max_synthesis=self._state.synthesis_limiter.user_limit,
                **self._ledger.stamp(),
            )
        )
        self._state.slots.tell_start()
        if (allowance := self._ledger.allowance) != ANY_NUMBER:
            self._ledger.publish(events.Allowed(allowance=allowance, **self._ledger.stamp()))

    def _start_services(self, group: TaskGroup, orphans: Sequence[Recorded]) -> None:
        heartbeat = Heartbeat(self._state, self._outbox, self._admission)
        state = self._state
        for recorded in orphans:
            state.orphans.add(recorded.execution, recorded.workflow_id or None)
        services = (
            state.rate_limiter.serve,
            self._outbox.serve,
            self._outbox.bring_films,
            self._texts.serve,
            state.orphans.serve,
        )
        for service in (*services, heartbeat.beat, heartbeat.save_clock):
            group.start_soon(service)
        if isinstance(synthesizer := state.adapters.synthesizer, ElasticSynthesizer):
            group.start_soon(follow_capacity, synthesizer, state)

    def _enqueue(self, steps: Sequence[tuple[str, StartStep]], owed: Sequence[Delivery], trial: int | None) -> None:
        left = math.inf if trial is None else trial
        for task_id, step in steps:
            left -= step == "submit"
            if step == "submit" and left < 0:
                self._state.queue.reserve(task_id)
            else:
                self._state.queue.add(task_id, step)
        for delivery in owed:
            self._outbox.add(delivery)

    # The course

    async def _enter_the_finished(self, start: Start) -> None:
        await start.enter_the_finished()
        self._state.activity.notify()

    async def _work_off(self, group: TaskGroup, start: Start) -> None:
        """Admit and wait, until nothing is left to do or a drain begins."""
        while not self._state.draining:
            self._admission.admit(group)
            if not self._admission.is_busy:
                if self._state.queue.has_doubted and not self._state.pauses:
                    self._state.queue.reject_doubted()  # nothing is left to compare them with
                    continue
                if self._outbox.owed or self._texts.owed:
                    self._outbox.hurry()
                elif start.is_entered.is_set():
                    return
            timeout = self._admission.next_timer - anyio.current_time()
            with anyio.move_on_after(max(0.0, timeout) if timeout < math.inf else None):
                await self._next_notification()

    async def _next_notification(self) -> None:
        if self._state.draining:
            self._state.activity.clear()
        else:
            await self._state.activity.wait()

    # The end

    @property
    def _is_stuck(self) -> bool:
        """Whether a pause that needs a person leaves nothing to do."""
        return self._state.pauses.needs_a_person and not self._admission.is_busy

    async def _drain(self) -> None:
        """Let submissions on the wire be answered, within reason, and their answers reach the disk."""
        with anyio.move_on_after(SEND_GRACE):
            await self._until_nothing_submits()
        self._state.submissions.cut()
        with anyio.move_on_after(1.0):
            await self._until_nothing_submits()

    async def _until_nothing_submits(self) -> None:
        while self._state.submissions.any_under_way:
            await self._state.activity.wait()

    async def _keep_learned(self) -> None:
        """Put on disk what was learned of the account's limit, for the next run. Raises `JournalError`."""
        account, allowed = self._state.options.account, self._state.slots.allowed
        if not account:
            return
        if allowed is not None:
            await self._ledger.write(PutLearned(LearnedLimit(account, allowed, self._ledger.clock.wall())))
        elif self._state.options.learned_limit is not None:
            await self._ledger.write(Forget(account))

    @property
    def _run_end(self) -> RunEnd:
        """How the run ends if it ends now."""
        if self._has_work_left:
            return "interrupted" if self._cut_short else "stopped"
        if self._held_when_cut is not None and self.board.counts[State.HELD] > self._held_when_cut:
            return "interrupted"  # nothing is left, but submissions whose answer was not waited for
        return "finished"

    @property
    def _has_work_left(self) -> bool:
        return self._ledger.board.unfinished > self._state.queue.reserved or self._ledger.is_reopening

    async def _report(self, save_results: SaveResults | None) -> Outcome:
        """Say how the run ended: in the results file, in the journal, and to every reader of events."""
        board = self._ledger.board
        statistics = self.statistics()
        path = await save_results(self._run_end, statistics) if save_results is not None else None
        try:
            await self._keep_learned()
        except JournalError as error:
            self._ledger.note("error", error.text)
        status, reserved = self._run_end, self._state.queue.reserved  # the operator may have taken up a task meanwhile
        closed = status if self._has_work_left else "finished"  # the next start has nothing to go on with
        try:
            await self._ledger.close(
                "interrupted" if (self._partial or reserved) and closed == "finished" else closed,
                path,
                cut_short=closed == "interrupted",
            )
        except JournalError as error:
            self._ledger.note("error", error.text)
        flawed = any(board.counts[state] for state in (State.FAILED, State.HELD)) or any(
            row.error is not None and row.error.category is Category.WRITE_BACK for row in board.rows.values()
        )
        nothing_started = not any(row.attempts for row in board.rows.values())
        broken_off = any(not row.state.is_end and (row.attempts or row.error) for row in board.rows.values())
        self._ledger.publish(
            events.RunFinished(
                status=status, statistics=statistics.to_json(), results_path=path, **self._ledger.stamp()
            )
        )
        owes = self._outbox.still_owes or self._texts.still_owes
        return Outcome(status, statistics, path, tuple(board.paused), flawed or owes, nothing_started, broken_off)
