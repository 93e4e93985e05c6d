"""The files that a table holds as attachments: found in its cells, and brought here when a workflow needs one.

Downloaded through the drive media interface with the application's token (docs/feishu.md, "Files"). What comes is
bounded, goes into a file without a name, which no crash leaves behind, and is looked at before it counts.
"""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, BinaryIO, cast
from urllib.parse import parse_qs, quote, urlsplit

import anyio
import anyio.to_thread

from cozebatch.bounds.numbers import count
from cozebatch.disk.writing import make_folder
from cozebatch.feishu.cells import attachments
from cozebatch.feishu.codes import Kind
from cozebatch.feishu.sdk import FeishuClient, FeishuError
from cozebatch.files.inputs import fits
from cozebatch.model.errors import Category, ErrorInfo, Scope, StepError
from cozebatch.model.file_ref import MOST_BYTES, FileRef
from cozebatch.model.os_reason import os_reason
from cozebatch.model.text import Text
from cozebatch.network.httpx_library import httpx

RESERVE = 64 * 1024 * 1024
"""Bytes that are left free on the disk."""
SLOWEST = 65_536.0
"""Bytes a second that a download must make, over all."""
_MOST_WORDS = 64 * 1024
_HEAD = 64

_CATEGORIES: Mapping[Kind, Category] = {
    Kind.THROTTLED: Category.THROTTLED,
    Kind.NETWORK: Category.NETWORK,
    Kind.TOKEN: Category.AUTH,
    Kind.CREDENTIALS: Category.AUTH,
    Kind.PERMISSION: Category.AUTH,
}
_NO_RIGHT = Text(
    "应用不能下载附件：到飞书开放平台“权限管理”开通下载云文档素材的权限，发布版本，再跑一次。",
    "The app may not download attachments. On the open platform, permit it to download drive media; publish a "
    "version and run again.",
)


class Attachments:
    """Those of one table. `folder`: on whose disk a file is kept while it is needed."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._found: dict[tuple[str, str], list[FileRef]] = {}
        self._extra: dict[str, str] = {}

    def learn(self, record_id: str, column: str, cell: Any) -> None:
        """Keep what a cell holds, where that is attachments."""
        refs = [_ref(one) for one in attachments(cell)]
        if refs:
            self._found[record_id, column] = refs
            self._extra |= {str(one["file_token"]): extra for one in attachments(cell) if (extra := _extra(one))}

    def of(self, record_id: str, column: str) -> list[FileRef]:
        return self._found.get((record_id, column), [])

    @asynccontextmanager
    async def bring(self, client: FeishuClient, ref: FileRef) -> AsyncIterator[tuple[FileRef, BinaryIO]]:
        """The content of an attachment, here for as long as the block lasts. Raises `StepError`."""
        file = await anyio.to_thread.run_sync(self._room)
        try:
            try:
                content = await self._download(client, ref, file)
            except FeishuError as error:
                raise _failed(ref, error) from None
            except OSError as error:
                raise _no_room(error) from None
            if content.bad:
                raise StepError(content.error)
            yield content, file
        finally:
            file.close()

    def _room(self) -> BinaryIO:
        try:
            make_folder(self._folder, self._folder)
            return cast("BinaryIO", tempfile.TemporaryFile(dir=self._folder))
        except OSError as error:
            raise _no_room(error) from None

    async def _download(self, client: FeishuClient, ref: FileRef, file: BinaryIO) -> FileRef:
        """Raises `FeishuError` and `OSError`."""
        extra = self._extra.get(ref.token)
        queries = [("extra", extra)] if extra else None
        size, digest, head = 0, hashlib.sha256(), b""

        def keep(piece: bytes) -> None:
            if shutil.disk_usage(self._folder).free < RESERVE + len(piece):
                raise OSError("the disk is full")
            file.write(piece)
            digest.update(piece)

        async def take(option: Any) -> None:
            nonlocal size, digest, head
            size, digest, head = 0, hashlib.sha256(), b""
            file.seek(0)
            file.truncate()
            async for piece in received(client, ref.token, option.tenant_access_token, queries):
                size += len(piece)
                if size > MOST_BYTES:
                    return
                head = head or piece[:_HEAD]
                await anyio.to_thread.run_sync(keep, piece)

        await client.call(take)
        await anyio.to_thread.run_sync(file.flush)
        bad = "empty" if not size else "large" if size > MOST_BYTES else "" if fits(head, ref.name) else "type"
        return FileRef(ref.name, bad=bad) if bad else FileRef(ref.name, digest.hexdigest(), size)


async def received(client: FeishuClient, token: str, access: str, queries: Any) -> AsyncIterator[bytes]:
    """The content of a medium, piece by piece. Raises `FeishuError`."""
    url = f"{client.domain}/open-apis/drive/v1/medias/{quote(token, safe='')}/download"
    headers = {"Authorization": f"Bearer {access}", "Accept-Encoding": "identity"}
    request = client.http.build_request("GET", url, headers=headers, params=queries)
    started, size, expected = anyio.current_time(), 0, None
    try:
        response = await client.http.send(request, stream=True, follow_redirects=False)
        try:
            is_json = response.headers.get("content-type", "").startswith("application/json")
            if response.status_code != 200 or (is_json and "content-disposition" not in response.headers):
                client.judge(response, await _words(response))
                raise client.unreachable(httpx.ReadError("an answer in place of a file"))
            if not response.headers.get("content-encoding"):
                expected = count(response.headers.get("content-length", ""))
            async for piece in response.aiter_bytes(1024 * 1024):
                size += len(piece)
                yield piece
                if anyio.current_time() - started > 60.0 + size / SLOWEST:
                    raise httpx.ReadError("the download is too slow")
        finally:
            await response.aclose()
        if expected is not None and size != expected:
            raise httpx.ReadError("the download was cut off")
    except (httpx.HTTPError, TimeoutError) as error:
        raise client.unreachable(error) from None


async def _words(response: httpx.Response) -> bytes:
    found = b""
    async for piece in response.aiter_bytes(4096):
        found += piece
        if len(found) > _MOST_WORDS:
            break
    return found


def _ref(one: Mapping[str, Any]) -> FileRef:
    size = count(one.get("size"))
    name = str(one.get("name") or "")
    if size == 0 or (size or 0) > MOST_BYTES:
        return FileRef(name, bad="large" if size else "empty")
    return FileRef(name, size=size or 0, token=str(one["file_token"]))


def _extra(one: Mapping[str, Any]) -> str | None:
    """What a base with advanced permissions wants to be told: it stands in the address that the cell gives."""
    for key in ("url", "tmp_url"):
        address = one.get(key)
        if isinstance(address, str):
            try:
                asked = parse_qs(urlsplit(address).query).get("extra")
            except ValueError:
                continue
            if asked and len(asked[0]) <= 4096:
                return asked[0]
    return None


def _failed(ref: FileRef, error: FeishuError) -> StepError:
    """A file that is gone concerns its row alone; a missing right concerns all rows."""
    if error.kind in (Kind.RECORD, Kind.NOT_FOUND) or (error.status == 404 and error.code):
        return StepError(FileRef(ref.name, bad="missing").error)
    category = _CATEGORIES.get(error.kind, Category.SERVER if error.may_pass else Category.SOURCE)
    why = error.meaning.what if category is Category.SOURCE else error.text
    message = Text(
        f"附件 {ref.name} 无法下载：{why.zh}。没有扣费。", f"{ref.name} was not downloaded: {why.en}. Not charged."
    )
    hint = _NO_RIGHT if error.kind is Kind.PERMISSION else error.meaning.hint
    scope: Scope = "batch" if category is Category.AUTH else "task"
    return StepError(
        ErrorInfo(category, message, code=error.code, logid=error.logid, hint=hint, scope=scope),
        retry_after=error.retry_after,
    )


def _no_room(error: OSError) -> StepError:
    return StepError(
        ErrorInfo(
            Category.DISK_FULL,
            Text("附件没能存到磁盘：{why}", "An attachment was not stored on the disk: {why}").filled(
                why=os_reason(error)
            ),
        )
    )
