"""What an earlier run left: decided without paying twice, then proven by crashing at every moment of a run."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cozebatch.engine.options import Options
from cozebatch.model.errors import Category
from cozebatch.model.rows import Row
from cozebatch.model.task import Outcome, State, Task
from cozebatch.planning.decisions import resume_step
from cozebatch.planning.planned import Action, OperatorOverrides
from cozebatch.planning.recovery import plan
from cozebatch.ports import Past
from support.fakes import FakeCoze, FakeSynthesizer, FakeTable, World, error, tasks

TASK = tasks(1)[0]
FINGERPRINT = TASK.fingerprint()


def decide(
    state: State,
    *,
    same_run: bool = True,
    source_is_authoritative: bool = False,
    same_input: bool = True,
    owed: bool = False,
    overrides: OperatorOverrides | None = None,
    gone: bool = False,
    shown: Outcome | None = None,
    failures_are_told: bool = True,
    **facts: Any,
) -> Action:
    row = replace(Row("t1", 0, fingerprint=FINGERPRINT if same_input else "other"), state=state, **facts)
    planned = plan(
        [replace(TASK, shown=shown)],
        {"t1": Past("run1", row, owed)},
        overrides or OperatorOverrides(),
        continuing="run1" if same_run else None,
        source_is_authoritative=source_is_authoritative,
        gone={"t1"} if gone else (),
        failures_are_told=failures_are_told,
    )
    return planned[0].action


@pytest.mark.parametrize("same_run", [True, False])
@pytest.mark.parametrize(
    ("state", "facts", "kept"),
    [
        (State.FAILED, {"has_output": True, "execute_id": "e1"}, True),
        (State.SYNTHESIZING, {"has_output": True, "execute_id": "e1"}, True),
        (State.RUNNING, {"execute_id": "e1"}, True),
        (State.DONE, {"has_output": True, "execute_id": "e1"}, False),
        (State.PENDING, {}, False),
    ],
)
def test_a_film_that_was_begun_keeps_its_default_name(
    state: State, facts: dict[str, Any], kept: bool, same_run: bool
) -> None:
    """What was made of it already is found by that name."""
    if same_run and state in (State.FAILED, State.DONE):
        return  # has ended in this run
    now = TASK.with_project_name("标题1_20260102_000000", default=True)
    row = Row("t1", 0, fingerprint=FINGERPRINT, state=state, project_name="标题1_20260101_000000", **facts)
    [planned] = plan(
        [now], {"t1": Past("run1", row, False)}, OperatorOverrides(), continuing="run1" if same_run else None,
        source_is_authoritative=state is State.DONE,
    )  # fmt: skip
    assert isinstance(planned.task, Task)
    name = "标题1_20260101_000000" if kept else "标题1_20260102_000000"
    assert planned.task.project_name == name
    if kept:
        assert planned.row.project_name == name
    given = replace(TASK, project_name="自己起的名字")
    [planned] = plan(
        [given], {"t1": Past("run1", row, False)}, OperatorOverrides(), continuing="run1" if same_run else None,
        source_is_authoritative=state is State.DONE,
    )  # fmt: skip
    assert isinstance(planned.task, Task)
    assert planned.task.project_name == "自己起的名字"


@pytest.mark.parametrize("same_run", [True, False])
@pytest.mark.parametrize(
    ("state", "action"),
    [
        (State.SUBMITTING, Action.HOLD),
        (State.RUNNING, Action.WATCH),
        (State.DOWNLOADING, Action.FINISH),
        (State.QUEUED, Action.FINISH),
        (State.SYNTHESIZING, Action.FINISH),
    ],
)
def test_what_was_under_way_goes_on_without_paying(state: State, action: Action, same_run: bool) -> None:
    assert decide(state, same_run=same_run, execute_id="e1", attempts=1) is action


def test_a_held_task_stays_held_at_later_starts() -> None:
    assert decide(State.HELD) is Action.KEEP
    assert decide(State.HELD, same_run=False) is Action.HOLD


def test_only_the_operator_leads_out_of_held() -> None:
    adopt = OperatorOverrides(adopt={"t1": "e9"})
    rerun = OperatorOverrides(rerun=frozenset({"t1"}))
    for same_run in (True, False):
        assert decide(State.HELD, same_run=same_run, overrides=adopt) is Action.WATCH
        assert decide(State.HELD, same_run=same_run, overrides=rerun) is Action.SUBMIT


def test_resubmit_sends_again_what_a_crash_left_unanswered() -> None:
    assert decide(State.SUBMITTING, overrides=OperatorOverrides(on_unknown_submit="resubmit")) is Action.SUBMIT


@pytest.mark.parametrize("same_run", [True, False])
@pytest.mark.parametrize(("state", "unanswered"), [(State.SUBMITTING, False), (State.HELD, True)])
@pytest.mark.parametrize("started", [0, 1, 2])
def test_what_is_sent_again_counts_every_execution_as_a_failure(
    state: State, unanswered: bool, started: int, same_run: bool
) -> None:
    """So that there are at most 1 + max_retries in all, whatever becomes of the next ones."""
    row = Row("t1", 0, fingerprint=FINGERPRINT, state=state, unanswered=unanswered)
    [planned] = plan(
        [TASK],
        {"t1": Past("run1", row, owed=False, started=started)},
        OperatorOverrides(on_unknown_submit="resubmit", max_retries=2),
        continuing="run1" if same_run else None,
        source_is_authoritative=False,
    )
    assert planned.action is Action.SUBMIT
    assert planned.row.failures == max(1, started)


def test_a_rerun_that_waits_for_its_retry_goes_on_though_the_filter_hides_its_row() -> None:
    """A table shows the outcome that the row had before; a person asked for another one all the same."""
    waiting = {"state": State.PENDING, "same_run": True, "gone": True, "attempts": 1, "failures": 1}
    assert decide(**waiting, asked=True) is Action.SUBMIT  # type: ignore[arg-type]
    assert decide(**waiting) is Action.SKIP  # type: ignore[arg-type]


def test_a_file_skips_what_was_done_with_the_same_input_and_runs_what_changed() -> None:
    assert decide(State.DONE, same_run=False) is Action.SKIP
    assert decide(State.DONE, same_run=False, same_input=False) is Action.SUBMIT


def test_a_table_that_lists_a_done_task_again_wants_it_again_unless_its_write_back_is_owed() -> None:
    assert decide(State.DONE, same_run=False, source_is_authoritative=True) is Action.SUBMIT
    assert decide(State.DONE, same_run=False, source_is_authoritative=True, owed=True) is Action.SKIP


def test_a_failed_synthesis_never_makes_coze_run_again_in_the_next_run() -> None:
    failed: dict[str, Any] = {"has_output": True, "execute_id": "e1", "error": error(Category.SYNTHESIS)}
    assert decide(State.FAILED, same_run=False, **failed) is Action.FINISH
    assert decide(State.FAILED, same_run=False, same_input=False, **failed) is Action.SUBMIT


@pytest.mark.parametrize(
    "category", [Category.CONTENT_REJECTED, Category.INVALID_REQUEST, Category.WORKFLOW_INTERRUPTED]
)
def test_an_execution_that_failed_for_good_is_not_paid_for_again_by_itself(category: Category) -> None:
    rejected: dict[str, Any] = {"execute_id": "e1", "execution_failed": True, "error": error(category), "attempts": 1}
    assert decide(State.FAILED, same_run=False, **rejected) is Action.SKIP
    changed = decide(State.FAILED, same_run=False, same_input=False, **rejected)
    rerun = OperatorOverrides(rerun=frozenset({"t1"}))
    assert (changed, decide(State.FAILED, same_run=False, overrides=rerun, **rejected)) == (Action.SUBMIT,) * 2
    set_back = decide(State.FAILED, same_run=False, source_is_authoritative=True, **rejected)
    never_told = decide(State.FAILED, same_run=False, source_is_authoritative=True, failures_are_told=False, **rejected)
    assert (set_back, never_told) == (Action.SUBMIT, Action.SKIP)
    cancelled = decide(State.CANCELLED, same_run=False, source_is_authoritative=True, **rejected)
    assert cancelled is Action.SKIP, "the table was told nothing of it, so nobody set it back"
    for state, told in ((State.CANCELLED, True), (State.FAILED, False)):
        was_marked = {"same_run": False, "claimed": True, "failures_are_told": told, **rejected}
        mark_is_gone = decide(state, source_is_authoritative=True, **was_marked)
        still_there = decide(state, source_is_authoritative=True, shown="running", **was_marked)
        of_a_file = decide(state, **was_marked)
        assert (mark_is_gone, still_there, of_a_file) == (Action.SUBMIT, Action.SKIP, Action.SKIP)


def test_what_may_pass_is_paid_for_again_by_the_next_run() -> None:
    failed: dict[str, Any] = {"execute_id": "e1", "execution_failed": True, "error": error(Category.WORKFLOW_FAILED)}
    assert decide(State.FAILED, same_run=False, **failed) is Action.SUBMIT


def test_a_lost_execution_is_looked_at_again_before_anything_is_paid() -> None:
    assert decide(State.FAILED, same_run=False, execute_id="e1") is Action.WATCH
    assert decide(State.FAILED, same_run=False, execute_id="e1", execution_failed=True) is Action.SUBMIT


def test_an_interrupted_run_looks_again_for_an_execution_that_it_had_lost() -> None:
    lost: dict[str, Any] = {"execute_id": "e1", "error": error(Category.EXECUTION_LOST)}
    assert decide(State.FAILED, **lost) is Action.WATCH
    assert decide(State.FAILED, has_output=True, **lost) is Action.FINISH, "its result came after the task had ended"
    assert decide(State.FAILED, same_input=False, **lost) is Action.KEEP
    assert decide(State.FAILED, execution_failed=True, **lost) is Action.KEEP
    assert decide(State.FAILED, source_is_authoritative=True, **lost) is Action.KEEP, "the table was told"
    assert decide(State.FAILED, execute_id="e1", has_output=True, error=error(Category.SYNTHESIS)) is Action.KEEP


@pytest.mark.parametrize("same_run", [True, False])
def test_what_was_given_up_before_its_submission_is_taken_up_again_whatever_was_paid_earlier(same_run: bool) -> None:
    """Its claim could not be settled, so the table still shows that it is running; nobody told it anything else."""

    def next_step(**facts: Any) -> Action:
        facts = {"claimed": True, "claim": "aa", "shown": "running", **facts}
        return decide(State.FAILED, same_run=same_run, source_is_authoritative=True, **facts)

    assert next_step(given_up=True) is Action.SUBMIT
    assert next_step(given_up=True, attempts=2, submissions=2) is Action.SUBMIT
    assert next_step(given_up=True, attempts=1, execute_id="e1", execution_failed=True) is Action.SUBMIT
    assert next_step() is Action.SUBMIT, "as older versions left it"
    assert next_step(attempts=1, submissions=1, execution_failed=True) is (Action.KEEP if same_run else Action.SKIP)
    if not same_run:
        assert next_step(given_up=True, shown="done") is Action.SKIP


@pytest.mark.parametrize("same_run", [True, False])
def test_what_was_given_up_keeps_the_name_of_its_claim_and_counts_its_failures(same_run: bool) -> None:
    row = Row("t1", 0, fingerprint=FINGERPRINT, state=State.FAILED, claimed=True, claim="aa", given_up=True, failures=2)
    planned = plan(
        [TASK],
        {"t1": Past("run1", row, False)},
        OperatorOverrides(),
        continuing="run1" if same_run else None,
        source_is_authoritative=True,
    )[0]
    assert (planned.row.claim, planned.row.claimed, planned.row.failures) == ("aa", True, 2)
    assert planned.row.given_up is same_run, "on disk it stays so until its first move"


def test_what_goes_on_in_another_run_counts_its_failures_on() -> None:
    """A file that is renamed while an execution runs gives a task no new retries."""
    row = Row("t1", 0, fingerprint=FINGERPRINT, state=State.RUNNING, execute_id="e1", failures=2)
    planned = plan(
        [TASK], {"t1": Past("run1", row, False)}, OperatorOverrides(), continuing=None, source_is_authoritative=False
    )[0]
    assert (planned.action, planned.row.failures) == (Action.WATCH, 2)


def test_a_waiting_task_that_left_the_source_is_skipped() -> None:
    assert decide(State.PENDING, gone=True) is Action.SKIP
    assert decide(State.RUNNING, gone=True, execute_id="e1") is Action.WATCH


def test_a_rerun_of_what_is_in_flight_watches_it_instead() -> None:
    assert decide(State.RUNNING, execute_id="e1", overrides=OperatorOverrides(rerun=frozenset({"t1"}))) is Action.WATCH


@given(st.sampled_from(list(State)), st.booleans(), st.booleans(), st.booleans(), st.booleans(), st.booleans())
def test_an_execution_that_may_exist_is_never_started_again_unasked(
    state: State, same_run: bool, same_input: bool, source_is_authoritative: bool, has_output: bool, owed: bool
) -> None:
    if state in (State.SUBMITTING, State.RUNNING) or (state is State.HELD):
        action = decide(
            state,
            same_run=same_run,
            same_input=same_input,
            source_is_authoritative=source_is_authoritative,
            has_output=has_output,
            owed=owed,
            execute_id="e1",
        )
        assert action is not Action.SUBMIT


@given(st.sampled_from(list(State)), st.booleans(), st.booleans(), st.none() | st.just("e1"))
def test_a_free_way_on_never_needs_a_new_execution(
    state: State, has_output: bool, execution_failed: bool, execute_id: str | None
) -> None:
    row = Row("t", 0, state=state, has_output=has_output, execution_failed=execution_failed, execute_id=execute_id)
    if state.is_end and resume_step(row) == "submit":
        assert execute_id is None


@pytest.mark.anyio
@pytest.mark.parametrize(
    "moment", [0.05, 0.15, 0.3, 5.0, 299.0, 301.0, 329.0, 331.0, 350.0, 391.0, 395.0, 430.0, 640.0]
)
async def test_a_crash_at_any_moment_pays_for_nothing_twice_and_loses_nothing(moment: float) -> None:
    table = FakeTable()
    world = World(table=table, options=Options(max_coze=4, max_synthesis=2, seed=3))
    work = tasks(7)
    await world.crash_after(moment, work)
    outcome = await world.run(work)
    assert outcome.statistics.done + outcome.statistics.held == 7
    assert all(world.coze.started(task.task_id) <= 1 for task in work)
    held = [row.task_id for row in world.engine.board.rows.values() if row.state is State.HELD]  # type: ignore[union-attr]
    assert world.coze.peak <= 4 + len(held), "a held task keeps no slot (docs/contract.md §5), all others count"
    assert sorted(record for record, _ in table.written) == sorted(
        task.record_id or "" for task in work if task.task_id not in held
    )


@pytest.mark.anyio
async def test_figures_of_a_continued_run_count_all_its_processes() -> None:
    world = World(options=Options(max_coze=2, seed=3))
    await world.crash_after(331.0, tasks(4))
    outcome = await world.run(tasks(4))
    assert outcome.statistics.submissions == 4
    assert outcome.statistics.done == 4
    assert 660 <= outcome.statistics.elapsed_seconds < 800
    assert len(await world.journal.runs()) == 1


@pytest.mark.anyio
async def test_an_interrupt_waits_for_the_answer_on_the_wire_and_records_it() -> None:
    world = World(coze=FakeCoze(latency=2.0), options=Options(max_coze=3, seed=3))
    engine, planned, owed = await world.prepare(tasks(5))
    began = anyio.current_time()
    async with anyio.create_task_group() as group:
        group.start_soon(engine.run, planned, owed)
        await anyio.sleep(0.5)
        engine.commands.stop()
    assert anyio.current_time() - began < 5
    rows = await world.journal.rows("run1")
    assert [row.state for row in rows] == [State.RUNNING] * 3 + [State.PENDING] * 2
    outcome = await world.run(tasks(5))
    assert outcome.statistics.done == 5
    assert all(world.coze.started(f"t{n}") == 1 for n in range(1, 6))


@pytest.mark.anyio
async def test_an_interrupt_that_cannot_wait_for_an_answer_holds_the_task() -> None:
    world = World(coze=FakeCoze(latency=60.0), options=Options(max_coze=1, seed=3))
    engine, planned, owed = await world.prepare(tasks(1))
    began = anyio.current_time()
    async with anyio.create_task_group() as group:
        group.start_soon(engine.run, planned, owed)
        await anyio.sleep(0.5)
        engine.commands.stop()
    assert anyio.current_time() - began < 5
    assert [row.state for row in await world.journal.rows("run1")] == [State.HELD]


@pytest.mark.anyio
async def test_a_synthesis_that_failed_in_one_run_goes_on_from_the_result_in_the_next() -> None:
    synthesizer = FakeSynthesizer(mishaps={"t1": [Category.SYNTHESIS] * 4})
    world = World(synthesizer=synthesizer)
    first = await world.run(tasks(1))
    assert first.statistics.failed == 1
    second = await world.run(tasks(1))
    assert second.statistics.done == 1
    assert world.coze.started("t1") == 1


@pytest.mark.anyio
async def test_a_finished_file_task_is_skipped_by_every_later_run() -> None:
    world = World()
    await world.run(tasks(2))
    for _ in range(3):
        outcome = await world.run(tasks(2))
        assert outcome.statistics.skipped == 2
    assert len(world.coze.executions) == 2


def test_after_a_damage_a_task_nobody_knows_is_held_until_a_person_says_otherwise() -> None:
    def unknown(overrides: OperatorOverrides) -> Action:
        return plan([TASK], {}, overrides, continuing=None, source_is_authoritative=False, incomplete=True)[0].action

    assert unknown(OperatorOverrides()) is Action.HOLD
    assert unknown(OperatorOverrides(rerun=frozenset({"t1"}))) is Action.SUBMIT
    assert unknown(OperatorOverrides(adopt={"t1": "e9"})) is Action.WATCH
    assert unknown(OperatorOverrides(fresh=True)) is Action.SUBMIT
    assert unknown(OperatorOverrides(on_unknown_submit="resubmit")) is Action.SUBMIT


@pytest.mark.parametrize("source_is_authoritative", [True, False])
def test_what_is_known_to_be_done_from_an_import_only_is_not_paid_again_unasked(source_is_authoritative: bool) -> None:
    assert (
        decide(State.DONE, same_run=False, source_is_authoritative=source_is_authoritative, fingerprint="")
        is Action.SKIP
    )
    rerun = OperatorOverrides(rerun=frozenset({"t1"}))
    assert (
        decide(
            State.DONE, same_run=False, source_is_authoritative=source_is_authoritative, fingerprint="", overrides=rerun
        )
        is Action.SUBMIT
    )


@pytest.mark.parametrize("content", [TASK.content, "edited"])
def test_a_finished_row_is_paid_for_again_only_when_its_cell_was_set_back(content: str) -> None:
    """Not because it was edited, as long as the table says that it is done."""
    row = Row("t1", 0, state=State.DONE, execute_id="e1", fingerprint=FINGERPRINT)
    shown = replace(TASK, content=content, shown="done")
    past = {"t1": Past("run1", row, owed=False)}
    actions = [
        plan([task], past, OperatorOverrides(), continuing=None, source_is_authoritative=True)[0].action
        for task in (shown, replace(shown, shown=None))
    ]
    assert actions == [Action.SKIP, Action.SUBMIT]
