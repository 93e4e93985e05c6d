"""The engine: lets tasks in as slots come free, obeys the operator, and ends the run.

Run it in any anyio event loop; `run` returns when every task has ended, when a brake leaves nothing to do, or after
`stop`. The commands may be called at any time in between, from the same event loop.
"""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import anyio
from anyio.abc import TaskGroup

from cozebatch.engine.clock import Jump, RunClock
from cozebatch.engine.commands import Commands
from cozebatch.engine.event_bus import Bus, Subscription
from cozebatch.engine.ledger import Ledger, Level
from cozebatch.engine.lifecycle.orphans import seat_stranger, watch_stranger
from cozebatch.engine.lifecycle.task_run import Shepherd
from cozebatch.engine.outbox import Outbox
from cozebatch.engine.run_state import Adapters, Options, RunState, StartStep, journal_brake
from cozebatch.model import events
from cozebatch.model.board import Board
from cozebatch.model.errors import Category, JournalError
from cozebatch.model.rows import Row
from cozebatch.model.statistics import Statistics, compute
from cozebatch.model.task import State
from cozebatch.model.text import Text
from cozebatch.planning.recovery import Action, Planned
from cozebatch.ports import Delivery, Journal, RunRecord

LIVE_AT_ONCE = 1000
"""Shepherds alive at once beyond which no new one starts: a synthesis that cannot keep up bounds memory, and costs
no time, since it has that long a line before it."""

_ENTRIES: Mapping[Action, StartStep] = {Action.SUBMIT: "submit", Action.WATCH: "watch", Action.FINISH: "finish"}
_SETTLED = {Action.HOLD: State.HELD, Action.SKIP: State.SKIPPED, Action.DELIVER: State.WRITING_BACK}

TICKS_A_SAVE = 5

SEND_GRACE = 3.0
"""Seconds of a drain in which submissions on the wire may still be answered."""

RunEnd = Literal["finished", "interrupted", "stopped"]
SaveResults = Callable[[RunEnd, Statistics], Awaitable[str | None]]


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a run ended. `paused` names the brakes that were on."""

    status: RunEnd
    statistics: Statistics
    results_path: str | None
    paused: tuple[str, ...]
    flawed: bool
    """Some task failed, is held, or its outcome is still owed to the table."""


def _waiting(row: Row) -> Row:
    """The row before its task begins; itself where it stands so already, since a batch may have 100,000."""
    if row.state is State.PENDING and row.error is None and row.note is None:
        return row
    return replace(row, state=State.PENDING, error=None, note=None)


class Engine(Commands):
    """One run. Made inside the event loop that will run it."""

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
        self._control = RunState(self._ledger, adapters, options)
        self._outbox = Outbox(self._ledger, adapters.sink, self._control.retry, first_serial)
        self._outbox.on_change = self._control.stir
        self._group: TaskGroup | None = None
        self._live: set[str] = set()
        self._changed_since_report = True
        self._partial = False
        self._cut_short = False

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
        limits = {"max_coze": self._control.limit.user_limit, "max_synthesis": self._control.synthesis_limiter.limit}
        board = self._ledger.board
        board.clock = max(board.clock, self._ledger.clock.now())
        return compute(board, elapsed=board.clock, **limits)

    async def run(
        self,
        planned: list[Planned],
        owed: Sequence[Delivery] = (),
        *,
        save_results: SaveResults | None = None,
        keep_open: bool = False,
        partial: bool = False,
        orphans: Sequence[Row] = (),
    ) -> Outcome:
        """Run what `recovery.plan` decided, and deliver what is `owed` from before.

        The list is emptied once it is on disk: the texts of a large batch are not kept in memory.

        With `keep_open` the run does not return when there is nothing left to do, but waits for commands until
        `stop`. `partial`: other tasks of this run were left out this time, so that it is to be continued.
        `orphans` are executions in flight that do not belong to the run: they take slots until they have ended.
        Raises `JournalError` when not even the start could be written.
        """
        self._partial = partial
        await self._begin(planned)
        outcome: Outcome | None = None
        async with anyio.create_task_group() as group:
            self._group = group
            group.start_soon(self._control.rate_limiter.serve)
            group.start_soon(self._outbox.serve)
            group.start_soon(self._tick)
            group.start_soon(self._keep_clock)
            for row in orphans:
                seat_stranger(row, self._control)
                group.start_soon(watch_stranger, row, self._control)
            await self._settle_ended(planned)
            self._admit_planned(planned, owed)
            planned.clear()
            while True:
                await self._work_off()
                if self._control.draining:
                    self._cut_short = not self._braked  # asked now: a drain leaves nobody busy
                    await self._wind_down()
                    break
                if not keep_open:
                    break
                if self._changed_since_report:
                    outcome = await self._report(save_results)
                    self._changed_since_report = False
                await self._next_wake()
            group.cancel_scope.cancel()
        if outcome is None or self._changed_since_report:
            outcome = await self._report(save_results)
        return outcome

    # The run's own course

    async def _begin(self, planned: Sequence[Planned]) -> None:
        ledger, control = self._ledger, self._control
        await ledger.begin((p.task, p.row) for p in planned)
        ledger.publish(
            events.RunStarted(
                run_id=ledger.run.run_id,
                total=len(planned),
                max_coze=control.limit.user_limit,
                max_synthesis=control.synthesis_limiter.limit,
                **ledger.stamp(),
            )
        )
        ledger.load(p.row if p.action is Action.KEEP else _waiting(p.row) for p in planned)

    async def _settle_ended(self, planned: Sequence[Planned]) -> None:
        """Move those whose place is decided before they begin; many at a time, so that they share commits."""

        async def end(p: Planned) -> None:
            await self._ledger.move(p.task.task_id, _SETTLED[p.action], error=p.error, note=p.note)

        ending = [p for p in planned if p.action in _SETTLED]
        for start in range(0, len(ending), 500):
            async with anyio.create_task_group() as group:
                for p in ending[start : start + 500]:
                    group.start_soon(end, p)

    def _admit_planned(self, planned: Sequence[Planned], owed: Sequence[Delivery]) -> None:
        for p in planned:
            if p.action in _ENTRIES:
                self._control.enqueue(p.task.task_id, _ENTRIES[p.action])
        for delivery in owed:
            self._outbox.add(delivery)

    async def _work_off(self) -> None:
        """Admit and wait, until nothing is left to do or a drain begins."""
        control = self._control
        while not control.draining:
            self._admit()
            if not self._busy:
                if not self._outbox.owed:
                    return
                self._outbox.hurry()
            timeout = self._next_timer() - anyio.current_time()
            with anyio.move_on_after(max(0.0, timeout) if timeout < math.inf else None):
                await self._next_wake()

    async def _next_wake(self) -> None:
        control = self._control
        if not control.draining:
            await control.wake.wait()
        control.wake = anyio.Event()

    def _admit(self) -> None:
        control = self._control
        control.take_due()
        while control.ready and len(self._live) < LIVE_AT_ONCE:
            task_id, entry = control.ready.popleft()
            if entry == "watch":
                control.slots.add(task_id)
            self._start(task_id, entry)
        now = anyio.current_time()
        if control.limit.probe(now):
            control.tell_coze_limit("probe")
        if now < control.limit.open_at:
            return
        while (
            control.line
            and control.may_submit
            and len(control.slots) < control.limit.limit
            and len(self._live) < LIVE_AT_ONCE
        ):
            task_id, entry = control.line.popleft()
            control.slots.add(task_id)
            self._start(task_id, entry)

    def _start(self, task_id: str, entry: StartStep) -> None:
        assert self._group is not None
        self._live.add(task_id)
        self._changed_since_report = True
        self._group.start_soon(self._shepherd, task_id, entry, name=f"shepherd {task_id}")

    async def _shepherd(self, task_id: str, entry: StartStep) -> None:
        try:
            await Shepherd(task_id, self._control, self._outbox).walk(entry)
        finally:
            self._live.discard(task_id)
            self._control.stir()

    @property
    def _busy(self) -> bool:
        """Whether any task that has not ended is under way, or will be without a person's help."""
        control, rows = self._control, self._ledger.rows
        if control.ready or any(rows[task_id].state is not State.CANCELLED for task_id in self._live):
            return True
        if not control.waiting:
            return False
        return not control.paused or set(control.paused) == {"operator"}

    def _next_timer(self) -> float:
        control = self._control
        timers = [control.next_due]
        if control.line and anyio.current_time() < control.limit.open_at:
            timers.append(control.limit.open_at)
        if control.line and control.limit.next_probe is not None:
            timers.append(control.limit.next_probe)
        return min(timers)

    async def _wind_down(self) -> None:
        """Let submissions on the wire be answered, within reason, and their answers reach the disk."""
        control = self._control
        with anyio.move_on_after(SEND_GRACE):
            await self._until_nothing_submits()
        for scope in list(control.sending):
            scope.cancel()
        with anyio.move_on_after(1.0):
            await self._until_nothing_submits()

    async def _until_nothing_submits(self) -> None:
        while self._control.submitting:
            await self._control.wake.wait()
            self._control.wake = anyio.Event()

    async def _tick(self) -> None:
        """Once every gauge interval: what the limiters read. Waits for nothing else, or a slow disk would look like a
        machine that slept."""
        control, ledger = self._control, self._ledger
        last, requests = anyio.current_time(), 0
        ledger.clock.start_beating(control.options.gauge_interval)
        while True:
            await anyio.sleep(control.options.gauge_interval)
            if (jump := ledger.clock.beat()) is not None:
                self._after_jump(jump)
            now = anyio.current_time()
            rate = (control.requests - requests) / max(1e-9, now - last)
            last, requests = now, control.requests
            ledger.publish(
                events.Gauges(
                    coze_in_flight=len(control.slots),
                    coze_limit=control.limit.limit,
                    coze_user_limit=control.limit.user_limit,
                    synthesis_busy=control.synthesis_limiter.busy,
                    synthesis_limit=control.synthesis_limiter.limit,
                    requests_per_second=rate,
                    request_budget=control.rate_limiter.rate,
                    owed=self._outbox.owed,
                    counters=ledger.board.counters.copy(),
                    **ledger.stamp(),
                )
            )

    def _after_jump(self, jump: Jump) -> None:
        """The machine slept, or its clock was set: what went on at Coze meanwhile is looked at now."""
        self._control.jumps += 1
        self._control.poll_now()
        took = f"{abs(jump.seconds):.0f} s"
        if jump.seconds > 0:
            text = Text(
                f"电脑睡眠了，或时钟被拨快（{took}）：立即查看所有运行中的执行。",
                f"The machine slept or its clock was put forward ({took}): all executions in flight are looked at now.",
            )
        else:
            text = Text(
                f"时钟被拨慢（{took}）；计时不受影响。", f"The clock was put back ({took}); no duration depends on it."
            )
        self._ledger.note("warning", text)

    async def _keep_clock(self) -> None:
        """Now and then the run's clock goes to disk; that it can be written lifts a pause for the journal."""
        while True:
            await anyio.sleep(TICKS_A_SAVE * self._control.options.gauge_interval)
            if not self._busy:
                continue
            try:
                await self._ledger.write()
            except JournalError as error:
                self._control.brake("journal", journal_brake(error))

    async def _report(self, save_results: SaveResults | None) -> Outcome:
        """Say how it ended: into the results file, the journal, and to everybody."""
        board = self._ledger.board
        unfinished = board.unfinished
        status: RunEnd = "finished"
        if unfinished:
            status = "interrupted" if self._cut_short else "stopped"
        statistics = self.statistics()
        path = await save_results(status, statistics) if save_results is not None else None
        try:
            await self._ledger.close("interrupted" if self._partial and status == "finished" else status, path)
        except JournalError as error:
            self._ledger.note("error", error.text)
        flawed = any(board.counts[state] for state in (State.FAILED, State.HELD)) or any(
            row.error is not None and row.error.category is Category.WRITE_BACK for row in board.rows.values()
        )
        self._ledger.publish(
            events.RunFinished(
                status=status, statistics=statistics.to_json(), results_path=path, **self._ledger.stamp()
            )
        )
        return Outcome(status, statistics, path, tuple(board.paused), flawed or self._outbox.owed > 0)

    @property
    def _braked(self) -> bool:
        return bool(set(self._control.paused) - {"operator"}) and not self._busy
