"""The files among the inputs of a workflow: which inputs take them, where each content is, and what Coze calls it.

A task names a file by its content (`model.file_ref`); what goes to Coze is the id under which it was uploaded.
"""

from __future__ import annotations

import json
import os
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

import anyio.to_thread

from cozebatch.coze.uploads import gone
from cozebatch.files.inputs import LocalFiles, open_ordinary
from cozebatch.model.errors import UsageError
from cozebatch.model.file_ref import FileRef, as_identities, file_refs, is_all_files
from cozebatch.model.task import FIELDS

Bring = Callable[[FileRef], AbstractAsyncContextManager[tuple[FileRef, BinaryIO]]]
"""Brings an attachment here for as long as its block lasts. Raises `StepError`."""


class InputFiles:
    """`parameters`: workflow input → task field."""

    def __init__(self, parameters: Mapping[str, str]) -> None:
        self._parameters = parameters
        self._inputs: Mapping[str, bool] = {}
        self._places: Mapping[str, Path] = {}
        self._bring: Bring | None = None
        self._here: dict[str, list[BinaryIO]] = {}
        self.ids: dict[str, str] = {}
        """What Coze calls a content, by `FileRef.key`."""

    def take(self, inputs: Mapping[str, bool], places: Mapping[str, Path], bring: Bring | None = None) -> None:
        """These inputs take files (True: a list of them). `places`: where each content lies, by SHA-256."""
        self._inputs, self._places, self._bring = inputs, places, bring

    @property
    def columns(self) -> frozenset[str]:
        """The columns that feed inputs of file types."""
        return frozenset(column for name, column in self._parameters.items() if name in self._inputs)

    def by_content(self, values: Mapping[str, str]) -> dict[str, str]:
        """Each file named by its content alone, so that a new name makes it no other."""
        return {name: as_identities(value) if name in self._inputs else value for name, value in values.items()}

    def among(self, values: Mapping[str, str]) -> Sequence[FileRef]:
        """The files that these values name. Where an input is not known to take files, they are none of use."""
        found: list[FileRef] = []
        for name, value in values.items():
            if name in self._inputs:
                found += file_refs(value)
            elif self._parameters[name] not in FIELDS and is_all_files(value):
                found += [FileRef(ref.name, bad=ref.bad or "undeclared") for ref in file_refs(value)]
        return found

    def as_sent(self, parameters: Mapping[str, str]) -> dict[str, Any]:
        """What goes to Coze: in place of each content, what Coze calls it."""
        sent: dict[str, Any] = dict(parameters)
        for name, is_list in self._inputs.items():
            if name in sent:
                values = [self._as_file(line) for line in str(sent[name]).splitlines() if line.strip()]
                sent[name] = values if is_list else values[0] if values else ""
        return sent

    def ids_in(self, parameters: Mapping[str, str]) -> frozenset[str]:
        """The file ids that `as_sent` puts into these parameters."""
        refs = (ref for name, value in parameters.items() if name in self._inputs for ref in file_refs(value))
        return frozenset(self.ids[ref.key] for ref in refs if ref.key in self.ids)

    @asynccontextmanager
    async def brought(self, ref: FileRef) -> AsyncIterator[FileRef]:
        """See `ports.WorkflowService`."""
        if ref.sha256:
            yield ref
            return
        if self._bring is None:
            raise gone(ref)
        async with self._bring(ref) as (content, file):
            held = self._here.setdefault(content.sha256, [])
            held.append(file)
            try:
                yield content
            finally:
                held.remove(file)

    def opener(self, ref: FileRef) -> Callable[[], BinaryIO]:
        """Opens a content. Raises `StepError` of category `source` for one that is not here any more."""
        if held := self._here.get(ref.sha256):
            return partial(_again, held[-1])
        path = self._places.get(ref.sha256)
        if path is None:
            raise gone(ref)
        return partial(open_ordinary, path)

    def _as_file(self, line: str) -> str:
        for ref in file_refs(line):
            return json.dumps({"file_id": self.ids.get(ref.key, "")})
        return line.strip()


async def local_file(name: str, kind: str) -> tuple[FileRef, Path]:
    """What a person named, and where it lies. Raises `UsageError` for a file that cannot be an input of this type."""
    files = LocalFiles(Path())
    ref = await anyio.to_thread.run_sync(files.look_anywhere, name, kind)
    if ref.bad:
        raise UsageError(ref.error.message)
    return ref, files.places[ref.sha256]


def _again(file: BinaryIO) -> BinaryIO:
    """The same content from its beginning; closing it leaves the first one open."""
    other = os.fdopen(os.dup(file.fileno()), "rb")
    other.seek(0)
    return other
