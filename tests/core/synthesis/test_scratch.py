"""Scratch folders: films that begin and end together do not disturb each other; only our own dead ones are swept."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import anyio
import pytest

from cozebatch.disk.marker import mark
from cozebatch.synthesis.scratch import scratch, sweep

# A test may block its own event loop.
# ruff: noqa: ASYNC220, ASYNC240

OURS = "0123456789abcdef" * 2
THEIRS = "f" * 32
NO_PROCESS = 999_999_999
TIMES = 60 if sys.platform == "win32" else 1000  # a folder takes much longer there


def begin_and_end(folder: Path, times: int) -> int:
    """Make and remove `times` scratch folders; how many of them failed."""

    async def films() -> int:
        failed = 0
        for _ in range(times):
            try:
                async with scratch(folder, OURS):
                    pass
            except Exception:  # noqa: BLE001 - counted: the test asserts that there is none
                failed += 1
        return failed

    return anyio.run(films)


def test_films_that_begin_and_end_at_the_same_moment_all_get_their_folder(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as threads:
        failed = sum(threads.map(begin_and_end, [tmp_path] * 8, [TIMES] * 8))
    assert failed == 0
    assert list(tmp_path.iterdir()) == []


@pytest.mark.anyio
async def test_a_scratch_folder_is_gone_afterwards(tmp_path: Path) -> None:
    async with scratch(tmp_path, OURS) as home:
        (home / "x").write_text("x", encoding="utf-8")
    assert list(tmp_path.iterdir()) == []


async def left_over(folder: Path, owner: str, *, pid: int = NO_PROCESS) -> Path:
    """What a process `pid` of the state folder `owner` leaves when it is killed while it makes a film."""
    async with scratch(folder, owner) as home:
        left = home.with_name(home.name.replace(f"-{os.getpid()}-", f"-{pid}-"))
        assert left != home
        left.mkdir()
        mark(left, owner, folder)
    return left


@pytest.mark.anyio
async def test_what_a_killed_process_of_ours_left_is_swept_and_live_work_is_not(tmp_path: Path) -> None:
    left = await left_over(tmp_path, OURS)
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as other:
        alive = await left_over(tmp_path, OURS, pid=other.pid)
        async with scratch(tmp_path, OURS) as home:
            assert sweep(tmp_path, OURS).removed == 1
            assert home.exists()
            assert alive.exists()
            assert not left.exists()
        other.communicate(b"\n")
    assert sweep(tmp_path, OURS).removed == 1, "the other process has ended now"


@pytest.mark.anyio
async def test_a_twin_with_the_same_name_on_a_shared_folder_keeps_its_work(tmp_path: Path) -> None:
    theirs = await left_over(tmp_path, THEIRS)
    assert sweep(tmp_path, OURS).removed == 0
    assert sweep(tmp_path, "").removed == 0
    assert theirs.exists()
    assert sweep(tmp_path, THEIRS).removed == 1


@pytest.mark.anyio
async def test_a_folder_that_was_out_of_reach_when_its_film_ended_is_swept_later_and_a_living_one_is_not(
    tmp_path: Path,
) -> None:
    share, away = tmp_path / "share", tmp_path / "away"
    share.mkdir()
    async with scratch(share, OURS) as home:
        (home / "x").write_text("x", encoding="utf-8")
        share.rename(away)
        share.mkdir()
    share.rmdir()
    away.rename(share)
    assert home.exists()
    async with scratch(share, OURS) as living:
        assert sweep(share, OURS).removed == 1
        assert living.exists()
    assert list(share.iterdir()) == []
