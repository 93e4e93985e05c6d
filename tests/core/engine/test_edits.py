"""A row whose title and script the operator edited: what is sent, what is made, and what later starts decide."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Literal

import anyio
import pytest

from cozebatch.batch.batch import Batch
from cozebatch.engine.edit_row import NO_SCRIPT, STILL_GOING_ON, UNCHANGED
from cozebatch.engine.options import Adapters, Options
from cozebatch.journal.memory import MemoryJournal
from cozebatch.model.errors import Category, JournalError, StepError, UsageError
from cozebatch.model.task import Outcome, State, Task, parameters_digest
from cozebatch.model.text import Text
from cozebatch.planning.planned import DONE_AS_EDITED, Action, OperatorOverrides
from cozebatch.planning.selection import Selection
from cozebatch.policy.polling import FixedInterval
from cozebatch.ports import Change, Execution
from support.fakes import FakeCoze, FakeSynthesizer, FakeTable, error, wall

pytestmark = pytest.mark.anyio

NAME = "号_旧标题_20260101_090000"
ROW = Task("t1", title="旧标题", content="旧文案", account_id="号", project_name=NAME, record_id="rec1")
UNNAMED = replace(ROW, task_id="row-1", record_id=None, own_id=False)


@dataclass
class Source:
    """Lists `tasks`, under any name."""

    tasks: Sequence[Task]
    key: str = "file:/tasks.csv"
    kind: Literal["feishu", "file", "demo"] = "file"

    async def load(self, named: Collection[str] = ()) -> Sequence[Task]:
        return list(self.tasks)

    async def look_up(self, task_ids: Sequence[str]) -> Mapping[str, Outcome | None]:
        return {t.task_id: t.shown for t in self.tasks if t.task_id in task_ids}


@dataclass
class Machine:
    """One state folder with one source, before a table that is told of outcomes or none."""

    source: Source
    table: FakeTable | None = None
    coze: FakeCoze = field(default_factory=FakeCoze)
    films: FakeSynthesizer = field(default_factory=FakeSynthesizer)
    journal: MemoryJournal = field(default_factory=MemoryJournal)
    fresh: bool = False

    def batch(self) -> Batch:
        return Batch(
            source=self.source,
            journal=self.journal,
            adapters=Adapters(self.coze, FixedInterval(30), json.loads, self.films, self.table),
            options=Options(seed=7, max_retries=0),
            overrides=OperatorOverrides(fresh=self.fresh),
            selection=Selection(),
            workflow_id="w",
            source_is_authoritative=self.table is not None,
            checks=[],
            parameters_of=lambda task: dict(self.coze.parameters_of(task)),
            wall=wall,
        )

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Batch]:
        """A start whose screen stays open until the block ends."""
        batch = self.batch()
        preview = await batch.prepare()

        async def run() -> None:
            await batch.run(preview, keep_open=True)

        async with anyio.create_task_group() as group:
            group.start_soon(run)
            await anyio.sleep(1000)  # virtual seconds: all has ended
            yield batch
            await anyio.sleep(1000)
            batch.stop()

    async def run_edited(self, title: str = "新标题", content: str = "新文案") -> None:
        """A start in which the first row is edited once it has ended."""
        async with self.running() as batch:
            await batch.commands.edit(self.source.tasks[0].task_id, title, content)

    async def actions(self) -> dict[str, Action]:
        preview = await self.batch().prepare()
        return {task.task_id: task.action for task in preview.tasks}

    async def executions(self) -> list[Execution]:
        return sorted(self.journal._executions.values(), key=lambda execution: execution.sent_at)

    async def sent(self) -> list[str]:
        return [(execution.parameters or {})["content"] for execution in await self.executions()]


def a_file(task: Task = ROW) -> Machine:
    return Machine(Source([task]))


def a_table(shown: Outcome | None = None) -> Machine:
    source = Source([replace(ROW, shown=shown)], key="feishu:https://x/tbl", kind="feishu")
    return Machine(source, FakeTable())


async def test_the_edited_script_is_sent_and_the_film_is_made_of_it() -> None:
    machine = a_file()
    await machine.run_edited()
    assert await machine.sent() == ["旧文案", "新文案"]
    job = machine.films.jobs[-1]
    assert (job.task.title, job.task.content) == ("新标题", "新文案")
    assert job.task.project_name == "号_新标题_20260101_090000", "a film bears its own title"
    paid = (await machine.executions())[-1]
    assert paid.digest == parameters_digest({"content": "新文案", "title": "新标题"})


async def test_the_row_tells_the_new_title_and_that_it_was_asked_for() -> None:
    machine = a_file()
    async with machine.running() as batch:
        await batch.commands.edit("t1", "新标题", "新文案")
        await anyio.sleep(1000)
        last = await machine.journal.last_run(machine.source.key)
        assert last is not None
        (row,) = await machine.journal.rows(last.run_id)
        assert (row.state, row.title, row.attempts) == (State.DONE, "新标题", 2)
        assert row.edited, "the table of the screen marks it"
    (edit,) = await machine.journal.edits()
    assert (edit.source_title, edit.source_content) == ("旧标题", "旧文案")
    assert edit.made_from == ROW.fingerprint()


@pytest.mark.parametrize(("title", "content", "why"), [("x", " \n", NO_SCRIPT), ("旧标题", "旧文案", UNCHANGED)])
async def test_what_makes_no_sense_is_refused_and_pays_for_nothing(title: str, content: str, why: Text) -> None:
    machine = a_file()
    async with machine.running() as batch:
        with pytest.raises(UsageError) as refused:
            await batch.commands.edit("t1", title, content)
        assert refused.value.complaints == (why,)
    assert await machine.sent() == ["旧文案"]
    assert await machine.journal.edits() == []


async def test_a_task_that_goes_on_is_not_edited() -> None:
    machine = a_file()
    batch = machine.batch()
    preview = await batch.prepare()

    async def run() -> None:
        await batch.run(preview)

    async with anyio.create_task_group() as group:
        group.start_soon(run)
        await anyio.sleep(10)
        with pytest.raises(UsageError) as refused:
            await batch.commands.edit("t1", "新标题", "新文案")
        assert refused.value.complaints == (STILL_GOING_ON,)
    assert await machine.sent() == ["旧文案"]


async def test_an_edit_that_cannot_be_written_changes_nothing() -> None:
    class Full(MemoryJournal):
        full = False

        async def write(self, *changes: Change) -> None:
            if self.full:
                raise JournalError(Text.same("the disk is full"))
            await super().write(*changes)

    journal = Full()
    machine = replace(a_file(), journal=journal)
    async with machine.running() as batch:
        journal.full = True
        with pytest.raises(JournalError):
            await batch.commands.edit("t1", "新标题", "新文案")
        journal.full = False
    assert await machine.sent() == ["旧文案"]
    assert await machine.journal.edits() == []


@pytest.mark.parametrize("row", [ROW, UNNAMED], ids=["with an id", "without an id"])
async def test_a_later_start_does_not_pay_again_for_a_file_row_that_still_has_the_earlier_script(row: Task) -> None:
    machine = a_file(row)
    await machine.run_edited()
    preview = await machine.batch().prepare()
    (listed,) = preview.tasks
    assert (listed.action, listed.title, listed.reason) == (Action.SKIP, "新标题", DONE_AS_EDITED)
    machine.source = Source([Task("row-1", content="别的", own_id=False), replace(row, task_id="row-2")], "file:/b.csv")
    if not row.own_id:
        assert await machine.actions() == {"row-1": Action.SUBMIT, "row-2": Action.SKIP}, "moved, in a renamed file"


async def test_one_edit_serves_one_of_two_equal_rows() -> None:
    machine = a_file(UNNAMED)
    await machine.run_edited()
    machine.source = Source([UNNAMED, replace(UNNAMED, task_id="row-2")])
    async with machine.running():
        pass
    assert await machine.sent() == ["旧文案", "新文案"], "what was sent first serves the other row"
    assert await machine.actions() == {"row-1": Action.SKIP, "row-2": Action.SKIP}


@pytest.mark.parametrize(("title", "content"), [("新标题", "新文案"), ("第三", "第三")])
async def test_a_file_row_that_says_something_else_counts_as_it_is(title: str, content: str) -> None:
    machine = a_file()
    await machine.run_edited()
    machine.source = Source([replace(ROW, title=title, content=content)])
    assert await machine.actions() == {"t1": Action.SKIP if content == "新文案" else Action.SUBMIT}


@pytest.mark.parametrize("shown", ["done", None])
async def test_a_table_row_is_made_again_only_if_it_was_set_back_and_then_as_it_was_edited(
    shown: Outcome | None,
) -> None:
    machine = a_table()
    await machine.run_edited()
    machine.source = replace(machine.source, tasks=[replace(ROW, shown=shown)])
    told = (await machine.batch().prepare()).edited
    assert (told is not None) is (shown is None), "it is said before it is paid for"
    async with machine.running():
        pass
    assert await machine.sent() == ["旧文案", "新文案", *(["新文案"] if shown is None else [])]


async def test_a_result_of_the_edited_script_is_used_by_the_next_start() -> None:
    machine = a_table()
    async with machine.running() as batch:
        machine.films.mishaps = {}
        await batch.commands.edit("t1", "新标题", "新文案")
        await anyio.sleep(310)  # Coze is done, the film is not
        batch.stop()
    assert machine.films.made == ["t1"]
    async with machine.running():
        pass
    assert await machine.sent() == ["旧文案", "新文案"]
    assert machine.films.made == ["t1", "t1"]
    assert machine.films.jobs[-1].task.content == "新文案"


@pytest.mark.parametrize("row", [ROW, UNNAMED], ids=["with an id", "without an id"])
@pytest.mark.parametrize("seconds", [0.0, 0.05, 5.0, 310.0])
async def test_a_kill_at_any_moment_loses_neither_the_edit_nor_what_was_paid(row: Task, seconds: float) -> None:
    machine = a_file(row)
    batch = machine.batch()
    preview = await batch.prepare()

    async def run() -> None:
        await batch.run(preview, keep_open=True)

    async with anyio.create_task_group() as group:
        group.start_soon(run)
        await anyio.sleep(1000)
        await batch.commands.edit(row.task_id, "新标题", "新文案")
        await anyio.sleep(seconds)
        left = machine.journal.copy()
        group.cancel_scope.cancel()
    machine.journal = left
    paid = await machine.sent()
    async with machine.running():
        pass
    sent = await machine.sent()
    if seconds == 0.05:  # on the wire: it may have been paid for, so that a person decides
        assert sent == paid == ["旧文案", "新文案"]
        return
    assert sent == ["旧文案", "新文案"]
    assert machine.films.jobs[-1].task.content == "新文案"


async def test_editing_twice_keeps_what_the_source_says_and_editing_back_is_possible() -> None:
    machine = a_file()
    async with machine.running() as batch:
        await batch.commands.edit("t1", "新标题", "新文案")
        await anyio.sleep(1000)
        await batch.commands.edit("t1", "更新", "更新")
        await anyio.sleep(1000)
        (edit,) = await machine.journal.edits()
        assert (edit.content, edit.source_content) == ("更新", "旧文案")
        await batch.commands.edit("t1", "旧标题", "旧文案")
        await anyio.sleep(1000)
        last = await machine.journal.last_run(machine.source.key)
        assert last is not None
        assert [row.edited for row in await machine.journal.rows(last.run_id)] == [False], (
            "it says what its source says"
        )
    assert await machine.sent() == ["旧文案", "新文案", "更新", "旧文案"]
    assert await machine.actions() == {"t1": Action.SKIP}


async def test_an_edited_text_is_owed_to_the_table_until_it_is_there() -> None:
    machine = a_table()
    assert machine.table is not None
    record = machine.source.tasks[0].task_id
    machine.table.texts[record] = ("旧标题", "旧文案")
    machine.table.refuse_texts = [StepError(error(Category.WRITE_BACK))] * 100
    async with machine.running() as batch:
        assert await batch.commands.takes_texts()
        await batch.commands.edit("t1", "新标题", "新文案", write_back=True)
    (edit,) = await machine.journal.edits()
    assert edit.owed
    machine.table.refuse_texts = []
    machine.source = replace(machine.source, tasks=[replace(ROW, shown="done")])
    async with machine.running():
        pass
    (edit,) = await machine.journal.edits()
    assert not edit.owed
    assert machine.table.texts[record] == ("新标题", "新文案")
    listed = replace(ROW, title="新标题", content="新文案", shown="done")
    machine.source = replace(machine.source, tasks=[listed])
    assert await machine.actions() == {"t1": Action.SKIP}
    assert await machine.sent() == ["旧文案", "新文案"]


async def test_what_a_colleague_wrote_meanwhile_stays_in_the_table() -> None:
    machine = a_table()
    assert machine.table is not None
    machine.table.texts["t1"] = ("旧标题", "同事改的")
    async with machine.running() as batch:
        await batch.commands.edit("t1", "新标题", "新文案", write_back=True)
    (edit,) = await machine.journal.edits()
    assert not edit.owed
    assert machine.table.texts["t1"] == ("旧标题", "同事改的")


async def test_a_row_edited_twice_gets_the_latest_text_in_the_table() -> None:
    machine = a_table()
    assert machine.table is not None
    machine.table.texts["t1"] = ("旧标题", "旧文案")
    machine.table.refuse_texts = [StepError(error(Category.WRITE_BACK))] * 4
    async with machine.running() as batch:
        await batch.commands.edit("t1", "新标题", "新文案", write_back=True)
        await anyio.sleep(1000)
        await batch.commands.edit("t1", "更新", "更新", write_back=True)
    assert machine.table.texts["t1"] == ("更新", "更新")
    (edit,) = await machine.journal.edits()
    assert (edit.owed, edit.source_content) == (False, "更新")
    last = await machine.journal.last_run(machine.source.key)
    assert last is not None
    assert [row.edited for row in await machine.journal.rows(last.run_id)] == [False], "the table says the same now"


async def test_an_edit_while_the_one_before_is_written_is_made_from_what_the_row_says_then() -> None:
    machine = a_table()
    table = machine.table
    assert table is not None
    table.texts["t1"] = ("旧标题", "旧文案")
    async with machine.running() as batch:
        machine.coze.mishaps = {"t1": ["refused-content_rejected"]}
        machine.coze.latency = 0.02
        await batch.commands.edit("t1", "新标题", "新文案", write_back=True)
        await anyio.sleep(0.2)  # refused by now, while the table is still being written
        await batch.commands.edit("t1", "更新", "更新")
    (edit,) = await machine.journal.edits()
    assert table.texts["t1"] == ("新标题", "新文案")
    assert (edit.content, edit.source_content, edit.owed) == ("更新", "新文案", False)
    machine.source = replace(machine.source, tasks=[replace(ROW, title="新标题", content="新文案")])
    preview = await machine.batch().prepare()
    assert preview.tasks[0].title == "更新", "it is in force still"


async def test_fresh_takes_what_the_source_says_and_forgets_the_edit() -> None:
    machine = a_file()
    await machine.run_edited()
    machine.fresh = True
    async with machine.running():
        pass
    machine.fresh = False
    assert await machine.sent() == ["旧文案", "新文案", "旧文案"]
    assert await machine.actions() == {"t1": Action.SKIP}
