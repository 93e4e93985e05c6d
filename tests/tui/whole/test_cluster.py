"""A whole batch whose films two other machines make; one of them is killed."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cozebatch.demo.coze_model import CozeOptions
from cozebatch.demo.coze_server import RunningCoze, serve_coze
from support.clusters import LocalCluster, descendants, local_cluster
from support.listing import below, inside
from support.program import BATCH, Program

COUNT = 6


@pytest.fixture(scope="module")
def coze() -> Iterator[RunningCoze]:
    with serve_coze(CozeOptions(duration=0.2)) as running:
        yield running


def program(folder: Path, coze: RunningCoze, share: Path, address: str) -> Program:
    made = Program(folder, coze.url)
    made.configure(
        max_synthesis_workers=4,
        synthesis={
            "mode": "video",
            "width": 360,
            "height": 640,
            "output_dir": str(share / "output"),
            "cluster": address,
            "cluster_share": str(share),
        },
    )
    return made.tasks(COUNT)


def test_a_batch_loses_a_machine_and_no_film(tmp_path: Path, coze: RunningCoze) -> None:
    with local_cluster(tmp_path) as running:
        made = program(tmp_path, coze, running.share, str(running.address))
        checked = ready(made)
        assert "machines: 2, films at once: 2" in checked
        batch = made.start(*BATCH, "--json")
        try:
            assert batch.stdout is not None
            told = []
            for line in batch.stdout:
                told.append(json.loads(line))
                if sum(event.get("to") == "synthesizing" for event in told) == 2:
                    break
            kill_a_worker(running)
            out, err = batch.communicate(timeout=60)
        finally:
            batch.kill()
        assert batch.returncode == 0, err
        events = [*told, *map(json.loads, out.splitlines())]
        films = below(running.share / "output", "*.mp4")
        assert len(films) == COUNT
        assert all(path.stat().st_size > 1000 for path in films)
        assert not inside(running.share, ".cozebatch-scratch")
        assert not list(running.share.glob("cozebatch-media-*/media/*")), "downloads go when their film is made"
        assert most_at_once(events) == 2, "no more is shown as being made than machines make"
        assert 1 in [event["limit"] for event in events if event.get("reason") == "cluster"], "a machine was missed"
        assert len(coze.ledger().executions) == COUNT


def most_at_once(events: list[dict[str, Any]]) -> int:
    busy = most = 0
    for event in events:
        busy += (event.get("to") == "synthesizing") - (event.get("from") == "synthesizing")
        most = max(most, busy)
    return most


def ready(made: Program) -> str:
    """What `check` says once both machines are there."""
    for _ in range(40):
        done = made.run("check", "--config", "c.json", "--tasks", "tasks.json")
        if "machines: 2" in done.out:
            return done.out
        time.sleep(0.2)
    return done.out


def kill_a_worker(running: LocalCluster) -> None:
    worker: subprocess.Popen[bytes] = running.workers[0]
    pythons = [process for process in descendants(worker.pid) if "ffmpeg" not in process.name()]
    max(pythons, key=lambda process: process.memory_info().rss).send_signal(signal.Signals["SIGKILL"])


def test_without_a_machine_nothing_is_paid_for(tmp_path: Path, coze: RunningCoze) -> None:
    share = tmp_path / "share"
    share.mkdir()
    before = len(coze.ledger().executions)
    done = program(tmp_path, coze, share, f"tcp://127.0.0.1:{LocalCluster(share, tmp_path).port}").run(*BATCH)
    assert done.code == 2
    assert "cannot be reached" in done.err
    assert len(coze.ledger().executions) == before
