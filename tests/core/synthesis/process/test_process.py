"""Child processes: heard, bounded, and gone whatever happens."""

# A test may block its own event loop.
# ruff: noqa: ASYNC110, ASYNC220

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import anyio
import pytest

from cozebatch.synthesis.alive import is_alive
from cozebatch.synthesis.process.process import OutOfTime, run

pytestmark = pytest.mark.anyio

PYTHON = sys.executable
SLEEP = [PYTHON, "-I", "-S", "-c", "import time; time.sleep(60)"]
SLEEPER = f"import os,sys,time,subprocess; p=subprocess.Popen({SLEEP!r}); print(os.getpid(), p.pid, flush=True); "
ENV = {name: value for name, value in os.environ.items() if name.upper() in ("PATH", "SYSTEMROOT")}
TIMEOUT = 6.0 if sys.platform == "win32" else 0.8
"""Seconds in which a Python that starts another one has surely said so."""
UTF8 = ENV | {"PYTHONIOENCODING": "utf-8"}


def script(code: str) -> list[str]:
    return [PYTHON, "-I", "-S", "-c", code]


def alive(pid: int) -> bool:
    if sys.platform != "linux":
        return is_alive(pid)
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


async def until_dead(*pids: int) -> None:
    with anyio.fail_after(5):
        while any(alive(pid) for pid in pids):
            await anyio.sleep(0.01)


async def test_lines_status_and_the_end_of_stderr_come_back(tmp_path: Path) -> None:
    lines: list[str] = []
    code = "import sys; print('一'); print('two', end=''); sys.stderr.write('x' * 100000 + 'last'); sys.exit(3)"
    done = await run([PYTHON, "-c", code], cwd=tmp_path, env=UTF8, on_line=lines.append)
    assert lines == ["一", "two"]
    assert done.returncode == 3
    assert done.heard_out
    assert not done.crashed
    assert done.stderr.endswith("last")
    assert len(done.stderr) < 20_000


async def test_a_file_is_its_stdin(tmp_path: Path) -> None:
    (tmp_path / "in.txt").write_text("hello", encoding="utf-8")
    lines: list[str] = []
    code = "import sys; print(sys.stdin.read())"
    await run(script(code), cwd=tmp_path, env=ENV, stdin=tmp_path / "in.txt", on_line=lines.append)
    assert lines == ["hello"]


async def test_a_crash_is_told_from_a_failure(tmp_path: Path) -> None:
    violation = 0xC0000005  # STATUS_ACCESS_VIOLATION
    if sys.platform == "win32":
        code, status = f"import ctypes; ctypes.windll.kernel32.ExitProcess({violation})", violation
    else:
        code, status = "import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", -signal.SIGSEGV
    done = await run(script(code), cwd=tmp_path, env=ENV)
    assert done.crashed
    assert done.returncode == status


async def test_a_program_that_cannot_be_started_is_named(tmp_path: Path) -> None:
    done = await run(["no-such-program-here"], cwd=tmp_path, env=ENV)
    assert done.returncode == 127
    assert "no-such-program-here" in done.stderr


async def test_out_of_time_kills_the_whole_tree(tmp_path: Path) -> None:
    lines: list[str] = []
    code = SLEEPER + "sys.stderr.write('still busy'); sys.stderr.flush(); time.sleep(60)"
    with pytest.raises(OutOfTime) as caught:
        await run(script(code), cwd=tmp_path, env=ENV, timeout=TIMEOUT, on_line=lines.append)
    assert caught.value.stderr == "still busy"
    await until_dead(*map(int, lines[0].split()))


async def test_cancelling_kills_the_whole_tree(tmp_path: Path) -> None:
    pids: list[int] = []
    with anyio.CancelScope() as scope:

        def hear(line: str) -> None:
            pids.extend(map(int, line.split()))
            scope.cancel()

        await run(script(SLEEPER + "time.sleep(60)"), cwd=tmp_path, env=ENV, on_line=hear)
    assert len(pids) == 2
    await until_dead(*pids)


async def test_a_grandchild_that_keeps_the_pipe_does_not_hold_us_up(tmp_path: Path) -> None:
    code = f"import subprocess; print(subprocess.Popen({SLEEP!r}, start_new_session=True).pid, flush=True)"
    lines: list[str] = []
    with anyio.fail_after(10):
        done = await run(script(code), cwd=tmp_path, env=ENV, on_line=lines.append)
    assert done.returncode == 0
    assert not done.heard_out
    assert alive(int(lines[0])), "what a program left running on purpose is not ours to end"
    os.kill(int(lines[0]), signal.SIGTERM)  # on Windows this is no signal, it ends the process


async def test_the_tree_dies_with_us_even_when_we_are_killed(tmp_path: Path) -> None:
    engine = (
        "import anyio, sys; from pathlib import Path; from cozebatch.synthesis.process.process import run\n"
        f"anyio.run(lambda: run({script(SLEEPER + 'time.sleep(60)')!r}, cwd=Path('.'), "
        f"env={ENV!r}, on_line=lambda l: print(l, flush=True)))"
    )
    with subprocess.Popen([PYTHON, "-c", engine], cwd=tmp_path, stdout=subprocess.PIPE, text=True) as victim:
        assert victim.stdout is not None
        pids = [int(pid) for pid in victim.stdout.readline().split()]
        assert all(alive(pid) for pid in pids)
        victim.kill()
    await until_dead(*pids)
