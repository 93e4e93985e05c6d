"""Worker processes: a crash or a hang costs one call, and nothing outlives its caller."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path

import anyio
import pytest

from cozebatch.model.errors import Category, StepError
from cozebatch.synthesis.alive import is_alive
from cozebatch.synthesis.process.workers import Workers

# A test may block its own event loop.
# ruff: noqa: ASYNC110, ASYNC220

pytestmark = pytest.mark.anyio


@pytest.fixture
async def workers() -> AsyncIterator[Workers]:
    running = Workers(1, dict(os.environ))
    yield running
    await running.aclose()


async def failing(workers: Workers, function: object, *arguments: object, timeout: float = 20) -> Category:
    with pytest.raises(StepError) as caught:
        await workers.call(function, *arguments, timeout=timeout)  # type: ignore[arg-type]
    return caught.value.info.category


async def until_dead(pid: int) -> None:
    with anyio.fail_after(5):
        while is_alive(pid):
            await anyio.sleep(0.01)


async def test_one_process_serves_many_calls(workers: Workers) -> None:
    pids = {await workers.call(os.getpid, timeout=20) for _ in range(3)}
    assert len(pids) == 1
    assert pids != {os.getpid()}


async def test_memory_of_the_one_who_starts_it_is_not_counted_as_the_workers(workers: Workers) -> None:
    ballast = bytearray(700 * 1_000_000)
    ballast[::4096] = b"x" * len(ballast[::4096])
    pids = {await workers.call(os.getpid, timeout=20) for _ in range(2)}
    del ballast
    assert len(pids) == 1


async def test_what_a_library_prints_does_not_disturb_the_answers(workers: Workers) -> None:
    await workers.call(print, "x" * 100_000, timeout=20)
    assert await workers.call(len, "abc", timeout=20) == 3


async def test_an_exception_is_internal_and_the_worker_goes_on(workers: Workers) -> None:
    pid = await workers.call(os.getpid, timeout=20)
    assert await failing(workers, int, "x") is Category.INTERNAL
    assert await workers.call(os.getpid, timeout=20) == pid


@pytest.mark.parametrize("end", [os.abort, os._exit])
async def test_a_crash_costs_one_call(workers: Workers, end: object) -> None:
    pid = await workers.call(os.getpid, timeout=20)
    assert await failing(workers, end, *([1] if end is os._exit else [])) is Category.WORKER_CRASHED
    assert await workers.call(os.getpid, timeout=20) != pid


async def test_a_hang_is_killed(workers: Workers) -> None:
    pid = await workers.call(os.getpid, timeout=20)
    assert await failing(workers, time.sleep, 60, timeout=0.2) is Category.SYNTHESIS_TIMEOUT
    await until_dead(pid)


async def test_a_cancelled_call_takes_its_process_along(workers: Workers) -> None:
    pid = await workers.call(os.getpid, timeout=20)
    with anyio.move_on_after(0.2) as scope:
        await workers.call(time.sleep, 60, timeout=70)
    assert scope.cancelled_caught
    await until_dead(pid)


async def test_a_busy_worker_dies_with_an_engine_that_is_killed(tmp_path: Path) -> None:
    engine = """
import anyio, os, time
from cozebatch.synthesis.process.workers import Workers
async def main():
    workers = Workers(1, dict(os.environ))
    print(await workers.call(os.getpid, timeout=20), flush=True)
    await workers.call(time.sleep, 60, timeout=70)
anyio.run(main)
"""
    command = [sys.executable, "-c", engine]
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, text=True) as victim:
        assert victim.stdout is not None
        pid = int(victim.stdout.readline())
        victim.kill()
    await until_dead(pid)
