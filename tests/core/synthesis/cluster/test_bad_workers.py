"""Real workers that cannot make the films: they get none, or the film is made elsewhere; the operator reads which
machine it is, what is wrong with it and what to do. No film is lost or made twice, and no scratch is left."""

# The processes that are waited for have no event.
# ruff: noqa: ASYNC110, ASYNC220, ASYNC240

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import anyio
import pytest

from cozebatch.coze.output import pick
from cozebatch.model.check_item import CheckItem, Level
from cozebatch.model.errors import Category, StepError
from cozebatch.ports import Media
from cozebatch.synthesis.cluster import blame, link
from cozebatch.synthesis.cluster.check import check_cluster
from cozebatch.synthesis.cluster.synthesizer import ClusterSynthesizer
from cozebatch.synthesis.cluster.work import package_version
from cozebatch.synthesis.subtitles import fonts
from support.bad_workers import (
    FONT_FOLDERS,
    another_version,
    can_mount,
    empty_at,
    fill_disk,
    fonts_of_another_home,
    small_disk,
    with_mounts,
)
from support.clusters import LocalCluster, local_cluster
from support.films import Progress, job, options
from support.listing import below, inside

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.parametrize("anyio_backend", ["asyncio"]),
    pytest.mark.skipif(sys.platform == "win32", reason="links and these processes are POSIX's"),
]
mounts = pytest.mark.skipif(not can_mount(), reason="a test may not have mounts of its own here")

FILMS = 4


@pytest.fixture
def running(tmp_path: Path, clip: Path) -> Iterator[LocalCluster]:
    """One good worker, `w0`; the folders are there already, and what is downloaded."""
    with local_cluster(tmp_path, workers=1) as made:
        (made.share / "output").mkdir()
        (made.share / "media").mkdir()
        shutil.copy(clip, made.share / "media" / "v.mp4")
        yield made


@dataclass
class Films:
    """What became of the films that were asked for."""

    running: LocalCluster
    synthesizer: ClusterSynthesizer
    title: str = "标题"

    async def make(self, count: int = FILMS) -> list[StepError]:
        """All at once; returns the errors that the engine would have to judge."""
        errors: list[StepError] = []
        media = Media({"video": str(self.running.share / "media" / "v.mp4")})

        async def one(number: int) -> None:
            work = job({"title": self.title}, task_id=f"f{number}", project_name=f"片{number}")
            try:
                await self.synthesizer.synthesize(work, media, Progress())
            except StepError as error:
                errors.append(error)

        async with anyio.create_task_group() as group:
            for number in range(count):
                group.start_soon(one, number)
        return errors

    def found(self) -> list[str]:
        return sorted(path.name for path in below(self.running.share, "*.mp4") if path.name != "v.mp4")

    def scratch(self) -> list[Path]:
        return inside(self.running.share, ".cozebatch-scratch")


WHOLE = [f"片{number}.mp4" for number in range(FILMS)]


async def joined(synthesizer: ClusterSynthesizer, films: int) -> None:
    with anyio.fail_after(60):
        while synthesizer.capacity != films:
            await anyio.sleep(0.05)


async def checked(running: LocalCluster, machines: int) -> list[CheckItem]:
    """What `check` says once so many machines have come, of which all but one are left out."""
    items: list[CheckItem] = []
    with anyio.fail_after(90):
        while (
            sum(any(f" w{n} makes no films" in item.text.en for item in items) for n in range(machines)) < machines - 1
        ):
            items = await check_cluster(options(running.share), running.cluster)
            await anyio.sleep(0.2)
    return items


def told_of(name: str, items: Sequence[CheckItem]) -> tuple[str, str]:
    """The one warning about this machine."""
    (item,) = [item for item in items if f" {name} " in item.text.en]
    assert item.level is Level.WARN
    assert name in item.text.zh
    return item.text.zh, item.text.en


@mounts
async def test_a_machine_that_cannot_make_these_films_gets_none_and_is_told_with_the_remedy(
    running: LocalCluster, tmp_path: Path
) -> None:
    share = running.share
    other, gone = tmp_path / "other", tmp_path / "gone"
    other.mkdir()
    gone.mkdir()
    running.add_worker(
        before=with_mounts(*empty_at(*FONT_FOLDERS)), environment=fonts_of_another_home(tmp_path / "home")
    )  # w1: no fonts
    running.add_worker(environment=another_version(tmp_path / "old", "0.0.9"))  # w2
    running.add_worker(share=gone)  # w3: its shared folder is not there, see below
    running.add_worker(share=other)  # w4: another folder at its place
    running.add_worker(before=with_mounts(*empty_at(share / "output")))  # w5: another output folder
    running.add_worker(before=with_mounts(*small_disk(share, tmp_path / "small", 100)))  # w6: a full disk
    with anyio.fail_after(60):
        while gone.exists():
            if running.logged().count("Connected to") == 7:
                gone.rmdir()
            await anyio.sleep(0.1)

    items = await checked(running, 7)
    assert "machines: 1, films at once: 1" in items[0].text.en
    said = {name: told_of(name, items) for name in ("w1", "w2", "w3", "w4", "w5", "w6")}
    for name, wrong, remedy in (
        ("w1", "no font with Chinese characters", "Install a Chinese font"),
        (
            "w2",
            f"has version 0.0.9, not {package_version()}",
            f'pip install "cozebatch-tui[cluster]=={package_version()}"',
        ),
        ("w3", f"its shared folder is not there: {gone}", "Mount it"),
        ("w4", f"does not see the same folder at {other}", "Mount the shared folder"),
        ("w5", f"does not see the same folder at {share / 'output'}", "Mount the shared folder"),
        ("w6", "the disk is full", "Make room"),
    ):
        assert wrong in said[name][1]
        assert remedy in said[name][1]
    for name, wrong, remedy in (
        ("w1", "没有中文字体", "安装"),
        ("w2", "版本是 0.0.9", "pip install"),
        ("w3", f"共享文件夹不在：{gone}", "挂载"),
        ("w4", f"看不到同一个文件夹：{other}", "挂载"),
        ("w5", f"看不到同一个文件夹：{share / 'output'}", "挂载"),
        ("w6", "磁盘已满", "腾出空间"),
    ):
        assert wrong in said[name][0]
        assert remedy in said[name][0]

    synthesizer = ClusterSynthesizer(options(share), running.cluster, pick=pick)
    try:
        films = Films(running, synthesizer)
        await joined(synthesizer, 1)
        assert await films.make() == []
        assert synthesizer.capacity == 1
        told = {text.en for text in synthesizer.news()}
        assert told == {english for _, english in said.values()}, "the batch's log says the same"
    finally:
        await synthesizer.aclose()
    assert films.found() == WHOLE
    assert films.scratch() == []
    assert list(other.iterdir()) == []
    assert not gone.exists()
    assert not list(share.rglob(".cozebatch-probe-*"))


async def test_a_machine_that_lacks_the_program_gets_no_film(running: LocalCluster, tmp_path: Path) -> None:
    """It is a plain dask worker beside an older program that knows of no cluster."""
    (tmp_path / "older" / "cozebatch").mkdir(parents=True)
    (tmp_path / "older" / "cozebatch" / "__init__.py").touch()
    command = [sys.executable, "-m", "distributed.cli.dask_worker", str(running.address), "--no-nanny", "--name", "w1"]
    worker = subprocess.Popen(
        [*command, "--resources", "film=1", "--dashboard-address", "127.0.0.1:0"],
        env={**os.environ, "PYTHONPATH": str(tmp_path / "older"), "PYTHONWARNINGS": ""},
        cwd=tmp_path,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _, english = told_of("w1", await checked(running, 2))
    finally:
        worker.kill()
        worker.wait()
    assert "lacks this program, or has an old version" in english
    assert f"cozebatch-tui[cluster]=={package_version()}" in english


@mounts
async def test_a_disk_that_fills_up_on_one_machine_stops_no_batch(running: LocalCluster, tmp_path: Path) -> None:
    aside = tmp_path / "small"
    worker = running.add_worker(before=with_mounts(*small_disk(running.share, aside, 260)))
    synthesizer = ClusterSynthesizer(options(running.share), running.cluster, pick=pick)
    try:
        await joined(synthesizer, 2)
        fill_disk(worker.pid, aside, leave=30_000_000)
        films = Films(running, synthesizer)
        assert await films.make() == [], "no film's error: the other machine makes it"
        assert synthesizer.capacity == 1
        (told,) = synthesizer.news()
        assert "w1 makes no films" in told.en
        assert "the disk is full" in told.en
    finally:
        await synthesizer.aclose()
    assert films.found() == WHOLE
    assert films.scratch() == []
    assert not list(Path(f"/proc/{worker.pid}/root{aside}").rglob("片*")), "nothing of a film is left there"


@mounts
async def test_full_disks_everywhere_are_told_as_that(running: LocalCluster, tmp_path: Path) -> None:
    aside = tmp_path / "small"
    worker = running.add_worker(before=with_mounts(*small_disk(running.share, aside, 260)))
    running.workers[0].terminate()
    synthesizer = ClusterSynthesizer(options(running.share), running.cluster, pick=pick)
    try:
        await joined(synthesizer, 1)
        fill_disk(worker.pid, aside, leave=30_000_000)
        films = Films(running, synthesizer)
        (error,) = await films.make(1)
        assert error.info.category is Category.DISK_FULL, "which pauses the batch"
        assert "w1" in error.info.message.en
        assert "w1" in error.info.message.zh
    finally:
        await synthesizer.aclose()
    assert films.found() == []


async def test_a_machine_that_loses_the_shared_folder_gives_its_films_away_and_comes_back(
    running: LocalCluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(link, "LOOKS_A_REVIEW", 8)
    view, empty = tmp_path / "view", tmp_path / "empty"
    empty.mkdir()
    view.symlink_to(running.share)
    running.add_worker(share=view)
    synthesizer = ClusterSynthesizer(options(running.share), running.cluster, pick=pick)
    try:
        await joined(synthesizer, 2)
        view.unlink()
        view.symlink_to(empty)
        films = Films(running, synthesizer)
        assert await films.make() == []
        assert synthesizer.capacity == 1
        (told,) = synthesizer.news()
        assert "w1 makes no films: it does not see the same folder" in told.en
        view.unlink()
        view.symlink_to(running.share)
        await joined(synthesizer, 2)
        assert any("w1 makes films again" in text.en for text in synthesizer.news())
    finally:
        await synthesizer.aclose()
    assert films.found() == WHOLE
    assert films.scratch() == []
    assert list(empty.iterdir()) == [], "nothing is written beside the shared folder"


GEORGIAN = "ა"
"""DejaVu has it and Chinese fonts have not."""
CUNEIFORM = "𒀀"
"""No usual font has it."""


def can_draw(text: str) -> bool:
    try:
        fonts.installed().choose("", text)
    except StepError:
        return False
    return True


@mounts
async def test_a_film_whose_characters_one_machine_cannot_draw_is_made_by_another(
    running: LocalCluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(blame, "MOST_MOVES", 1)  # enough: no machine is asked twice for the same film
    chinese = fonts.installed().chinese
    if chinese is None or chinese.covers(GEORGIAN) or not can_draw(GEORGIAN) or can_draw(CUNEIFORM):
        pytest.skip("the fonts of this machine do not tell such machines apart")
    surroundings = fonts_of_another_home(tmp_path / "home", [chinese.path])
    running.add_worker(before=with_mounts(*empty_at(*FONT_FOLDERS)), environment=surroundings)
    synthesizer = ClusterSynthesizer(options(running.share), running.cluster, pick=pick)
    try:
        await joined(synthesizer, 2)
        films = Films(running, synthesizer, title=f"标题{GEORGIAN}")
        assert await films.make() == []
        assert synthesizer.capacity == 2, "it makes other films"
        films.title = f"标题{CUNEIFORM}"
        (error,) = await films.make(1)
        assert "no font here has" in error.info.message.en, "what no machine can draw is told at once"
    finally:
        await synthesizer.aclose()
    assert films.found() == WHOLE
    assert films.scratch() == []


@mounts
async def test_a_font_that_is_installed_later_is_seen_without_a_new_start(
    running: LocalCluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(link, "LOOKS_A_REVIEW", 8)
    chinese = fonts.installed().chinese
    assert chinese is not None
    home = tmp_path / "home"
    running.add_worker(before=with_mounts(*empty_at(*FONT_FOLDERS)), environment=fonts_of_another_home(home))
    synthesizer = ClusterSynthesizer(options(running.share), running.cluster, pick=pick)
    try:
        with anyio.fail_after(60):
            while not any("no font" in text.en for text in synthesizer.news()):
                synthesizer.capacity  # noqa: B018 - the first look begins to connect
                await anyio.sleep(0.1)
        (home / ".fonts" / chinese.path.name).write_bytes(chinese.path.read_bytes())
        await joined(synthesizer, 2)
    finally:
        await synthesizer.aclose()
