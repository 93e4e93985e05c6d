"""A task file whose columns name files, for a workflow with inputs of file types: each name becomes what is in it.

The source is asked as ever; then, only where a value looks like the path of a file, the workflow's declaration tells
which inputs take files. A row whose file is none of use is told so before anything is paid for it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Literal

import anyio.to_thread

from cozebatch.bounds.json_values import read_json
from cozebatch.coze.client import CozeService, Declaration
from cozebatch.coze.permissions import lacks_reading_only
from cozebatch.files.inputs import LocalFiles, is_address
from cozebatch.model.errors import StepError, UsageError
from cozebatch.model.file_ref import MOST_FILES, FileRef
from cozebatch.model.task import FIELDS, Outcome, Task
from cozebatch.model.text import Text
from cozebatch.ports import TaskSource


class FilesIn:
    """A `ports.TaskSource` on top of another one."""

    def __init__(
        self, source: TaskSource, service: CozeService, files: LocalFiles, on_note: Callable[[Text], None]
    ) -> None:
        self._source = source
        self._service = service
        self._files = files
        self._note = on_note
        self.kind: Literal["feishu", "file", "demo"] = source.kind

    @property
    def key(self) -> str:
        return self._source.key

    async def look_up(self, task_ids: Sequence[str]) -> Mapping[str, Outcome | None]:
        return await self._source.look_up(task_ids)

    async def load(self) -> Sequence[Task]:
        """Raises `UsageError`, also where it cannot be found out which inputs take files."""
        tasks = await self._source.load()
        columns = [column for column in self._service.parameters.values() if column not in FIELDS]
        if not columns or not await anyio.to_thread.run_sync(self._names_files, tasks, columns):
            return tasks
        try:
            declared = await self._service.declaration()
        except StepError as failed:
            raise UsageError(_undeclared(failed)) from None
        kinds = file_inputs(declared)
        self._service.take_files({name: is_list for name, (_, is_list) in kinds.items()}, self._files.places)
        wanted = {
            column: kinds[name][0]
            for name, column in self._service.parameters.items()
            if name in kinds and column not in FIELDS
        }
        if not wanted:
            return tasks
        return await anyio.to_thread.run_sync(lambda: [self._with_files(task, wanted) for task in tasks])

    def _names_files(self, tasks: Sequence[Task], columns: Sequence[str]) -> bool:
        return any(
            self._files.names_one("\n".join(_names(value)))
            for task in tasks
            for column in columns
            if (value := task.extra.get(column))
        )

    def _with_files(self, task: Task, wanted: Mapping[str, str]) -> Task:
        found = {
            column: self._value(task.extra[column], kind) for column, kind in wanted.items() if task.extra.get(column)
        }
        return replace(task, extra=MappingProxyType({**task.extra, **found})) if found else task

    def _value(self, value: str, kind: str) -> str:
        """A line for each file. An address is left as it is: Coze fetches it."""
        names = _names(value)
        if len(names) > MOST_FILES:
            return FileRef(names[0], bad="many").to_text()
        return "\n".join(name if is_address(name) else self._files.look(name, kind).to_text() for name in names)


def file_inputs(declared: Declaration) -> dict[str, tuple[str, bool]]:
    """The inputs that take files: type, and whether it is a list of them."""
    from cozebatch.model.question import FILE_KINDS

    found = {}
    for name, spec in declared.inputs.items():
        is_list = spec.kind.casefold() in ("array", "list")
        kind = (spec.item if is_list else spec.kind).casefold()
        if kind in FILE_KINDS:
            found[name] = (kind, is_list)
    return found


def _names(value: str) -> list[str]:
    """The paths and addresses that a value names: a JSON list, or one a line."""
    if value.lstrip().startswith("["):
        try:
            given = read_json(value)
        except ValueError:
            given = None
        if isinstance(given, list):
            return [str(name).strip() for name in given if str(name).strip()]
    return [line.strip() for line in value.splitlines() if line.strip()]


def _undeclared(failed: StepError) -> Text:
    why = failed.info.message
    cure = (
        Text("给令牌加上 getMetaData 权限。", "Give the token the permission getMetaData.")
        if lacks_reading_only(failed.info)
        else Text("稍后再跑一次。", "Run it again later.")
    )
    return Text(
        f"任务里有文件路径，但查不到工作流哪些输入要文件：{why.zh}。{cure.zh}没有提交。",
        f"Tasks name files, and which inputs of the workflow take files could not be read: {why.en}. {cure.en} Nothing "
        "was submitted.",
    )
