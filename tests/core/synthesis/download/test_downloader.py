"""Downloads are bounded, resumed, checked and named by us."""

# A test may block its own event loop.
# ruff: noqa: ASYNC240

from __future__ import annotations

import errno
import os
import shutil
import threading
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from cozebatch.model.errors import Category, StepError
from cozebatch.synthesis.download import downloader as media
from cozebatch.synthesis.download.downloader import Downloader
from support.films import FileServer, Handler, send

pytestmark = pytest.mark.anyio

VIDEO = b"\0\0\0\x20ftypisom" + os.urandom(600_000)


@pytest.fixture
async def downloader() -> AsyncIterator[Downloader]:
    running = Downloader(max_bytes=1_000_000, allow_loopback=True, silence=0.4)
    yield running
    await running.aclose()


async def failing(downloader: Downloader, url: str, folder: Path) -> Category:
    with pytest.raises(StepError) as caught:
        await downloader.fetch(url, folder, "video")
    assert not [p for p in folder.glob("*") if p.suffix not in (".part", ".json")]
    return caught.value.info.category


async def test_a_file_arrives_whole_under_a_name_of_ours(
    server: FileServer, downloader: Downloader, tmp_path: Path
) -> None:
    server.files["/a/..%2f..%2fevil.exe?x=1"] = VIDEO
    heard: list[tuple[int, int | None]] = []
    path = await downloader.fetch(
        server.url("/a/..%2f..%2fevil.exe?x=1"), tmp_path, "video", lambda *now: heard.append(now)
    )
    assert path.read_bytes() == VIDEO
    assert path.parent == tmp_path
    assert path.name.startswith("video-")
    assert path.suffix == ".mp4"
    assert [p.name for p in tmp_path.iterdir()] == [path.name]
    assert heard[-1] == (len(VIDEO), len(VIDEO))


async def test_what_is_here_already_is_not_fetched_again(
    server: FileServer, downloader: Downloader, tmp_path: Path
) -> None:
    server.files["/v"] = VIDEO
    first = await downloader.fetch(server.url("/v"), tmp_path, "video")
    assert await downloader.fetch(server.url("/v"), tmp_path, "video") == first
    assert len(server.requests) == 1


async def test_a_cut_is_resumed_where_it_happened(server: FileServer, downloader: Downloader, tmp_path: Path) -> None:
    def cut_once(handler: Handler) -> None:
        send(handler, VIDEO, cut_at=300_000 if len(server.requests) == 1 else None)

    server.files["/v"] = cut_once
    path = await downloader.fetch(server.url("/v"), tmp_path, "video")
    assert path.read_bytes() == VIDEO
    asked = server.requests[1][1]["Range"]
    assert 0 < int(asked.removeprefix("bytes=").removesuffix("-")) <= 300_000


async def test_a_file_that_changed_in_between_is_begun_anew(
    server: FileServer, downloader: Downloader, tmp_path: Path
) -> None:
    other = b"\0\0\0\x20ftypisom" + os.urandom(500_000)

    def changing(handler: Handler) -> None:
        if len(server.requests) == 1:
            send(handler, VIDEO, etag='"one"', cut_at=300_000)
        else:
            send(handler, other, etag='"two"')

    server.files["/v"] = changing
    path = await downloader.fetch(server.url("/v"), tmp_path, "video")
    assert path.read_bytes() == other


async def test_without_a_validator_nothing_is_resumed(
    server: FileServer, downloader: Downloader, tmp_path: Path
) -> None:
    def bare(handler: Handler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(VIDEO)))
        handler.end_headers()
        handler.wfile.write(VIDEO if len(server.requests) > 1 else VIDEO[:200_000])

    server.files["/v"] = bare
    path = await downloader.fetch(server.url("/v"), tmp_path, "video")
    assert path.read_bytes() == VIDEO
    assert "Range" not in server.requests[1][1]


async def test_a_server_that_falls_silent_is_left(server: FileServer, downloader: Downloader, tmp_path: Path) -> None:
    def silent(handler: Handler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", "1000")
        handler.end_headers()
        handler.wfile.flush()
        handler.rfile.read(1)  # until the client hangs up

    server.files["/v"] = silent
    assert await failing(downloader, server.url("/v"), tmp_path) is Category.DOWNLOAD


@pytest.mark.parametrize("told", [True, False])
async def test_more_than_the_limit_is_refused(
    server: FileServer, downloader: Downloader, tmp_path: Path, told: bool
) -> None:
    def big(handler: Handler) -> None:
        handler.send_response(200)
        if told:
            handler.send_header("Content-Length", "1500000")
        handler.end_headers()
        handler.wfile.write(b"\0\0\0\x20ftyp" + bytes(1_500_000 - 8))

    server.files["/v"] = big
    assert await failing(downloader, server.url("/v"), tmp_path) is Category.DOWNLOAD
    assert sum(p.stat().st_size for p in tmp_path.iterdir()) <= 1_000_000


async def test_redirects_are_followed_and_checked(server: FileServer, downloader: Downloader, tmp_path: Path) -> None:
    def to(place: str) -> Callable[[Handler], None]:
        def redirect(handler: Handler) -> None:
            handler.send_response(302)
            handler.send_header("Location", place)
            handler.send_header("Content-Length", "0")
            handler.end_headers()

        return redirect

    server.files.update({"/a": to("/b"), "/b": to(server.url("/v")), "/v": VIDEO})
    assert (await downloader.fetch(server.url("/a"), tmp_path / "ok", "video")).read_bytes() == VIDEO
    for number, place in enumerate(["file:///etc/passwd", "http://169.254.169.254/x", "ftp://127.0.0.1/", "/loop"]):
        server.files["/c"] = to(place)
        server.files["/loop"] = to("/loop")
        (tmp_path / str(number)).mkdir()
        assert await failing(downloader, server.url("/c"), tmp_path / str(number)) is Category.DOWNLOAD


async def test_a_redirect_into_the_own_network_is_refused(server: FileServer, tmp_path: Path) -> None:
    strict = Downloader(max_bytes=1_000_000, allow_loopback=False)
    server.files["/v"] = VIDEO
    for host in ("127.0.0.1", "localhost", "[::ffff:127.0.0.1]"):
        assert await failing(strict, server.url("/v", host), tmp_path) is Category.DOWNLOAD
    assert server.requests == []
    await strict.aclose()


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://x/y", "javascript:1", "http://", "not a url", "//x/y"])
async def test_only_http_addresses_are_fetched(downloader: Downloader, tmp_path: Path, url: str) -> None:
    assert await failing(downloader, url, tmp_path) is Category.DOWNLOAD


@pytest.mark.parametrize(
    ("content", "category"),
    [
        (b"", Category.DOWNLOAD),
        (b"<!DOCTYPE html><html><body>Link expired</body></html>", Category.MEDIA),
        (b"\xef\xbb\xbf\n <html>", Category.MEDIA),
        (b"<?xml version='1.0'?><Error><Code>AccessDenied</Code></Error>", Category.MEDIA),
        (b'{"code": 403, "msg": "expired"}', Category.MEDIA),
    ],
)
async def test_what_is_no_media_is_noticed_and_not_kept(
    server: FileServer, downloader: Downloader, tmp_path: Path, content: bytes, category: Category
) -> None:
    server.files["/v.mp4"] = content
    assert await failing(downloader, server.url("/v.mp4"), tmp_path) is category
    assert list(tmp_path.iterdir()) == []


async def test_a_status_that_is_no_success_is_named(server: FileServer, downloader: Downloader, tmp_path: Path) -> None:
    with pytest.raises(StepError) as caught:
        await downloader.fetch(server.url("/missing"), tmp_path, "video")
    assert caught.value.info.code == "404"


async def test_a_full_disk_is_said_to_be_full(
    server: FileServer, downloader: Downloader, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    server.files["/v"] = VIDEO
    monkeypatch.setattr(media, "write_beginning", full)
    assert await failing(downloader, server.url("/v"), tmp_path) is Category.DISK_FULL


async def test_a_file_larger_than_the_free_space_is_not_begun(
    server: FileServer, downloader: Downloader, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda _: _Usage)
    server.files["/v"] = VIDEO
    assert await failing(downloader, server.url("/v"), tmp_path) is Category.DISK_FULL


class _Usage:
    free = 5


def dripping(handler: Handler) -> None:
    """No length, and a byte now and then, until the reader goes away."""
    handler.send_response(200)
    handler.end_headers()
    while True:
        handler.wfile.write(b"\0")
        handler.wfile.flush()
        GO_ON.wait(0.02)


GO_ON = threading.Event()


async def test_a_link_that_drips_gives_its_place_back(server: FileServer, tmp_path: Path) -> None:
    server.files["/v"] = dripping
    slow = Downloader(max_bytes=1_000_000, allow_loopback=True, silence=5.0, grace=0.2)
    with pytest.raises(StepError) as caught:
        await slow.fetch(server.url("/v"), tmp_path, "video")
    await slow.aclose()
    assert caught.value.info.category is Category.DOWNLOAD
    assert "too slow" in caught.value.info.message.en


async def test_a_file_that_never_ends_stops_before_the_disks_last_bytes(
    server: FileServer, downloader: Downloader, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(media, "RESERVE_BYTES", usage.free + 10**12)

    def endless(handler: Handler) -> None:
        handler.send_response(200)
        handler.end_headers()
        while True:
            handler.wfile.write(bytes(65536))

    server.files["/v"] = endless
    assert await failing(downloader, server.url("/v"), tmp_path) is Category.DISK_FULL
    assert list(tmp_path.iterdir()) == [], "what had come makes room for the journal"


@pytest.mark.parametrize(
    "headers",
    [
        {"Content-Length": "²"},
        {"ETag": '"\u00e9"', "Content-Length": "616"},
        {"Content-Range": "bytes " + "9" * 5000 + "-1/2"},
        {"Location": "http://127.0.0.1:99999/x"},
        {"Location": "http://[::1/x"},
        {"Retry-After": "²"},
    ],
    ids=lambda headers: next(iter(headers)),
)
async def test_odd_headers_count_as_absent(
    server: FileServer, downloader: Downloader, tmp_path: Path, headers: dict[str, str]
) -> None:
    def odd(handler: Handler) -> None:
        status = 302 if "Location" in headers else 206 if "Content-Range" in headers else 503
        handler.send_response(200 if headers.keys() & {"Content-Length", "ETag"} else status)
        for name, value in headers.items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(VIDEO[:600])

    server.files["/v"] = odd
    for _ in range(2):  # the second try may send back what it was told
        with pytest.raises(StepError) as caught:
            await downloader.fetch(server.url("/v"), tmp_path, "video")
        assert caught.value.info.category in (Category.DOWNLOAD, Category.MEDIA)
        if not headers.keys() & {"ETag"}:
            break
