"""Records of a table: our marks, copies, and what the table was told."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

import pytest

from cozebatch.journal.memory import MemoryJournal
from cozebatch.model.question import Question
from cozebatch.model.rows import Row
from cozebatch.model.task import State, Task
from cozebatch.planning.planned import Action
from cozebatch.ports import Execution, Film, PutExecution, PutOutput, PutRun, Workflow
from support.planning import Listed, actions, digest_of, left, planned

pytestmark = pytest.mark.anyio


async def test_a_claim_goes_on_under_its_name_after_fresh_and_after_its_run_was_abandoned() -> None:
    """A mark of ours counts only for the claim that wrote it, and no run but the abandoned one tells which that is."""
    journal = MemoryJournal()
    task = Task("rec1", content="one", record_id="rec1", shown="running")
    row = Row("rec1", 0, fingerprint=task.fingerprint(), claimed=True, claim="aa")
    run = await left(journal, "interrupted", (task, row))
    source = Listed([task], kind="feishu")
    fresh = (await planned(journal, source, table=True, fresh=True)).planned[0]
    assert (fresh.action, fresh.row.claim, fresh.row.claimed) == (Action.SUBMIT, "aa", True)
    hidden = (await planned(journal, Listed([], kind="feishu", hidden=[task]), table=True, fresh=True)).planned[0]
    assert (hidden.action, hidden.row.claim) == (Action.SUBMIT, "aa")
    await journal.begin(replace(run, status="abandoned"), [])
    listed = (await planned(journal, source, table=True)).planned[0]
    assert (listed.action, listed.row.claim, listed.row.claimed) == (Action.SUBMIT, "aa", True)


async def test_fresh_runs_a_record_that_is_hidden_because_its_earlier_run_marked_it_as_running() -> None:
    journal, task = MemoryJournal(), Task("rec1", content="one", record_id="rec1")
    await left(journal, "interrupted", (task, Row("rec1", 0, state=State.RUNNING, execute_id="e1", claimed=True)))
    changed = replace(task, content="two")
    plan = await planned(journal, Listed([], kind="feishu", hidden=[changed]), table=True, fresh=True)
    assert [(p.action, p.task) for p in plan.planned] == [(Action.SUBMIT, changed)]
    assert actions(await planned(journal, Listed([], kind="feishu"), table=True, fresh=True)) == {}, "it is deleted"


@pytest.mark.parametrize(("output", "action"), [("{}", Action.FINISH), (None, Action.SKIP)])
async def test_a_copied_record_gets_a_film_of_its_own_from_what_was_paid_for_the_one_that_was_deleted(
    output: str | None, action: Action
) -> None:
    """The run that goes on was done with the first one; the table was never told anything about its copy."""
    journal = MemoryJournal()
    first = Task("rec3", content="one", record_id="rec3")
    copy = replace(first, task_id="rec9", record_id="rec9")
    row = Row("rec3", 0, fingerprint=first.fingerprint(), record_id="rec3", state=State.DONE, execute_id="e1")
    await left(journal, "interrupted", (first, replace(row, has_output=output is not None)))
    sent = Execution("rec3", 1, "succeeded", 1.0, "e1", workflow=Workflow("w"), digest=digest_of(first), film=Film(2.0))
    await journal.write(PutExecution(sent), *([PutOutput("e1", output)] if output else []))
    source = Listed([copy], kind="feishu", deleted={"rec3"})
    assert actions(await planned(journal, source, table=True)) == {"rec9": action}


@pytest.mark.parametrize("ended", ["failed", "lost"])
async def test_a_row_waits_no_more_once_its_execution_has_ended_though_the_run_that_saw_it_left_the_row(
    ended: Literal["failed", "lost"],
) -> None:
    """The question was answered, the execution failed, and another machine took the record before the next try."""
    journal = MemoryJournal()
    task = Task("rec1", content="one", record_id="rec1")
    row = Row("rec1", 0, fingerprint=task.fingerprint(), record_id="rec1", execute_id="e1", claimed=True, claim="aa")
    run = await left(journal, "finished", (task, replace(row, state=State.HELD, question=Question())))
    sent = Execution("rec1", 1, ended, 1.0, "e1", workflow=Workflow("w"), digest=digest_of(task), key="k1")
    await journal.write(PutExecution(sent), PutRun(run))
    await journal.begin(
        replace(run, run_id="run2", place=run.place + 1), [(task, replace(row, state=State.SKIPPED, claimed=False))]
    )
    plan = await planned(journal, Listed([task], kind="feishu"), table=True)
    assert [p.row.waits for p in plan.planned] == [False]


async def test_a_run_that_goes_on_keeps_no_end_of_a_record_that_it_left_to_another_machine() -> None:
    """Its execution had failed here; the table was told nothing, since another machine had claimed the record."""
    journal = MemoryJournal()
    task = Task("rec1", content="one", record_id="rec1")
    row = Row("rec1", 0, fingerprint=task.fingerprint(), record_id="rec1", execute_id="e1", state=State.SKIPPED)
    run = await left(journal, "interrupted", (task, row))
    sent = Execution("rec1", 1, "failed", 1.0, "e1", workflow=Workflow("w"), digest=digest_of(task), key="k1")
    await journal.write(PutExecution(sent), PutRun(run))
    source = Listed([task], kind="feishu")
    assert actions(await planned(journal, source, table=True)) == {"rec1": Action.SUBMIT}
    shown = Listed([replace(task, shown="failed")], kind="feishu")
    assert actions(await planned(journal, shown, table=True)) == {"rec1": Action.SKIP}


async def test_a_finished_record_that_the_filter_hides_stays_in_the_run_though_another_reuses_its_result() -> None:
    journal = MemoryJournal()
    first = Task("rec1", content="one", record_id="rec1")
    copy = replace(first, task_id="rec2", record_id="rec2")
    row = Row("rec1", 0, fingerprint=first.fingerprint(), record_id="rec1", state=State.DONE, execute_id="e1")
    reusing = replace(row, task_id="rec2", record_id="rec2", position=1, state=State.DOWNLOADING, reused=True)
    await left(journal, "interrupted", (first, row), (copy, reusing))
    paid = Execution("rec1", 1, "succeeded", 1.0, "e1", workflow=Workflow("w"), digest=digest_of(first), film=Film(2.0))
    again = replace(paid, task_id="rec2", status="reused", film=None, key="k2")
    await journal.write(PutExecution(replace(paid, key="k1")), PutExecution(again), PutOutput("e1", "{}"))
    plan = await planned(journal, Listed([copy], kind="feishu"), table=True)
    assert actions(plan) == {"rec1": Action.KEEP, "rec2": Action.FINISH}
    plan = await planned(journal, Listed([first], kind="feishu"), table=True)
    assert actions(plan) == {"rec1": Action.KEEP, "rec2": Action.FINISH}


@pytest.mark.parametrize("state", [State.FAILED, State.DONE])
async def test_a_record_that_bears_our_mark_gets_the_result_of_one_that_is_gone(state: State) -> None:
    """It was claimed to be paid for, and not sent; then the record was deleted whose result has the same parameters."""
    journal = MemoryJournal()
    first = Task("rec1", content="one", record_id="rec1")
    row = Row("rec1", 0, fingerprint=first.fingerprint(), record_id="rec1", state=state, execute_id="e1")
    await left(journal, "finished", (first, replace(row, has_output=True)))
    paid = Execution("rec1", 1, "succeeded", 1.0, "e1", workflow=Workflow("w"), digest=digest_of(first), key="k1")
    await journal.write(PutExecution(paid), PutOutput("e1", "{}"))
    copy = replace(first, task_id="rec2", record_id="rec2", shown="running")
    source = Listed([copy], kind="feishu", deleted={"rec1"})
    assert actions(await planned(journal, source, table=True)) == {"rec2": Action.FINISH}
