"""One batch from its source to its results: load, choose, see what earlier runs left, check, run.

Made by `wiring.open_batch`. A front calls `prepare` (nothing is sent), may show the preview and ask, then `preflight`
and `run`.
"""

from __future__ import annotations

import secrets
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import anyio

from cozebatch.batch.results_file import ResultsWriter
from cozebatch.engine.clock import RunClock
from cozebatch.engine.engine import Engine, Outcome, RunEnd
from cozebatch.engine.event_bus import Bus
from cozebatch.engine.run_state import Adapters, Options
from cozebatch.journal.salvage.log_reader import run_line
from cozebatch.model.errors import Category, ErrorInfo, JournalError, UsageError
from cozebatch.model.rows import Row
from cozebatch.model.statistics import Statistics
from cozebatch.model.task import State, Task
from cozebatch.model.text import Text
from cozebatch.model.timestamps import compact
from cozebatch.planning.leftovers import Leftover, leftovers
from cozebatch.planning.recovery import Action, OperatorOverrides, Planned, is_unverified, plan
from cozebatch.planning.selection import Selection, require_known
from cozebatch.ports import Delivery, Journal, Past, RunRecord, TaskSource

REACH_PATIENCE = 60.0
"""Seconds for which a service that cannot be reached is tried again before the batch gives up (docs/contract.md §1)."""

TIDY_PATIENCE = 2.0
"""Seconds for dropping what is out of date; the next run goes on with the rest."""


@dataclass(frozen=True, slots=True)
class Preview:
    """What a run would do, before anything is sent or paid."""

    run: RunRecord
    continuing: bool
    planned: list[Planned]
    owed: Sequence[Delivery]
    orphans: Sequence[Row] = ()
    partial: bool = False
    origin: str = ""
    """Where the tasks come from and what was asked for there, as a person would say it."""
    journal_incomplete: bool = False
    """The journal was damaged: what it does not know may have been paid for."""
    at: float = 0.0
    """When it was made, Unix seconds."""

    @property
    def leftovers(self) -> list[Leftover]:
        """What earlier runs left, with what happens to it by itself (`reconcile.DEFAULTS`)."""
        return leftovers(self.planned, self.owed, self.at)

    @property
    def actions(self) -> Mapping[Action, int]:
        return Counter(p.action for p in self.planned)

    @property
    def new_executions(self) -> int:
        """How many executions would be paid for, retries aside."""
        return self.actions.get(Action.SUBMIT, 0)

    @property
    def has_work(self) -> bool:
        return bool(self.owed) or any(
            p.action in (Action.SUBMIT, Action.WATCH, Action.FINISH, Action.DELIVER) for p in self.planned
        )

    def canary(self, count: int) -> Preview:
        """The same, with at most `count` new executions; the run is to be continued."""
        kept, left = [], count
        for p in self.planned:
            if p.action is Action.SUBMIT:
                left -= 1
                if left < 0:
                    continue
            kept.append(p)
        return replace(self, planned=kept, partial=self.partial or len(kept) < len(self.planned))


@dataclass(frozen=True, slots=True)
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
    mask: Callable[[str], str]
    parameters_of: Callable[[Task], dict[str, str]]
    """What is sent to Coze for a task."""
    tidy: Callable[[], Awaitable[Sequence[Text]]] | None = None
    """Drops what is out of date and says what it could not; called when a run has finished."""
    results: ResultsWriter | None = None
    origin: str = ""
    bus: Bus = field(default_factory=Bus)
    wall: Callable[[], float] = time.time

    async def prepare(self) -> Preview:
        """Load the tasks, choose, and decide what becomes of each. Raises `UsageError`, `JournalError`."""
        listed = list(await self.source.load())
        last = None if self.overrides.fresh else await self.journal.last_run(self.source.key)
        if last is not None and last.status == "finished":
            last = None
        rows = {} if last is None else {row.task_id: row for row in await self.journal.rows(last.run_id)}
        candidates, gone = await self._candidates(listed, last, rows)
        chosen = self.selection.choose(list(candidates))
        for option, wanted in (("--rerun", self.overrides.rerun), ("--adopt", self.overrides.adopt)):
            require_known(option, wanted, chosen)
        past = {} if self.overrides.fresh else await self._past(last, rows, chosen)
        incomplete = await self.journal.is_incomplete(self.source.key)
        planned = plan(
            [candidates[task_id] for task_id in chosen],
            past,
            self.overrides,
            continuing=last.run_id if last else None,
            source_is_authoritative=self.source_is_authoritative,
            gone=gone,
            incomplete=incomplete,
        )
        left_out, orphans = await self._left_out(rows, set(chosen))
        owed = await self.journal.owed(self.source.key) if self.adapters.sink is not None else ()
        run = last if last is not None else self._new_run(await self.journal.runs())
        return Preview(run, last is not None, planned, owed, orphans, left_out, self.origin, incomplete, self.wall())

    async def preflight(self, patience: float = REACH_PATIENCE) -> None:
        """The cheap checks before a batch. Raises `UsageError` for what is refused, and for what cannot be reached
        within `patience` seconds."""
        for check in self.checks:
            started, tries = anyio.current_time(), 0
            while (error := await check()) is not None:
                if error.category is not Category.NETWORK or anyio.current_time() - started >= patience:
                    raise UsageError(_with_hint(error))
                tries += 1
                left = patience - (anyio.current_time() - started)
                await anyio.sleep(max(0.0, min(5.0, 0.5 * 2.0**tries, left)))

    async def engine(self, preview: Preview) -> Engine:
        """The engine for what `preview` shows."""
        return Engine(
            preview.run,
            journal=self.journal,
            adapters=self.adapters,
            options=self.options,
            clock=RunClock(preview.run.clock, self.wall),
            bus=self.bus,
            first_serial=await self.journal.last_serial() + 1,
        )

    async def run(self, engine: Engine, preview: Preview, *, keep_open: bool = False) -> Outcome:
        """Run to the end. Raises `JournalError`."""
        if self.overrides.fresh:
            await self._abandon()

        async def save(status: RunEnd, statistics: Statistics) -> str | None:
            assert self.results is not None
            try:
                path = await self.results.write(preview.run, engine.board, status, statistics, self.wall())
            except OSError as error:
                engine.note(
                    "error",
                    Text(f"结果文件无法写入：{error.strerror}", f"The results file was not written: {error.strerror}"),
                )
                return None
            return str(path)

        engine.note("info", Text.same(run_line(preview.run)))
        seen_whole = preview.journal_incomplete and not preview.partial and self.selection == Selection()
        outcome = await engine.run(
            preview.planned,
            preview.owed,
            save_results=save if self.results is not None else None,
            keep_open=keep_open,
            partial=preview.partial,
            orphans=preview.orphans,
        )
        if seen_whole:
            try:
                await self.journal.confirm_complete(self.source.key, self.wall())
            except JournalError as error:  # the doubt stays, which costs nothing; the run has ended all the same
                engine.note("error", error.text)
        if self.tidy is not None and outcome.status == "finished":
            with anyio.move_on_after(TIDY_PATIENCE):
                for trouble in await self.tidy():
                    engine.note("warning", trouble)
        return outcome

    async def _candidates(
        self, listed: Sequence[Task], last: RunRecord | None, rows: Mapping[str, Row]
    ) -> tuple[dict[str, Task], set[str]]:
        """All tasks this run could have, in order, and those among them that the source no longer lists.

        A task whose execution was begun keeps the input it was begun with; one that waits takes the source's.
        """
        by_id = {task.task_id: task for task in listed}
        gone = rows.keys() - by_id.keys()
        begun = [task_id for task_id, row in rows.items() if task_id in gone or not _takes_what_the_source_says(row)]
        stored = {} if last is None else await self.journal.tasks(last.run_id, begun)
        candidates: dict[str, Task] = {}
        for task_id in rows:
            known, listed_now = stored.get(task_id), by_id.get(task_id)
            if known is None or (listed_now is not None and not known.content):  # a journal that was rebuilt
                known = listed_now
            assert known is not None
            candidates[task_id] = known
        for task in listed:
            candidates.setdefault(task.task_id, task)
        asked = [t for t in {*self.overrides.rerun, *self.overrides.adopt} if t not in candidates]
        for task_id, earlier in (await self.journal.past(self.source.key, asked)).items():
            candidates[task_id] = await self.journal.task(earlier.run_id, task_id)
        return candidates, gone

    async def _past(self, last: RunRecord | None, rows: Mapping[str, Row], chosen: Sequence[str]) -> Mapping[str, Past]:
        """How the chosen tasks were left: by the run that goes on, if it did not skip them, else by earlier ones."""
        owed = {delivery.task_id for delivery in await self.journal.owed(self.source.key)}
        found: dict[str, Past] = {}
        for task_id in chosen:
            row = rows.get(task_id)
            if row is not None and row.state is not State.SKIPPED:
                assert last is not None
                found[task_id] = Past(last.run_id, row, task_id in owed)
        rest = [task_id for task_id in chosen if task_id not in found]
        return found | await self.journal.past(self.source.key, rest)

    async def _left_out(self, rows: Mapping[str, Row], chosen: set[str]) -> tuple[bool, list[Row]]:
        """Whether the run has unfinished tasks that were not chosen, and executions in flight that are not ours."""
        if self.overrides.fresh:
            forgotten = await self.journal.last_run(self.source.key)
            earlier = await self.journal.rows(forgotten.run_id) if forgotten is not None else ()
            return False, [row for row in earlier if row.state is State.RUNNING]
        unfinished = [row for task_id, row in rows.items() if task_id not in chosen and not row.state.is_end]
        return bool(unfinished), [row for row in unfinished if row.state is State.RUNNING]

    async def _abandon(self) -> None:
        """`--fresh`: earlier runs of this source are forgotten."""
        while (last := await self.journal.last_run(self.source.key)) is not None:
            await self.journal.begin(replace(last, status="abandoned"), ())

    def _new_run(self, earlier: Sequence[RunRecord]) -> RunRecord:
        """A run behind all `earlier` ones, whatever the clock said then."""
        now = self.wall()
        latest = max((run.place for run in earlier if run.source_key == self.source.key), default=now)
        return RunRecord(
            run_id=f"{compact(now)}-{secrets.token_hex(3)}",
            source_key=self.source.key,
            source_kind=self.source.kind,
            workflow_id=self.workflow_id,
            started_at=now,
            place=max(now, latest + 0.002),
        )


def _takes_what_the_source_says(row: Row) -> bool:
    """Whether nothing was begun for it yet, or not all is known of what it was begun with."""
    return row.state in (State.PENDING, State.SKIPPED) or is_unverified(row)


def _with_hint(error: ErrorInfo) -> Text:
    logid = f" (logid {error.logid})" if error.logid else ""
    error = error.with_message(Text(error.message.zh + logid, error.message.en + logid))
    return Text(error.full_message("zh"), error.full_message("en"))
