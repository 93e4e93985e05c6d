"""A whole run in virtual time: order, limits, failures, and what each task went through."""

from __future__ import annotations

from dataclasses import replace

import anyio
import pytest

from cozebatch.engine.options import Options
from cozebatch.model.errors import Category, JournalError, LostClaimError, StepError
from cozebatch.model.events import LimitChanged, Throttled
from cozebatch.model.rows import Stage
from cozebatch.model.task import State
from cozebatch.model.text import Text
from cozebatch.ports import PutRow, PutRun, Undelivered
from support.fakes import FakeCoze, FakeSynthesizer, FakeTable, World, error, tasks

pytestmark = pytest.mark.anyio


async def test_twenty_tasks_of_the_guide_take_little_more_than_two_rounds() -> None:
    world = World()
    outcome = await world.run(tasks(20))
    assert outcome.status == "finished"
    assert outcome.statistics.done == 20
    assert not outcome.flawed
    assert world.coze.peak == 16
    assert outcome.statistics.elapsed_seconds < 1.12 * 660


async def test_a_task_goes_through_every_state_in_order() -> None:
    world = World(table=FakeTable())
    await world.run(tasks(1))
    assert world.moves("t1") == [
        "submitting", "running", "downloading", "queued", "synthesizing", "writing_back", "done",
    ]  # fmt: skip
    assert world.table is not None
    assert world.table.written == [("rec1", "done")]  # type: ignore[attr-defined]


async def test_without_synthesis_and_table_the_states_they_need_are_left_out() -> None:
    world = World(synthesizer=None)
    await world.run(tasks(1))
    assert world.moves("t1") == ["submitting", "running", "done"]
    assert await world.journal.output("e1") is not None


async def test_executions_in_flight_never_exceed_the_limit() -> None:
    world = World(coze=FakeCoze(duration=lambda t: 10.0 + len(t)), options=Options(max_coze=3, seed=1))
    outcome = await world.run(tasks(30))
    assert outcome.statistics.done == 30
    assert world.coze.peak == 3


async def test_a_smaller_limit_of_the_account_is_found_and_costs_no_try() -> None:
    world = World(coze=FakeCoze(capacity=5, duration=lambda _: 60.0))
    outcome = await world.run(tasks(30))
    assert outcome.statistics.done == 30
    assert world.coze.peak == 5
    assert outcome.statistics.throttled == sum(isinstance(e, Throttled) for e in world.events) > 0
    assert all(row.attempts == 1 for row in world.engine.board.rows.values())  # type: ignore[union-attr]
    limits = [e.limit for e in world.events if isinstance(e, LimitChanged)]
    assert min(limits) <= 5
    assert len(world.coze.submissions) < 80


async def test_the_account_limit_is_probed_upwards_again() -> None:
    world = World(coze=FakeCoze(capacity=2, duration=lambda _: 60.0), options=Options(max_coze=8, seed=1))
    engine, planned, _ = await world.prepare(tasks(60))
    async with anyio.create_task_group() as group:
        group.start_soon(engine.run, planned)
        await anyio.sleep(120)
        world.coze.capacity = 8
    assert world.coze.peak == 8


async def test_an_execution_that_coze_reported_as_failed_is_started_again_at_most_max_retries_times() -> None:
    world = World(coze=FakeCoze(mishaps={"t1": ["fail"] * 9, "t2": ["fail", "fail"]}))
    outcome = await world.run(tasks(2))
    assert world.coze.started("t1") == 4
    assert world.coze.started("t2") == 3
    assert outcome.statistics.failed == 1
    assert outcome.flawed
    assert outcome.statistics.errors == {"workflow_failed": 6}


async def test_a_refusal_that_cannot_pass_fails_the_task_at_once() -> None:
    world = World(coze=FakeCoze(mishaps={"t2": ["refused-content_rejected"]}))
    outcome = await world.run(tasks(3))
    assert (outcome.statistics.done, outcome.statistics.failed) == (2, 1)
    assert world.coze.submissions.count("t2") == 1


@pytest.mark.parametrize("category", ["server", "network"])
async def test_a_passing_refusal_is_tried_again_by_itself(category: str) -> None:
    world = World(coze=FakeCoze(mishaps={"t1": [f"refused-{category}"] * 3}))
    outcome = await world.run(tasks(1))
    assert outcome.statistics.done == 1
    assert world.coze.started("t1") == 1


async def test_an_unanswered_submission_is_held_and_keeps_no_slot() -> None:
    world = World(coze=FakeCoze(mishaps={"t1": ["lost"]}), options=Options(max_coze=1, seed=1))
    outcome = await world.run(tasks(3))
    assert (outcome.statistics.done, outcome.statistics.held) == (2, 1)
    assert world.coze.started("t1") == 1
    assert world.moves("t1") == ["submitting", "held"]


async def test_an_unanswered_submission_is_sent_again_when_the_operator_chose_so() -> None:
    world = World(coze=FakeCoze(mishaps={"t1": ["dropped"]}), options=Options(on_unknown_submit="resubmit", seed=1))
    outcome = await world.run(tasks(1))
    assert outcome.statistics.done == 1
    assert world.engine.board.rows["t1"].attempts == 2  # type: ignore[union-attr]


@pytest.mark.parametrize("category", [Category.AUTH, Category.QUOTA])
async def test_refused_credentials_or_quota_stop_the_batch_and_leave_the_rest_pending(category: Category) -> None:
    world = World(coze=FakeCoze(mishaps={"t5": [f"refused-{category}"] * 9}), options=Options(max_coze=2, seed=1))
    outcome = await world.run(tasks(9))
    assert outcome.status == "stopped"
    assert outcome.paused == (category.value,)
    assert outcome.statistics.failed == 0
    assert outcome.statistics.pending >= 4
    assert outcome.statistics.done == 9 - outcome.statistics.pending
    row = world.engine.board.rows["t5"]  # type: ignore[union-attr]
    assert row.state is State.PENDING
    assert row.error is not None
    assert row.error.category is category


async def test_the_same_wrong_request_on_the_first_tasks_stops_the_batch() -> None:
    world = World(
        coze=FakeCoze(mishaps={f"t{n}": ["refused-invalid_request"] for n in range(1, 10)}),
        options=Options(max_coze=1, seed=1),
    )
    outcome = await world.run(tasks(9))
    assert outcome.status == "stopped"
    assert (outcome.statistics.failed, outcome.statistics.pending) == (0, 9), "the rows are not to blame"
    assert len(world.coze.submissions) == 3
    world.coze.mishaps.clear()
    again = await world.run(tasks(9))
    assert again.statistics.done == 9


async def test_a_wrong_request_of_one_task_fails_once_another_was_accepted() -> None:
    world = World(coze=FakeCoze(mishaps={"t1": ["refused-invalid_request"]}), options=Options(max_coze=1, seed=1))
    outcome = await world.run(tasks(2))
    assert (outcome.statistics.done, outcome.statistics.failed) == (1, 1)
    assert world.moves("t1") == ["submitting", "pending", "failed"]


async def test_a_wrong_request_fails_when_there_is_no_other_task_to_compare_it_with() -> None:
    world = World(coze=FakeCoze(mishaps={f"t{n}": ["refused-invalid_request"] for n in (1, 2)}))
    outcome = await world.run(tasks(2))
    assert (outcome.status, outcome.statistics.failed) == ("finished", 2)


async def test_a_failed_synthesis_is_repeated_without_another_execution() -> None:
    crash = Category.WORKER_CRASHED
    world = World(synthesizer=FakeSynthesizer(mishaps={"t1": [crash, crash], "t2": [crash] * 9}))
    outcome = await world.run(tasks(2))
    assert (outcome.statistics.done, outcome.statistics.failed) == (1, 1)
    assert world.coze.started("t1") == world.coze.started("t2") == 1
    assert world.moves("t2").count("synthesizing") == 4


async def test_looks_that_fail_do_not_end_the_execution() -> None:
    answers = iter([Category.NETWORK] * 6 + [Category.SERVER] * 3)

    def wrong(_: str) -> object:
        category = next(answers, None)
        return error(category) if category else None

    world = World(coze=FakeCoze(poll_error=wrong))  # type: ignore[arg-type]
    outcome = await world.run(tasks(1))
    assert outcome.statistics.done == 1


async def test_an_execution_coze_forgot_is_lost_after_a_minute_and_not_paid_again() -> None:
    world = World(coze=FakeCoze(forgotten={"e1"}))
    outcome = await world.run(tasks(1))
    assert outcome.statistics.failed == 1
    assert outcome.statistics.errors == {"execution_lost": 1}
    assert world.coze.started("t1") == 1
    assert 60 <= outcome.statistics.elapsed_seconds < 120


async def test_credentials_refused_while_watching_leave_the_execution_to_the_next_start() -> None:
    world = World(coze=FakeCoze(poll_error=lambda _: error(Category.AUTH)))
    outcome = await world.run(tasks(2))
    assert outcome.status == "stopped"
    world.coze.poll_error = lambda _: None
    again = await world.run(tasks(2))
    assert again.statistics.done == 2
    assert world.coze.started("t1") == world.coze.started("t2") == 1


async def test_write_backs_are_coalesced_and_retried() -> None:
    table = FakeTable(refuse=[Undelivered(0, error(Category.WRITE_BACK), final=False), None])
    world = World(table=table, coze=FakeCoze(duration=lambda _: 5.0), synthesizer=FakeSynthesizer(duration=1.0))
    outcome = await world.run(tasks(20))
    assert outcome.statistics.done == 20
    assert len(table.written) == len(set(table.written)) == 20
    assert table.calls < 20


async def test_a_write_back_that_fails_for_good_leaves_the_task_done_and_the_delivery_owed() -> None:
    table = FakeTable(refuse=[Undelivered(0, error(Category.WRITE_BACK), final=True)])
    world = World(table=table)
    outcome = await world.run(tasks(1))
    row = world.engine.board.rows["t1"]  # type: ignore[union-attr]
    assert row.state is State.DONE
    assert row.error is not None
    assert outcome.flawed
    again = await world.run(tasks(1))
    assert table.written == [("rec1", "done")]
    assert world.coze.started("t1") == 1
    assert again.statistics.skipped == 1


async def test_a_failed_task_tells_the_table() -> None:
    table = FakeTable()
    await World(table=table, coze=FakeCoze(mishaps={"t1": ["refused-content_rejected"]})).run(tasks(1))
    assert table.written == [("rec1", "failed")]


async def test_a_claimed_record_of_somebody_else_is_skipped_before_it_costs_anything() -> None:
    table = FakeTable(claims={"t1": error(Category.SOURCE, "taken")})
    world = World(table=table)
    outcome = await world.run(tasks(2))
    assert (outcome.statistics.skipped, outcome.statistics.done) == (1, 1)
    assert world.coze.started("t1") == 0


async def test_a_claim_that_cannot_be_settled_is_taken_up_by_the_next_start_under_its_name() -> None:
    table = FakeTable(claims={"t1": StepError(error(Category.SOURCE, "too slow to tell"))})
    world = World(table=table, source_is_authoritative=True)
    first = await world.run(tasks(1))
    assert (first.statistics.failed, first.flawed, table.written) == (1, True, [])
    table.claims = {}
    second = await world.run(tasks(1))
    assert second.statistics.done == 1
    assert world.coze.started("t1") == 1
    assert len(set(table.names)) == 1


async def test_a_kill_at_the_start_that_takes_a_claim_up_again_does_not_lose_the_task() -> None:
    table = FakeTable(claims={"t1": StepError(error(Category.SOURCE, "too slow to tell"))})
    world = World(table=table, source_is_authoritative=True)
    await world.run(tasks(1))
    run = await world.journal.last_run("test")
    assert run is not None
    row = replace((await world.journal.rows(run.run_id))[0], attempts=1, submissions=2)  # one was unanswered earlier
    await world.journal.write(PutRow(row), PutRun(replace(run, status="interrupted")))
    table.claims = {}
    await world.crash_after(0.002, tasks(1))
    outcome = await world.run(tasks(1))
    assert outcome.statistics.done == 1


async def test_a_disk_that_refuses_writes_right_after_the_start_does_not_end_the_run() -> None:
    """Where earlier work puts a task is on disk with the start; no write of its own can be refused."""
    world = World(coze=FakeCoze(mishaps={"t1": ["lost"]}))
    await world.run(tasks(1))
    write = world.journal.write

    async def refuse(*changes: object) -> None:
        raise JournalError(Text.same("the disk is full"))

    world.journal.write = refuse  # type: ignore[method-assign]
    outcome = await world.run(tasks(2))
    assert (outcome.status, outcome.statistics.held) == ("stopped", 1)
    world.journal.write = write  # type: ignore[method-assign]
    assert (await world.run(tasks(2))).statistics.done == 1


async def test_a_claim_that_was_lost_is_not_asked_for_again_by_its_name() -> None:
    table = FakeTable(claims={"t1": LostClaimError(error(Category.SOURCE, "too slow to tell"))})
    world = World(table=table, source_is_authoritative=True)
    await world.run(tasks(1))
    table.claims = {"t1": error(Category.SOURCE, "taken")}
    second = await world.run(tasks(1))
    assert second.statistics.skipped == 1
    assert len(set(table.names)) == len(table.names) >= 2
    row = (await world.journal.rows("run2"))[0]
    assert (row.claimed, row.claim) == (False, ""), "its mark is not there any more"


async def test_a_task_without_a_script_is_skipped_with_the_reason() -> None:
    from cozebatch.model.task import Task

    world = World()
    await world.run([Task("empty", title="x"), *tasks(1)])
    row = world.engine.board.rows["empty"]  # type: ignore[union-attr]
    assert row.state is State.SKIPPED
    assert row.note


async def test_lowering_the_limit_drains_and_raising_it_admits_at_once() -> None:
    world = World(options=Options(max_coze=4, seed=1))
    engine, planned, _ = await world.prepare(tasks(12))
    async with anyio.create_task_group() as group:
        group.start_soon(engine.run, planned)
        await anyio.sleep(10)
        assert world.coze.in_flight() == 4
        await engine.commands.set_limit(Stage.COZE, 2)
        await anyio.sleep(340)
        assert world.coze.in_flight() == 2
        await engine.commands.set_limit(Stage.COZE, 5)
        await anyio.sleep(5)
        assert world.coze.in_flight() == 5
    assert world.coze.peak == 5
