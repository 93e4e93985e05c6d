"""What must be true of a simulated run that has finished, judged from outside the engine."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

from cozebatch.engine.engine import Outcome
from cozebatch.model.rows import Row
from cozebatch.model.task import State
from cozebatch.ports import Delivery
from support.models import CrashingJournal, Violation

if TYPE_CHECKING:
    from support.simulation import Simulation

MAX_RETRIES = 2


async def check(simulation: Simulation, journal: CrashingJournal, outcome: Outcome | None) -> None:
    """What must be true of a run that has finished (`outcome` is None when it died while saying so)."""
    rows = {row.task_id: row for row in await journal.rows("run1")}
    started = Counter(e.task_id for e in simulation.coze.executions.values())
    failed = Counter(e.task_id for e in simulation.coze.executions.values() if e.reported_failed)
    for task_id, row in rows.items():
        if not row.state.is_end:
            raise Violation(f"{task_id} is {row.state} in a finished run")
        if row.state is State.SKIPPED:
            raise Violation(f"{task_id} was given up: {row.note}")
        allowed = 1 + failed[task_id] + simulation.reruns[task_id]
        if started[task_id] > allowed:
            raise Violation(f"{task_id}: {started[task_id]} executions, {allowed} allowed")
        if started[task_id] > (1 + MAX_RETRIES) * (1 + simulation.reruns[task_id]):
            raise Violation(f"{task_id}: retried more than max_retries")
        if row.state is State.DONE:
            if row.execute_id is None or await journal.output(row.execute_id) is None:
                raise Violation(f"{task_id} is done without its result")
            if simulation.coze.executions[row.execute_id].task_id != task_id:
                raise Violation(f"{task_id} shows the result of another task")
            if simulation.with_films and not simulation.pool.films[task_id]:
                raise Violation(f"{task_id} is done without a film")
        if row.attempts < started[task_id] - simulation.crashes - simulation.coze.unanswered:
            raise Violation(f"{task_id}: {row.attempts} attempts told, {started[task_id]} started")
    if simulation.with_table:
        _check_table(simulation, rows, await journal.owed("sim"))
    if outcome is not None:
        _check_figures(simulation, rows, outcome)


def _check_figures(simulation: Simulation, rows: dict[str, Row], outcome: Outcome) -> None:
    counts = Counter(row.state.value for row in rows.values())
    s = outcome.statistics
    told = {"done": s.done, "failed": s.failed, "held": s.held, "cancelled": s.cancelled, "skipped": s.skipped}
    if told != {name: counts[name] for name in told} or s.pending:
        raise Violation(f"figures {told} disagree with rows {counts}")
    figures = [value for value in s.to_json().values() if isinstance(value, int | float)]
    if min(figures) < 0 or max(s.coze_utilization, s.synthesis_utilization) > 1.0:
        raise Violation(f"impossible figures: {s.to_json()}")
    # A crash may come between the intent on disk and the request, for each that was about to be sent.
    if not simulation.coze.requests <= s.submissions <= simulation.coze.requests + simulation.crashes * len(rows):
        raise Violation(f"{s.submissions} submissions told, {simulation.coze.requests} seen by Coze")


def _check_table(simulation: Simulation, rows: dict[str, Row], owed: Sequence[Delivery]) -> None:
    if owed:
        raise Violation(f"still owed: {owed}")
    for row in rows.values():
        written = simulation.table.written.get(row.record_id or "", [])
        unclaimed = row.state is State.FAILED and row.claimed and not row.submissions  # told here, not to the table
        told = row.state in (State.DONE, State.FAILED) and not unclaimed
        if told and (not written or written[-1] != row.state.value):
            raise Violation(f"{row.task_id} is {row.state}, the table was told {written}")
        if not simulation.operated and len(written) > 1 + simulation.crashes:
            raise Violation(f"{row.task_id}: the table was told {written}")
        if not simulation.operated and len(set(written)) > 1:
            raise Violation(f"{row.task_id}: two outcomes in the table: {written}")
