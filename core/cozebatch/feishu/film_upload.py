"""Brings a file into a base through the drive media interface, once a content (docs/feishu.md, "Files").

Larger files go in parts. What has arrived is on record after each part, so that an upload that was cut off by a kill
goes on with the part after the last one; a content that is there already is not sent again.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import zlib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, BinaryIO

import anyio.to_thread

from cozebatch.bounds.numbers import count
from cozebatch.feishu.base import FeishuBase
from cozebatch.feishu.codes import Kind, Meaning, unreadable
from cozebatch.feishu.sdk import FeishuClient, FeishuError
from cozebatch.files.inputs import open_ordinary
from cozebatch.model.sanitize import clean
from cozebatch.model.text import Text
from cozebatch.ports import Medium

AT_ONCE = 4 * 1024 * 1024
"""Bytes up to which a file is sent whole. Feishu takes 20 MB; a smaller request is answered in time on a slow line."""
MOST = 2 * 1024**3
"""Bytes of one file."""
KEPT_OPEN = 82_800.0
"""Seconds for which an upload in parts is gone on with; Feishu keeps it for a day."""
_BLOCK = range(256 * 1024, 16 * 1024 * 1024 + 1)
_CHUNK = 1024 * 1024
FORGOTTEN = Meaning(
    Kind.NOT_READY,
    Text("飞书已经没有这次上传的记录", "Feishu does not know what was begun of this upload any more"),
    Text("程序会重新上传，无需处理。", "It is uploaded again by itself."),
)

Recall = Callable[[str, str], Awaitable[Medium | None]]
Keep = Callable[[Medium], Awaitable[None]]


class FilmUploads:
    """Uploads into one base. `recall` and `keep` are the journal's; `wall` gives Unix seconds."""

    def __init__(
        self, client: FeishuClient, base: FeishuBase, recall: Recall, keep: Keep, wall: Callable[[], float]
    ) -> None:
        self._client = client
        self._base = base
        self._recall = recall
        self._keep = keep
        self._wall = wall

    async def file(self, path: Path, parent_type: str) -> Medium:
        """The content of a file in the base. Raises `FeishuError`, `OSError` and `JournalError`."""
        file = await anyio.to_thread.run_sync(open_ordinary, path)
        with file:
            digest = await anyio.to_thread.run_sync(_digest, file)
            return await self._bring(file, os.fstat(file.fileno()).st_size, digest, path.name, parent_type)

    async def content(self, content: bytes, name: str, parent_type: str) -> Medium:
        """The same for a content in memory."""
        digest = hashlib.sha256(content).hexdigest()
        place = f"{await self._base.app_token()}/{parent_type}"
        known = await self._recall(digest, place)
        if known is not None and known.file_token:
            return known
        return await self._whole(Medium(digest, place, at=self._wall()), content, name, parent_type)

    async def forget(self, medium: Medium) -> None:
        """The base does not take its token any more. Raises `JournalError`."""
        await self._keep(Medium(medium.sha256, medium.place, at=self._wall()))

    async def _bring(self, file: BinaryIO, size: int, digest: str, name: str, parent_type: str) -> Medium:
        place = f"{await self._base.app_token()}/{parent_type}"
        known = await self._recall(digest, place)
        if known is not None and known.file_token:
            return known
        if size <= AT_ONCE:
            content = await anyio.to_thread.run_sync(_piece, file, 0, size)
            return await self._whole(Medium(digest, place, at=self._wall()), content, name, parent_type)
        if known is not None and known.upload_id and self._wall() - known.at < KEPT_OPEN:
            try:
                return await self._parts(known, file, size)
            except FeishuError as error:
                if error.may_pass or error.status not in (400, 404):
                    raise  # else Feishu has forgotten what was begun
        node = place.rpartition("/")[0]
        begun = await _call(self._client, "upload_prepare", _described(name, parent_type, node, size))
        upload_id, block = begun.get("upload_id"), count(begun.get("block_size")) or 0
        if not isinstance(upload_id, str) or not upload_id or block not in _BLOCK:
            raise _nonsense()
        medium = Medium(digest, place, upload_id=upload_id, block_size=block, at=self._wall())
        await self._keep(medium)
        try:
            return await self._parts(medium, file, size)
        except FeishuError as error:
            raise _forgotten(error) if error.status == 404 else error from None

    async def _parts(self, medium: Medium, file: BinaryIO, size: int) -> Medium:
        block = medium.block_size
        blocks = -(-size // block)
        for seq in range(medium.parts, blocks):
            content = await anyio.to_thread.run_sync(_piece, file, seq * block, min(block, size - seq * block))
            fields = {"upload_id": medium.upload_id, "seq": str(seq)}
            await _call(self._client, "upload_part", form=(fields, content))
            medium = replace(medium, parts=seq + 1)
            await self._keep(medium)
        ended = await _call(self._client, "upload_finish", {"upload_id": medium.upload_id, "block_num": blocks})
        return await self._arrived(medium, ended)

    async def _whole(self, medium: Medium, content: bytes, name: str, parent_type: str) -> Medium:
        fields = _described(name, parent_type, medium.place.rpartition("/")[0], len(content))
        fields = {key: str(value) for key, value in fields.items() if key != "size"}
        return await self._arrived(medium, await _call(self._client, "upload_all", form=(fields, content)))

    async def _arrived(self, medium: Medium, answer: Mapping[str, Any]) -> Medium:
        token = answer.get("file_token")
        if not isinstance(token, str) or not token.isascii() or not 0 < len(token) <= 200:
            raise _nonsense()
        there = Medium(medium.sha256, medium.place, token, at=self._wall())
        await self._keep(there)
        return there


async def begin_upload(client: FeishuClient, base: FeishuBase) -> None:
    """Raises `FeishuError` where the application may not upload. Nothing is left in the base by it."""
    body = _described("check.mp4", "bitable_file", await base.app_token(), 2 * AT_ONCE)
    await _call(client, "upload_prepare", body)


async def _call(
    client: FeishuClient,
    what: str,
    body: Mapping[str, Any] | None = None,
    *,
    form: tuple[Mapping[str, str], bytes] | None = None,
) -> Mapping[str, Any]:
    content_type = "application/json; charset=utf-8"
    content = json.dumps(body, ensure_ascii=False).encode("utf-8", "replace")
    if form is not None:
        content_type, content = _multipart(*form)

    async def send(option: Any) -> Any:
        headers = {"Authorization": f"Bearer {option.tenant_access_token}", "Content-Type": content_type}
        return await client.send("POST", f"{client.domain}/open-apis/drive/v1/medias/{what}", headers, None, content)

    data = (await client.call(send)).value.get("data")
    return data if isinstance(data, dict) else {}


def _described(name: str, parent_type: str, node: str, size: int) -> dict[str, Any]:
    return {"file_name": _short(name), "parent_type": parent_type, "parent_node": node, "size": size}


def _short(name: str) -> str:
    """A name that Feishu takes, with its ending: at most 250 characters, and none that a form would trip over."""
    stem, dot, ending = clean(name).replace('"', "'").rpartition(".")
    return f"{stem[:200] or 'film'}{dot}{ending[:20]}" if dot else ending[:200] or "film"


def _multipart(fields: Mapping[str, str], content: bytes) -> tuple[str, bytes]:
    """A form with these fields and a file. Its size and checksum are told, so that a damaged one is refused."""
    told = {**fields, "size": str(len(content)), "checksum": str(zlib.adler32(content))}
    boundary = secrets.token_hex(16)
    parts = [
        f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
        for name, value in told.items()
    ]
    head = f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="file"\r\n'
    parts.append(f"{head}Content-Type: application/octet-stream\r\n\r\n".encode())
    return f"multipart/form-data; boundary={boundary}", b"".join([*parts, content, f"\r\n--{boundary}--\r\n".encode()])


def _digest(file: BinaryIO) -> str:
    digest = hashlib.sha256()
    while piece := file.read(_CHUNK):
        digest.update(piece)
    return digest.hexdigest()


def _piece(file: BinaryIO, start: int, size: int) -> bytes:
    file.seek(start)
    content = file.read(size)
    if len(content) != size:
        raise OSError("the file has become shorter")
    return content


def _forgotten(error: FeishuError) -> FeishuError:
    """What was begun a moment ago is not known any more, as after a sleep of a day: the next try begins anew."""
    return FeishuError(
        FORGOTTEN, code=int(error.code or 0), wording=error.wording, logid=error.logid, status=error.status
    )


def _nonsense() -> FeishuError:
    return FeishuError(unreadable(200), wording="no usable answer about an upload", status=200)
