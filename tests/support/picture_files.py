"""The half of a simulated workflow service that knows files: a task's picture is its field `image`."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import anyio.lowlevel

from cozebatch.model.file_ref import FileRef, file_refs
from cozebatch.model.task import Task


@dataclass
class PictureFiles:
    """Every file is here already, and is called what `learn_file` was told."""

    file_ids: dict[str, str] = field(default_factory=dict, kw_only=True)

    def files_of(self, task: Task) -> Sequence[FileRef]:
        return file_refs(task.extra.get("image", ""))

    def file_id(self, key: str) -> str | None:
        return self.file_ids.get(key)

    def learn_file(self, key: str, file_id: str) -> None:
        self.file_ids[key] = file_id

    async def require_file(self, name: str, kind: str) -> None:
        await anyio.lowlevel.checkpoint()

    @asynccontextmanager
    async def brought(self, ref: FileRef) -> AsyncIterator[FileRef]:
        yield ref
