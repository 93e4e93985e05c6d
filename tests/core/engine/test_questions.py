"""Executions that wait for a person: held with their question, answered, and gone on with; never paid for again."""

from __future__ import annotations

import anyio
import pytest

from cozebatch.engine.answers import GivenAnswer
from cozebatch.engine.engine import Engine
from cozebatch.engine.options import Options
from cozebatch.model.errors import Category, UsageError
from cozebatch.model.events import TaskState
from cozebatch.model.question import INPUT_NODE, Question, QuestionField
from cozebatch.model.task import State
from cozebatch.planning.planned import OperatorOverrides
from cozebatch.ports import Asked
from support.fakes import FakeCoze, World, tasks

pytestmark = pytest.mark.anyio

WHICH = Question(text="which one?")
STYLE = Question(kind=INPUT_NODE, text="style?", fields=(QuestionField("style"), QuestionField("count", "integer")))


async def until(engine: Engine, state: State, count: int = 1) -> None:
    """Virtual seconds pass until so many tasks are in that state."""
    with anyio.fail_after(86400):
        while engine.board.counts[state] != count:  # noqa: ASYNC110 - costs no time: the clock jumps
            await anyio.sleep(1)


async def asked(world: World) -> list[Asked]:
    executions = [e for r in await world.journal.runs() for e in await world.journal.executions(r.run_id, "t1")]
    return list(await world.journal.questions([execution.key for execution in executions]))


async def test_the_question_holds_the_task_and_keeps_no_slot() -> None:
    world = World(coze=FakeCoze(asks={"t1": [WHICH]}), options=Options(max_coze=1, seed=1))
    async with world.running(tasks(2)) as engine:
        await until(engine, State.DONE)
        row = engine.board.rows["t1"]
        assert row.state is State.HELD
        assert row.waits
        assert row.question is not None
        assert row.question.text == "which one?"
        assert row.error is not None
        assert row.error.category is Category.WORKFLOW_INTERRUPTED
    (record,) = [r for r in await world.journal.record() if r.task_id == "t1"]
    assert record.status == "interrupted"


@pytest.mark.parametrize("renames", [False, True])
async def test_an_answer_lets_the_same_paid_execution_go_on(renames: bool) -> None:
    world = World(coze=FakeCoze(asks={"t1": [WHICH]}, renames=renames))
    async with world.running(tasks(1)) as engine:
        await until(engine, State.HELD)
        await engine.commands.answer("t1", GivenAnswer("the second", "mei"))
        await until(engine, State.DONE)
        row = engine.board.rows["t1"]
        assert row.attempts == 1
        assert row.question is None
        assert row.execute_id == ("e1b" if renames else "e1")
    assert world.coze.resumed == [("e1/1", "the second")]
    assert world.coze.started("t1") == 1
    (one,) = await asked(world)
    assert (one.status, one.answer, one.answered_by) == ("taken", "the second", "mei")
    assert one.answered_at is not None


async def test_one_question_after_another_is_held_each_time() -> None:
    world = World(coze=FakeCoze(asks={"t1": [WHICH, STYLE]}))
    async with world.running(tasks(1)) as engine:
        await until(engine, State.HELD)
        await engine.commands.answer("t1", GivenAnswer("a"))
        await anyio.sleep(700)
        await until(engine, State.HELD)
        await engine.commands.answer("t1", GivenAnswer({"style": "calm", "count": "3"}))
        await until(engine, State.DONE)
    assert world.coze.resumed == [("e1/1", "a"), ("e1/2", '{"style": "calm", "count": 3}')]
    assert [one.status for one in await asked(world)] == ["taken", "taken"]
    assert world.coze.started("t1") == 1


async def test_an_answer_whose_response_was_lost_is_looked_at_and_not_sent_twice() -> None:
    world = World(coze=FakeCoze(asks={"t1": [WHICH]}, mishaps={"answer t1": ["lost"]}))
    async with world.running(tasks(1)) as engine:
        await until(engine, State.HELD)
        await engine.commands.answer("t1", GivenAnswer("a"))
        await until(engine, State.DONE)
    assert world.coze.resumed == [("e1/1", "a")]
    assert [one.status for one in await asked(world)] == ["taken"]


async def test_an_answer_that_never_arrived_is_sent_again_after_a_look() -> None:
    world = World(coze=FakeCoze(asks={"t1": [WHICH]}, mishaps={"answer t1": ["lost before", "refused-network"]}))
    async with world.running(tasks(1)) as engine:
        await until(engine, State.HELD)
        before = world.coze.polls
        await engine.commands.answer("t1", GivenAnswer("a"))
        await until(engine, State.DONE)
        assert world.coze.polls - before >= 3
    assert world.coze.resumed == [("e1/1", "a")] * 3
    assert world.coze.started("t1") == 1


async def test_a_refused_answer_leaves_the_task_held_with_cozes_words_and_may_be_given_again() -> None:
    world = World(coze=FakeCoze(asks={"t1": [WHICH]}, mishaps={"answer t1": ["refused-invalid_request"]}))
    async with world.running(tasks(1)) as engine:
        await until(engine, State.HELD)
        await engine.commands.answer("t1", GivenAnswer("a"))
        await anyio.sleep(100)
        row = engine.board.rows["t1"]
        assert row.waits
        assert row.error is not None
        assert "not like that" in row.error.message.en
        assert "which one?" in row.error.message.en
        assert [one.status for one in await asked(world)] == ["refused"]
        await engine.commands.answer("t1", GivenAnswer("b"))
        await until(engine, State.DONE)
    assert [text for _, text in world.coze.resumed] == ["a", "b"]
    assert world.coze.started("t1") == 1


async def test_an_answer_is_refused_where_nothing_is_asked_or_it_does_not_fit() -> None:
    world = World(coze=FakeCoze(asks={"t1": [STYLE]}))
    async with world.running(tasks(2)) as engine:
        await until(engine, State.HELD)
        for task_id, typed in (
            ("t2", "a"),
            ("t1", " "),
            ("t1", {"style": "calm"}),
            ("t1", {"style": "calm", "count": "many"}),
            ("t1", {"style": "calm", "count": 1, "colour": "red"}),
            ("t1", "x" * 20_001),
        ):
            with pytest.raises(UsageError):
                await engine.commands.answer(task_id, GivenAnswer(typed))
        await anyio.sleep(100)
        assert engine.board.rows["t1"].waits
    assert world.coze.resumed == []


async def test_what_was_answered_elsewhere_goes_on_at_a_look() -> None:
    world = World(coze=FakeCoze(asks={"t1": [WHICH]}))
    async with world.running(tasks(1)) as engine:
        await until(engine, State.HELD)
        world.coze.executions["e1"].answers.append("in Coze itself")
        assert await engine.commands.retry(["t1"]) == ["t1"]
        await until(engine, State.DONE)
    assert world.coze.resumed == []
    assert [one.status for one in await asked(world)] == ["elsewhere"]
    assert world.coze.started("t1") == 1


@pytest.mark.parametrize("policy", ["hold", "resubmit"])
async def test_the_next_start_looks_and_pays_for_nothing(policy: str) -> None:
    overrides = OperatorOverrides(on_unknown_submit=policy)  # type: ignore[arg-type]
    world = World(coze=FakeCoze(asks={"t1": [WHICH], "t2": [WHICH]}), overrides=overrides)
    outcome = await world.run(tasks(2))
    assert outcome.status == "finished"
    of_t2 = next(e for e in world.coze.executions.values() if e.task_id == "t2")
    of_t2.answers.append("in Coze itself")
    polls = world.coze.polls
    outcome = await world.run(tasks(2))
    assert world.coze.polls - polls >= 2
    assert world.engine is not None
    rows = world.engine.board.rows
    assert {t: row.state for t, row in rows.items()} == {"t1": State.HELD, "t2": State.DONE}
    assert rows["t1"].question is not None
    assert len(world.coze.submissions) == 2


async def test_an_answer_on_disk_is_sent_by_the_next_start() -> None:
    world = World(coze=FakeCoze(asks={"t1": [WHICH]}))
    async with world.running(tasks(1)) as engine:
        await until(engine, State.HELD)
        engine.commands.stop()
        await engine.commands.answer("t1", GivenAnswer("a"))
    assert world.coze.resumed == []
    await world.run(tasks(1))
    assert world.engine is not None
    assert world.engine.board.rows["t1"].state is State.DONE
    assert world.coze.resumed == [("e1/1", "a")]


async def test_a_rerun_of_a_waiting_task_is_a_new_execution_and_takes_no_answer() -> None:
    world = World(coze=FakeCoze(asks={"t1": [WHICH]}))
    async with world.running(tasks(1)) as engine:
        await until(engine, State.HELD)
        world.coze.asks.clear()
        assert await engine.commands.rerun(["t1"]) == ["t1"]
        await anyio.sleep(5)
        with pytest.raises(UsageError):
            await engine.commands.answer("t1", GivenAnswer("a"))
        await until(engine, State.DONE)
        assert engine.board.rows["t1"].attempts == 2
    assert world.coze.resumed == []


async def test_giving_up_a_waiting_task_sends_nothing() -> None:
    world = World(coze=FakeCoze(asks={"t1": [WHICH]}))
    async with world.running(tasks(1)) as engine:
        await until(engine, State.HELD)
        await engine.commands.cancel(["t1"])
        assert engine.board.rows["t1"].state is State.CANCELLED
        assert await engine.commands.retry(["t1"]) == ["t1"]
        await until(engine, State.HELD)
        assert engine.board.rows["t1"].waits
    assert world.coze.resumed == []


async def test_answers_wait_for_a_slot() -> None:
    world = World(coze=FakeCoze(asks={f"t{n}": [WHICH] for n in range(1, 6)}), options=Options(max_coze=2, seed=1))
    async with world.running(tasks(5)) as engine:
        await until(engine, State.HELD, 5)
        for n in range(1, 6):
            await engine.commands.answer(f"t{n}", GivenAnswer("a"))
        await until(engine, State.DONE, 5)
    assert world.coze.peak <= 2
    assert len(world.coze.submissions) == 5


async def test_a_wait_of_a_day_is_not_taken_for_a_long_execution() -> None:
    world = World(coze=FakeCoze(asks={"t1": [WHICH]}), options=Options(execution_timeout=3600.0, seed=1))
    async with world.running(tasks(1)) as engine:
        await until(engine, State.HELD)
        await anyio.sleep(86400)
        await engine.commands.answer("t1", GivenAnswer("a"))
        await until(engine, State.DONE)
    assert await world.journal.durations("w") == [], "what waited for a person tells nothing about the next one"
    moves = [(e.before, e.after) for e in world.events if isinstance(e, TaskState)]
    assert (State.HELD, State.RUNNING) in moves
