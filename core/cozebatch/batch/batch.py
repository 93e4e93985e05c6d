"""One batch from its source to its results.

Made by `wiring.open_batch`. A front calls `prepare` (nothing is sent), may show the preview and ask, then `preflight`
and `run`. While `run` goes on, `commands` obeys the operator.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import anyio

from cozebatch.batch.account_limits import AskRate, asked_rate, with_learned
from cozebatch.batch.answering import checked
from cozebatch.batch.awake import awake
from cozebatch.batch.inspections import MAKING, Inspection, complaints, looked_at
from cozebatch.batch.plan import Planner, RunPlan
from cozebatch.batch.preview import Preview, preview_of
from cozebatch.batch.results_file import ResultsWriter
from cozebatch.batch.telling import telling
from cozebatch.coze.codes import NO_PERMISSION
from cozebatch.engine.adoption import belongs_to, why_not_adopt
from cozebatch.engine.answers import GivenAnswer
from cozebatch.engine.clock import RunClock
from cozebatch.engine.commands import OperatorCommands
from cozebatch.engine.engine import Engine, KeepOpen, Outcome, RunEnd
from cozebatch.engine.event_bus import Bus, Subscription
from cozebatch.engine.ledger import Level as LogLevel
from cozebatch.engine.options import Adapters, Options
from cozebatch.journal.salvage.log_reader import run_line
from cozebatch.metrics.recorder import measured
from cozebatch.model.allowance import ANY_NUMBER, Allowance
from cozebatch.model.check_item import CheckItem, Level
from cozebatch.model.errors import Category, ErrorInfo, JournalError, UsageError, unwrapped_groups
from cozebatch.model.os_reason import os_reason
from cozebatch.model.statistics import Statistics
from cozebatch.model.task import Task, parameters_digest
from cozebatch.model.text import Text
from cozebatch.network.trouble import WRONG_CERTIFICATE
from cozebatch.notify.courier import Courier
from cozebatch.planning.planned import Action, OperatorOverrides
from cozebatch.planning.selection import Selection
from cozebatch.ports import Journal, Names, TaskSource

REACH_PATIENCE = 60.0
"""Seconds for which a service that cannot be reached is tried again before the batch gives up (docs/contract.md §1)."""

PRUNE_PATIENCE = 2.0
"""Seconds for dropping old state after a batch; the next run continues with the rest."""


@dataclass(kw_only=True, slots=True)
class Batch:
    """The pieces of one batch, put together. `source_is_authoritative`: see `recovery.plan`."""

    source: TaskSource
    journal: Journal
    adapters: Adapters
    options: Options
    overrides: OperatorOverrides
    selection: Selection
    workflow_id: str
    source_is_authoritative: bool
    checks: Sequence[Callable[[], Awaitable[ErrorInfo | None]]]
    """Cheap checks before the first submission: None, or what is wrong."""
    inspections: Sequence[Inspection] = ()
    """Further looks at what the plan needs."""
    parameters_of: Callable[[Task], dict[str, str]]
    """What is sent to Coze for a task."""
    ask_rate: AskRate | None = None
    """Asks for the requests a second that the account allows."""
    answers: Mapping[str, GivenAnswer] = field(default_factory=dict)
    """To executions that wait with a question, by task."""
    reuse: bool = False
    """Rows whose parameters were paid for as another row's have that result, unless the preview says otherwise."""
    max_executions: int | None = None
    """New executions to be paid for at most, and the time (Unix seconds) after which none is; see `Allowance`."""
    until: float | None = None
    prune: Callable[[], Awaitable[Sequence[Text]]] | None = None
    """Drops old state and returns what it could not drop; called when a run has finished."""
    results: ResultsWriter | None = None
    stays_awake: bool = False
    """The computer is kept from going to sleep while the batch runs."""
    metrics: Path | None = None
    """A file that is kept up to date with the run's figures, for machines."""
    courier: Courier | None = None
    """Tells people who do not look."""
    origin: Callable[[], str] = str
    """Where the tasks come from, as people call it."""
    names: Callable[[], Names] = Names
    """Of the workflow and the table, as far as they are known by now."""
    source_notes: Callable[[], Sequence[Text]] = tuple
    """What the source left out of its list and a person should know: it goes into the log of the run."""
    bus: Bus = field(default_factory=Bus)
    wall: Callable[[], float] = time.time
    _plan: RunPlan | None = field(default=None, init=False)
    _engine: Engine | None = field(default=None, init=False)
    _account_notes: list[Text] = field(default_factory=list, init=False)
    _stopping: bool = field(default=False, init=False)
    _unsaved: bool = field(default=False, init=False)
    """The results file could not be written."""

    def subscribe(self, wake: Callable[[], None] | None = None) -> Subscription:
        """A reader of all events from now on; `wake` is called when there is something new to take."""
        return self.bus.subscribe(wake)

    async def prepare(self) -> Preview:
        """Load the tasks, choose, and decide what becomes of each. Raises `UsageError`, `JournalError`."""
        planner = Planner(
            self.source,
            self.source.key,
            self.journal,
            self.overrides,
            self.selection,
            self.workflow_id,
            lambda task: parameters_digest(self.parameters_of(task)),
            self.source_is_authoritative,
            with_table=self.adapters.sink is not None,
            execution_timeout=self.options.execution_timeout,
            wall=self.wall,
            failures_are_told=self.adapters.sink is None or self.adapters.sink.writes("failed"),
        )
        plan = await planner.plan()
        plan = self._plan = replace(plan, run=replace(plan.run, allowance=self._allowance(plan)))
        preview = preview_of(
            plan.run,
            plan.planned,
            plan.owed,
            now=self.wall(),
            continuing=plan.continuing,
            partial=plan.partial,
            origin=self.origin(),
            journal_incomplete=plan.journal_incomplete,
            reusable=plan.reusable,
            excluded_in_vain=plan.excluded_in_vain,
        )
        return preview.reusing(True) if self.reuse else preview

    async def preflight(self, patience: float = REACH_PATIENCE) -> Sequence[CheckItem]:
        """The cheap checks before a batch, and what they found. Raises `UsageError` for what is refused, and for what
        cannot be reached within `patience` seconds."""
        for check in self.checks:
            started, tries = anyio.current_time(), 0
            while (error := await check()) is not None:
                may_go_on = error.category is Category.INVALID_REQUEST or error.code == str(NO_PERMISSION)
                if may_go_on and not self._will_pay():
                    break  # what was paid for is still finished, although nothing new can be started
                may_pass = error.category is Category.NETWORK and error.code != WRONG_CERTIFICATE
                if not may_pass or anyio.current_time() - started >= patience:
                    raise UsageError(_with_hint(error))
                tries += 1
                left = patience - (anyio.current_time() - started)
                await anyio.sleep(max(0.0, min(5.0, 0.5 * 2.0**tries, left)))
        await self.check_named()
        with unwrapped_groups():
            async with anyio.create_task_group() as group:
                group.start_soon(self._ask_rate)
                found = await self._inspect(patience)
        return found

    async def check_named(self) -> None:
        """Ask Coze about the executions and answers that the operator named; free. Raises `UsageError`."""
        await self._check_adoptions()
        await self._check_answers()

    async def _ask_rate(self) -> None:
        if self.ask_rate is not None and self._will_pay():
            rate, line = await asked_rate(self.ask_rate)
            self._account_notes[:] = [line]
            if rate is not None:
                self.options = replace(self.options, request_rate=rate)

    async def _inspect(self, patience: float) -> list[CheckItem]:
        """Look at everything that the plan needs; what was found, none of it a failure. Raises `UsageError`."""
        planned = self._plan.planned if self._plan is not None else []
        actions = {p.action for p in planned}
        wanted = [inspection for inspection in self.inspections if actions & inspection.before]
        tasks = [p.task for p in planned if p.action in MAKING and isinstance(p.task, Task)]
        give_up, pause = anyio.current_time() + patience, 0.5
        while True:
            found = await looked_at(wanted, tasks)
            failed = [item for item in found if item.level is Level.FAIL]
            if not failed:
                return found
            lasting = [item for item in failed if not item.may_pass]
            if lasting or anyio.current_time() + pause > give_up:
                raise UsageError(*complaints(lasting or failed))
            await anyio.sleep(pause)
            pause = min(2 * pause, 5.0)

    def _will_pay(self) -> bool:
        return self._plan is None or any(p.action is Action.SUBMIT for p in self._plan.planned)

    async def _check_adoptions(self) -> None:
        """What the operator names must be known to Coze, and belong to no other task. Raises `UsageError`."""
        if not self.overrides.adopt:
            return
        assert self._plan is not None, "prepare first"
        complaints, named = [], dict[str, str]()
        asked = (p.task for p in self._plan.planned if p.task_id in self.overrides.adopt)
        tasks = {task.task_id: task for task in asked if isinstance(task, Task)}
        for task_id, execute_id in self.overrides.adopt.items():
            if execute_id in named:
                complaints.append(belongs_to(named[execute_id], execute_id))
                continue
            named[execute_id] = task_id
            task = tasks[task_id]
            why = await why_not_adopt(self.adapters.service, self.journal, self.source.key, task, execute_id)
            if why is not None:
                complaints.append(why)
        if complaints:
            raise UsageError(*complaints)

    async def _check_answers(self) -> None:
        """Each named task must wait for an answer, and its question be able to have this one. Raises `UsageError`."""
        if self.answers:
            assert self._plan is not None, "prepare first"
            planned = await checked(self._plan.planned, self.answers, self.adapters.service)
            self._plan = replace(self._plan, planned=planned)

    async def run(self, preview: Preview, *, keep_open: KeepOpen = False) -> Outcome:
        """Run what the latest `prepare` previewed, to the end; see `Engine.run` for `keep_open`.

        Raises `JournalError`, and `RuntimeError` for a preview that is not of the latest `prepare` or was run already.
        """
        if self._plan is None or self._plan.run is not preview.run:
            raise RuntimeError("prepare first: this preview was run already, or is not the latest one")
        names = self.names().or_else(preview.run.names)
        preview = replace(preview, run=replace(preview.run, names=names, status="open", finished_at=None))
        engine = await self._make_engine(preview)
        engine.note("info", Text.same(run_line(preview.run)))
        if preview.recognized is not None:
            engine.note("info", preview.recognized)
        if preview.edited is not None:
            engine.note("info", preview.edited)
        for note in (*self.source_notes(), *self._account_notes):
            engine.note("info", note)
        counting = measured(self.metrics, engine, self.bus, started_at=preview.run.started_at, wall=self.wall)
        waking = awake(engine.note) if self.stays_awake else nullcontext()
        async with waking, telling(self.courier, engine, self.bus), counting:
            outcome = await self._start(engine, preview, keep_open)
        if preview.journal_incomplete and not preview.partial and self.selection == Selection():
            try:
                await self.journal.confirm_complete(self.source.key, self.wall())
            except JournalError as error:  # the doubt stays, which costs nothing; the run has ended all the same
                engine.note("error", error.text)
        if self.prune is not None and outcome.status == "finished":
            with anyio.move_on_after(PRUNE_PATIENCE):
                for trouble in await self.prune():
                    engine.note("warning", trouble)
        return replace(outcome, flawed=outcome.flawed or self._unsaved or await self._owes(engine))

    @property
    def engine(self) -> Engine:
        """What runs. Raises `RuntimeError` before `run`."""
        if self._engine is None:
            raise RuntimeError("the batch does not run yet")
        return self._engine

    @property
    def is_begun(self) -> bool:
        """Whether `run` has begun to run an engine."""
        return self._engine is not None

    @property
    def commands(self) -> OperatorCommands:
        """What the operator may ask of the run. Raises `RuntimeError` before `run`."""
        return self.engine.commands

    def stop(self) -> None:
        """Drain: `run` returns within seconds, also when it is only called afterwards."""
        self._stopping = True
        if self.courier is not None:
            self.courier.give_up()
        if self._engine is not None:
            self._engine.commands.stop()

    def note(self, level: LogLevel, text: Text) -> None:
        """Put a line into the log of the run; before `run` there is none."""
        if self._engine is not None:
            self._engine.note(level, text)

    def _allowance(self, plan: RunPlan) -> Allowance:
        """What was asked for, counting on where the run before was cut short."""
        kept = plan.run.allowance if plan.continuing else ANY_NUMBER
        return kept.carried_over(self.max_executions, self.until, self.wall())

    async def _make_engine(self, preview: Preview) -> Engine:
        options, learned = await with_learned(self.options, self.journal, self.wall())
        if learned is not None:
            self._account_notes.append(learned)
        self._engine = Engine(
            preview.run,
            journal=self.journal,
            adapters=self.adapters,
            options=options,
            clock=RunClock(preview.run.clock, self.wall),
            bus=self.bus,
            first_serial=await self.journal.last_serial() + 1,
        )
        if self._stopping:
            self._engine.commands.stop()
        return self._engine

    def _start(self, engine: Engine, preview: Preview, keep_open: KeepOpen) -> Coroutine[Any, Any, Outcome]:
        """The engine's run of the plan. Only the coroutine holds the plan from now on, and drops it once it is on disk:
        the texts of a large batch are not kept in memory."""
        assert self._plan is not None
        plan = self._plan.reusing(self.wall()) if preview.reuse else self._plan
        plan, self._plan = plan.without(preview.left_out), None
        return engine.run(
            plan.planned,
            plan.owed,
            save_results=self._saver(engine, preview) if self.results is not None else None,
            keep_open=keep_open,
            partial=preview.partial,
            trial=preview.trial,
            orphans=plan.orphans,
            handover=plan.handover,
            answers=self.answers,
        )

    async def _owes(self, engine: Engine) -> bool:
        """Whether the table was not told of everything yet, of earlier runs too."""
        if self.adapters.sink is None:
            return False
        try:
            return bool(await self.journal.owed(self.source.key))
        except JournalError as error:
            engine.note("error", error.text)
            return True

    def _saver(self, engine: Engine, preview: Preview) -> Callable[[RunEnd, Statistics], Awaitable[str | None]]:
        async def save(status: RunEnd, statistics: Statistics) -> str | None:
            assert self.results is not None
            try:
                path = await self.results.write(preview.run, engine.board, status, statistics, self.wall())
            except OSError as error:
                self._unsaved = True
                told = Text("结果文件无法写入：{why}", "The results file was not written: {why}")
                engine.note("error", told.filled(why=os_reason(error)))
                return None
            self._unsaved = False
            return str(path)

        return save


def _with_hint(error: ErrorInfo) -> Text:
    logid = f" (logid {error.logid})" if error.logid else ""
    error = error.with_message(Text(error.message.zh + logid, error.message.en + logid))
    return Text(error.full_message("zh"), error.full_message("en"))
