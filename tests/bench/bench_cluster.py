"""What handing films out costs: 16 MP4 by two workers of a cluster on this machine, against the local pool.

    PYTHONPATH=tests python tests/bench cluster

Both take place in the same run, in alternating order, with two films at once.
"""

from __future__ import annotations

import shutil
import tempfile
import time
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


async def films(made: Synthesizer, source: Path, name: str) -> float:
    """Seconds for all films, two at once."""
    places = anyio.CapacityLimiter(2)

    async def one(number: int) -> None:
        work = job({"title": "标题", "content": SCRIPT}, task_id=f"{name}{number}", project_name=f"{name}{number}")
        async with places:
            await made.synthesize(work, Media({"video": str(source)}), lambda _: None)

    begun = time.perf_counter()
    async with anyio.create_task_group() as group:
        for number in range(FILMS):
            group.start_soon(one, number)
    return time.perf_counter() - begun


async def compare(running: LocalCluster) -> None:
    source = clip(running.share, 6, "540x960")
    chosen = options(running.share, width=540, height=960, fps=30, preset="veryfast", workers=2, timeout=600)
    local, cluster = LocalSynthesizer(chosen, pick=pick), ClusterSynthesizer(chosen, running.cluster, pick=pick)
    rivals: list[tuple[str, Synthesizer]] = [("local", local), ("cluster", cluster)]
    with anyio.fail_after(60):
        while cluster.capacity < 2:  # noqa: ASYNC110 - other processes have no event of ours
            await anyio.sleep(0.1)
    taken: dict[str, list[float]] = {"local": [], "cluster": []}
    for number in range(ROUNDS):
        for name, made in rivals[:: 1 if number % 2 else -1]:
            taken[name].append(await films(made, source, f"{name}{number}-"))
            shutil.rmtree(running.share / "output")
    await local.aclose()
    await cluster.aclose()
    ratios = [theirs / ours for ours, theirs in zip(taken["local"], taken["cluster"], strict=True)]
    table(
        f"{FILMS} MP4 of 6 s, 540x960, two at once",
        [
            ("local pool, s", str(Runs(taken["local"])), ""),
            ("cluster of two workers, s", str(Runs(taken["cluster"])), ""),
            ("ratio of the sums", f"{sum(taken['cluster']) / sum(taken['local']):.3f}", "<= 1.05"),
            ("ratios", " ".join(f"{ratio:.3f}" for ratio in ratios), ""),
        ],
    )


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, local_cluster(Path(folder)) as running:
        anyio.run(compare, running)


if __name__ == "__main__":
    main()
