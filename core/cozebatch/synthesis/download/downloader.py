"""Downloads files: bounded in bytes and time, resumed after a cut, complete before they get their final name.

A file under its final name is complete; beside it only `NAME.part` (what came so far) with `NAME.part.json` (what
it is the beginning of) ever exist. Names are given by us; nothing of a URL becomes a path.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import anyio
import anyio.to_thread
import httpx

from cozebatch.model.errors import Category, StepError
from cozebatch.policy.retry_after import read_retry_after
from cozebatch.synthesis.download.file_type import file_type
from cozebatch.synthesis.download.ssrf_guard import GuardedTransport
from cozebatch.synthesis.failures import clean, failure, from_os_error, need_space

MAX_REDIRECTS = 5
SILENCE = 30.0
"""Seconds without a byte after which a download counts as cut (docs/contract.md §5)."""
_CUTS = 3
"""How often one call goes on after a cut by itself, as long as each piece brought something."""

OnProgress = Callable[[int, int | None], None]
"""Bytes here so far, and of how many (None: the server does not say)."""


@dataclass(frozen=True, slots=True)
class _Beginning:
    """What a `.part` file is the beginning of. Without a validator a beginning is worth nothing."""

    validator: str
    total: int | None


class Downloader:
    """Fetches media over one guarded transport. `max_bytes` bounds each file."""

    def __init__(self, *, max_bytes: int, allow_loopback: bool, silence: float = SILENCE) -> None:
        self._max_bytes = max_bytes
        self._client = httpx.AsyncClient(
            transport=GuardedTransport(allow_loopback=allow_loopback),
            timeout=httpx.Timeout(silence, connect=min(10.0, silence), pool=None),
            headers={"Accept-Encoding": "identity", "Accept": "*/*", "User-Agent": "cozebatch"},
            follow_redirects=False,
        )

    async def aclose(self) -> None:
        await self._client.aclose()

    async def fetch(self, url: str, folder: Path, name: str, on_progress: OnProgress | None = None) -> Path:
        """Bring `url` into `folder` as `NAME-DIGEST.EXT` and return that path; what is there already is used.

        The digest is of the URL, the extension follows the content. Raises `StepError` (`download`, `media`,
        `disk_full`).
        """
        stem = f"{name}-{hashlib.sha256(url.encode()).hexdigest()[:12]}"
        here = await anyio.to_thread.run_sync(_complete, folder, stem)
        if here is not None:
            return here
        part = folder / f"{stem}.part"
        with _os_errors(folder):
            await anyio.Path(folder).mkdir(parents=True, exist_ok=True)
            for cut in range(_CUTS + 1):
                before = _size(part)
                try:
                    await self._stream(url, part, on_progress or _nothing)
                    break
                except _Cut as error:
                    if cut == _CUTS or _size(part) <= before:
                        raise error.as_step_error() from None
            return await anyio.to_thread.run_sync(_finish, part, stem)

    async def _stream(self, url: str, part: Path, on_progress: OnProgress) -> None:
        """Make one request, append to `part` or start it again. Raises `_Cut` if another request may continue."""
        begun = _read_beginning(part)
        have = _size(part) if begun else 0
        headers = {}
        if begun is not None and have:
            headers = {"Range": f"bytes={have}-", "If-Range": begun.validator}
        response = await self._get(url, headers)
        try:
            if response.status_code == 416 and begun is not None and have == begun.total:
                return  # It was whole already; only the rename was missing.
            if response.status_code == 416:
                await anyio.Path(part).unlink(missing_ok=True)
                raise _Cut("the range is no longer there")
            start, total = _extent(response, have)
            self._check(response, total)
            if total is not None:
                need_space(part.parent, total - start)
            _write_beginning(part, response, total)
            await self._write(response, part, start, total, on_progress)
        finally:
            with anyio.CancelScope(shield=True):
                await response.aclose()

    async def _write(
        self, response: httpx.Response, part: Path, start: int, total: int | None, on_progress: OnProgress
    ) -> None:
        got = start
        trouble: Exception | None = None
        with open(part, "r+b" if start else "wb") as file:  # noqa: ASYNC230 - opening is quick, writing is not
            file.truncate(start)
            file.seek(start)
            try:
                # httpx's nested generators only close in order when they are ended from the inside: by a
                # cancellation that reaches the innermost read, never by leaving the loop.
                with anyio.CancelScope() as reading:
                    async for chunk in response.aiter_raw():
                        if trouble is None:
                            got += len(chunk)
                            trouble = await self._append(file, chunk, got)
                            on_progress(got, total)
                        if trouble is not None:
                            reading.cancel()
            except httpx.TransportError as error:
                raise _Cut(_reason(error)) from error
        if trouble is not None:
            raise trouble
        if total is not None and got != total:
            raise _Cut(f"{got} of {total} bytes came")

    async def _append(self, file: BinaryIO, chunk: bytes, got: int) -> Exception | None:
        if got > self._max_bytes:
            return self._too_big()
        try:
            with anyio.CancelScope(shield=True):
                await anyio.to_thread.run_sync(file.write, chunk)
        except OSError as error:
            return error
        return None

    async def _get(self, url: str, headers: dict[str, str]) -> httpx.Response:
        """Send a GET and follow redirects ourselves, each hop checked like the first."""
        target = _parse(url)
        for _ in range(MAX_REDIRECTS + 1):
            try:
                request = self._client.build_request("GET", target, headers=headers)
                response = await self._client.send(request, stream=True)
            except (httpx.TransportError, httpx.InvalidURL) as error:
                raise _Cut(_reason(error)) from error
            if not response.has_redirect_location:
                return response
            await response.aclose()
            target = _parse(str(target.join(response.headers["Location"])))
        raise failure(Category.DOWNLOAD, "重定向次数过多", "too many redirects")

    def _check(self, response: httpx.Response, total: int | None) -> None:
        host = clean(response.request.url.host, 80)
        if response.status_code not in (200, 206):
            refused = failure(
                Category.DOWNLOAD,
                f"{host} 返回 HTTP {response.status_code}",
                f"{host} answered HTTP {response.status_code}",
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

    def as_step_error(self) -> StepError:
        return failure(Category.DOWNLOAD, f"下载中断：{self}", f"the download was cut off: {self}")


def _parse(url: str) -> httpx.URL:
    try:
        parsed = httpx.URL(url.strip())
    except httpx.InvalidURL:
        parsed = httpx.URL("")
    if parsed.scheme not in ("http", "https") or not parsed.host:
        raise failure(Category.DOWNLOAD, "素材链接不是 http(s) 地址", "the media's address is not an http(s) one")
    return parsed.copy_with(fragment=None)


def _extent(response: httpx.Response, have: int) -> tuple[int, int | None]:
    """The offset at which this answer begins, and the length of the whole file."""
    if response.status_code == 206:
        span, _, whole = response.headers.get("Content-Range", "").removeprefix("bytes ").partition("/")
        first = span.partition("-")[0]
        if first.isdigit() and int(first) == have:
            return have, int(whole) if whole.isdigit() else None
        raise failure(Category.DOWNLOAD, "服务器返回了错误的片段", "the server sent another part than was asked for")
    length = response.headers.get("Content-Length", "")
    return 0, int(length) if length.isdigit() else None


def _read_beginning(part: Path) -> _Beginning | None:
    try:
        facts = json.loads(part.with_name(part.name + ".json").read_text(encoding="utf-8"))
        return _Beginning(str(facts["validator"]), facts["total"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _write_beginning(part: Path, response: httpx.Response, total: int | None) -> None:
    side = part.with_name(part.name + ".json")
    etag = response.headers.get("ETag", "")
    validator = etag if etag and not etag.startswith("W/") else response.headers.get("Last-Modified", "")
    if not validator:
        side.unlink(missing_ok=True)
        return
    facts: dict[str, Any] = {"validator": validator, "total": total}
    side.write_text(json.dumps(facts), encoding="utf-8")


def _complete(folder: Path, stem: str) -> Path | None:
    if not folder.is_dir():
        return None
    found = (path for path in folder.iterdir() if path.stem == stem and path.suffix not in (".part", ".json"))
    return next(found, None)


def _finish(part: Path, stem: str) -> Path:
    """Check the file and give it its final name. Delete an unusable one, so that downloading again can help."""
    with open(part, "r+b") as file:  # Windows syncs only what was opened for writing
        head = file.read(4096)
        os.fsync(file.fileno())
    try:
        extension = file_type(head)
    except StepError:
        part.unlink()
        part.with_name(part.name + ".json").unlink(missing_ok=True)
        raise
    final = part.with_name(f"{stem}.{extension}")
    part.replace(final)
    part.with_name(part.name + ".json").unlink(missing_ok=True)
    return final


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


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
