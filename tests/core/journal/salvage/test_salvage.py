"""Really damaged SQLite files: what is whole in them comes back, what is lost is never taken for unpaid."""

from __future__ import annotations

import os
import random
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from cozebatch.journal.opening import DamagedJournal, open_to_write, shm_of, wal_of
from cozebatch.journal.salvage.log_reader import read_logs, run_line
from cozebatch.journal.salvage.salvage import Salvaged, rebuild, salvage
from cozebatch.journal.salvage.sqlite_pages import scan
from cozebatch.journal.sqlite import open_journal
from cozebatch.model.errors import JournalError
from cozebatch.model.rows import Row
from cozebatch.model.task import State, Task
from cozebatch.ports import Delivery, Execution, Owe, PutExecution, PutOutput, PutRow, RunRecord

pytestmark = pytest.mark.anyio

RUN = RunRecord("20260102_030405-abc", "file:/t.json", "file", "w1", started_at=100.0, max_coze=4, max_synthesis=2)
TASKS = [Task(f"t{n}", title=f"标题{n}", content="文案" * 400) for n in range(120)]
WORDS = {state.value: state for state in State}


async def write(path: Path) -> None:
    """120 tasks: 40 done, 10 running, one in the middle of a submission, one held, the rest waiting."""
    rows = [Row(t.task_id, n, title=t.title, fingerprint=t.fingerprint()) for n, t in enumerate(TASKS)]
    async with open_journal(path) as journal:
        await journal.begin(RUN, list(zip(TASKS, rows, strict=True)))
        for n, row in enumerate(rows[:52]):
            facts = {"execute_id": f"e{n}", "submissions": 1, "attempts": 1, "submitted_at": 110.0}
            sent = Execution(row.task_id, 1, "sent", sent_at=110.0)
            state = State.DONE if n < 40 else State.RUNNING if n < 50 else State.SUBMITTING if n == 50 else State.HELD
            if n >= 50:
                facts["execute_id"] = ""
                await journal.write(PutExecution(sent), PutRow(replace(row, state=state, submissions=1)))
                continue
            done = replace(row, state=state, has_output=n < 40, **facts)  # type: ignore[arg-type]
            started = replace(sent, status="succeeded" if n < 40 else "running", execute_id=f"e{n}")
            await journal.write(PutExecution(started), PutRow(done))
            if n < 40:
                await journal.write(PutOutput(f"e{n}", "output " * 1000))
        await journal.write(Owe(Delivery(7, "t3", "r3", "done", "path")))


def spoil(path: Path, how: str) -> None:
    whole = path.read_bytes()
    pages = len(whole) // 4096
    rng = random.Random(how)
    match how:
        case "zero bytes":
            path.write_bytes(b"")
        case "truncated":
            path.write_bytes(whole[: pages // 2 * 4096 + 100])
        case "garbage in the middle":
            start = pages // 2 * 4096
            path.write_bytes(whole[:start] + rng.randbytes(8 * 4096) + whole[start + 8 * 4096 :])
        case "no header":
            path.write_bytes(b"\0" * 4096 + whole[4096:])
        case "text":
            path.write_bytes(b"hello " * 5000)


DAMAGES = ("zero bytes", "truncated", "garbage in the middle", "no header", "text")


def kept_files(folder: Path) -> list[bytes]:
    return [file.read_bytes() for file in folder.glob("journal.damaged-*.sqlite3")]


def states(salvaged: Salvaged) -> dict[str, State]:
    return {task_id: row.state for (_, task_id), (_, row) in salvaged.tasks.items()}


async def test_scanning_finds_in_a_whole_file_what_sqlite_finds(tmp_path: Path) -> None:
    path = tmp_path / "j"
    await write(path)
    found = scan(path)
    assert found.lost == 0
    with closing(sqlite3.connect(path)) as db:
        shapes = (("task", "index", 4), ("input", "table", 3), ("output", "table", 2), ("execution", "table", 21))
        for table, tree, columns in shapes:
            stored = {tuple(row) for row in db.execute(f"SELECT * FROM {table}")}
            records = {r for kind, _, r in found.records if kind == tree and len(r) == columns}
            assert records == stored, table


async def test_what_is_only_in_the_write_ahead_log_is_found_too(tmp_path: Path) -> None:
    path = tmp_path / "j"
    db = open_to_write(path)
    db.execute("INSERT INTO output VALUES ('e1', 'x')")
    db.commit()
    copy = tmp_path / "copy" / "j"
    copy.parent.mkdir()
    for of, to in ((path, copy), (wal_of(path), wal_of(copy))):
        shutil.copy(of, to)
    db.close()
    copy.write_bytes(b"")
    with pytest.raises(DamagedJournal):
        open_to_write(copy)
    found = scan(copy)
    assert ("table", 1, ("e1", "x")) in found.records
    assert found.lost == 0


async def test_a_log_that_lost_transactions_in_the_middle_is_damage(tmp_path: Path) -> None:
    path = tmp_path / "j"
    db = open_to_write(path)
    for n in range(6):
        db.execute("INSERT INTO output VALUES (?, ?)", (f"e{n}", "x" * 5000))
        db.commit()
    copy = tmp_path / "copy" / "j"
    copy.parent.mkdir()
    shutil.copy(path, copy)
    log = wal_of(path).read_bytes()
    db.close()
    middle = len(log) // 2
    wal_of(copy).write_bytes(log[:middle] + b"\xa5" * 100 + log[middle + 100 :])
    with pytest.raises(DamagedJournal, match="write-ahead"):
        open_to_write(copy)
    assert scan(copy).torn
    wal_of(copy).write_bytes(log[:-100])  # the last transaction was being written: nobody was told of it
    shm_of(copy).unlink(missing_ok=True)
    open_to_write(copy).close()


@pytest.mark.parametrize("how", DAMAGES)
async def test_nothing_that_may_have_been_paid_for_is_taken_for_unpaid(tmp_path: Path, how: str) -> None:
    path = tmp_path / "journal.sqlite3"
    await write(path)
    spoil(path, how)
    spoilt = path.read_bytes()
    with pytest.raises(DamagedJournal):
        open_to_write(path)
    found = salvage(path, tmp_path, WORDS)
    assert found.incomplete
    truth = {f"t{n}": State.DONE if n < 40 else State.RUNNING for n in range(50)}
    for task_id, state in states(found).items():
        number = int(task_id[1:])
        if number < 52:
            assert state not in (State.PENDING, State.SKIPPED), task_id
        if number < 40:
            assert state in (truth[task_id], State.RUNNING, State.DOWNLOADING, State.HELD), task_id
    rebuild(path, found, now=200.0)
    assert kept_files(tmp_path) == [spoilt]
    async with open_journal(path) as journal:
        assert await journal.is_incomplete("file:/t.json")
        past = await journal.past("file:/t.json", [t.task_id for t in TASKS])
        assert {task_id: p.row.state for task_id, p in past.items()} == states(found)
        if how in ("garbage in the middle", "truncated", "no header"):
            assert len(past) > 40


@pytest.mark.parametrize("lost", ["input", "row"])
async def test_a_task_of_which_a_half_is_lost_keeps_the_other(tmp_path: Path, lost: str) -> None:
    path = tmp_path / "journal.sqlite3"
    await write(path)
    table = {"input": "input", "row": "task"}[lost]
    with closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA secure_delete = ON")
        db.execute(f"DELETE FROM {table} WHERE task_id = 't1'")
        db.commit()
    task, row = salvage(path, tmp_path, WORDS).tasks[RUN.run_id, "t1"]
    assert row.execute_id == "e1"
    if lost == "input":
        assert (row.state, task.content) == (State.DONE, "")
        assert row.fingerprint == TASKS[1].fingerprint()
    else:
        assert task == TASKS[1]
        assert row.fingerprint == TASKS[1].fingerprint()
        assert row.state is not State.PENDING


async def test_a_file_that_lost_nothing_raises_no_doubt(tmp_path: Path) -> None:
    path = tmp_path / "j"
    await write(path)
    found = salvage(path, tmp_path, WORDS)
    assert not found.incomplete
    rebuild(path, found, now=200.0)
    async with open_journal(path) as journal:
        assert not await journal.is_incomplete("file:/t.json")
        assert [d.serial for d in await journal.owed("file:/t.json")] == [7]
        assert await journal.output("e3") == "output " * 1000
        assert len(await journal.executions(RUN.run_id, "t3")) == 1
        assert (await journal.runs())[0] == RUN


async def test_a_doubt_ends_once_a_run_has_seen_the_source_whole(tmp_path: Path) -> None:
    path = tmp_path / "j"
    await write(path)
    spoil(path, "truncated")
    rebuild(path, salvage(path, tmp_path, WORDS), now=200.0)
    async with open_journal(path) as journal:
        await journal.confirm_complete("file:/t.json", 300.0)
        assert not await journal.is_incomplete("file:/t.json")
        assert await journal.is_incomplete("file:/another.json")


def log(folder: Path, *lines: str, name: str = "workflow_20260102_030405.log") -> None:
    text = "".join(f"2026-01-02 03:04:{n:02} INFO    {line}\n" for n, line in enumerate(lines))
    (folder / name).write_text(text, encoding="utf-8")


async def test_an_execution_that_only_the_log_knows_is_adopted(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite3"
    path.write_bytes(b"")
    log(
        tmp_path,
        f"- {run_line(RUN)}",
        "a b pending -> submitting",
        "a b submitting -> running  execute_id=E1  https://x",
        "c pending -> submitting",
        "d pending -> submitting",
        "d submitting -> running  execute_id=E2",
        "d running -> done",
        "e pending -> failed  [content_rejected] no",
        "f pending -> skipped  finished earlier",
    )
    found = salvage(path, tmp_path, WORDS)
    assert states(found) == {
        "a b": State.RUNNING,
        "c": State.HELD,
        "d": State.DONE,
        "e": State.FAILED,
        "f": State.HELD,
    }
    assert found.tasks[RUN.run_id, "a b"][1].execute_id == "E1"
    assert found.runs[RUN.run_id].source_key == RUN.source_key
    assert found.runs[RUN.run_id].status == "interrupted"


async def test_a_log_in_chinese_is_understood_by_its_words(tmp_path: Path) -> None:
    log(tmp_path, f"- {run_line(RUN)}", "t1 等待 -> 提交中", "t1 提交中 -> Coze 运行  认领已有执行  execute_id=E1")
    words = {"等待": State.PENDING, "提交中": State.SUBMITTING, "Coze 运行": State.RUNNING}
    trace = read_logs(tmp_path, words).runs[RUN.run_id].tasks["t1"]
    assert (trace.state, trace.execute_id) == (State.RUNNING, "E1")


async def test_executions_of_no_known_run_are_told_to_the_person(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite3"
    path.write_bytes(b"")
    log(tmp_path, "t1 submitting -> running  execute_id=E1")
    found = salvage(path, tmp_path, WORDS)
    assert found.strays == ("E1",)
    assert "E1" in found.describe().en


async def test_a_log_that_knows_more_than_an_old_page_wins(tmp_path: Path) -> None:
    path = tmp_path / "j"
    await write(path)
    log(
        tmp_path,
        f"- {run_line(RUN)}",
        "t100 pending -> submitting",
        "t101 pending -> submitting",
        "t101 submitting -> running  execute_id=E101",
        "t50 submitting -> running  execute_id=E50",
    )
    found = salvage(path, tmp_path, WORDS)
    assert states(found)["t100"] is State.HELD
    assert states(found)["t101"] is State.RUNNING
    assert states(found)["t50"] is State.RUNNING
    assert states(found)["t102"] is State.PENDING
    assert states(found)["t3"] is State.DONE


async def test_a_result_that_is_lost_is_fetched_again_for_free(tmp_path: Path) -> None:
    path = tmp_path / "j"
    async with open_journal(path) as journal:
        row = Row("t0", 0, state=State.SYNTHESIZING, execute_id="e0", has_output=True, submissions=1, attempts=1)
        await journal.begin(RUN, [(TASKS[0], row)])
    found = salvage(path, tmp_path, WORDS)
    assert states(found) == {"t0": State.RUNNING}
    assert not found.tasks[RUN.run_id, "t0"][1].has_output


async def test_a_rebuilding_that_is_broken_off_still_ends_in_a_file_known_to_be_damaged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "journal.sqlite3"
    await write(path)
    spoil(path, "truncated")
    found = salvage(path, tmp_path, WORDS)
    known = states(found)
    replace_file: Callable[..., None] = os.replace

    def once(source: Path, target: str, **where: int | None) -> None:
        replace_file(source, target, **where)
        raise OSError("the power went")

    monkeypatch.setattr("cozebatch.disk.writing.os.replace", once)
    with pytest.raises(JournalError):
        rebuild(path, found, now=200.0)
    monkeypatch.undo()
    with pytest.raises(DamagedJournal):
        open_to_write(path)
    again = salvage(path, tmp_path, WORDS)
    for task_id, state in states(again).items():
        assert state is known[task_id] or state is State.HELD
    assert again.describe().zh
    assert again.describe().en
