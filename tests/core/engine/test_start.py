"""The start of a large batch that was done before: what is left to do does not wait for what is finished."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import anyio
import pytest

from cozebatch.engine import start
from cozebatch.engine.engine import Engine, Outcome
from cozebatch.journal.memory import MemoryJournal
from cozebatch.model import events
from cozebatch.model.errors import JournalError
from cozebatch.model.task import State, Task
from cozebatch.model.text import Text
from cozebatch.planning.planned import Action, OperatorOverrides, Planned
from cozebatch.planning.settled import finished_before
from cozebatch.ports import Change, Enter
from support.fakes import World, tasks

pytestmark = pytest.mark.anyio


class Slow(MemoryJournal):
    """Enters finished tasks only once it is let, or fails to."""

    def __init__(self) -> None:
        super().__init__()
        self.may_enter = anyio.Event()
        self.is_full = False

    async def write(self, *changes: Change) -> None:
        if any(isinstance(change, Enter) for change in changes):
            await self.may_enter.wait()
            if self.is_full:
                raise JournalError(Text("磁盘已满。", "The disk is full."))
        await super().write(*changes)


@pytest.fixture(autouse=True)
def many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(start, "MANY", 3)
    monkeypatch.setattr(start, "AT_ONCE", 2)


async def again(world: World, work: Sequence[Task]) -> tuple[Engine, list[Planned]]:
    """A later run of the same tasks, with the finished ones planned as a start with a large record plans them."""
    engine, planned, _ = await world.prepare(work)
    pasts = await world.journal.past("test", [task.task_id for task in work])
    for n, p in enumerate(planned):
        if p.action is Action.SKIP:
            assert isinstance(p.task, Task)
            settled = finished_before(
                p.task, pasts[p.task_id], OperatorOverrides(), continuing=None, source_is_authoritative=False
            )
            assert settled is not None
            planned[n] = replace(settled, made=replace(settled.row, position=n))
    return engine, planned


async def done_before(number: int) -> World:
    """A world whose first tasks are done, with a journal that waits."""
    journal = Slow()
    journal.may_enter.set()
    world = World(journal=journal)
    assert (await world.run(tasks(number))).statistics.done == number
    journal.may_enter = anyio.Event()
    return world


async def test_new_tasks_are_done_before_the_finished_ones_are_entered_and_the_run_ends_with_all() -> None:
    world = await done_before(5)
    engine, planned = await again(world, tasks(6))
    journal = world.journal
    assert isinstance(journal, Slow)
    ended: list[Outcome] = []

    async def run() -> None:
        ended.append(await engine.run(planned))

    async with anyio.create_task_group() as group:
        group.start_soon(run)
        await anyio.sleep(3600)
        assert engine.board.rows["t6"].state is State.DONE
        assert engine.board.total == 6
        assert list(engine.board.rows) == ["t6"]
        assert not ended
        journal.may_enter.set()
    assert ended[0].status == "finished"
    assert ended[0].statistics.total_tasks == 6
    assert (ended[0].statistics.skipped, ended[0].statistics.done) == (5, 1)
    stored = {row.task_id: row for row in await journal.rows("run2")}
    assert stored == engine.board.rows
    assert {row.state for row in stored.values()} == {State.SKIPPED, State.DONE}
    assert (await journal.task("run2", "t1")).content == tasks(1)[0].content
    assert all(world.coze.started(f"t{n}") == 1 for n in range(1, 7))


async def test_a_process_that_dies_before_they_are_entered_leaves_a_run_that_goes_on_with_all() -> None:
    world = await done_before(5)
    engine, planned = await again(world, tasks(6))
    async with anyio.create_task_group() as group:
        group.start_soon(engine.run, planned)
        await anyio.sleep(3600)
        left = world.journal.copy()
        group.cancel_scope.cancel()
    assert isinstance(left, MemoryJournal)
    world.journal = left
    outcome = await world.run(tasks(6))
    assert outcome.status == "finished"
    assert (outcome.statistics.skipped, outcome.statistics.done) == (5, 1)
    assert all(world.coze.started(f"t{n}") == 1 for n in range(1, 7))


@pytest.mark.parametrize("lets", [True, False])
async def test_a_stop_meanwhile_enters_them_if_the_disk_takes_them_soon(lets: bool) -> None:
    world = await done_before(5)
    engine, planned = await again(world, tasks(6))
    journal = world.journal
    assert isinstance(journal, Slow)
    async with anyio.create_task_group() as group:
        group.start_soon(engine.run, planned)
        await anyio.sleep(1)
        engine.commands.stop()
        await anyio.sleep(0.1)
        if lets:
            journal.may_enter.set()
    everyone = {f"t{n}" for n in range(1, 7)}
    assert {row.task_id for row in await journal.rows("run2")} == (everyone if lets else {"t6"})
    journal.may_enter.set()
    assert (await world.run(tasks(6))).status == "finished"
    assert {row.task_id for row in await journal.rows("run2")} == everyone
    assert all(world.coze.started(task_id) == 1 for task_id in everyone)


async def test_a_full_disk_is_told_once_and_they_are_shown_when_it_takes_them() -> None:
    world = await done_before(5)
    engine, planned = await again(world, tasks(6))
    journal, heard = world.journal, engine.subscribe()
    assert isinstance(journal, Slow)
    journal.is_full = True
    journal.may_enter.set()
    async with anyio.create_task_group() as group:
        group.start_soon(engine.run, planned)
        await anyio.sleep(3600)
        assert list(engine.board.rows) == ["t6"], "what is not on disk cannot be rerun"
        journal.is_full = False
    assert engine.board.counts[State.SKIPPED] == 5
    told = [event for event in heard.take() if isinstance(event, events.Noted) and event.level == "error"]
    assert [event.text.en for event in told] == ["The disk is full."]
    assert {row.task_id for row in await journal.rows("run2")} == set(engine.board.rows)


async def test_what_is_owed_to_the_table_is_there_from_the_beginning() -> None:
    world = await done_before(5)
    engine, planned = await again(world, tasks(6))
    begun = start.Start(engine._ledger, planned, {"t2"})
    assert [p.task_id for p in planned] == ["t2", "t6"]
    await begun.publish()
    assert not begun.is_entered.is_set()
