"""What a start decides about rows, from a journal that earlier runs left."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

import pytest

from cozebatch.batch.plan import Planner, RunPlan
from cozebatch.journal.memory import MemoryJournal
from cozebatch.model.errors import Category, ErrorInfo
from cozebatch.model.question import Question
from cozebatch.model.rows import Row
from cozebatch.model.task import Outcome, State, Task, parameters_digest
from cozebatch.model.text import Text
from cozebatch.planning.planned import DONE_AS_ANOTHER, GONE, Action, OperatorOverrides
from cozebatch.planning.selection import Selection
from cozebatch.ports import Execution, Film, PutExecution, PutOutput, PutRun, RunRecord, RunStatus, Workflow

pytestmark = pytest.mark.anyio


@dataclass
class Listed:
    """A source that lists these tasks."""

    tasks: Sequence[Task]
    key: str = "file:/tasks.csv"
    kind: Literal["feishu", "file", "demo"] = "file"
    deleted: set[str] = field(default_factory=set)
    hidden: Sequence[Task] = ()
    """By its filter."""

    async def load(self, named: Collection[str] = ()) -> Sequence[Task]:
        return [*self.tasks, *(task for task in self.hidden if task.task_id in named)]

    async def look_up(self, task_ids: Sequence[str]) -> Mapping[str, Outcome | None]:
        return {t: None for t in task_ids if t not in self.deleted}


def digest_of(task: Task) -> str:
    return parameters_digest({"content": task.content})


async def planned(
    journal: MemoryJournal,
    source: Listed,
    *,
    table: bool = False,
    fresh: bool = False,
    overrides: OperatorOverrides | None = None,
) -> RunPlan:
    overrides, selection = overrides or OperatorOverrides(fresh=fresh), Selection()
    planner = Planner(
        source,
        source.key,
        journal,
        overrides,
        selection,
        "w",
        digest_of,
        source_is_authoritative=table,
        with_table=table,
        execution_timeout=86400,
        wall=lambda: 1000.0,
    )
    return await planner.plan()


def actions(plan: RunPlan) -> dict[str, Action]:
    return {p.task_id: p.action for p in plan.planned}


async def left(journal: MemoryJournal, status: RunStatus, *entries: tuple[Task, Row]) -> RunRecord:
    """A run that left these rows."""
    run = RunRecord("run1", "file:/tasks.csv", "file", "w", 1.0, status=status)
    await journal.begin(run, entries)
    return run


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
