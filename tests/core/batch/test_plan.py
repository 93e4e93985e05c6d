"""Rows that moved, were renamed with their file, or are gone: what a start decides from what earlier runs left."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cozebatch.journal.memory import MemoryJournal
from cozebatch.model.errors import Category, ErrorInfo
from cozebatch.model.rows import Row
from cozebatch.model.task import State, Task
from cozebatch.model.text import Text
from cozebatch.planning.planned import GONE, Action, OperatorOverrides
from cozebatch.ports import Execution, Film, PutExecution, PutOutput, PutRun, RunRecord, Workflow
from support.planning import Listed, actions, digest_of, left, planned

pytestmark = pytest.mark.anyio


async def test_a_row_that_is_gone_and_was_skipped_stays_so_at_every_start() -> None:
    """Its script may have been paid for at another place: `row-5` says nothing about it."""
    journal = MemoryJournal()
    first, gone = Task("row-1", content="one", own_id=False), Task("row-2", content="two", own_id=False)
    await left(
        journal,
        "interrupted",
        (first, Row("row-1", 0, fingerprint=first.fingerprint())),
        (gone, Row("row-2", 1, fingerprint=gone.fingerprint(), state=State.SKIPPED, note=GONE)),
    )
    assert actions(await planned(journal, Listed([first]))) == {"row-1": Action.SUBMIT, "row-2": Action.KEEP}


async def test_a_lost_execution_is_looked_for_though_the_clock_was_put_back_before_it_was_started() -> None:
    """The row was done earlier, with another script."""
    journal, old, new = MemoryJournal(), Task("t1", content="old"), Task("t1", content="new")
    lost = ErrorInfo(Category.EXECUTION_LOST, Text.same("Coze does not know it"))
    run = await left(journal, "finished", (old, done := Row("t1", 0, fingerprint=old.fingerprint(), state=State.DONE)))
    sent = Execution("t1", 1, "succeeded", 9e5, "e1", workflow=Workflow("w"), digest=digest_of(old), film=Film(9e5))
    await journal.write(PutExecution(replace(sent, key="k1")), PutRun(run))
    failed = replace(done, fingerprint=new.fingerprint(), state=State.FAILED, execute_id="e2", error=lost)
    run = replace(run, run_id="run2", place=run.place + 0.002)
    await journal.begin(run, [(new, failed)])
    sent = Execution("t1", 1, "lost", 7e5, "e2", workflow=Workflow("w"), digest=digest_of(new))
    await journal.write(PutExecution(replace(sent, key="k2")), PutRun(run))
    assert actions(await planned(journal, Listed([new]))) == {"t1": Action.WATCH}


async def test_a_renamed_file_does_not_forget_what_failed_under_its_old_name() -> None:
    """The process was killed before it could try again."""
    journal, task = MemoryJournal(), Task("t1", content="one")
    row = Row("t1", 0, fingerprint=task.fingerprint(), attempts=1, failures=1, execute_id="e1", execution_failed=True)
    run = replace(await left(journal, "open", (task, row)), run_id="run1")
    failed = Execution("t1", 1, "failed", 1.0, "e1", workflow=Workflow("w"), digest=digest_of(task), key="k1")
    await journal.write(PutExecution(failed), PutRun(run))
    plan = (await planned(journal, Listed([task], key="file:/renamed.csv"))).planned[0]
    assert (plan.action, plan.row.attempts, plan.row.failures) == (Action.SUBMIT, 1, 1)


async def test_what_was_made_under_another_name_of_the_file_is_known_at_every_start_after_it_was_renamed_back() -> None:
    """The row failed before anything was executed, was made under the other name, and was skipped for that."""
    journal, task = MemoryJournal(), Task("t1", content="one")
    print_ = task.fingerprint()
    await left(journal, "finished", (task, Row("t1", 0, fingerprint=print_, state=State.FAILED, submissions=3)))
    back = RunRecord("run3", "file:/tasks.csv", "file", "w", 3.0, status="interrupted", place=3.0)
    await journal.begin(back, [(task, Row("t1", 0, fingerprint=print_, state=State.SKIPPED, execute_id="e1"))])
    made = Execution(
        "t1", 1, "succeeded", 2.0, "e1", workflow=Workflow("w"), digest=digest_of(task), key="k1", film=Film(2.5)
    )
    await journal.write(PutExecution(made), PutOutput("e1", "{}"), PutRun(back))
    assert actions(await planned(journal, Listed([task]))) == {"t1": Action.KEEP}
    asked_for_anew = replace(back, run_id="run4", place=4.0, status="finished")
    failed = Row("t1", 0, fingerprint=print_, state=State.FAILED, submissions=1)
    await journal.begin(asked_for_anew, [(task, failed)])
    await journal.write(PutRun(asked_for_anew))
    assert actions(await planned(journal, Listed([task]))) == {"t1": Action.SUBMIT}, "a rerun that never got through"


async def test_a_row_that_was_cancelled_stays_so_whatever_failed_under_another_name_of_its_file() -> None:
    journal, task = MemoryJournal(), Task("t1", content="one")
    await left(journal, "interrupted", (task, Row("t1", 0, fingerprint=task.fingerprint(), state=State.CANCELLED)))
    other = RunRecord("run2", "file:/other.csv", "file", "w", 2.0, status="finished")
    await journal.begin(other, [(task, Row("t1", 0, state=State.FAILED, execute_id="e1", execution_failed=True))])
    failed = Execution("t1", 1, "failed", 2.0, "e1", workflow=Workflow("w"), digest=digest_of(task), key="k1")
    await journal.write(PutExecution(failed), PutRun(other))
    assert actions(await planned(journal, Listed([task]))) == {"t1": Action.KEEP}


async def test_a_film_is_made_of_what_was_sent_though_another_row_stands_where_it_stood() -> None:
    """A start with `--limit` left the row out after the file was sorted, and ran the row that stands there now."""
    journal = MemoryJournal()
    moved, other = Task("row-2", content="one", own_id=False), Task("row-1", content="two", own_id=False)
    mark = other.fingerprint()
    await left(journal, "interrupted", (other, Row("row-1", 0, fingerprint=mark, state=State.DONE, execute_id="e2")))
    for number, (execute_id, content) in enumerate({"e1": "one", "e2": "two"}.items(), start=1):
        digest = digest_of(Task("", content=content))
        sent = Execution("row-1", number, "running", number, execute_id, workflow=Workflow("w"), digest=digest)
        await journal.write(PutExecution(sent))
    plan = await planned(journal, Listed([other, moved]))
    assert actions(plan) == {"row-1": Action.KEEP, "row-2": Action.WATCH}
    scripts = {p.task_id: p.task.content for p in plan.planned if isinstance(p.task, Task)}
    assert scripts == {"row-1": "two", "row-2": "one"}


async def test_an_execution_that_serves_another_row_now_makes_no_second_film_of_the_row_it_stood_for() -> None:
    """The row moved in a start with `--limit`, so that the run still says where it stood before."""
    journal, moved = MemoryJournal(), Task("row-1", content="one", own_id=False)
    mark = moved.fingerprint()
    stood = Row("row-3", 0, fingerprint=mark, state=State.DONE, execute_id="e1")
    await left(journal, "interrupted", (replace(moved, task_id="row-3"), stood))
    sent = Execution(
        "row-1", 1, "succeeded", 1.0, "e1", workflow=Workflow("w"), digest=digest_of(moved), film=Film(2.0)
    )
    await journal.write(PutExecution(sent), PutOutput("e1", "{}"))
    plan = await planned(journal, Listed([moved, replace(moved, task_id="row-6")]))
    assert actions(plan)["row-6"] is Action.SUBMIT


async def test_what_is_unanswered_stays_held_though_another_row_failed_where_it_stood() -> None:
    """A start with `--limit` left the row out after the file was sorted, and ran the row that stands there now."""
    journal = MemoryJournal()
    moved, other = Task("row-4", content="one", own_id=False), Task("row-1", content="two", own_id=False)
    await left(journal, "interrupted", (other, Row("row-1", 0, fingerprint=other.fingerprint(), state=State.FAILED)))
    sent = Execution("row-1", 1, "unanswered", 1.0, workflow=Workflow("w"), digest=digest_of(moved))
    await journal.write(PutExecution(sent))
    for key in ("file:/tasks.csv", "file:/renamed.csv"):
        plan = await planned(journal, Listed([moved], key=key, deleted={"row-1"}))
        row = next(p.row for p in plan.planned if p.task_id == "row-4")
        assert (row.state, row.unanswered) == (State.HELD, True)


@pytest.mark.parametrize("own_id", [True, False])
async def test_what_failed_here_and_was_finished_under_another_name_of_the_file_is_not_paid_again(own_id: bool) -> None:
    """The file was renamed, run, and renamed back; the run that skipped the row took its executions over."""
    journal, task = MemoryJournal(), Task("row-1", content="one", own_id=own_id)
    row = Row("row-1", 0, fingerprint=task.fingerprint(), attempts=1, execute_id="e1", execution_failed=True)
    await left(journal, "finished", (task, replace(row, state=State.FAILED)))
    failed = Execution("row-1", 1, "failed", 1.0, "e1", workflow=Workflow("w"), digest=digest_of(task))
    made = Execution("row-1", 2, "succeeded", 2.0, "e2", workflow=Workflow("w"), digest=digest_of(task), film=Film(3.0))
    await journal.write(PutExecution(failed), PutExecution(made), PutOutput("e2", "{}"))
    assert actions(await planned(journal, Listed([task]))) == {"row-1": Action.SKIP}


async def test_what_is_sent_next_for_a_row_without_an_id_counts_as_later_than_all_that_was_sent_there() -> None:
    """Another script stood there meanwhile, whose row counted its own submissions only. If what comes next counted as
    earlier than the unanswered one, it would be sent once more when it is done."""
    journal, task = MemoryJournal(), Task("row-1", content="one", own_id=False)
    other = Task("row-1", content="two", own_id=False)
    row = Row("row-1", 0, fingerprint=other.fingerprint(), state=State.FAILED, attempts=1, submissions=2)
    run = await left(journal, "interrupted", (other, row))
    refused = Execution("row-1", 3, "refused", 1.0, workflow=Workflow("w"), digest=digest_of(task), key="k1")
    lost = replace(refused, number=4, status="sent", sent_at=2.0, key="k2")
    await journal.write(PutExecution(refused), PutExecution(lost), PutRun(run))
    resubmit = OperatorOverrides(on_unknown_submit="resubmit")
    (again,) = (await planned(journal, Listed([task]), overrides=resubmit)).planned
    assert (again.action, again.row.submissions) == (Action.SUBMIT, 4)


async def test_a_row_that_is_gone_goes_on_with_no_execution_that_serves_another_row_now() -> None:
    """The file was renamed, a copy of the row took the execution there, and the file got its old name back."""
    journal, task = MemoryJournal(), Task("row-1", content="one", own_id=False)
    gone = Row("row-2", 1, fingerprint=task.fingerprint(), state=State.RUNNING, attempts=1, execute_id="e1")
    await left(journal, "interrupted", (replace(task, task_id="row-2"), gone))
    other = RunRecord("run2", "file:/other.csv", "file", "w", 2.0, status="interrupted")
    await journal.begin(other, [(task, replace(gone, task_id="row-1", position=0))])
    sent = Execution("row-1", 1, "running", 1.0, "e1", workflow=Workflow("w"), digest=digest_of(task), key="k1")
    await journal.write(PutExecution(sent), PutRun(other))
    assert actions(await planned(journal, Listed([task]))) == {"row-1": Action.WATCH}
    assert actions(await planned(journal, Listed([]))) == {}
