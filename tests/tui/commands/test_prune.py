"""`runs --prune` in real processes: room is saved, and nothing is paid for again."""

from __future__ import annotations

import json
import os
import sqlite3
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from cozebatch.demo.coze_model import CozeOptions
from cozebatch.demo.coze_server import RunningCoze, serve_coze
from cozebatch.disk.marker import mark
from cozebatch.journal.lock import state_lock
from cozebatch.journal.owner import state_owner
from cozebatch_tui.presentation.formatting import size_of
from support.program import Program

DAY = 86400.0


@pytest.fixture
def coze() -> Iterator[RunningCoze]:
    with serve_coze(CozeOptions(duration=0.2)) as served:
        yield served


def journal_of(program: Program) -> Path:
    return program.folder / ".cozebatch" / "journal.sqlite3"


def age(program: Program, days: float) -> None:
    """As if all that is there had happened so long ago."""
    with closing(sqlite3.connect(journal_of(program))) as db, db:
        by = days * DAY
        db.execute("UPDATE run SET started_at = started_at - ?, finished_at = finished_at - ?", (by, by))
        db.execute("UPDATE execution SET sent_at = sent_at - ?, ended_at = ended_at - ?", (by, by))
        for run_id, task_id, stored in db.execute("SELECT run_id, task_id, row FROM task").fetchall():
            row = json.loads(stored)
            row |= {name: row[name] - by for name in ("submitted_at", "coze_finished_at", "finished_at") if name in row}
            db.execute("UPDATE task SET row = ? WHERE run_id = ? AND task_id = ?", (json.dumps(row), run_id, task_id))
    for folder in (program.folder / "workflow_logs", program.folder / ".cozebatch" / "media"):
        for path in folder.rglob("*"):
            os.utime(path, (time.time() - days * DAY,) * 2)


def media(program: Program, name: str) -> Path:
    folder = program.folder / ".cozebatch" / "media" / "20200101_000000-abc" / name
    folder.mkdir(parents=True)
    mark(folder, state_owner(program.folder / ".cozebatch"), program.folder / ".cozebatch")
    (folder / "video.mp4").write_bytes(b"v" * 5000)
    return folder


def outputs(program: Program) -> int:
    with closing(sqlite3.connect(journal_of(program))) as db:
        return int(db.execute("SELECT count(*) FROM output").fetchone()[0])


def started(coze: RunningCoze) -> dict[str, int]:
    return {title: len(executions) for title, executions in coze.ledger().tasks.items()}


def test_after_pruning_the_same_command_submits_nothing_again(program: Program, coze: RunningCoze) -> None:
    assert program.batch().code == 0
    paid = started(coze)
    folder = media(program, "0123456789abcdef")
    age(program, 40)
    foreseen = program.run("runs", "--prune", "--dry-run")
    assert foreseen.code == 0, foreseen.err
    assert outputs(program) == 6
    assert folder.exists()
    done = program.run("runs", "--prune")
    assert done.code == 0, done.err
    assert outputs(program) == 0
    assert not folder.exists()
    assert not list((program.folder / "workflow_logs").glob("*.log"))
    assert [line for line in foreseen.out.splitlines() if line.startswith("  ")] == [
        line for line in done.out.splitlines() if line.startswith("  ")
    ]
    assert list(program.folder.glob("file_async_results_*.json")), "a results file is nobody's to delete"
    again = program.batch()
    assert again.code == 0
    assert set(program.statuses().values()) == {"skipped"}
    assert started(coze) == paid
    assert "6 done" in program.run("runs").out


def test_a_batch_that_finished_keeps_house_by_itself(program: Program, coze: RunningCoze) -> None:
    assert program.batch().code == 0
    folder = media(program, "0123456789abcdef")
    age(program, 40)
    program.tasks(7)
    assert program.batch().code == 0
    assert outputs(program) == 1, "that of the seventh"
    assert not folder.exists()
    assert set(started(coze).values()) == {1}
    assert list(program.statuses().values()).count("skipped") == 6


def test_a_failed_task_goes_on_from_its_old_result_for_free(program: Program, coze: RunningCoze) -> None:
    failing = [sys.executable, "-c", "raise SystemExit(1)"]
    program.configure(synthesis={"mode": "command", "command": failing}, max_retries=0).tasks(2)
    assert program.batch().code == 1
    paid = started(coze)
    age(program, 40)
    done = program.run("runs", "--prune")
    assert "kept: results of Coze 2" in done.out, done.out
    program.configure()
    assert program.batch().code == 0
    assert started(coze) == paid
    assert set(program.statuses().values()) == {"done"}


def test_the_days_come_from_the_option_else_from_the_configuration_else_are_thirty(program: Program) -> None:
    assert program.batch("--limit", "1").code == 0
    age(program, 20)
    assert program.run("runs", "--prune").code == 0
    assert outputs(program) == 1
    program.settings = {"log_retention_days": 15}
    program.configure()
    assert "15 days" in program.run("runs", "--prune", "--config", "c.json", "--dry-run").out
    assert program.run("runs", "--prune", "--config", "c.json", "--older-than", "25").code == 0
    assert outputs(program) == 1
    assert program.run("runs", "--prune", "--config", "c.json").code == 0
    assert outputs(program) == 0
    program.settings = {"log_retention_days": "many"}
    wrong = program.configure().run("runs", "--prune", "--config", "c.json")
    assert wrong.code == 2
    assert "log_retention_days" in wrong.err


def test_while_a_process_works_on_the_state_nothing_is_pruned_and_its_pid_is_told(program: Program) -> None:
    assert program.batch("--limit", "1").code == 0
    age(program, 40)
    with state_lock(program.folder / ".cozebatch"):
        refused = program.run("runs", "--prune")
        assert refused.code == 2
        assert str(os.getpid()) in refused.err
        assert program.run("runs", "--prune", "--dry-run").code == 0, "looking is allowed"
    assert outputs(program) == 1


def test_without_a_state_directory_there_is_nothing_to_do(tmp_path: Path) -> None:
    program = Program(tmp_path, "")
    done = program.run("runs", "--prune", "--state-dir", "elsewhere")
    assert done.code == 0
    assert "elsewhere" in done.out
    assert list(tmp_path.iterdir()) == []


def test_a_state_directory_without_a_journal_gets_none(tmp_path: Path) -> None:
    program = Program(tmp_path, "")
    folder = media(program, "0123456789abcdef")
    for path in (folder, *folder.iterdir()):
        os.utime(path, (1e9, 1e9))
    done = program.run("runs", "--prune")
    assert done.code == 0
    assert "5.1 kB" in done.out
    assert not folder.exists()
    assert not journal_of(program).exists()


def test_a_damaged_journal_is_not_pruned(program: Program) -> None:
    assert program.batch("--limit", "1").code == 0
    journal_of(program).write_bytes(b"\xa5" * 8192)
    for options in ((), ("--dry-run",)):
        refused = program.run("runs", "--prune", *options)
        assert refused.code == 2
        assert "damaged" in refused.err
    assert journal_of(program).read_bytes() == b"\xa5" * 8192


@pytest.mark.parametrize(
    ("size", "told"), [(0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (12_345_678, "12.3 MB"), (5_000_000_000, "5.0 GB")]
)
def test_sizes_are_short(size: int, told: str) -> None:
    assert size_of(size) == told
