"""Films by real workers behind a real scheduler, and every death of one of them. Nothing is lost, nothing made twice,
and neither ffmpeg nor a scratch folder is left."""

# A test may block its own event loop, and has no event of the processes that it waits for.
# ruff: noqa: ASYNC110, ASYNC220

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import anyio
import psutil
import pytest

from cozebatch.coze.output import pick
from cozebatch.model.check_item import Level
from cozebatch.model.errors import Category, StepError, UsageError
from cozebatch.ports import Media, Product
from cozebatch.synthesis.cluster.check import check_cluster
from cozebatch.synthesis.cluster.connecting import Cluster
from cozebatch.synthesis.cluster.synthesizer import ClusterSynthesizer
from cozebatch.synthesis.options import SynthesisOptions
from support.clusters import LocalCluster, certificate, descendants, local_cluster
from support.films import Progress, codecs, job, options, talking_head
from support.listing import below, inside

pytestmark = pytest.mark.anyio

SECRET = "pat_NEVER-IN-A-LOG-7f3a"


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCluster]:
    """Two workers behind encrypted connections. A test leaves them as they were; dask starts a killed one again."""
    folder = tmp_path_factory.mktemp("cluster")
    with local_cluster(folder, tls=certificate(folder / "keys")) as running:
        yield running


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCluster]:
    """Two workers; dask begins no film again by itself."""
    with local_cluster(tmp_path_factory.mktemp("strict"), allowed_failures=0) as running:
        yield running


def options_in(running: LocalCluster, **changes: Any) -> SynthesisOptions:
    return options(running.share, **changes)


@asynccontextmanager
async def connected(running: LocalCluster, *, films: int, **changes: Any) -> AsyncIterator[ClusterSynthesizer]:
    made = ClusterSynthesizer(options_in(running, **changes), running.cluster, pick=pick)
    try:
        await until(lambda: made.capacity == films, f"room for {films} films")
        yield made
    finally:
        await made.aclose()


async def until(happened: Callable[[], bool], what: str, within: float = 40.0) -> None:
    with anyio.move_on_after(within):
        while not happened():
            await anyio.sleep(0.05)
        return
    pytest.fail(f"not within {within:.0f} s: {what}")


def clip_in(running: LocalCluster, clip: Path, name: str) -> Media:
    folder = running.share / "media" / name
    folder.mkdir(parents=True, exist_ok=True)
    return Media({"video": str(shutil.copy(clip, folder / "v.mp4"))})


@pytest.fixture(scope="module")
def long_clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Takes some seconds to become a film."""
    return talking_head(tmp_path_factory.mktemp("long") / "clip.mp4", seconds=5, size="540x960")


SLOW = {"width": 720, "height": 1280, "fps": 30, "preset": "medium"}


def films_in(running: LocalCluster) -> list[str]:
    return sorted(str(path.relative_to(running.share)) for path in below(running.share / "output", "*.mp4"))


def scratch_in(running: LocalCluster) -> list[str]:
    return [str(path) for path in inside(running.share / "output", ".cozebatch-scratch")]


async def nothing_left(running: LocalCluster) -> None:
    await until(lambda: not running.encoders(), "no ffmpeg", 5)
    await until(lambda: not scratch_in(running), "no scratch folder")


def worker_process(worker: subprocess.Popen[bytes]) -> psutil.Process:
    """The process that makes the films: the largest Python below the command."""
    pythons = [process for process in descendants(worker.pid) if "ffmpeg" not in process.name()]
    return max(pythons, key=lambda process: process.memory_info().rss)


async def rendering(running: LocalCluster) -> None:
    await until(lambda: bool(scratch_in(running)) and bool(running.encoders()), "ffmpeg runs")
    await anyio.sleep(0.3)


async def test_a_film_is_made_elsewhere_and_found_here(both: LocalCluster, clip: Path) -> None:
    async with connected(both, films=2) as synthesizer:
        heard = Progress()
        media = clip_in(both, clip, "one")
        film = await synthesizer.synthesize(job({"title": "标题"}, project_name="一"), media, heard)
        assert film.video_path == str(both.share / "output" / "一" / "一.mp4")
        assert codecs(Path(film.video_path)) == ["h264", "aac"]
        assert heard.heard == sorted(heard.heard)
        assert heard.heard[-1] == 1.0
        again = await synthesizer.synthesize(job({"title": "标题"}, project_name="一"), media, Progress())
        assert again.video_path == film.video_path, "the film of an earlier try is found"
    await nothing_left(both)


async def test_a_failure_comes_back_as_what_it_is(both: LocalCluster, clip: Path) -> None:
    async with connected(both, films=2) as synthesizer:
        broken = both.share / "media" / "broken.mp4"
        broken.parent.mkdir(exist_ok=True)
        broken.write_bytes(b"no film at all" * 100)
        with pytest.raises(StepError) as caught:
            await synthesizer.synthesize(job(task_id="b"), Media({"video": str(broken)}), Progress())
        assert caught.value.info.category is Category.MEDIA
        with pytest.raises(StepError) as caught:
            await synthesizer.synthesize(job(task_id="c"), Media({"video": str(clip)}), Progress())
        assert "shared folder" in caught.value.info.message.en


async def test_several_films_at_once_and_no_secret_in_any_log(both: LocalCluster, clip: Path) -> None:
    made: list[Product] = []
    synthesizer = ClusterSynthesizer(
        options_in(both), both.cluster, pick=pick, mask=lambda text: text.replace(SECRET, "***")
    )

    async def one(number: int) -> None:
        media = clip_in(both, clip, f"several{number}")
        output = {"title": f"题 {number}", "videoUrl": f"https://x.example/v?sign={SECRET}", "token": SECRET}
        work = job(output, task_id=f"s{number}", project_name=f"多 {number}", content=f"话 {SECRET}")
        made.append(await synthesizer.synthesize(work, media, Progress()))

    try:
        async with anyio.create_task_group() as group:
            for number in range(4):
                group.start_soon(one, number)
    finally:
        await synthesizer.aclose()
    assert len({film.video_path for film in made}) == 4
    assert SECRET not in both.logged()
    assert "x.example" not in both.logged()
    sides = [path.read_text(encoding="utf-8") for path in (both.share / "output").rglob("*.json")]
    assert not any(SECRET in side for side in sides)


async def test_a_cancelled_film_leaves_no_ffmpeg_and_no_scratch(both: LocalCluster, long_clip: Path) -> None:
    async with connected(both, films=2, **SLOW) as synthesizer:
        media = clip_in(both, long_clip, "cancelled")
        async with anyio.create_task_group() as group:
            group.start_soon(synthesizer.synthesize, job(task_id="x", project_name="取消"), media, Progress())
            await rendering(both)
            group.cancel_scope.cancel()
        await until(lambda: not both.encoders(), "no ffmpeg")
        await nothing_left(both)
    assert not any("取消" in film for film in films_in(both))


@pytest.mark.parametrize("anyio_backend", ["asyncio"])
@pytest.mark.parametrize("name", ["both", "strict"])
async def test_a_killed_worker_is_told_and_the_next_try_makes_the_film_once(
    name: str, long_clip: Path, request: pytest.FixtureRequest
) -> None:
    running: LocalCluster = request.getfixturevalue(name)
    async with connected(running, films=2, **SLOW) as synthesizer:
        media, work = clip_in(running, long_clip, "k"), job(task_id="k", project_name="杀")
        caught: list[StepError] = []

        async def first() -> None:
            with pytest.raises(StepError) as error:
                await synthesizer.synthesize(work, media, Progress())
            caught.append(error.value)

        async with anyio.create_task_group() as group:
            group.start_soon(first)
            await rendering(running)
            at_work = next(
                worker
                for worker in running.workers
                if any("ffmpeg" in child.name() for child in descendants(worker.pid))
            )
            worker_process(at_work).send_signal(signal.Signals["SIGKILL"])
        assert caught[0].info.category is Category.WORKER_CRASHED
        assert caught[0].info.code == "worker"
        film = await synthesizer.synthesize(work, media, Progress())
        assert film.video_path is not None
        await nothing_left(running)
    assert [film for film in films_in(running) if "杀" in film] == ["output/杀/杀.mp4"]


@pytest.mark.parametrize("anyio_backend", ["trio"])
async def test_a_killed_scheduler_is_waited_for_and_costs_no_try(strict: LocalCluster, long_clip: Path) -> None:
    running = strict
    async with connected(running, films=2, **SLOW) as synthesizer:
        films: list[Product] = []

        async def one() -> None:
            work = job(task_id="s", project_name="调度")
            films.append(await synthesizer.synthesize(work, clip_in(running, long_clip, "s"), Progress()))

        async with anyio.create_task_group() as group:
            group.start_soon(one)
            await rendering(running)
            running.kill_scheduler()
            await until(lambda: not running.encoders(), "no ffmpeg", 5)
            await until(lambda: synthesizer.capacity == 0, "no room")
            running.start_scheduler()
        assert films[0].video_path is not None
        await nothing_left(running)
    assert [film for film in films_in(running) if "调度" in film] == ["output/调度/调度.mp4"]


ENGINE = """
import sys, anyio
from pathlib import Path
from cozebatch.coze.output import pick
from cozebatch.ports import Media
from cozebatch.synthesis.cluster.address import Tls, parse_address
from cozebatch.synthesis.cluster.connecting import Cluster
from cozebatch.synthesis.cluster.synthesizer import ClusterSynthesizer
from support.films import Progress, job, options

async def main(share, address, clip, *tls):
    cluster = Cluster(parse_address(address), Path(share), Tls(*tls))
    synthesizer = ClusterSynthesizer(
        options(Path(share), width=720, height=1280, fps=30, preset="medium"), cluster, pick=pick
    )
    await synthesizer.synthesize(job(task_id="e", project_name="引擎"), Media({"video": clip}), Progress())

anyio.run(main, *sys.argv[1:])
"""


@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_a_killed_engine_takes_its_ffmpeg_along_and_the_next_one_makes_the_film(
    both: LocalCluster, long_clip: Path
) -> None:
    media = clip_in(both, long_clip, "e")
    tests = Path(__file__).parents[3]
    assert both.tls is not None
    keys = [both.tls.ca, both.tls.cert, both.tls.key]
    arguments = [str(both.share), str(both.address), str(media.files["video"]), *keys]
    engine = subprocess.Popen([sys.executable, "-c", ENGINE, *arguments], env={**os.environ, "PYTHONPATH": str(tests)})
    try:
        await rendering(both)
    finally:
        engine.kill()
        engine.wait()
    await nothing_left(both)
    async with connected(both, films=2) as synthesizer:
        film = await synthesizer.synthesize(job(task_id="e", project_name="引擎"), media, Progress())
    assert film.video_path == str(both.share / "output" / "引擎" / "引擎.mp4")
    assert [path for path in films_in(both) if "引擎" in path] == ["output/引擎/引擎.mp4"]


@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_the_room_follows_the_workers_and_a_wrong_one_gets_no_film(strict: LocalCluster, tmp_path: Path) -> None:
    running = strict
    other = tmp_path / "other"
    other.mkdir()
    async with connected(running, films=2) as synthesizer:
        running.workers[0].terminate()
        await until(lambda: synthesizer.capacity == 1, "one worker")
        running.workers[1].terminate()
        await until(lambda: synthesizer.capacity == 0, "no worker")
        running.add_worker(share=other)
        items = []
        for _ in range(40):
            items = await check_cluster(options_in(running), running.cluster)
            if any(item.level is Level.WARN for item in items):
                break
            await anyio.sleep(0.25)
        assert [item.level for item in items] == [Level.WARN, Level.FAIL]
        assert "does not see the same folder" in items[0].text.en
        assert synthesizer.capacity == 0
        await until(lambda: any("does not see" in text.en for text in synthesizer.news()), "it is told")
        running.add_worker(films=3)
        await until(lambda: synthesizer.capacity == 3, "the new worker")
    items = await check_cluster(options_in(running), running.cluster)
    assert items[0].level is Level.OK
    assert "films at once: 3" in items[0].text.en


@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_a_certificate_of_another_ca_and_a_plain_connection_are_refused(
    both: LocalCluster, tmp_path: Path
) -> None:
    stranger = certificate(tmp_path / "keys")
    assert both.tls is not None
    for tls in (stranger, replace(both.tls, cert=stranger.cert, key=stranger.key), None):
        address = both.address if tls is not None else replace(both.address, scheme="tcp")
        (item,) = await check_cluster(options_in(both), Cluster(address, both.share, tls))
        assert item.level is Level.FAIL
        assert "cannot be reached" in item.text.en
    async with connected(both, films=2):
        assert (await check_cluster(options_in(both), both.cluster))[0].level is Level.OK


@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_what_is_no_scheduler_is_told(tmp_path: Path) -> None:
    running = LocalCluster(tmp_path, tmp_path)
    stranger = [sys.executable, "-m", "http.server", str(running.port), "--bind", "127.0.0.1"]
    server = subprocess.Popen(stranger, cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        (item,) = await check_cluster(options_in(running), running.cluster)
    finally:
        server.kill()
        server.wait()
    assert item.level is Level.FAIL
    assert str(running.address) in item.text.en


async def test_what_lies_outside_the_shared_folder_is_refused_before_anything_is_paid(tmp_path: Path) -> None:
    running = LocalCluster(tmp_path / "share", tmp_path)
    with pytest.raises(UsageError) as caught:
        ClusterSynthesizer(options(tmp_path), running.cluster, pick=pick)
    assert str(tmp_path / "output") in caught.value.complaints[0].en
