"""The journal on disk and its twin in memory keep the same promises."""

from __future__ import annotations

import os
import sqlite3
import stat
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager, closing
from dataclasses import replace
from pathlib import Path

import anyio
import pytest

from cozebatch.journal.lock import is_locked, state_lock
from cozebatch.journal.memory import MemoryJournal
from cozebatch.journal.sqlite import open_journal, read_journal
from cozebatch.model.errors import Category, ErrorInfo, JournalError, UsageError, unwrapped_groups
from cozebatch.model.rows import Counters, Row
from cozebatch.model.task import State, Task
from cozebatch.model.text import Text
from cozebatch.ports import (
    Delivery,
    Edit,
    Enter,
    Execution,
    Handover,
    Journal,
    Names,
    Owe,
    PutEdit,
    PutExecution,
    PutInput,
    PutOutput,
    PutRow,
    PutRun,
    RunRecord,
    Settle,
    StoredInput,
    Workflow,
)

pytestmark = pytest.mark.anyio

RUN = RunRecord(
    "run1", "key", "file", "w1", started_at=100.0, max_coze=4, max_synthesis=2, names=Names("口播视频", "视频任务")
)
TASKS = [Task(f"t{n}", title=f"标题 {n}", content="文案\n二", extra={"栏": "值"}) for n in range(3)]
ROWS = [Row(task.task_id, n, title=task.title) for n, task in enumerate(TASKS)]


@asynccontextmanager
async def opened(kind: str, folder: Path) -> AsyncIterator[Journal]:
    if kind == "memory":
        yield MemoryJournal()
    else:
        async with open_journal(folder / "journal.sqlite3") as journal:
            yield journal


@pytest.fixture(params=["memory", "sqlite"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


async def test_what_was_written_is_read_back(kind: str, tmp_path: Path) -> None:
    async with opened(kind, tmp_path) as journal:
        await journal.begin(RUN, list(zip(TASKS, ROWS, strict=True)))
        error = ErrorInfo(Category.SERVER, Text("坏", "bad"), code="5000", logid="L1")
        row = replace(ROWS[1], state=State.RUNNING, execute_id="e1", error=error, note=Text("注", "note"))
        workflow = Workflow("w1", "v2", bot_id="b")
        execution = Execution("t1", 1, "running", sent_at=101.5, execute_id="e1", error=error, workflow=workflow)
        execution = replace(execution, source_key="key", run_id="run1", parameters={"文案": "a"}, digest="d")
        counters = Counters(3, 2, 1, 0, {"server": 1})
        await journal.write(PutRow(row), PutExecution(execution), PutOutput("e1", '{"视频": "u"}'))
        await journal.write(PutRun(replace(RUN, clock=12.5, counters=counters, status="interrupted")))
        assert await journal.rows("run1") == [ROWS[0], row, ROWS[2]]
        assert await journal.task("run1", "t2") == TASKS[2]
        assert await journal.tasks("run1", ["t0", "t2", "t9"]) == {"t0": TASKS[0], "t2": TASKS[2]}
        assert await journal.executions("run1", "t1") == [execution]
        assert await journal.output("e1") == '{"视频": "u"}'
        assert await journal.output("e2") is None
        last = await journal.last_run("key")
        assert last == replace(RUN, clock=12.5, counters=counters, status="interrupted")
        assert await journal.runs() == [last]
        assert await journal.last_run("another") is None


async def test_the_past_is_what_the_latest_run_that_did_not_skip_it_left(kind: str, tmp_path: Path) -> None:
    async with opened(kind, tmp_path) as journal:
        await journal.begin(replace(RUN, run_id="a", started_at=1), [(TASKS[0], replace(ROWS[0], state=State.DONE))])
        await journal.begin(replace(RUN, run_id="b", started_at=2), [(TASKS[0], replace(ROWS[0], state=State.SKIPPED))])
        await journal.begin(replace(RUN, run_id="c", started_at=3, source_key="x"), [(TASKS[0], ROWS[0])])
        await journal.begin(replace(RUN, run_id="d", started_at=4, status="abandoned"), [(TASKS[0], ROWS[0])])
        past = await journal.past("key", ["t0", "t9"])
        assert {task_id: (p.run_id, p.row.state) for task_id, p in past.items()} == {"t0": ("a", State.DONE)}


async def test_the_run_begun_last_counts_even_after_the_clock_was_put_back(kind: str, tmp_path: Path) -> None:
    done, running = replace(ROWS[0], state=State.DONE), replace(ROWS[0], state=State.RUNNING, execute_id="e9")
    async with opened(kind, tmp_path) as journal:
        await journal.begin(replace(RUN, run_id="a", started_at=5000.0, place=5000.0), [(TASKS[0], done)])
        await journal.begin(replace(RUN, run_id="b", started_at=100.0, place=5000.002), [(TASKS[0], running)])
        last = await journal.last_run("key")
        assert last is not None
        assert last.run_id == "b"
        assert [run.run_id for run in await journal.runs()] == ["b", "a"]
        assert (await journal.past("key", ["t0"]))["t0"].row == running


async def test_a_newer_outcome_replaces_one_that_is_still_owed(kind: str, tmp_path: Path) -> None:
    async with opened(kind, tmp_path) as journal:
        await journal.begin(RUN, list(zip(TASKS, ROWS, strict=True)))
        await journal.write(Owe(Delivery(1, "t0", "r0", "failed", "why")))
        await journal.write(Owe(Delivery(2, "t0", "r0", "done", "path")), Owe(Delivery(3, "t1", "r1", "done", "p")))
        assert [d.serial for d in await journal.owed("key")] == [2, 3]
        await journal.write(Settle(2))
        await journal.write(Settle(3, ErrorInfo(Category.WRITE_BACK, Text.same("no"))))
        assert [d.serial for d in await journal.owed("key")] == [3], "given up for now is still owed"
        assert (await journal.past("key", ["t1"]))["t1"].owed
        assert not (await journal.past("key", ["t0"]))["t0"].owed
        assert await journal.last_serial() == 3


async def test_durations_of_a_workflow_are_its_latest_successes(kind: str, tmp_path: Path) -> None:
    async with opened(kind, tmp_path) as journal:
        await journal.begin(RUN, list(zip(TASKS, ROWS, strict=True)))
        for n in range(510):
            done = Execution("t0", n, "succeeded", sent_at=n, ended_at=n + 0.5, seconds=float(n))
            await journal.write(PutExecution(replace(done, workflow=Workflow("w1"))))
        failed = Execution("t1", 1, "failed", sent_at=1, ended_at=9999, seconds=1.0, workflow=Workflow("w1"))
        await journal.write(PutExecution(failed))
        assert await journal.durations("w1") == [float(n) for n in range(10, 510)]
        assert await journal.durations("w2") == []


async def test_half_a_surrogate_pair_from_outside_does_not_stop_the_journal(tmp_path: Path) -> None:
    async with open_journal(tmp_path / "j") as journal:
        await journal.begin(RUN, [(replace(TASKS[0], title="a\ud800b"), ROWS[0])])
        await journal.write(PutOutput("e", "x\udc00y"))
        assert await journal.output("e") == "x?y"


async def test_everything_survives_the_process(tmp_path: Path) -> None:
    async with open_journal(tmp_path / "j") as journal:
        await journal.begin(RUN, list(zip(TASKS, ROWS, strict=True)))
        await journal.write(PutRow(replace(ROWS[0], state=State.DONE)))
    async with open_journal(tmp_path / "j") as journal:
        assert [row.state for row in await journal.rows("run1")] == [State.DONE, State.PENDING, State.PENDING]


async def test_concurrent_writes_share_commits_and_all_arrive(tmp_path: Path) -> None:
    async with open_journal(tmp_path / "j") as journal:
        await journal.begin(RUN, [(Task(f"t{n}"), Row(f"t{n}", n)) for n in range(300)])
        async with anyio.create_task_group() as group:
            for n in range(300):
                group.start_soon(journal.write, PutRow(Row(f"t{n}", n, title=f"done {n}")))
        assert all(row.title == f"done {row.position}" for row in await journal.rows("run1"))


async def test_a_write_is_all_or_nothing_and_a_full_disk_is_said(tmp_path: Path) -> None:
    async with open_journal(tmp_path / "j") as journal:
        await journal.begin(RUN, list(zip(TASKS, ROWS, strict=True)))
        await journal._select("PRAGMA max_page_count = 30")
        with pytest.raises(JournalError) as failed:
            await journal.write(PutRow(replace(ROWS[0], state=State.DONE)), PutOutput("e", "x" * 1_000_000))
        assert "full" in failed.value.text.en
        assert (await journal.rows("run1"))[0].state is State.PENDING
        await journal.write(PutRow(replace(ROWS[0], title="still works")))


async def test_a_journal_of_a_newer_version_is_not_touched(tmp_path: Path) -> None:
    connection = sqlite3.connect(tmp_path / "j")
    connection.execute("PRAGMA user_version = 999")
    connection.close()
    with pytest.raises(JournalError, match="newer"):
        async with open_journal(tmp_path / "j"):
            pass


@pytest.mark.parametrize(("application_id", "version"), [(0, 0), (0, 1), (12345, 2)])
async def test_the_database_of_another_program_is_not_touched(
    tmp_path: Path, application_id: int, version: int
) -> None:
    path = tmp_path / "journal.sqlite3"
    with closing(sqlite3.connect(path)) as db:
        db.executescript(
            f"CREATE TABLE letters (text); PRAGMA user_version = {version}; PRAGMA application_id = {application_id}"
        )
    before = path.read_bytes()
    for opens in (open_journal, read_journal):
        with pytest.raises(JournalError, match="another program"):
            async with opens(path):
                pass
    assert path.read_bytes() == before


@pytest.mark.parametrize("broken", ["{", "[]", "{}", '{"task_id": }'])
async def test_a_record_that_is_damaged_inside_is_told(tmp_path: Path, broken: str) -> None:
    """The database itself is whole."""
    path = tmp_path / "journal.sqlite3"
    async with open_journal(path) as journal:
        await journal.begin(RUN, list(zip(TASKS, ROWS, strict=True)))
    with closing(sqlite3.connect(path)) as db:
        db.execute("UPDATE task SET row = ? WHERE task_id = 't1'", (broken,))
        db.commit()
    with pytest.raises(JournalError, match="is damaged"), unwrapped_groups():
        async with open_journal(path) as journal:
            await journal.rows("run1")


@pytest.mark.skipif(os.name == "nt", reason="Windows has no modes; a user's own folders are private there")
async def test_the_journal_is_readable_by_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "state" / "journal.sqlite3"
    async with open_journal(path) as journal:
        await journal.begin(RUN, list(zip(TASKS, ROWS, strict=True)))
        modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()}
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert modes
    assert set(modes.values()) == {0o600}


@pytest.mark.parametrize("damage", ["zero bytes", "cut off", "no database", "garbage inside"])
async def test_a_damaged_journal_is_said_and_never_taken_for_a_new_one(tmp_path: Path, damage: str) -> None:
    path = tmp_path / "j"
    async with open_journal(path) as journal:
        await journal.begin(RUN, [(Task(f"t{n}", content="x" * 500), Row(f"t{n}", n)) for n in range(300)])
    whole = path.read_bytes()
    middle = len(whole) // 2
    path.write_bytes(
        {
            "zero bytes": b"",
            "cut off": whole[:middle],
            "no database": b"hello" * 1000,
            "garbage inside": whole[:middle] + b"\xa5" * 8192 + whole[middle + 8192 :],
        }[damage]
    )
    spoilt = path.read_bytes()
    with pytest.raises(JournalError, match="damaged"):
        async with open_journal(path):
            pass
    assert path.read_bytes() == spoilt, "the damaged file is kept as it is"


def test_a_second_process_is_told_the_pid_of_the_first(tmp_path: Path) -> None:
    import os

    with state_lock(tmp_path), pytest.raises(UsageError, match=str(os.getpid())), state_lock(tmp_path):
        pass
    with state_lock(tmp_path):
        pass


def test_a_folder_is_looked_at_without_taking_it(tmp_path: Path) -> None:
    assert not is_locked(tmp_path)
    assert not list(tmp_path.iterdir())
    with state_lock(tmp_path):
        assert is_locked(tmp_path)
    assert not is_locked(tmp_path)


def test_a_look_from_elsewhere_refuses_no_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It has the lock for an instant, here until the start pauses."""
    looking = ExitStack()
    looking.enter_context(state_lock(tmp_path))
    monkeypatch.setattr("cozebatch.journal.lock.time.sleep", lambda _: looking.close())
    with state_lock(tmp_path):
        assert is_locked(tmp_path)


async def test_records_that_were_claimed_for_nothing_sent_are_told_with_the_names_of_their_claims(
    kind: str, tmp_path: Path
) -> None:
    rows = [
        Row("t0", 0, claimed=True, claim="aa"),
        Row("t1", 1, state=State.FAILED, claimed=True, claim="bb", submissions=2, given_up=True),
        Row("t2", 2, state=State.FAILED, claimed=True, claim="cc", submissions=2),
    ]
    async with opened(kind, tmp_path) as journal:
        await journal.begin(replace(RUN, status="abandoned"), list(zip(TASKS, rows, strict=True)))
        assert sorted(await journal.claimed("key")) == ["t0", "t1"]
        later = replace(RUN, run_id="run2", started_at=200.0, place=200.0)
        await journal.begin(later, [(TASKS[0], replace(rows[0], claim="dd")), (TASKS[1], Row("t1", 1))])
        assert await journal.claim_names("key", ["t0", "t1", "t9"]) == {"t0": "dd", "t1": "bb"}
        assert await journal.claim_names("other", ["t0"]) == {}


async def test_a_stored_input_serves_a_later_run_without_being_read(kind: str, tmp_path: Path) -> None:
    async with opened(kind, tmp_path) as journal:
        await journal.begin(RUN, list(zip(TASKS, ROWS, strict=True)))
        later = replace(RUN, run_id="run2", place=200.0)
        await journal.begin(later, [(StoredInput("run1"), replace(ROWS[1], position=5)), (TASKS[0], ROWS[0])])
        await journal.begin(later, [(StoredInput("run2"), replace(ROWS[1], position=6))])
        assert await journal.tasks("run2", ["t0", "t1"]) == {"t0": TASKS[0], "t1": TASKS[1]}
        assert await journal.order("run2") == ["t0", "t1"]
        assert await journal.rows("run2", besides={"t0"}) == [replace(ROWS[1], position=6)]
        await journal.write(Enter(((StoredInput("run1"), replace(ROWS[2], position=7)),)), PutRun(later))
        assert await journal.task("run2", "t2") == TASKS[2]
        assert await journal.order("run2") == ["t0", "t1", "t2"]


async def test_the_record_leaves_out_only_what_has_ended_of_settled_tasks(kind: str, tmp_path: Path) -> None:
    async with opened(kind, tmp_path) as journal:
        await journal.begin(RUN, list(zip(TASKS, ROWS, strict=True)))
        at = replace(Execution("t0", 1, "succeeded", 1.0, "e1"), key="k1")
        for execution in (
            at,
            replace(at, key="k2", execute_id="e2", status="running", sent_at=2.0),
            replace(at, key="k3", execute_id="e3", task_id="t1", sent_at=3.0),
            replace(at, key="k4", execute_id="e4", source_key="other", sent_at=4.0),
        ):
            await journal.write(PutExecution(execution))
        assert [r.key for r in await journal.record("key", {"t0"})] == ["k2", "k3", "k4"]
        assert [r.key for r in await journal.record()] == ["k1", "k2", "k3", "k4"]
        assert await journal.bound_elsewhere("key") == {"e4"}


async def test_the_executions_of_a_task_are_in_order_even_after_the_clock_was_put_back(
    kind: str, tmp_path: Path
) -> None:
    async with opened(kind, tmp_path) as journal:
        sent = Execution("t0", 1, "succeeded", 5000.0, "e1")
        await journal.begin(replace(RUN, run_id="a", started_at=5000.0, place=5000.0), [(TASKS[0], ROWS[0])])
        await journal.write(PutExecution(replace(sent, key="k1")))
        await journal.begin(replace(RUN, run_id="b", started_at=100.0, place=5000.002), [(TASKS[0], ROWS[0])])
        await journal.write(PutExecution(replace(sent, key="k2", execute_id="e2", sent_at=200.0)))
        await journal.write(PutExecution(replace(sent, key="k3", execute_id="e3", number=2, sent_at=100.0)))
        assert [r.key for r in await journal.record()] == ["k1", "k2", "k3"]


async def test_edits_are_kept_the_latest_first_and_fresh_takes_them_out_of_force(kind: str, tmp_path: Path) -> None:
    first = Edit("k1", "key", "t1", "print", "新", "新文案", "标题 1", "文案\n二", at=1.0, owed=True)
    other = Edit("k2", "other", "t1", "print", "a", "b", "c", "d", at=2.0)
    edited = replace(TASKS[1], title="新", content="新文案")
    async with opened(kind, tmp_path) as journal:
        await journal.begin(RUN, zip(TASKS, ROWS, strict=True))
        await journal.write(PutEdit(first), PutEdit(other), PutInput(edited))
        assert await journal.edits() == [other, first]
        assert await journal.task("run1", "t1") == edited
        await journal.write(PutEdit(replace(first, owed=False)))
        moved = replace(other, source_key="key", task_id="t2")
        later = replace(RUN, run_id="run2", started_at=200.0, place=200.0)
        await journal.begin(later, [], Handover(edits=[moved]))
        assert await journal.edits() == [moved, replace(first, owed=False)]
        await journal.begin(replace(later, run_id="run3"), [], Handover(abandon_earlier=True))
        assert [edit.made_from for edit in await journal.edits()] == ["", ""]


async def test_of_several_records_of_a_run_in_one_commit_the_last_stands(kind: str, tmp_path: Path) -> None:
    numbers = iter(range(1, 9))

    async def write(journal: Journal) -> None:
        number = next(numbers)  # in the order in which the writers have their turn
        record = replace(RUN, clock=float(number), counters=Counters(polls=number))
        await journal.write(PutRow(replace(ROWS[number % 3], attempts=number)), PutRun(record))

    async with opened(kind, tmp_path) as journal:
        await journal.begin(RUN, zip(TASKS, ROWS, strict=True))
        async with anyio.create_task_group() as group:  # they share a commit or two
            for _ in range(8):
                group.start_soon(write, journal)
        run = await journal.last_run("key")
        assert run is not None
        assert (run.clock, run.counters.polls) == (8.0, 8)
        assert sorted(row.attempts for row in await journal.rows("run1")) == [6, 7, 8]
