"""Downloads files: bounded in bytes and time, resumed after a cut, complete before they get their final name.

A file under its final name is complete; beside it only `NAME.part` (what came so far) with `NAME.part.json` (what
it is the beginning of) ever exist. Names are given by us; nothing of a URL becomes a path.
"""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import anyio
import anyio.to_thread

from cozebatch.disk.writing import make_folder
from cozebatch.model.errors import Category, StepError
from cozebatch.model.text import NOTHING, Text
from cozebatch.network.httpx_library import httpx
from cozebatch.network.trouble import trouble
from cozebatch.policy.retry_after import read_retry_after
from cozebatch.synthesis.download.part_file import (
    complete,
    drop,
    extent,
    finish,
    open_part,
    read_beginning,
    size_of,
    write_beginning,
)
from cozebatch.synthesis.download.ssrf_guard import GuardedTransport
from cozebatch.synthesis.failures import RESERVE_BYTES, clean, failure, from_os_error, need_space

MAX_REDIRECTS = 5
SILENCE = 30.0
"""Seconds without a byte after which a download counts as cut (docs/contract.md §5)."""
LEAST_RATE = 16_384
"""Bytes a second that a file must bring over all, after `GRACE`: links that drip would hold every place for good."""
GRACE = 60.0
"""Seconds that every file may take whatever its size."""
_LOOK_EVERY = 1_000_000
"""Bytes, of all downloads together, after which the disk's free space is looked at again."""
_ON_THE_WAY = 4_000_000
"""Bytes that all downloads together may write between two looks: `_LOOK_EVERY`, and a piece of each."""
_CUTS = 3
"""How often one call goes on after a cut by itself, as long as each piece brought something."""

OnProgress = Callable[[int, int | None], None]
"""Bytes here so far, and of how many (None: the server does not say)."""


class Downloader:
    """Fetches media over one guarded transport. `max_bytes` bounds each file."""

    def __init__(self, *, max_bytes: int, allow_loopback: bool, silence: float = SILENCE, grace: float = GRACE) -> None:
        self._max_bytes = max_bytes
        self._grace = grace
        self._unseen = _LOOK_EVERY
        """Bytes that all downloads have written since the last look at the free space."""
        self._guard = GuardedTransport(allow_loopback=allow_loopback)
        self._client = httpx.AsyncClient(
            transport=self._guard,
            timeout=httpx.Timeout(silence, connect=min(10.0, silence), pool=None),
            headers={"Accept-Encoding": "identity", "Accept": "*/*", "User-Agent": "cozebatch"},
            follow_redirects=False,
        )

    async def aclose(self) -> None:
        await self._client.aclose()

    async def fetch(
        self, url: str, folder: Path, name: str, on_progress: OnProgress | None = None, *, below: Path | None = None
    ) -> Path:
        """Bring `url` into `folder` as `NAME-DIGEST.EXT` and return that path; what is there already is used.

        The digest is of the URL, the extension follows the content. `below` is the root that the configuration names
        (None: `folder` itself): no link is followed between the two. Raises `StepError` (`download`, `media`,
        `disk_full`).
        """
        below = folder if below is None else below
        stem = f"{name}-{hashlib.sha256(url.encode()).hexdigest()[:12]}"
        here = await anyio.to_thread.run_sync(complete, folder, stem)
        if here is not None:
            return here
        part = folder / f"{stem}.part"
        with _os_errors(folder):
            await anyio.to_thread.run_sync(make_folder, folder, below)
            began = anyio.current_time()
            for cut in range(_CUTS + 1):
                before = size_of(part)
                try:
                    await self._stream(url, part, below, on_progress or _nothing, began)
                    break
                except _Cut as error:
                    if cut == _CUTS or size_of(part) <= before:
                        raise error.as_step_error() from None
            return await anyio.to_thread.run_sync(finish, part, below, stem)

    async def _stream(self, url: str, part: Path, below: Path, on_progress: OnProgress, began: float) -> None:
        """Make one request, append to `part` or start it again. Raises `_Cut` if another request may continue."""
        begun = read_beginning(part, below)
        have = size_of(part) if begun else 0
        headers = {}
        if begun is not None and have:
            headers = {"Range": f"bytes={have}-", "If-Range": begun.validator}
        response = await self._get(url, headers)
        try:
            if response.status_code == 416 and begun is not None and have == begun.total:
                return  # It was whole already; only the rename was missing.
            if response.status_code == 416:
                drop(part, below)
                raise _Cut("the range is no longer there")
            start, total = extent(response, have)
            self._check(response, total)
            if total is not None:
                try:
                    need_space(part.parent, total - start)
                except StepError:
                    drop(part, below)
                    raise
            write_beginning(part, below, response, total)
            await self._write(response, part, below, start, total, on_progress, began)
        finally:
            with anyio.CancelScope(shield=True):
                await response.aclose()

    async def _write(
        self,
        response: httpx.Response,
        part: Path,
        below: Path,
        start: int,
        total: int | None,
        on_progress: OnProgress,
        began: float,
    ) -> None:
        got = start
        trouble: Exception | None = None
        with open_part(part, below, start) as file:
            try:
                # httpx's nested generators only close in order when they are ended from the inside: by a
                # cancellation that reaches the innermost read, never by leaving the loop.
                with anyio.CancelScope() as reading:
                    async for chunk in response.aiter_raw():
                        if trouble is None:
                            got += len(chunk)
                            trouble = self._too_slow(got - start, anyio.current_time() - began)
                        if trouble is None:
                            trouble = self._too_full(part.parent, len(chunk))
                        if trouble is None:
                            trouble = await self._append(file, chunk, got)
                            on_progress(got, total)
                        if trouble is not None:
                            reading.cancel()
            except httpx.TransportError as error:
                raise _Cut(_reason(error)) from error
        if trouble is not None:
            if isinstance(trouble, OSError):  # room for the journal first: what came can be fetched again
                drop(part, below)
            raise trouble
        if total is not None and got != total:
            raise _Cut(f"{got} of {total} bytes came")

    def _too_full(self, folder: Path, coming: int) -> OSError | None:
        """The disk's last `RESERVE_BYTES` bytes belong to the journal. What is free is measured, so that it holds for
        all downloads together; whichever comes to touch it makes room by dropping what it has."""
        self._unseen += coming
        if self._unseen < _LOOK_EVERY:
            return None
        self._unseen = 0
        if shutil.disk_usage(folder).free - _ON_THE_WAY >= RESERVE_BYTES:
            return None
        self._unseen = _LOOK_EVERY  # the next piece, of any download, looks again
        return OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(folder))

    async def _append(self, file: BinaryIO, chunk: bytes, got: int) -> Exception | None:
        if got > self._max_bytes:
            return self._too_big()
        try:
            with anyio.CancelScope(shield=True):
                await anyio.to_thread.run_sync(file.write, chunk)
        except OSError as error:
            return error
        return None

    def _too_slow(self, came: int, seconds: float) -> StepError | None:
        if seconds <= self._grace + came / LEAST_RATE:
            return None
        return failure(
            Category.DOWNLOAD,
            f"素材下载太慢：{seconds:.0f} 秒只有 {came // 1000} KB",
            f"the download is too slow: {came // 1000} KB in {seconds:.0f} s",
        )

    async def _get(self, url: str, headers: dict[str, str]) -> httpx.Response:
        """Send a GET and follow redirects ourselves, each hop checked like the first."""
        target = _parse(url)
        for _ in range(MAX_REDIRECTS + 1):
            try:
                request = self._client.build_request("GET", target, headers=headers)
                response = await self._client.send(request, stream=True)
            except (httpx.TransportError, httpx.InvalidURL) as error:
                raise self._no_answer(error, target) from error
            if not response.has_redirect_location:
                return response
            await response.aclose()
            target = _parse(_joined(target, response.headers["Location"]))
        raise failure(Category.DOWNLOAD, "重定向次数过多", "too many redirects")

    def _no_answer(self, error: Exception, target: httpx.URL) -> _Cut:
        """No answer came; if not even a connection came about, what to do about that."""
        why = trouble(error, self._guard.proxy_of(target))
        unconnected = isinstance(error, httpx.ConnectError | httpx.ConnectTimeout | httpx.ProxyError)
        return _Cut(f"{_reason(error)}{why.via.en}", why.hint if unconnected else NOTHING)

    def _check(self, response: httpx.Response, total: int | None) -> None:
        host = clean(response.request.url.host, 80)
        if response.status_code not in (200, 206):
            refused = failure(
                Category.DOWNLOAD,
                f"{host} 返回 HTTP {response.status_code}",
                f"{host} returned HTTP {response.status_code}",
                code=str(response.status_code),
            )
            raise StepError(
                refused.info, retry_after=read_retry_after(response.headers.get("Retry-After"), now=time.time())
            )
        if response.headers.get("Content-Encoding", "identity") not in ("identity", ""):
            raise failure(Category.DOWNLOAD, f"{host} 返回了压缩编码的内容", f"{host} sent the file compressed")
        if total is not None and total > self._max_bytes:
            raise self._too_big()

    def _too_big(self) -> StepError:
        megabytes = self._max_bytes / 1_000_000
        return failure(
            Category.DOWNLOAD,
            f"素材超过 max_media_mb（{megabytes:g} MB）",
            f"the media is larger than max_media_mb ({megabytes:g} MB)",
        )


class _Cut(Exception):
    """The connection failed or ended early; what came is kept, and asking again may bring the rest."""

    def __init__(self, reason: str, hint: Text = NOTHING) -> None:
        super().__init__(reason)
        self._hint = hint

    def as_step_error(self) -> StepError:
        return failure(Category.DOWNLOAD, f"下载中断：{self}", f"the download was cut off: {self}", hint=self._hint)


def _joined(base: httpx.URL, location: str) -> str:
    try:
        return str(base.join(location))
    except (httpx.InvalidURL, ValueError):
        return ""


def _parse(url: str) -> httpx.URL:
    try:
        parsed = httpx.URL(url.strip())
    except (httpx.InvalidURL, ValueError):
        parsed = httpx.URL("")
    if parsed.scheme not in ("http", "https") or not parsed.host or not 0 < (parsed.port or 80) <= 65535:
        raise failure(Category.DOWNLOAD, "素材链接不是 http(s) 地址", "the media's address is not an http(s) one")
    return parsed.copy_with(fragment=None)


def _reason(error: Exception) -> str:
    match error:
        case httpx.ReadTimeout():
            return "no byte came for too long"
        case httpx.ConnectTimeout():
            return "connecting took too long"
        case _:
            return clean(str(error), 160) or type(error).__name__


@contextmanager
def _os_errors(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise from_os_error(error, Category.DOWNLOAD, folder) from error


def _nothing(_have: int, _total: int | None) -> None:
    return
