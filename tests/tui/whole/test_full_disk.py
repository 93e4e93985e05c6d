"""A disk that fills up under the journal of a running batch: nothing more is paid for, nothing that was is lost."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from cozebatch.demo.coze_model import CozeOptions
from cozebatch.demo.coze_server import RunningCoze, serve_coze
from cozebatch.demo.faults import Fault
from support.program import BATCH, Program, read_until

if sys.platform != "linux":
    pytest.skip("needs prlimit", allow_module_level=True)

import resource

LIMIT, TASKS = 4, 8
SECONDS = 30.0
UNLIMITED = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)


@pytest.fixture
def coze() -> Iterator[RunningCoze]:
    with serve_coze(CozeOptions(duration=0.8)) as served:
        yield served


@pytest.fixture
def program(coze: RunningCoze, tmp_path: Path) -> Program:
    return Program(tmp_path, coze.url).configure(max_coze_concurrent=LIMIT).tasks(TASKS)


@contextmanager
def batch(program: Program, *options: str, lang: str = "en") -> Iterator[subprocess.Popen[str]]:
    """The command running, for as long as the block lasts at most: without space it waits for ever."""
    command = [sys.executable, "-m", "cozebatch_tui.cli", "--lang", lang, *BATCH, *options]
    with subprocess.Popen(
        command,
        cwd=program.folder,
        env={**os.environ, "PYTHONUTF8": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    ) as process:
        guard = threading.Timer(SECONDS, process.kill)
        guard.start()
        try:
            yield process
        finally:
            guard.cancel()
            process.kill()


def fill(process: subprocess.Popen[str], state: Path) -> None:
    """From now on none of the process's files may grow beyond its write-ahead log."""
    size = (state / "journal.sqlite3-wal").stat().st_size
    resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))


def free(process: subprocess.Popen[str]) -> None:
    resource.prlimit(process.pid, resource.RLIMIT_FSIZE, UNLIMITED)


def log_of(program: Program) -> str:
    logs = sorted((program.folder / "workflow_logs").glob("workflow_*.log"), key=lambda path: path.stat().st_mtime_ns)
    return logs[-1].read_text(encoding="utf-8")


def executions(coze: RunningCoze) -> dict[str, str]:
    """Task id → the one execution it may have."""
    found = {}
    for title, started in coze.ledger().tasks.items():
        assert len(started) == 1, f"{title} was paid for {len(started)} times"
        found[f"t{title.removeprefix('标题').removesuffix('号')}"] = started[0].execute_id
    return found


def interrupted(process: subprocess.Popen[str]) -> tuple[str, str]:
    """SIGINT; what stdout and stderr still said. The process must end by itself."""
    process.send_signal(signal.SIGINT)
    return process.communicate(timeout=60)


def finish(program: Program, coze: RunningCoze, log: str, options: Sequence[str] = ()) -> None:
    """With space again the same command goes on; what it holds is adopted by what the log says."""
    again = program.batch(*options)
    assert again.code in (0, 1), again.err
    statuses, paid = program.statuses(), executions(coze)
    assert set(statuses.values()) <= {"done", "held"}
    held = [task_id for task_id, status in statuses.items() if status == "held"]
    assert len(held) <= LIMIT
    if held:
        in_log = {task_id: re.findall(rf" {task_id} .*execute_id (\d+)", log) for task_id in held}
        assert in_log == {task_id: [paid[task_id]] for task_id in held}, "the log holds what the journal could not"
        adopted = program.batch(*options, "--adopt", *(f"{task_id}={ids[0]}" for task_id, ids in in_log.items()))
        assert adopted.code == 0, adopted.err
    assert len(executions(coze)) == TASKS
    assert program.results()["statistics"]["held"] == 0


@pytest.mark.parametrize("answers", ["on disk", "not on disk"])
def test_a_full_disk_stops_the_submitting_and_the_log_names_every_execution(tmp_path: Path, answers: str) -> None:
    """Also those whose answer came when the disk was full already."""
    late = [Fault(what="late", on="submit", seconds=0.8)] if answers == "not on disk" else []
    with serve_coze(CozeOptions(duration=0.8), late) as coze:
        program = Program(tmp_path, coze.url).configure(max_coze_concurrent=LIMIT).tasks(TASKS)
        with batch(program, "--json") as process:
            read_until(process, f'"to": "{"submitting" if late else "running"}"', LIMIT)
            fill(process, tmp_path / ".cozebatch")
            read_until(process, '"reason": "journal"')
            wait_for(lambda: all(f"execute_id {e})" in log_of(program) for e in executions(coze).values()), program)
            assert len(executions(coze)) == LIMIT, "nothing is submitted that cannot be written down"
            _, err = interrupted(process)
        assert process.returncode == 130
        assert len(executions(coze)) == LIMIT
        assert program.results()["status"] == "interrupted"
        for told in (err, log_of(program)):
            assert "state file cannot be written" in told
        coze.set_faults()
        finish(program, coze, log_of(program))


def test_it_is_said_in_chinese_too(program: Program) -> None:
    with batch(program, lang="zh") as process:
        read_until(process, "execute_id=")
        fill(process, program.folder / ".cozebatch")
        read_until(process, "状态文件无法读写")
        wait_for(lambda: "状态文件无法读写" in log_of(program), program)


def test_a_batch_whose_disk_is_free_again_goes_on_by_itself_and_loses_nothing(
    program: Program, coze: RunningCoze
) -> None:
    with batch(program, "--json") as process:
        read_until(process, '"to": "running"', LIMIT)
        fill(process, program.folder / ".cozebatch")
        read_until(process, '"reason": "journal"')
        running = executions(coze)
        free(process)
        process.communicate(timeout=30)
    assert process.returncode == 0, "it went on by itself"
    statuses = program.statuses()
    assert all(statuses[task_id] == "done" for task_id in running)
    assert len(executions(coze)) == TASKS


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own with little space."""
    if os.geteuid() != 0:
        pytest.skip("only root may mount a small file system")
    place = tmp_path / "disk"
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(place)], capture_output=True, text=True, check=False
    )
    if mounted.returncode != 0:
        pytest.skip(f"a small file system cannot be mounted: {mounted.stderr.strip()}")
    yield place
    subprocess.run(["umount", str(place)], check=True)


def test_a_state_directory_on_a_disk_that_really_is_full(program: Program, coze: RunningCoze, small_disk: Path) -> None:
    state = ("--state-dir", str(small_disk / "state"))
    ballast = small_disk / "ballast"
    with batch(program, *state, "--json") as process:
        read_until(process, '"to": "running"', 1)
        fill_up(ballast)
        read_until(process, '"reason": "journal"')
        _, err = interrupted(process)
    assert process.returncode == 130
    assert "full" in err
    log = log_of(program)
    refused = program.batch(*state)
    assert refused.code in (2, 3), "still no space"
    assert len(executions(coze)) <= LIMIT
    ballast.unlink()
    finish(program, coze, log, state)


def test_with_the_log_on_the_full_disk_too_stderr_names_the_executions(small_disk: Path) -> None:
    with serve_coze(CozeOptions(duration=0.8), [Fault(what="late", on="submit", seconds=0.8)]) as coze:
        program = Program(small_disk, coze.url).configure(max_coze_concurrent=LIMIT).tasks(TASKS)
        with batch(program, "--json") as process:
            read_until(process, '"to": "submitting"', LIMIT)
            fill_up(small_disk / "ballast")
            assert process.stderr is not None
            named: set[str] = set()
            for line in process.stderr:
                named |= set(re.findall(r"execute_id (\d+)", line))
                if len(named) == LIMIT:
                    break
            assert named == set(executions(coze).values())
            _, err = interrupted(process)
        assert process.returncode == 130, err
        coze.set_faults()
        (small_disk / "ballast").unlink()
        adopted = program.batch("--adopt", *(f"{task_id}={e}" for task_id, e in executions(coze).items()))
        assert adopted.code == 0, adopted.err
        assert len(executions(coze)) == TASKS


def fill_up(ballast: Path) -> None:
    """Take all the space there is."""
    with ballast.open("wb", buffering=0) as file:
        for size in (65536, 1):
            try:
                while file.write(bytes(size)):
                    pass
            except OSError:
                continue


def wait_for(holds: Callable[[], bool], program: Program, seconds: float = 30.0) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, log_of(program)
        time.sleep(0.02)
