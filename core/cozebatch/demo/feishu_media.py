"""The drive media of a simulated Feishu: files that cells hold, uploaded whole or in parts, and downloaded.

Shapes and limits are those of docs/feishu.md, "Files". Not locked: whoever shares it between threads does that.
"""

from __future__ import annotations

import hashlib
import threading
import zlib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from email import policy
from email.parser import BytesParser
from typing import Any

from starlette.requests import Request

from cozebatch.demo.feishu_faults import Kind
from cozebatch.demo.feishu_model import ATTACHMENT, Refusal, SimTable

Answer = Callable[[Request, dict[str, Any]], Awaitable[Mapping[str, Any]]]

MOST_AT_ONCE = 20 * 1024 * 1024
BLOCK = 4 * 1024 * 1024
_PARENTS = ("bitable_image", "bitable_file")


@dataclass(frozen=True, slots=True)
class Medium:
    token: str
    name: str
    content: bytes
    parent_type: str = "bitable_file"

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.content).hexdigest()

    def cell(self, address: str, extra: str) -> dict[str, Any]:
        """As a cell shows it."""
        url = f"{address}/open-apis/drive/v1/medias/{self.token}/download"
        return {
            "file_token": self.token,
            "name": self.name,
            "size": len(self.content),
            "type": "application/octet-stream",
            "url": f"{url}?extra={extra}" if extra else url,
            "tmp_url": f"{address}/open-apis/drive/v1/medias/batch_get_tmp_download_url?file_tokens={self.token}",
        }


@dataclass(slots=True)
class _Parts:
    name: str
    parent_type: str
    size: int
    blocks: dict[int, bytes] = field(default_factory=dict)


@dataclass(slots=True)
class MediaStore:
    """`extra`: what a download must say, as a base with advanced permissions wants it. `allowed`: the application has
    the right to drive media. `block`: bytes of one part."""

    app_token: str
    extra: str = ""
    allowed: bool = True
    block: int = BLOCK
    most_at_once: int = MOST_AT_ONCE
    files: dict[str, Medium] = field(default_factory=dict)
    uploads: int = 0
    parts_received: int = 0
    _open: dict[str, _Parts] = field(default_factory=dict)

    def add(self, name: str, content: bytes, parent_type: str = "bitable_file") -> Medium:
        medium = Medium(f"boxcn{len(self.files):08d}", name, content, parent_type)
        self.files[medium.token] = medium
        return medium

    def shown(self, table: SimTable, fields: Mapping[str, Any]) -> dict[str, Any]:
        """Fields to write, with files as a cell shows them. Raises `Refusal` for a file that is not there."""
        found = dict(fields)
        for name, value in fields.items():
            column = table.column(name)
            if column is not None and column.kind == ATTACHMENT and isinstance(value, list):
                tokens = [str(one.get("file_token")) for one in value]
                if any(token not in self.files for token in tokens):
                    raise Refusal(1254303, "AttachPermNotAllow")
                found[name] = [self.files[token].cell("https://open.feishu.cn", self.extra) for token in tokens]
        return found

    def delete(self, token: str) -> None:
        del self.files[token]

    def download(self, token: str, extra: str) -> Medium:
        self._check_right()
        medium = self.files.get(token)
        if medium is None:
            raise Refusal(1061003, "not found.", status=404)
        if self.extra and extra != self.extra:
            raise Refusal(1061004, "forbidden.", status=403)
        return medium

    def upload_all(self, form: Mapping[str, bytes]) -> dict[str, Any]:
        name, parent_type, size = self._described({k: v.decode("utf-8", "replace") for k, v in form.items()})
        if size > self.most_at_once:
            raise Refusal(1061043, "file size beyond limit.", status=400)
        content = _whole(form, size)
        self.uploads += 1
        return {"file_token": self.add(name, content, parent_type).token}

    def prepare(self, body: Mapping[str, Any]) -> dict[str, Any]:
        name, parent_type, size = self._described({k: str(v) for k, v in body.items()})
        upload_id = f"up{len(self._open):06d}"
        self._open[upload_id] = _Parts(name, parent_type, size)
        return {"upload_id": upload_id, "block_size": self.block, "block_num": -(-size // self.block)}

    def part(self, form: Mapping[str, bytes]) -> dict[str, Any]:
        self._check_right()
        parts = self._parts(form.get("upload_id", b"").decode())
        seq = int(form.get("seq", b"0"))
        content = _whole(form, int(form.get("size", b"0")))
        expected = min(self.block, parts.size - seq * self.block)
        if len(content) != expected:
            raise Refusal(1062008, "checksum param Invalid.", status=400)
        parts.blocks[seq] = content
        self.parts_received += 1
        return {}

    def finish(self, body: Mapping[str, Any]) -> dict[str, Any]:
        self._check_right()
        upload_id = str(body.get("upload_id"))
        parts = self._parts(upload_id)
        content = b"".join(parts.blocks[seq] for seq in sorted(parts.blocks))
        if len(content) != parts.size or body.get("block_num") != len(parts.blocks):
            raise Refusal(1062009, "the size of file is wrong.", status=400)
        del self._open[upload_id]
        self._open[upload_id + " finished"] = parts
        self.uploads += 1
        return {"file_token": self.add(parts.name, content, parts.parent_type).token}

    def forget_open(self) -> None:
        """Uploads that were begun are no longer known, as after a day."""
        self._open = {f"{upload_id} expired": parts for upload_id, parts in self._open.items()}

    def _parts(self, upload_id: str) -> _Parts:
        parts = self._open.get(upload_id)
        if parts is None:
            raise Refusal(1061003, "not found.", status=404)
        return parts

    def _check_right(self) -> None:
        if not self.allowed:
            raise Refusal(99991672, "Access denied. One of the following scopes is required: [drive:drive]", status=400)

    def _described(self, given: Mapping[str, str]) -> tuple[str, str, int]:
        self._check_right()
        name, parent_type, size = given.get("file_name", ""), given.get("parent_type", ""), given.get("size", "")
        if not 0 < len(name) <= 250 or parent_type not in _PARENTS or not size.isdigit():
            raise Refusal(1061002, "params error.", status=400)
        if given.get("parent_node") != self.app_token:
            raise Refusal(1061044, "parent node not exist.", status=400)
        return name, parent_type, int(size)


def media_routes(store: MediaStore, lock: threading.RLock) -> list[tuple[str, Kind, str, Answer]]:
    """Path, kind, method and answer of each request that the store takes."""

    async def download(request: Request, body: dict[str, Any]) -> Mapping[str, Any]:
        with lock:
            return {"_file": store.download(request.path_params["token"], request.query_params.get("extra", ""))}

    def answer(take: Callable[[dict[str, Any]], Mapping[str, Any]]) -> Answer:
        async def answered(request: Request, body: dict[str, Any]) -> Mapping[str, Any]:
            raw = body.get("_raw")
            given = body if raw is None else form_of(request.headers.get("content-type", ""), raw)
            with lock:
                return take(given)

        return answered

    drive = "/open-apis/drive/v1/medias"
    return [
        (f"{drive}/{{token}}/download", "download", "GET", download),
        (f"{drive}/upload_all", "upload_all", "POST", answer(store.upload_all)),
        (f"{drive}/upload_prepare", "upload_prepare", "POST", answer(store.prepare)),
        (f"{drive}/upload_part", "upload_part", "POST", answer(store.part)),
        (f"{drive}/upload_finish", "upload_finish", "POST", answer(store.finish)),
    ]


def form_of(content_type: str, body: bytes) -> dict[str, bytes]:
    """The fields of a multipart form, the file under `file`."""
    head = f"Content-Type: {content_type}\r\n\r\n".encode("latin-1", "replace")
    form = BytesParser(policy=policy.HTTP).parsebytes(head + body)
    if not form.is_multipart():
        raise Refusal(1061002, "params error.", status=400)
    found: dict[str, bytes] = {}
    for part in form.iter_parts():
        content = part.get_payload(decode=True)
        name = part.get_param("name", header="content-disposition")
        if isinstance(name, str) and isinstance(content, bytes):
            found[name] = content
    return found


def _whole(form: Mapping[str, bytes], size: int) -> bytes:
    content = form.get("file", b"")
    checksum = form.get("checksum", b"")
    if len(content) != size or (checksum and int(checksum) != zlib.adler32(content)):
        raise Refusal(1062008, "checksum param Invalid.", status=400)
    return content
