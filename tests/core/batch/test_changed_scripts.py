"""Scripts that are changed, and changed back: what was sent before decides what is paid for."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

import pytest

from cozebatch.journal.memory import MemoryJournal
from cozebatch.model.rows import Row
from cozebatch.model.task import State, Task
from cozebatch.planning.planned import DONE_AS_ANOTHER, Action, OperatorOverrides
from cozebatch.ports import Execution, Film, PutExecution, PutOutput, PutRun, RunStatus, Workflow
from support.planning import Listed, actions, digest_of, left, planned

pytestmark = pytest.mark.anyio


async def test_a_row_whose_script_was_changed_is_not_done_because_the_record_has_its_old_one() -> None:
    """The file was renamed after it was done, so that the run of the new name skipped the row: only the record tells
    what was sent."""
    journal, old = MemoryJournal(), Task("t1", content="old")
    run = await left(journal, "finished", (old, Row("t1", 0, state=State.SKIPPED, note=DONE_AS_ANOTHER)))
    sent = Execution(
        "t1", 1, "succeeded", 1.0, "e1", workflow=Workflow("w"), digest=digest_of(old), film=Film(2.0), key="k1"
    )
    await journal.write(PutExecution(sent), PutOutput("e1", "{}"), PutRun(run))
    assert actions(await planned(journal, Listed([old]))) == {"t1": Action.SKIP}
    assert actions(await planned(journal, Listed([Task("t1", content="new")]))) == {"t1": Action.SUBMIT}


@pytest.mark.parametrize("status", ["sent", "unanswered"])
@pytest.mark.parametrize("later", ["finished", "interrupted"])
async def test_a_script_is_not_sent_again_while_an_earlier_submission_of_it_is_unanswered(
    status: Literal["sent", "unanswered"], later: RunStatus
) -> None:
    """It was edited and paid for as edited; then the edit counts no more, since its source was changed."""
    journal, task, edited = MemoryJournal(), Task("t1", content="one"), Task("t1", content="one, edited")
    run = await left(
        journal, "finished", (task, Row("t1", 0, fingerprint=task.fingerprint(), state=State.HELD, unanswered=True))
    )
    lost = Execution("t1", 1, status, 1.0, None, workflow=Workflow("w"), digest=digest_of(task), key="k1")
    await journal.write(PutExecution(lost), PutRun(run))
    run = replace(run, run_id="run2", place=run.place + 1, status=later)
    failed = Row("t1", 0, fingerprint=edited.fingerprint(), state=State.PENDING, attempts=2, submissions=2, failures=1)
    done = replace(failed, state=State.DONE, execute_id="e2", end_clock=1.0)
    await journal.begin(run, [(edited, done if later == "finished" else failed)])
    sent = Execution("t1", 2, "failed", 2.0, "e2", workflow=Workflow("w"), digest=digest_of(edited), key="k2")
    if later == "finished":
        sent = replace(sent, status="succeeded", film=Film(3.0))
    await journal.write(PutExecution(sent), PutRun(run))

    (held,) = (await planned(journal, Listed([task]))).planned
    assert (held.action, held.row.state, held.row.unanswered) == (Action.HOLD, State.HELD, True)
    resubmit = OperatorOverrides(on_unknown_submit="resubmit")
    assert actions(await planned(journal, Listed([task]), overrides=resubmit)) == {"t1": Action.SUBMIT}
    assert actions(await planned(journal, Listed([task]), overrides=OperatorOverrides(rerun=frozenset({"t1"})))) == {
        "t1": Action.SUBMIT
    }
    assert actions(await planned(journal, Listed([Task("t1", content="two")]))) == {"t1": Action.SUBMIT}


async def test_a_script_that_failed_after_a_submission_of_it_was_unanswered_may_be_sent_again() -> None:
    """The operator has decided about the one that was unanswered."""
    journal, task = MemoryJournal(), Task("t1", content="one")
    edited = Task("t1", content="one, edited")
    row = Row("t1", 0, fingerprint=edited.fingerprint(), state=State.DONE, execute_id="e3", end_clock=1.0)
    run = await left(journal, "finished", (edited, row))
    lost = Execution("t1", 1, "unanswered", 1.0, None, workflow=Workflow("w"), digest=digest_of(task), key="k1")
    failed = replace(lost, number=2, status="failed", execute_id="e2", sent_at=2.0, key="k2")
    done = replace(
        failed,
        number=3,
        status="succeeded",
        execute_id="e3",
        sent_at=3.0,
        key="k3",
        film=Film(4.0),
        digest=digest_of(edited),
    )
    await journal.write(PutExecution(lost), PutExecution(failed), PutExecution(done), PutRun(run))
    assert actions(await planned(journal, Listed([task]))) == {"t1": Action.SUBMIT}


async def test_a_script_that_is_changed_back_gets_its_film_from_the_result_that_was_fetched_for_it() -> None:
    """It was edited before its film was made, and the film was made of the edited one."""
    journal, task, edited = MemoryJournal(), Task("t1", content="one"), Task("t1", content="one, edited")
    row = Row("t1", 0, fingerprint=edited.fingerprint(), state=State.DONE, execute_id="e2", end_clock=1.0)
    run = await left(journal, "finished", (edited, row))
    first = Execution("t1", 1, "succeeded", 1.0, "e1", workflow=Workflow("w"), digest=digest_of(task), key="k1")
    second = replace(first, number=2, sent_at=2.0, execute_id="e2", digest=digest_of(edited), film=Film(3.0), key="k2")
    await journal.write(PutExecution(first), PutOutput("e1", "{}"), PutExecution(second), PutRun(run))
    (back,) = (await planned(journal, Listed([task]))).planned
    assert (back.action, back.row.execute_id) == (Action.FINISH, "e1")
    assert isinstance(back.task, Task)
    assert back.task.content == "one"
    assert actions(await planned(journal, Listed([edited]))) == {"t1": Action.SKIP}
