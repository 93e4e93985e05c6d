"""The operator's knobs, while it runs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import anyio
import pytest

from cozebatch.engine.options import Options
from cozebatch.engine.seen import PAID_MEANWHILE
from cozebatch.model.errors import Category, JournalError, UsageError
from cozebatch.model.events import Paused, Resumed, RunFinished
from cozebatch.model.task import State
from cozebatch.model.text import Text
from cozebatch.policy.polling import FixedInterval
from cozebatch.ports import Change, PollResult, PutRow
from support.fakes import FakeCoze, FakeSynthesizer, World, error, tasks

pytestmark = pytest.mark.anyio


async def until(condition: Callable[[], bool]) -> None:
    """Virtual seconds pass until it holds."""
    with anyio.fail_after(86400):
        while not condition():  # noqa: ASYNC110 - costs no time: the clock jumps
            await anyio.sleep(1)


async def test_a_pause_submits_nothing_new_and_what_runs_goes_on() -> None:
    world = World(options=Options(max_coze=2, seed=1))
    async with world.running(tasks(5)) as engine:
        await engine.commands.pause()
        await anyio.sleep(1000)
        assert engine.board.counts[State.DONE] == 2
        assert engine.board.counts[State.PENDING] == 3
        await engine.commands.resume()
        await until(lambda: engine.board.counts[State.DONE] == 5)
    assert sum(isinstance(e, Paused) for e in world.events) == 1
    assert sum(isinstance(e, Resumed) for e in world.events) == 1


async def test_retry_goes_on_from_the_failed_step_for_free() -> None:
    world = World(synthesizer=FakeSynthesizer(mishaps={"t1": [Category.SYNTHESIS] * 4}))
    async with world.running(tasks(1)) as engine:
        await until(lambda: engine.board.counts[State.FAILED] == 1)
        assert await engine.commands.retry(["t1"]) == ["t1"]
        await until(lambda: engine.board.counts[State.DONE] == 1)
    assert world.coze.started("t1") == 1
    assert sum(isinstance(e, RunFinished) for e in world.events) >= 2


async def test_retry_does_not_pay_for_a_failed_execution_but_rerun_does() -> None:
    world = World(coze=FakeCoze(mishaps={"t1": ["fail"] * 4}))
    async with world.running(tasks(1)) as engine:
        await until(lambda: engine.board.counts[State.FAILED] == 1)
        assert await engine.commands.retry(["t1"]) == []
        assert world.coze.started("t1") == 4
        assert await engine.commands.rerun(["t1"]) == ["t1"]
        await until(lambda: engine.board.counts[State.DONE] == 1)
        assert engine.board.rows["t1"].attempts == 5


async def test_an_output_of_no_use_fails_the_task_and_a_retry_asks_for_it_again_for_free() -> None:
    class Trimming(FakeCoze):
        useless = True

        async def poll(self, execute_id: str, workflow_id: str | None = None) -> PollResult:
            result = await super().poll(execute_id, workflow_id)
            if self.useless and result.status == "succeeded":
                return replace(result, output="half of it", error=error(Category.BAD_OUTPUT))
            return result

    coze = Trimming()
    world = World(coze=coze)
    async with world.running(tasks(1)) as engine:
        await until(lambda: engine.board.counts[State.FAILED] == 1)
        row = engine.board.rows["t1"]
        assert row.error is not None
        assert row.error.category is Category.BAD_OUTPUT
        assert row.tokens == 10
        assert coze.in_flight() == 0
        coze.useless = False
        assert await engine.commands.retry(["t1"]) == ["t1"]
        await until(lambda: engine.board.counts[State.DONE] == 1)
    assert coze.started("t1") == 1


async def test_a_held_task_is_adopted_without_paying() -> None:
    world = World(coze=FakeCoze(mishaps={"t1": ["lost"]}))
    async with world.running(tasks(1)) as engine:
        await until(lambda: engine.board.counts[State.HELD] == 1)
        assert await engine.commands.retry(["t1"]) == []
        await engine.commands.adopt("t1", "e1")
        await until(lambda: engine.board.counts[State.DONE] == 1)
        assert engine.board.rows["t1"].attempts == 1
    assert world.coze.started("t1") == 1


async def test_a_held_task_that_was_given_up_is_never_paid_again_unasked() -> None:
    world = World(coze=FakeCoze(mishaps={"t1": ["lost"]}))
    async with world.running(tasks(1)) as engine:
        await until(lambda: engine.board.counts[State.HELD] == 1)
        await engine.commands.cancel(["t1"])
        assert engine.board.rows["t1"].state is State.CANCELLED
        assert await engine.commands.retry(["t1"]) == []
    for _ in range(2):
        outcome = await world.run(tasks(1))
        assert outcome.statistics.held == 1
    assert world.coze.started("t1") == 1


async def test_cancelling_a_running_task_keeps_its_slot_and_its_paid_result() -> None:
    world = World(options=Options(max_coze=1, seed=1))
    async with world.running(tasks(2)) as engine:
        await anyio.sleep(10)
        await engine.commands.cancel(["t1"])
        await anyio.sleep(20)
        assert engine.board.rows["t1"].state is State.CANCELLED
        assert len(world.coze.executions) == 1, "its execution still runs, so nobody else may begin"
        await until(lambda: engine.board.counts[State.DONE] == 1)
        assert engine.board.rows["t1"].has_output
        assert await engine.commands.retry(["t1"]) == ["t1"]
        await until(lambda: engine.board.counts[State.DONE] == 2)
    assert world.coze.peak == 1
    assert world.coze.started("t1") == 1


async def test_a_cancelled_task_that_is_wanted_again_while_it_runs_is_simply_watched_on() -> None:
    world = World()
    async with world.running(tasks(1)) as engine:
        await anyio.sleep(10)
        await engine.commands.cancel(["t1"])
        await anyio.sleep(5)
        assert await engine.commands.retry(["t1"]) == ["t1"]
        await until(lambda: engine.board.counts[State.DONE] == 1)
    assert world.coze.started("t1") == 1


async def test_cancelling_a_waiting_and_a_synthesizing_task_ends_them_at_once() -> None:
    world = World(options=Options(max_coze=1, seed=1), synthesizer=FakeSynthesizer(duration=10_000))
    async with world.running(tasks(3)) as engine:
        await engine.commands.cancel(["t3"])
        assert engine.board.rows["t3"].state is State.CANCELLED
        await until(lambda: engine.board.rows["t1"].state is State.SYNTHESIZING)
        await engine.commands.cancel(["t1"])
        await anyio.sleep(1)
        assert engine.board.rows["t1"].state is State.CANCELLED
        await engine.commands.cancel(["t2"])
    assert world.coze.started("t3") == 0


async def test_a_waiting_task_whose_cancelling_cannot_be_written_goes_on() -> None:
    world = World(options=Options(max_coze=1, seed=1))
    async with world.running(tasks(2)) as engine:
        write = world.journal.write

        async def refuse(*changes: object) -> None:
            raise JournalError(Text.same("the disk is full"))

        world.journal.write = refuse  # type: ignore[method-assign]
        with pytest.raises(JournalError):
            await engine.commands.cancel(["t2"])
        world.journal.write = write  # type: ignore[method-assign]
        await until(lambda: engine.board.counts[State.DONE] == 2)


async def test_cancelling_during_the_submission_waits_for_its_answer() -> None:
    world = World(coze=FakeCoze(latency=10.0))
    async with world.running(tasks(1)) as engine:
        assert engine.board.rows["t1"].state is State.SUBMITTING
        await engine.commands.cancel(["t1"])
        await until(lambda: engine.board.rows["t1"].state is State.CANCELLED)
        assert engine.board.rows["t1"].execute_id == "e1"


async def test_resuming_after_a_brake_goes_on_with_everything_it_stopped() -> None:
    world = World(
        coze=FakeCoze(mishaps={"t2": ["refused-auth"]}),
        synthesizer=FakeSynthesizer(mishaps={"t1": [Category.DISK_FULL]}),
        options=Options(max_coze=1, seed=1),
    )
    async with world.running(tasks(4)) as engine:
        await until(lambda: "disk_full" in engine.board.paused)
        await engine.commands.resume()
        await until(lambda: "auth" in engine.board.paused or engine.board.counts[State.DONE] == 4)
        await engine.commands.resume()
        await until(lambda: engine.board.counts[State.DONE] == 4)


async def test_a_move_that_the_disk_refused_is_made_once_and_the_batch_goes_on_by_itself() -> None:
    """What is held on to must not be walked a second time when the pause is over."""
    synthesizer = FakeSynthesizer(mishaps={"t1": [Category.MEDIA]})
    world = World(options=Options(max_coze=1, seed=1), synthesizer=synthesizer)
    async with world.running(tasks(3)) as engine:
        write, refused = world.journal.write, 0

        async def sometimes(*changes: Change) -> None:
            nonlocal refused
            failing = any(isinstance(c, PutRow) and c.row.state is State.FAILED for c in changes)
            if failing and refused < 3:
                refused += 1
                raise JournalError(Text.same("the disk is full"))
            await write(*changes)

        world.journal.write = sometimes  # type: ignore[method-assign]
        await until(lambda: engine.board.counts[State.DONE] == 2)
        assert engine.board.rows["t1"].state is State.FAILED
        assert refused == 3
        assert not engine.board.paused
    assert [job.task.task_id for job in synthesizer.jobs].count("t1") == 1
    world.collect()
    assert world.moves("t1")[-1] == "failed"
    assert world.moves("t1").count("failed") == 1


async def test_while_one_answer_waits_for_the_disk_nothing_new_is_paid_for() -> None:
    """A disk that is nearly full takes a small write and refuses the next one."""
    world = World(coze=FakeCoze(duration=lambda _: 3.0), options=Options(max_coze=2, seed=1), synthesizer=None)
    world.pacing = FixedInterval(1.0)
    write, refused = world.journal.write, 0

    async def nearly_full(*changes: Change) -> None:
        nonlocal refused
        answer = any(isinstance(c, PutRow) and (c.row.task_id, c.row.state) == ("t1", State.RUNNING) for c in changes)
        if answer and refused < 7:
            refused += 1
            raise JournalError(Text.same("the disk is full"))
        await write(*changes)

    world.journal.write = nearly_full  # type: ignore[method-assign]
    async with world.running(tasks(5)) as engine:
        await until(lambda: engine.board.rows["t2"].state is State.DONE)
        assert refused < 7
        assert "journal" in engine.board.paused
        assert sorted(world.coze.submissions) == ["t1", "t2"]
        await until(lambda: engine.board.counts[State.DONE] == 5)
        assert refused == 7
        assert not engine.board.paused
    assert sorted(world.coze.submissions) == ["t1", "t2", "t3", "t4", "t5"]


async def test_a_rerun_that_somebody_else_has_paid_for_since_is_left_alone() -> None:
    world = World(options=Options(max_coze=2, seed=1))
    async with world.running(tasks(2)) as engine:
        await until(lambda: engine.board.counts[State.DONE] == 2)
        seen = {"t1": 1, "t2": 1}
        assert await engine.commands.rerun(["t1"], seen=seen) == ["t1"]
        await until(lambda: engine.board.counts[State.DONE] == 2)
        assert await engine.commands.rerun(["t1", "t2"], seen=seen) == ["t2"]
        await until(lambda: engine.board.counts[State.DONE] == 2)
    assert world.coze.started("t1") == 2
    assert world.coze.started("t2") == 2


async def test_a_paid_retry_that_somebody_else_has_paid_for_since_is_left_alone() -> None:
    world = World(coze=FakeCoze(mishaps={"t1": ["fail"] * 9}), options=Options(max_retries=0))
    async with world.running(tasks(1)) as engine:
        await until(lambda: engine.board.counts[State.FAILED] == 1)
        assert await engine.commands.retry(["t1"], may_pay=True, seen={"t1": 1}) == ["t1"]
        await until(lambda: engine.board.counts[State.FAILED] == 1 and engine.board.rows["t1"].attempts == 2)
        assert await engine.commands.retry(["t1"], may_pay=True, seen={"t1": 1}) == []
    assert world.coze.started("t1") == 2


async def test_an_edit_of_a_task_that_somebody_else_has_paid_for_since_is_refused() -> None:
    world = World()
    async with world.running(tasks(1)) as engine:
        await until(lambda: engine.board.counts[State.DONE] == 1)
        await engine.commands.rerun(["t1"])
        await until(lambda: engine.board.counts[State.DONE] == 1)
        with pytest.raises(UsageError) as refused:
            await engine.commands.edit("t1", "new", "another script", seen=1)
        assert refused.value.complaints == (PAID_MEANWHILE,)
    assert world.coze.started("t1") == 2


async def test_of_two_who_pause_at_once_one_does_and_nobody_resumes_by_mistake() -> None:
    world = World(options=Options(max_coze=1, seed=1))
    async with world.running(tasks(3)) as engine:
        seen = engine.board.pause_changes
        assert await engine.commands.pause(seen=seen)
        assert not await engine.commands.pause(seen=seen)
        assert not await engine.commands.resume(seen=seen)
        assert list(engine.board.paused) == ["operator"]
        assert await engine.commands.resume(seen=engine.board.pause_changes)
        assert not engine.board.paused


async def test_of_two_who_allow_more_at_once_one_does() -> None:
    world = World(options=Options(max_coze=1, seed=1))
    async with world.running(tasks(3)) as engine:
        seen = engine.board.allowance_changes
        assert await engine.commands.allow(2, None, seen=seen)
        assert not await engine.commands.allow(9, None, seen=seen)
        assert engine.board.allowance.most == 2


async def test_a_run_waits_for_commands_for_as_long_as_it_is_told_to() -> None:
    world, looked = World(), [True]
    engine, planned, owed = await world.prepare(tasks(1))
    outcomes = []

    async def run() -> None:
        outcomes.append(await engine.run(planned, owed, keep_open=lambda: looked[0]))

    async with anyio.create_task_group() as group:
        group.start_soon(run)
        await until(lambda: engine.board.counts[State.DONE] == 1)
        await anyio.sleep(1000)
        assert not outcomes
        looked[0] = False
        engine.commands.look_again()
        await until(lambda: bool(outcomes))
    assert outcomes[0].status == "finished"
    world.collect()
