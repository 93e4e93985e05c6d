"""Downloads made to fill the disk, and links planted where they are written."""

from __future__ import annotations

import functools
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import NamedTuple

import anyio
import pytest

from cozebatch.model.errors import Category, StepError
from cozebatch.synthesis.download import downloader as download
from cozebatch.synthesis.download.downloader import Downloader
from cozebatch.synthesis.synthesizer import LocalSynthesizer
from support.films import FileServer, Handler, job, options
from support.listing import size_of
from support.planting import LINKS_NEED_A_RIGHT, UNTOUCHED, contents, private_folder

pytestmark = pytest.mark.anyio

# A test may block its own event loop.
# ruff: noqa: ASYNC240

MEGABYTE = 1_000_000


@pytest.fixture
async def downloader() -> AsyncIterator[Downloader]:
    running = Downloader(max_bytes=500 * MEGABYTE, allow_loopback=True, silence=2.0)
    yield running
    await running.aclose()


class Usage(NamedTuple):
    total: int
    used: int
    free: int


def endless(handler: Handler) -> None:
    handler.send_response(200)
    handler.end_headers()
    while True:
        handler.wfile.write(bytes(65536))


async def test_the_reserve_holds_over_all_downloads_together(
    server: FileServer, downloader: Downloader, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    capacity, reserve = 14 * MEGABYTE, 6 * MEGABYTE

    def free() -> int:
        return capacity - size_of(tmp_path)

    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(capacity, capacity - free(), free()))
    monkeypatch.setattr(download, "RESERVE_BYTES", reserve)
    least: list[int] = []
    ended: list[Category] = []

    async def fetch(number: int) -> None:
        with pytest.raises(StepError) as caught:
            await downloader.fetch(
                server.url(f"/{number}"), tmp_path / str(number), "video", lambda *_: least.append(free())
            )
        ended.append(caught.value.info.category)

    async with anyio.create_task_group() as group:
        for number in range(8):
            server.files[f"/{number}"] = endless
            group.start_soon(fetch, number)
    assert ended == [Category.DISK_FULL] * 8
    assert min(least) >= reserve
    assert free() == capacity, "every beginning was dropped"


async def test_a_beginning_is_dropped_when_the_rest_has_no_room(
    server: FileServer, downloader: Downloader, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = b"\0\0\0\x20ftypisom" + bytes(400_000)

    def cut(handler: Handler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(content)))
        handler.send_header("ETag", '"one"')
        handler.end_headers()
        handler.wfile.write(content[:200_000])

    server.files["/v"] = cut
    with pytest.raises(StepError):
        await downloader.fetch(server.url("/v"), tmp_path, "video")
    assert sorted(path.suffix for path in tmp_path.iterdir()) == [".json", ".part"]
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(1, 1, 0))
    with pytest.raises(StepError) as caught:
        await downloader.fetch(server.url("/v"), tmp_path, "video")
    assert caught.value.info.category is Category.DISK_FULL
    assert list(tmp_path.iterdir()) == []


@LINKS_NEED_A_RIGHT
async def test_nothing_is_downloaded_through_a_link(server: FileServer, downloader: Downloader, tmp_path: Path) -> None:
    private, media = private_folder(tmp_path), tmp_path / "media"
    media.mkdir()
    server.files["/v"] = b"\0\0\0\x20ftypisom" + bytes(1000)
    fetch = functools.partial(downloader.fetch, server.url("/v"))
    stem = (await fetch(media / "first", "video", below=media)).stem
    victim = private / "letters" / "letter.txt"
    for name in (f"{stem}.part", f"{stem}.part.json", f"{stem}.mp4"):
        folder = media / f"with-{name}"
        folder.mkdir()
        (folder / name).symlink_to(victim)
        if name.endswith(".part"):
            with pytest.raises(StepError):
                await fetch(folder, "video", below=media)
        else:
            path = await fetch(folder, "video", below=media)
            assert path.read_bytes() == server.files["/v"]
        assert contents(private) == UNTOUCHED
    hard = media / "hard"
    hard.mkdir()
    (hard / f"{stem}.part").hardlink_to(victim)
    (media / "linked").symlink_to(private, target_is_directory=True)
    for folder in (hard, media / "linked", media / "linked" / "letters"):
        with pytest.raises(StepError):
            await fetch(folder, "video", below=media)
    assert contents(private) == UNTOUCHED


@LINKS_NEED_A_RIGHT
async def test_a_media_folder_that_is_a_link_is_neither_written_nor_cleaned(tmp_path: Path, server: FileServer) -> None:
    private = private_folder(tmp_path)
    chosen = options(tmp_path, owner="a" * 32)
    chosen.media_dir.symlink_to(private, target_is_directory=True)
    running = LocalSynthesizer(chosen, pick=lambda output, key: output.get(key))
    server.files["/v"] = b"\0\0\0\x20ftypisom" + bytes(1000)
    with pytest.raises(StepError) as caught:
        await running.fetch(job({"videoUrl": server.url("/v")}), lambda _: None)
    assert "link" in caught.value.info.message.en
    await running.discard("run-1", "rec1")
    await running.aclose()
    assert contents(private) == UNTOUCHED
