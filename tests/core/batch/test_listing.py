"""Tasks that are settled at first sight stay within what is paid once and what the run keeps of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from cozebatch.batch.listing import listing
from cozebatch.journal.memory import MemoryJournal
from cozebatch.model.rows import Row
from cozebatch.model.task import State, Task, parameters_digest
from cozebatch.planning.planned import Action, OperatorOverrides
from cozebatch.planning.recognition import DigestOf
from cozebatch.ports import Execution, Handover, PutExecution, PutOutput, Rebound, RunRecord, Workflow

pytestmark = pytest.mark.anyio

SOURCE = "file:/tasks.csv"
RUN = RunRecord("run1", SOURCE, "file", "w", 1.0, status="interrupted")
TASKS = [Task(f"t{n}", content=f"script {n % 3}") for n in range(4)]
"""The first and the last have the same script."""


def digest_of(task: Task) -> str:
    return parameters_digest({"content": task.content})


async def begun() -> MemoryJournal:
    """A run that has made the first task's film and begun none of the others."""
    journal = MemoryJournal()
    rows = [Row(task.task_id, n, fingerprint=task.fingerprint()) for n, task in enumerate(TASKS)]
    rows[0] = Row("t0", 0, fingerprint=TASKS[0].fingerprint(), state=State.DONE, execute_id="e0", attempts=1)
    await journal.begin(RUN, list(zip(TASKS, rows, strict=True)))
    await journal.write(*paid("t0", "e0"))
    return journal


def paid(task_id: str, execute_id: str, source_key: str = SOURCE) -> tuple[PutExecution, PutOutput]:
    digest = digest_of(TASKS[int(task_id[1:])])
    sent = Execution(
        task_id, 1, "succeeded", 1.0, execute_id, source_key=source_key, workflow=Workflow("w"), digest=digest
    )
    return PutExecution(sent), PutOutput(execute_id, "{}")


async def looked_at(
    journal: MemoryJournal,
    *,
    continuing: str | None = "run1",
    tasks: Sequence[Task] = TASKS,
    digest_of: DigestOf = digest_of,
) -> dict[str, Action | None]:
    """What is settled as what, in order; None: to be decided about."""
    found = await listing(
        tasks,
        journal,
        SOURCE,
        OperatorOverrides(),
        continuing=continuing,
        source_is_authoritative=False,
        digest_of=digest_of,
    )
    record = await journal.record(SOURCE, found.settled)
    found.reopen(record, SOURCE, "w", digest_of)
    assert [task.task_id for task in found.open] == [t for t in found.order if t not in found.settled]
    return {t: found.settled[t].action if t in found.settled else None for t in found.order}


async def test_what_is_done_and_what_is_not_begun_is_settled() -> None:
    journal = await begun()
    settled = await looked_at(journal)
    assert settled == {"t0": Action.KEEP, "t1": Action.SUBMIT, "t2": Action.SUBMIT, "t3": Action.SUBMIT}


async def test_a_row_without_an_id_is_settled_if_what_would_be_sent_for_it_was_sent_and_succeeded() -> None:
    journal = await begun()
    nameless = [replace(task, own_id=False) for task in TASKS]
    nothing_else: dict[str, Action | None] = {"t1": None, "t2": None, "t3": None}
    assert await looked_at(journal, tasks=nameless) == {"t0": Action.KEEP, **nothing_else}
    otherwise = await looked_at(journal, tasks=nameless, digest_of=lambda task: "another mapping of " + digest_of(task))
    assert otherwise == {"t0": None, **nothing_else}
    (record,) = await journal.executions("run1", "t0")
    another = journal.copy()
    of_another_row = replace(record, key="another", number=2, execute_id="e8", digest="of another row")
    await another.write(PutExecution(of_another_row))
    assert await looked_at(another, tasks=nameless) == {"t0": None, **nothing_else}, "another row may need that one"
    await journal.write(PutExecution(replace(record, status="failed")))
    assert await looked_at(journal, tasks=nameless) == {"t0": None, **nothing_else}


async def test_a_task_that_something_paid_for_may_serve_is_decided_about() -> None:
    """Another file had the same script done meanwhile; so had a row that the file does not list any more."""
    journal = await begun()
    await journal.write(*paid("t1", "e1", "file:/copy.csv"))
    gone = Execution("t9", 1, "running", 1.0, "e9", workflow=Workflow("w"), digest=digest_of(TASKS[2]))
    await journal.write(PutExecution(gone))
    assert await looked_at(journal) == {"t0": Action.KEEP, "t1": None, "t2": None, "t3": Action.SUBMIT}


async def test_a_task_that_is_on_record_is_decided_about_although_its_row_says_nothing_of_it() -> None:
    journal = await begun()
    await journal.write(*paid("t1", "e1"))
    assert (await looked_at(journal))["t1"] is None


async def test_a_finished_task_whose_execution_serves_another_file_now_is_decided_about() -> None:
    journal = await begun()
    run_of_copy = RunRecord("run2", "file:/copy.csv", "file", "w", 2.0, place=2.0)
    taken = next(iter(await journal.executions("run1", "t0")))
    await journal.begin(run_of_copy, (), Handover([Rebound(taken.key, "t0", 1)]))
    assert (await looked_at(journal))["t0"] is None
