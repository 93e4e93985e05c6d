"""What handing films out costs: 16 MP4 by two workers of a cluster on this machine, against the local pool; and how
soon a cancelled film has no ffmpeg any more on any worker.

    python tests/bench cluster
    PYTHONPATH=tests python tests/bench/bench_cluster.py FILMS ROUNDS CANCELS

Pool and cluster take place in the same run, in alternating order, with two films at once.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import anyio

from bench_synthesis import SCRIPT, clip
from cozebatch.coze.output import pick
from cozebatch.ports import Media, Synthesizer
from cozebatch.synthesis.cluster.synthesizer import ClusterSynthesizer
from cozebatch.synthesis.synthesizer import LocalSynthesizer
from measure import Runs, table
from support.clusters import LocalCluster, local_cluster
from support.films import job, options

FILMS = 16
ROUNDS = 2
CANCELS = 5
LOOK = 0.01
"""Seconds between two looks for ffmpeg, which themselves take some milliseconds."""
SETTLE = 0.5
"""Seconds that ffmpeg renders before it is cancelled."""
QUIET = 1.5
"""Seconds without any ffmpeg after which none comes any more."""
SLOW = "slower"
"""The preset of films that are to be cancelled: they take far longer than that."""


async def films(made: Synthesizer, source: Path, name: str, count: int) -> float:
    """Seconds for all films, two at once."""
    places = anyio.CapacityLimiter(2)

    async def one(number: int) -> None:
        work = job({"title": "标题", "content": SCRIPT}, task_id=f"{name}{number}", project_name=f"{name}{number}")
        async with places:
            await made.synthesize(work, Media({"video": str(source)}), lambda _: None)

    begun = time.perf_counter()
    async with anyio.create_task_group() as group:
        for number in range(count):
            group.start_soon(one, number)
    return time.perf_counter() - begun


async def cancelled(made: Synthesizer, running: LocalCluster, source: Path, name: str) -> float:
    """Seconds from the cancelling of two films, one on each worker, until the last ffmpeg of the workers was seen."""

    async def rendering() -> None:
        with anyio.fail_after(60):
            while sum(SLOW in process.info["cmdline"] for process in running.encoders()) < 2:  # noqa: ASYNC110
                await anyio.sleep(LOOK)

    async with anyio.create_task_group() as group:
        for number in range(2):
            work = job({"title": "标题", "content": SCRIPT}, task_id=f"{name}{number}", project_name=f"{name}{number}")
            group.start_soon(made.synthesize, work, Media({"video": str(source)}), lambda _: None)
        await rendering()
        await anyio.sleep(SETTLE)
        group.cancel_scope.cancel()
        begun = seen = time.perf_counter()
        with anyio.CancelScope(shield=True):
            while (now := time.perf_counter()) - seen < QUIET:
                if running.encoders():
                    seen = now
                await anyio.sleep(LOOK)
    return seen - begun


async def compare(running: LocalCluster, count: int, rounds: int, cancels: int) -> None:
    source = clip(running.share, 6, "540x960")
    chosen = options(running.share, width=540, height=960, fps=30, preset="veryfast", workers=2, timeout=600)
    local, cluster = LocalSynthesizer(chosen, pick=pick), ClusterSynthesizer(chosen, running.cluster, pick=pick)
    rivals: list[tuple[str, Synthesizer]] = [("local", local), ("cluster", cluster)]
    with anyio.fail_after(60):
        while cluster.capacity < 2:  # noqa: ASYNC110 - other processes have no event of ours
            await anyio.sleep(0.1)
    taken: dict[str, list[float]] = {"local": [], "cluster": []}
    for number in range(rounds):
        for name, made in rivals[:: 1 if number % 2 else -1]:
            taken[name].append(await films(made, source, f"{name}{number}-", count))
            shutil.rmtree(running.share / "output")
    await local.aclose()
    await cluster.aclose()
    slow = ClusterSynthesizer(replace(chosen, width=1080, height=1920, preset=SLOW), running.cluster, pick=pick)
    with anyio.fail_after(60):
        while slow.capacity < 2:  # noqa: ASYNC110 - other processes have no event of ours
            await anyio.sleep(0.1)
    gone = [await cancelled(slow, running, source, f"cancelled{number}-") for number in range(cancels)]
    await slow.aclose()
    ratios = [theirs / ours for ours, theirs in zip(taken["local"], taken["cluster"], strict=True)]
    table(
        f"{count} MP4 of 6 s, 540x960, two at once",
        [
            ("local pool, s", str(Runs(taken["local"])), ""),
            ("cluster of two workers, s", str(Runs(taken["cluster"])), ""),
            ("ratio of the sums", f"{sum(taken['cluster']) / sum(taken['local']):.3f}", "<= 1.05"),
            ("ratios", " ".join(f"{ratio:.3f}" for ratio in ratios), ""),
            ("cancel to the last ffmpeg gone, worst, s", f"{max(gone):.2f}", "<= 1"),
            ("all", " ".join(f"{seconds:.2f}" for seconds in gone), ""),
        ],
    )


def main(count: int = FILMS, rounds: int = ROUNDS, cancels: int = CANCELS) -> None:
    with tempfile.TemporaryDirectory() as folder, local_cluster(Path(folder)) as running:
        anyio.run(compare, running, count, rounds, cancels)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
