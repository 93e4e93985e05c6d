"""Puts the content of a file into one multipart request to Coze, a piece at a time: it is never in memory whole."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import AsyncIterator, Callable
from pathlib import PurePath
from typing import BinaryIO

import anyio.to_thread

from cozebatch.model.errors import Category, ErrorInfo, StepError
from cozebatch.model.file_ref import FileRef
from cozebatch.network.httpx_library import httpx

_CHUNK = 1024 * 1024
SLOWEST = 65_536.0
"""Bytes a second that an upload must make, over all."""


class FileBody(httpx.AsyncByteStream):
    """What an upload sends. It can be read once. `open_it` opens the content. `is_as_hashed`: what was sent is what the
    reference says."""

    def __init__(self, ref: FileRef, open_it: Callable[[], BinaryIO]) -> None:
        self._ref = ref
        self._open = open_it
        self._boundary = secrets.token_hex(16)
        ending = "".join(c for c in PurePath(ref.name).suffix if c.isascii() and (c.isalnum() or c == "."))[:12]
        head = (
            f"--{self._boundary}\r\n"
            f'Content-Disposition: form-data; name="file"; filename="{ref.sha256[:16]}{ending}"\r\n'
            "Content-Type: application/octet-stream\r\n\r\n"
        )
        self._head, self._tail = head.encode("ascii"), f"\r\n--{self._boundary}--\r\n".encode("ascii")
        self.length = len(self._head) + ref.size + len(self._tail)
        self.content_type = f"multipart/form-data; boundary={self._boundary}".encode("ascii")
        self.untouched = True
        self.is_as_hashed = False
        self.was_there = True

    async def __aiter__(self) -> AsyncIterator[bytes]:
        self.untouched = False
        yield self._head
        try:
            file: BinaryIO = await anyio.to_thread.run_sync(self._open)
        except OSError as error:
            self.was_there = False
            raise httpx.WriteError("the file cannot be read") from error
        digest, left = hashlib.sha256(), self._ref.size
        with file:
            while left:
                piece = await anyio.to_thread.run_sync(file.read, min(_CHUNK, left))
                if not piece:
                    raise httpx.WriteError("the file has become shorter")
                left -= len(piece)
                digest.update(piece)
                yield piece
        self.is_as_hashed = digest.hexdigest() == self._ref.sha256
        if not self.is_as_hashed:
            raise httpx.WriteError("the file has changed")
        yield self._tail


def gone(ref: FileRef) -> StepError:
    """The content is not on this machine any more."""
    return StepError(FileRef(ref.name, bad="missing").error)


def no_id(ref: FileRef) -> StepError:
    return StepError(ErrorInfo(Category.SERVER, FileRef(ref.name, bad="unreadable").error.message))
