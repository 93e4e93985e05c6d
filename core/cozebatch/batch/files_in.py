"""Columns that name files, for a workflow with inputs of file types: each name becomes what stands for its content.

The source is asked as ever; then, only where a value names a file or an address, the workflow's declaration tells which
inputs take files. A row whose file is none of use is told so before anything is paid for it. A task file names paths,
a Feishu table holds attachments; both may hold addresses, which Coze fetches itself.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal, Protocol

import anyio.to_thread

from cozebatch.bounds.json_values import read_json
from cozebatch.coze.client import CozeService, Declaration
from cozebatch.coze.input_files import Bring
from cozebatch.coze.permissions import lacks_reading_only
from cozebatch.files.inputs import LocalFiles, is_address, is_of_kind
from cozebatch.model.errors import StepError, UsageError
from cozebatch.model.file_ref import MOST_FILES, FileRef
from cozebatch.model.question import FILE_KINDS
from cozebatch.model.task import FIELDS, Outcome, Task
from cozebatch.model.text import Text
from cozebatch.ports import TaskSource

if TYPE_CHECKING:
    from cozebatch.feishu.attachments import Attachments
    from cozebatch.feishu.sdk import FeishuClient


class Finder(Protocol):
    """Knows the files that a cell names."""

    places: Mapping[str, Path]
    """Where each content lies on this machine, by SHA-256."""

    bring: Bring | None
    """Brings a content that does not lie here."""

    def names_files(self, task: Task, column: str) -> bool:
        """Whether the cell names a file that is there. Blocks."""

    def refs(self, task: Task, column: str, kind: str) -> Sequence[FileRef | str]:
        """The files of a cell, as inputs of this type, and the addresses as they are. Blocks. Never raises."""


class PathFinder:
    """The paths in a task file."""

    def __init__(self, files: LocalFiles) -> None:
        self._files = files
        self.places: Mapping[str, Path] = files.places
        self.bring: Bring | None = None

    def names_files(self, task: Task, column: str) -> bool:
        return self._files.names_one("\n".join(_names(task.extra.get(column, ""))))

    def refs(self, task: Task, column: str, kind: str) -> Sequence[FileRef | str]:
        names = _names(task.extra[column])
        return [name if _stands_by_itself(name) else self._files.look(name, kind) for name in names[: MOST_FILES + 1]]


class AttachmentFinder:
    """The attachments of a Feishu table."""

    def __init__(self, attachments: Attachments, client: FeishuClient) -> None:
        self._attachments = attachments
        self.places: Mapping[str, Path] = {}
        self.bring: Bring | None = partial(attachments.bring, client)

    def names_files(self, task: Task, column: str) -> bool:
        return bool(self._attachments.of(task.task_id, column))

    def refs(self, task: Task, column: str, kind: str) -> Sequence[FileRef | str]:
        if found := self._attachments.of(task.task_id, column):
            return [ref if ref.bad or is_of_kind(ref.name, kind) else FileRef(ref.name, bad="type") for ref in found]
        names = _names(task.extra[column])
        return [name if _stands_by_itself(name) else FileRef(name, bad="words") for name in names]


class FilesIn:
    """A `ports.TaskSource` on top of another one."""

    def __init__(self, source: TaskSource, service: CozeService, finder: Finder) -> None:
        self._source = source
        self._service = service
        self._finder = finder
        self.kind: Literal["feishu", "file", "demo"] = source.kind

    @property
    def key(self) -> str:
        return self._source.key

    async def look_up(self, task_ids: Sequence[str]) -> Mapping[str, Outcome | None]:
        return await self._source.look_up(task_ids)

    async def load(self, named: Collection[str] = ()) -> Sequence[Task]:
        """Raises `UsageError`, also where it cannot be found out which inputs take files."""
        tasks = await self._source.load(named)
        columns = [column for column in self._service.parameters.values() if column not in FIELDS]
        if not columns:
            return tasks
        names_files = await anyio.to_thread.run_sync(self._names_files, tasks, columns)
        # Tasks of an earlier start, which the table does not list any more, may name files, too.
        if not names_files and self._finder.bring is None and not _names_addresses(tasks, columns):
            return tasks
        try:
            declared = await self._service.declaration()
        except StepError as failed:
            if not names_files:
                return tasks
            raise UsageError(_undeclared(failed)) from None
        kinds = file_inputs(declared)
        takes = {name: is_list for name, (_, is_list) in kinds.items()}
        self._service.files.take(takes, self._finder.places, self._finder.bring)
        wanted = {
            column: kinds[name][0]
            for name, column in self._service.parameters.items()
            if name in kinds and column not in FIELDS
        }
        if not wanted:
            return tasks
        return await anyio.to_thread.run_sync(lambda: [self._with_files(task, wanted) for task in tasks])

    def _names_files(self, tasks: Sequence[Task], columns: Sequence[str]) -> bool:
        return any(self._finder.names_files(task, column) for task, column in _filled(tasks, columns))

    def _with_files(self, task: Task, wanted: Mapping[str, str]) -> Task:
        found = {column: self._value(task, column, kind) for column, kind in wanted.items() if task.extra.get(column)}
        return replace(task, extra=MappingProxyType({**task.extra, **found})) if found else task

    def _value(self, task: Task, column: str, kind: str) -> str:
        """A line for each file. An address is left as it is: Coze fetches it."""
        refs = self._finder.refs(task, column, kind)
        if len(refs) > MOST_FILES:
            first = refs[0]
            return FileRef(first if isinstance(first, str) else first.name, bad="many").to_text()
        return "\n".join(ref if isinstance(ref, str) else ref.to_text() for ref in refs)


def file_inputs(declared: Declaration) -> dict[str, tuple[str, bool]]:
    """The inputs that take files: type, and whether it is a list of them."""
    found = {}
    for name, spec in declared.inputs.items():
        is_list = spec.kind.casefold() in ("array", "list")
        kind = (spec.item if is_list else spec.kind).casefold()
        if kind in FILE_KINDS:
            found[name] = (kind, is_list)
    return found


def _filled(tasks: Sequence[Task], columns: Sequence[str]) -> Iterator[tuple[Task, str]]:
    return ((task, column) for task in tasks for column in columns if task.extra.get(column))


def _names_addresses(tasks: Sequence[Task], columns: Sequence[str]) -> bool:
    return any(is_address(name) for task, column in _filled(tasks, columns) for name in _names(task.extra[column]))


def _names(value: str) -> list[str]:
    """The paths and addresses that a value names: a JSON list, or one a line."""
    if value.lstrip().startswith("["):
        try:
            given = read_json(value)
        except ValueError:
            given = None
        if isinstance(given, list):
            names = (json.dumps(one) if isinstance(one, dict) else str(one) for one in given)
            return [name.strip() for name in names if name.strip()]
    return [line.strip() for line in value.splitlines() if line.strip()]


def _stands_by_itself(name: str) -> bool:
    """An address; or a file id that somebody has got from Coze by other means."""
    if not name.startswith("{"):
        return is_address(name)
    try:
        given = read_json(name)
    except ValueError:
        return False
    return isinstance(given, dict) and isinstance(given.get("file_id"), str)


def _undeclared(failed: StepError) -> Text:
    why = failed.info.message
    cure = (
        Text("给令牌加上 getMetaData 权限。", "Give the token the permission getMetaData.")
        if lacks_reading_only(failed.info)
        else Text("稍后再跑一次。", "Run it again later.")
    )
    return Text(
        f"任务里有文件，但查不到工作流哪些输入要文件：{why.zh}。{cure.zh}没有提交。",
        f"Tasks name files, and which inputs of the workflow take files could not be read: {why.en}. {cure.en} Nothing "
        "was submitted.",
    )
