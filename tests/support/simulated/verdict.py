"""What must be true of a machine's state once its last start has come to its end and nothing is left to do."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence

import anyio

from cozebatch.engine.engine import Outcome
from cozebatch.model.errors import Category
from cozebatch.model.rows import Row
from cozebatch.model.task import State
from cozebatch.planning.planned import DONE_AS_ANOTHER, DONE_AS_EDITED, DONE_EARLIER, GONE, NO_CONTENT
from cozebatch.ports import RunRecord
from support.simulated.coze import NO_SUCH_FILE
from support.simulated.judge import Judge, Sent, sent_for
from support.simulated.machine import Machine
from support.simulated.rows import FileModel, TaskFile
from support.simulated.table import DONE, FAILED, READY, RUNNING, Table

FREE_HALF = frozenset(
    {
        Category.DOWNLOAD,
        Category.MEDIA,
        Category.DISK_FULL,
        Category.SYNTHESIS,
        Category.SYNTHESIS_TIMEOUT,
        Category.WORKER_CRASHED,
    }
)
"""A result is there; its film could not be made."""

POLLED_IN_VAIN = frozenset({Category.EXECUTION_LOST, Category.INVALID_REQUEST})
"""The table was told so, and is to say so until a person sets the row back."""

CALLED_DONE = (DONE_EARLIER, DONE_AS_ANOTHER, DONE_AS_EDITED)

SINCE = frozenset({State.SKIPPED, State.WRITING_BACK, State.HELD, State.CANCELLED})
"""What a row may be after the table was told an outcome: of these nothing is written."""


async def verdict(machine: Machine, outcome: Outcome | None) -> None:
    """`outcome` is None when the last start died while it said so."""
    judge, journal = machine.judge, machine.disk.journal
    runs = await journal.runs()
    rows = {run.run_id: await journal.rows(run.run_id) for run in runs}
    last = await machine.last_run()
    started = Counter(r.task_id for r in await journal.record() if r.execute_id is not None)
    for run in [last] if last is not None else []:
        for row in rows[run.run_id]:
            if not row.state.is_end:
                judge.blame(f"{machine.name}: {row.task_id} is {row.state} in a finished run")
            if row.waits and _goes_on(machine, row):
                judge.blame(f"{machine.name}: {row.task_id} waits for an answer, {row.execute_id} does not")
            if row.state is State.FAILED and row.error is not None and NO_SUCH_FILE in row.error.message.en:
                judge.blame(f"{machine.name}: {row.task_id} failed for a file that can be uploaded again")
            if row.state is State.SKIPPED and not _rightly_skipped(machine, row, started[row.task_id]):
                judge.blame(f"{machine.name}: {row.task_id} was given up: {row.note}")
        await _no_execution_twice(machine, run, rows[run.run_id])
        await _what_is_paid_is_used(machine, runs, rows, run)
        if outcome is not None:
            _figures(machine, rows[run.run_id], outcome)
    if isinstance(machine.source, Table):
        await _table(machine, machine.source, runs, rows)
    elif last is not None:
        await _all_listed_are_in(machine, machine.source, rows[last.run_id])
    _requests(judge, runs, machine)


def _goes_on(machine: Machine, row: Row) -> bool:
    """Coze knows its execution, and that was answered long ago."""
    paid, now = machine.judge.paid(row.execute_id), anyio.current_time()
    return paid is not None and paid.is_known_at(now) and not paid.waits_at(now)


def _rightly_skipped(machine: Machine, row: Row, started: int) -> bool:
    """There is nothing to do for it: it was finished earlier or failed for good, or the table does not want it now.
    `started`: how many executions the machine knows of it."""
    judge = machine.judge
    execute_id = judge.original(row.execute_id or "")
    if isinstance(machine.source, TaskFile):
        return execute_id in judge.rejected or row.note in (*CALLED_DONE, NO_CONTENT, GONE)
    if row.record_id not in machine.source.cells:  # deleted, after it was skipped for whatever reason
        return True
    if execute_id in judge.rejected and started >= machine.source.times_wanted[row.record_id or ""]:
        return True  # cancelled, so that the table was not told of its failure, and not made ready again since
    cells = machine.source.cells[row.record_id]
    return cells["status"] != READY and not (cells["status"] == RUNNING and f"#{machine.name}." in cells["result"])


async def _no_execution_twice(machine: Machine, run: RunRecord, rows: Sequence[Row]) -> None:
    """Each row that is done has an execution of its own, of what the row says."""
    done = Counter(
        machine.judge.original(row.execute_id or "") for row in rows if row.state is State.DONE and not row.reused
    )
    paid_as = Counter(
        machine.judge.original(r.execute_id or "")
        for r in await machine.disk.journal.record()
        if r.execute_id is not None and r.status != "reused"
    )
    for execute_id, count in paid_as.items():
        if count > 1:
            machine.judge.blame(f"{machine.name}: {execute_id} is on record as paid {count} times")
    for execute_id, count in done.items():
        if count > 1:
            machine.judge.blame(f"{machine.name}: {execute_id} serves {count} rows of {run.run_id}")
    for row in rows:
        paid = machine.judge.paid(row.execute_id)
        if row.state is not State.DONE or paid is None:
            continue
        task = await machine.disk.journal.task(run.run_id, row.task_id)
        if sent_for(task) != paid.sent:
            machine.judge.blame(f"{machine.name}: {row.task_id} {sent_for(task)} shows the result of {paid.sent}")


async def _what_is_paid_is_used(
    machine: Machine, runs: Sequence[RunRecord], rows: dict[str, Sequence[Row]], current: RunRecord
) -> None:
    """No row stays without a film while an execution of it, known by id, has succeeded and serves nobody; and of the
    rows that are called done, each has an execution."""
    judge = machine.judge
    served = {
        judge.original(row.execute_id or "") for run in runs for row in rows[run.run_id] if row.state is State.DONE
    }
    good: dict[Sent, set[str]] = defaultdict(set)
    for execute_id in machine.disk.ids & judge.executions.keys():
        paid = judge.executions[execute_id]
        if not paid.fails:
            good[paid.sent].add(execute_id)
    called_done: Counter[Sent] = Counter()
    for row in rows[current.run_id]:
        sent = sent_for(await machine.disk.journal.task(current.run_id, row.task_id))
        called_done[sent] += not row.reused and (row.state is State.DONE or row.note in CALLED_DONE)
        says_so = row.state is not State.SKIPPED or row.note in CALLED_DONE  # else its cell alone says that it is done
        if row.reused and says_so and judge.original(row.execute_id or "") not in good[sent]:
            judge.blame(f"{machine.name}: {row.task_id} reuses {row.execute_id}, which is none of {sorted(good[sent])}")
        category = row.error.category if row.error is not None else None
        given_up = isinstance(machine.source, Table) and category in POLLED_IN_VAIN
        if row.state is not State.FAILED or category in FREE_HALF or given_up or judge.wanted[sent] > 1:
            continue
        unused = [e for e in sorted(good[sent] - served) if judge.executions[e].forgotten_at >= 1e9]
        if unused:
            judge.blame(f"{machine.name}: {row.task_id} failed ({category}), {unused} was paid for it and succeeded")
    for sent, count in called_done.items():
        if count > len(good[sent]):
            judge.blame(f"{machine.name}: {count} rows of {sent} are called done, with {sorted(good[sent])}")


def _figures(machine: Machine, rows: Sequence[Row], outcome: Outcome) -> None:
    counts = Counter(row.state.value for row in rows)
    s = outcome.statistics
    told = {"done": s.done, "failed": s.failed, "held": s.held, "cancelled": s.cancelled, "skipped": s.skipped}
    if told != {name: counts[name] for name in told} or s.pending:
        machine.judge.blame(f"{machine.name}: figures {told} disagree with rows {dict(counts)}")
    figures = [value for value in s.to_json().values() if isinstance(value, int | float)]
    if min(figures) < 0 or max(s.coze_utilization, s.synthesis_utilization) > 1.0:
        machine.judge.blame(f"{machine.name}: impossible figures: {s.to_json()}")


def _requests(judge: Judge, runs: Sequence[RunRecord], machine: Machine) -> None:
    """A crash may come between the intent on disk and the request, for each that was about to be sent."""
    told, seen = sum(run.counters.submissions for run in runs), judge.requests_of[machine.name]
    if not seen <= told <= seen + machine.crashes * 20:
        judge.blame(f"{machine.name}: {told} submissions told, {seen} seen by Coze")


async def _table(machine: Machine, table: Table, runs: Sequence[RunRecord], rows: dict[str, Sequence[Row]]) -> None:
    """Nothing is owed, and the last word of this machine about each record is what its rows say."""
    for run in runs:
        if owed := await machine.disk.journal.owed(run.source_key):
            machine.judge.blame(f"{machine.name}: still owed: {owed}")
    for record_id in table.cells:
        mine = [status for who, status in table.written.get(record_id, []) if who == machine.name]
        mine = [status for status in mine if status in (DONE, FAILED)]
        mine_rows = [row for run in runs for row in rows[run.run_id] if row.record_id == record_id]
        kept = [row for run in runs if run.status != "abandoned" for row in rows[run.run_id]]
        mine_kept = [row for row in kept if row.record_id == record_id]
        states = [row.state for row in mine_rows]
        if len(mine_kept) < len(mine_rows):
            states.append(State.SKIPPED)  # `--fresh` gave up whatever became of it
        for status, state in ((DONE, State.DONE), (FAILED, State.FAILED)):
            if mine and mine[-1] == status and not {state, *SINCE} & set(states):
                machine.judge.blame(f"{machine.name}: the table says {record_id} is {status}, it is {states}")
        if record_id not in table.in_doubt and any(row.given_up for row in mine_kept[:1]):
            machine.judge.blame(f"{machine.name}: {record_id} was given up, its claim was never settled")
        ends = [row.state for row in mine_rows if not row.given_up]  # given up: not told, and taken up again
        newest = next((s for s in ends if s is not State.SKIPPED), None)
        if newest in (State.DONE, State.FAILED) and mine[-1:] != [newest.value]:
            machine.judge.blame(f"{machine.name}: {record_id} is {newest}, the table was told {mine}")


async def _all_listed_are_in(machine: Machine, file: TaskFile, rows: Sequence[Row]) -> None:
    """Every row of the file is in the last run, which left none out."""
    known = {row.task_id for row in rows}
    missing = [task.task_id for task in await FileModel(file).load() if task.task_id not in known]
    if missing:
        machine.judge.blame(f"{machine.name}: the last run does not know {missing}")
