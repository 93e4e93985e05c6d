"""What retention takes out of a journal changes nothing of what a later start decides."""

from __future__ import annotations

import random
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from cozebatch.journal.opening import open_to_write
from cozebatch.journal.retention import vacuum as compacting
from cozebatch.journal.retention.outcome import Kind
from cozebatch.journal.retention.pruning import Pruning
from cozebatch.journal.salvage.sqlite_pages import scan
from cozebatch.journal.sqlite import open_journal, read_journal
from cozebatch.model.task import State, Task
from cozebatch.planning.planned import Action, OperatorOverrides, Planned
from cozebatch.planning.recovery import plan
from support.old_runs import BEFORE, SOURCES, TASKS, Past, random_past

# A test may block its own event loop.
# ruff: noqa: ASYNC220, ASYNC240

pytestmark = pytest.mark.anyio

CHANGED = [replace(task, content=task.content + "改") for task in TASKS]


@dataclass
class Seen:
    """All that a later start reads of a journal, and what it decides."""

    plans: list[Planned]
    others: Any
    outputs: Mapping[str, str | None]


async def look(path: Path) -> Seen:
    plans: list[Planned] = []
    outputs: dict[str, str | None] = {}
    others: list[Any] = []
    async with read_journal(path) as journal:
        for source in SOURCES:
            last = await journal.last_run(source)
            going_on = last if last is not None and last.status != "finished" else None
            past = await journal.past(source, [task.task_id for task in TASKS])
            for overrides in (OperatorOverrides(), OperatorOverrides(rerun=frozenset({"t1"}), adopt={"t2": "e9999"})):
                for tasks in (TASKS, CHANGED):
                    for says in (True, False):
                        running = going_on.run_id if going_on else None
                        plans += plan(tasks, past, overrides, continuing=running, source_is_authoritative=says)
            for task_id, earlier in sorted(past.items()):
                others.append((task_id, earlier.run_id, earlier.owed, await journal.task(earlier.run_id, task_id)))
            unmarked = None if last is None else replace(last, pruned=False)
            others += [unmarked, await journal.owed(source), await journal.is_incomplete(source)]
        others += [await journal.last_serial(), await journal.durations("w1")]
        for run in await journal.runs():
            if run.status not in ("finished", "abandoned"):
                rows = await journal.rows(run.run_id)
                others += [run, rows, await journal.tasks(run.run_id, [row.task_id for row in rows])]
                others += [await journal.executions(run.run_id, row.task_id) for row in rows]
                outputs |= {row.execute_id: await journal.output(row.execute_id) for row in rows if row.execute_id}
        for planned in plans:
            execute_id = planned.row.execute_id
            goes_on = planned.action is Action.FINISH or planned.row.state in (
                State.FAILED,
                State.HELD,
                State.CANCELLED,
            )
            if goes_on and execute_id is not None:
                outputs[execute_id] = await journal.output(execute_id)
    return Seen(plans, others, outputs)


def dump(path: Path) -> list[str]:
    with closing(sqlite3.connect(path)) as db:
        return list(db.iterdump())


def decided(seen: Seen) -> list[Planned]:
    """Whether the output of a finished task is still there decides nothing."""
    return [replace(p, made=replace(p.row, has_output=False)) for p in seen.plans]


@pytest.mark.parametrize("seed", range(25))
async def test_a_later_start_decides_the_same_after_pruning(tmp_path: Path, seed: int) -> None:
    path = tmp_path / "j"
    random_past(path, seed)
    before = await look(path)
    async with open_journal(path) as journal:
        foreseen = (await journal.prune(BEFORE, dry=True)).found
        untouched = await look(path)
        pruned = (await journal.prune(BEFORE, compact=seed % 2 == 0)).found
        after = await look(path)
    assert untouched == before, seed
    assert (foreseen.gone, foreseen.freed, foreseen.kept) == (pruned.gone, pruned.freed, pruned.kept), seed
    assert decided(after) == decided(before), seed
    assert after.others == before.others, seed
    assert after.outputs == before.outputs, seed
    assert [p for p in after.plans if p.action is Action.FINISH] == [
        p for p in before.plans if p.action is Action.FINISH
    ]
    once = dump(path)
    async with open_journal(path) as journal:
        again = (await journal.prune(BEFORE)).found
    assert not again.gone.total(), seed
    assert again.kept == pruned.kept, seed
    assert dump(path) == once, seed
    _nothing_hangs_in_the_air(path)


def _nothing_hangs_in_the_air(path: Path) -> None:
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert db.execute("PRAGMA foreign_key_check").fetchall() == []
        sql = "SELECT count(*) FROM execution WHERE (run_id, task_id) NOT IN (SELECT run_id, task_id FROM task)"
        assert db.execute(sql).fetchone() == (0,)


async def test_random_histories_really_have_something_to_drop(tmp_path: Path) -> None:
    gone: Counter[Kind] = Counter()
    for seed in range(10):
        random_past(tmp_path / f"j{seed}", seed)
        async with open_journal(tmp_path / f"j{seed}") as journal:
            gone += (await journal.prune(BEFORE, dry=True)).found.gone
    assert all(gone[kind] for kind in (Kind.OUTPUT, Kind.DELIVERY, Kind.TASK, Kind.RUN)), gone


async def test_results_go_only_of_tasks_that_are_done_and_delivered(tmp_path: Path) -> None:
    path = tmp_path / "j"
    with Past(path) as past:
        run = past.run("a", 60)
        done, owed, failed, held, cancelled = TASKS[:5]
        for n, (task, state) in enumerate([(owed, State.DONE), (failed, State.FAILED), (held, State.HELD)]):
            past.execution(run, task, 1, f"k{n}")
            past.output(f"k{n}")
            past.row(run, task, state, f"k{n}", has_output=True)
        past.finished(run, done, "e1")
        past.execution(run, cancelled, 1, "k3")
        past.output("k3")
        past.row(run, cancelled, State.CANCELLED, "k3", has_output=True)
        past.delivery(run, owed, settled=False)
        past.delivery(run, done, settled=True)
        past.delivery(run, failed, settled=True)
    async with open_journal(path) as journal:
        found = (await journal.prune(BEFORE)).found
        assert await journal.output("e1") is None
        assert [await journal.output(f"k{n}") is not None for n in range(4)] == [True] * 4
        rows = {row.task_id: row for row in await journal.rows("a")}
        assert len(rows) == 5
        assert not rows[done.task_id].has_output, "a row does not say that an output is there which is not"
        assert await journal.last_serial() == 3
    assert found.gone == Counter({Kind.OUTPUT: 1, Kind.DELIVERY: 1})
    assert found.kept == Counter({Kind.OUTPUT: 4, Kind.DELIVERY: 1})


async def test_a_result_that_a_run_that_goes_on_still_reports_stays(tmp_path: Path) -> None:
    with Past(tmp_path / "j") as past:
        old, going_on = past.run("a", 60), past.run("b", 50, "interrupted")
        past.execution(old, TASKS[0], 1, "e1")
        past.output("e1")
        past.row(old, TASKS[0], State.FAILED, "e1", has_output=True)
        past.row(going_on, TASKS[0], State.DONE, "e1", has_output=True)
    async with open_journal(tmp_path / "j") as journal:
        await journal.prune(BEFORE)
        assert await journal.output("e1") is not None


async def test_an_execution_that_another_task_adopted_keeps_its_result(tmp_path: Path) -> None:
    with Past(tmp_path / "j") as past:
        past.finished(past.run("a", 60), TASKS[0], "e1")
        other = past.run("b", 60, source=SOURCES[1])
        past.row(other, TASKS[7], State.FAILED, "e1", has_output=True)
    async with open_journal(tmp_path / "j") as journal:
        await journal.prune(BEFORE)
        assert await journal.output("e1") is not None


async def test_of_many_runs_of_a_file_one_row_a_task_is_left_and_the_latest_run(tmp_path: Path) -> None:
    with Past(tmp_path / "j") as past:
        first = past.run("r00", 90)
        for n, task in enumerate(TASKS):
            past.finished(first, task, f"e{n}")
        for number in range(1, 40):
            run = past.run(f"r{number:02}", 90 - number)
            for n, task in enumerate(TASKS):
                past.row(run, task, State.SKIPPED, f"e{n}", has_output=True)
    async with open_journal(tmp_path / "j") as journal:
        found = (await journal.prune(BEFORE)).found
        left = {run.run_id: len(await journal.rows(run.run_id)) for run in await journal.runs()}
        assert left == {"r00": 12, "r39": 0}
    assert found.gone[Kind.RUN] == 38


async def test_durations_stay_the_latest_ones_of_each_workflow(tmp_path: Path) -> None:
    with Past(tmp_path / "j") as past:
        run = past.run("a", 60)
        for n in range(1, 521):
            past.execution(run, TASKS[0], n, f"e{n}")
        for n in range(521, 531):
            past.execution(run, TASKS[0], n, f"e{n}", "failed")
        past.row(run, TASKS[0], State.DONE, "e520")
    async with open_journal(tmp_path / "j") as journal:
        before = await journal.durations("w1")
        found = (await journal.prune(BEFORE)).found
        assert await journal.durations("w1") == before
        assert len(before) == 500
    assert found.gone[Kind.EXECUTION] == 29, "the latest one of the task stays on record"


async def test_runs_that_did_not_end_are_never_touched_however_old(tmp_path: Path) -> None:
    with Past(tmp_path / "j") as past:
        for n, status in enumerate(("open", "interrupted", "stopped")):
            past.finished(past.run(f"r{n}", 900, status, f"file:/{n}"), TASKS[0], f"e{n}")
    before = dump(tmp_path / "j")
    async with open_journal(tmp_path / "j") as journal:
        assert not (await journal.prune(BEFORE)).found.gone.total()
    assert dump(tmp_path / "j") == before


async def test_the_run_that_is_on_is_spared_whenever_it_ended(tmp_path: Path) -> None:
    with Past(tmp_path / "j") as past:
        run = past.run("a", 60)
        past.finished(run, TASKS[0], "e1")
    async with open_journal(tmp_path / "j") as journal:
        await journal.begin(run, [])
        await journal.prune(BEFORE)
        assert await journal.output("e1") is not None


@pytest.mark.parametrize("steps", [1, 2, 3, 4, 5, 6, 8])
async def test_broken_off_between_transactions_it_goes_on_the_next_time(
    tmp_path: Path, steps: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cozebatch.journal.retention.pruning.CHUNK", 5)
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    for path in (whole, broken):
        random_past(path, 7)
    before = await look(broken)
    with closing(open_to_write(broken)) as db:
        pruning = Pruning(db, BEFORE)
        for _ in range(steps):
            pruning.step()
    after = await look(broken)
    assert decided(after) == decided(before)
    assert (after.others, after.outputs) == (before.others, before.outputs)
    for path in (whole, broken):
        async with open_journal(path) as journal:
            await journal.prune(BEFORE)
    assert dump(broken) == dump(whole)


def many(path: Path, count: int, size: int) -> None:
    with Past(path) as past:
        run = past.run("a", 60)
        for n in range(count):
            past.finished(run, Task(f"t{n:05}", content="文案"), f"e{n}", size)


KILLED = """
import sys
from cozebatch.journal.retention.vacuum import compact
from cozebatch.journal.opening import open_to_write
from cozebatch.journal.retention.pruning import Pruning
from pathlib import Path
db = open_to_write(Path(sys.argv[1]))
pruning = Pruning(db, float(sys.argv[2]))
while pruning.step():
    print("step", flush=True)
print("compacting", flush=True)
compact(db)
"""


@pytest.mark.parametrize("seed", [0, 1, 2, "compacting"])
async def test_a_kill_at_any_moment_leaves_a_whole_journal(tmp_path: Path, seed: int | str) -> None:
    path = tmp_path / "journal.sqlite3"
    many(path, 3000, 2000)
    steps = random.Random(seed).randint(1, 14)
    with subprocess.Popen(
        [sys.executable, "-c", KILLED, str(path), str(BEFORE)], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            steps -= 1
            if line.strip() == "compacting" or (steps <= 0 and seed != "compacting"):
                break
        process.kill()
    async with open_journal(path) as journal:
        past = await journal.past(SOURCES[0], [f"t{n:05}" for n in range(3000)])
        assert len(past) == 3000
        await journal.prune(BEFORE)
        assert {row.has_output for row in await journal.rows("a")} == {False}
    _nothing_hangs_in_the_air(path)


async def test_a_journal_of_finished_tasks_shrinks_and_can_still_be_salvaged(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite3"
    many(path, 2000, 10_000)
    large = path.stat().st_size
    began = time.perf_counter()
    async with open_journal(path) as journal:
        found = (await journal.prune(BEFORE, compact=True)).found
    took = time.perf_counter() - began
    small = path.stat().st_size
    print(f"2,000 done tasks of 10 kB: {large:,} -> {small:,} bytes in {took:.2f} s")
    assert found.troubles == []
    assert found.saved == large - small
    assert small < large / 10
    assert list(tmp_path.iterdir()) == [path], "nothing of the way is left"
    scanned = scan(path)
    assert (scanned.lost, scanned.torn) == (0, False)
    assert len([r for tree, _, r in scanned.records if tree == "index" and len(r) == 4]) == 2000


async def test_deleted_results_do_not_come_back_out_of_free_pages(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite3"
    many(path, 200, 10_000)
    async with open_journal(path) as journal:
        await journal.prune(BEFORE)
    scanned = scan(path)
    assert (scanned.lost, scanned.torn) == (0, False)
    assert not [r for tree, _, r in scanned.records if tree == "table" and len(r) == 2 and str(r[0]).startswith("e")]


async def test_a_disk_without_room_keeps_its_large_file_and_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "journal.sqlite3"
    many(path, 50, 10_000)
    monkeypatch.setattr(compacting, "SPARE", 1 << 60)
    async with open_journal(path) as journal:
        found = (await journal.prune(BEFORE, compact=True)).found
        assert await journal.output("e1") is None
    assert ["MB needed" in trouble.en for trouble in found.troubles] == [True]


async def test_a_run_that_was_pruned_says_so_for_ever(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite3"
    many(path, 3, 100)
    async with open_journal(path) as journal:
        assert not any(run.pruned for run in await journal.runs())
        await journal.prune(BEFORE)
        (run,) = await journal.runs()
        assert run.pruned
        await journal.begin(run, ())
        assert (await journal.runs())[0].pruned
