"""What a batch looks at before it pays: the same checks as `check`, as far as they cost nothing and are quick.

A `fail` among them ends the batch before anything is submitted or written into the table (docs/contract.md §1).
"""

from __future__ import annotations

import tempfile
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import anyio
import anyio.to_thread

from cozebatch.batch.adapters import cluster_of, synthesis_options
from cozebatch.batch.request import Request
from cozebatch.coze.check import check_declared
from cozebatch.model.check_item import CheckItem, Level
from cozebatch.model.errors import UsageError
from cozebatch.model.nearest import nearest
from cozebatch.model.os_reason import os_reason
from cozebatch.model.task import FIELDS, Task
from cozebatch.model.text import Lang, Text
from cozebatch.planning.planned import Action
from cozebatch.settings import Settings
from cozebatch.synthesis.failures import existing_parent

if TYPE_CHECKING:
    from cozebatch.coze.client import CozeService
    from cozebatch.feishu.base import FeishuBase
    from cozebatch.feishu.layout import Layout, StatusValues
    from cozebatch.feishu.sdk import FeishuClient

PAYING = frozenset({Action.SUBMIT})
MAKING = frozenset({Action.SUBMIT, Action.WATCH, Action.FINISH})

_CONFIGURATION = Text("配置文件", "configuration")
_PARAMETERS = Text.same("parameters")
_RESULTS = Text("结果文件夹", "results folder")
_TEMPLATES = Text("模板", "templates")


@dataclass(frozen=True, slots=True)
class Inspection:
    """One look, needed when the plan has one of the actions `before`. It gets the tasks that will be run."""

    look: Callable[[Sequence[Task]], Awaitable[Sequence[CheckItem]]]
    before: frozenset[Action]


async def looked_at(inspections: Iterable[Inspection], tasks: Sequence[Task]) -> list[CheckItem]:
    """What all of them found; they look side by side."""
    found: list[Sequence[CheckItem]] = []

    async def look(inspection: Inspection, place: int) -> None:
        found[place] = await inspection.look(tasks)

    async with anyio.create_task_group() as group:
        for place, inspection in enumerate(inspections):
            found.append(())
            group.start_soon(look, inspection, place)
    return [item for items in found for item in items]


def complaints(items: Iterable[CheckItem]) -> list[Text]:
    return [
        Text(f"{item.subject.zh}：{item.text.zh}", f"{item.subject.en}: {item.text.en}")
        for item in dict.fromkeys(items)
    ]


def workflow_of(service: CozeService, outputs: Mapping[str, str]) -> Inspection:
    """Whether the workflow takes what is sent and gives what is looked for (`outputs`: part of the film → name)."""

    async def look(_: Sequence[Task]) -> Sequence[CheckItem]:
        return await check_declared(service, outputs)

    return Inspection(look, PAYING)


def columns_of(parameters: Mapping[str, str]) -> Inspection:
    """Whether a task file has the columns that are sent to Coze. `parameters`: workflow input → task field."""

    async def look(tasks: Sequence[Task]) -> Sequence[CheckItem]:
        present = {*FIELDS, *(name for task in tasks for name in task.extra)}
        wrong = {name: field for name, field in parameters.items() if field not in present}
        return [CheckItem(Level.FAIL, _PARAMETERS, _no_column(*pair, present)) for pair in wrong.items()]

    return Inspection(look, PAYING)


def _no_column(name: str, field: str, present: Collection[str]) -> Text:
    near = nearest(field, present)
    return Text(
        f"输入 {name} 要用 {field} 列，任务文件里没有" + (f"，是不是 {near}？" if near else ""),
        f"the input {name} is to come from the column {field}, which the task file does not have"
        + (f"; did you mean {near}?" if near else ""),
    )


def table_of(
    client: FeishuClient, base: FeishuBase, layout: Layout, values: StatusValues, service: CozeService
) -> Inspection:
    async def look(_: Sequence[Task]) -> Sequence[CheckItem]:
        from cozebatch.feishu.check import check_feishu

        return await check_feishu(client, base, replace(layout, files=service.files.columns), values)

    return Inspection(look, PAYING)


def synthesis_of(settings: Settings, request: Request) -> Inspection:
    async def look(tasks: Sequence[Task]) -> Sequence[CheckItem]:
        try:
            items = await synthesis_items(settings, request.state_dir, request.lang)
            return [*items, *check_templates(settings, tasks)]
        except UsageError as error:
            return [CheckItem(Level.FAIL, _CONFIGURATION, complaint) for complaint in error.complaints]

    return Inspection(look, MAKING)


async def synthesis_items(settings: Settings, state_dir: Path, lang: Lang) -> list[CheckItem]:
    """What this machine needs to make films; with a cluster, every machine of it. Raises `UsageError`."""
    options = synthesis_options(settings, state_dir, lang=lang)
    if (cluster := cluster_of(settings)) is not None:
        from cozebatch.synthesis.cluster.check import check_cluster

        return await check_cluster(options, cluster)
    from cozebatch.synthesis.check import check_synthesis

    return await check_synthesis(options)


def results_in(folder: Path) -> Inspection:
    async def look(_: Sequence[Task]) -> Sequence[CheckItem]:
        return await anyio.to_thread.run_sync(_writable, folder)

    return Inspection(look, MAKING)


def _writable(folder: Path) -> Sequence[CheckItem]:
    here = existing_parent(folder.absolute())
    try:
        with tempfile.TemporaryFile(dir=here):
            return []
    except OSError as error:
        why = os_reason(error)
        text = Text(
            f"不可写：{folder}（{why.zh}）。请换一个 --results-dir",
            f"cannot be written: {folder} ({why.en}). Choose another --results-dir",
        )
        return [CheckItem(Level.FAIL, _RESULTS, text)]


def check_templates(settings: Settings, tasks: Sequence[Task]) -> list[CheckItem]:
    """Names of templates that do not exist. Without named templates in the configuration the column means nothing."""
    from cozebatch.synthesis.compose import styles

    if settings.synthesis.mode == "command" or not any(isinstance(v, dict) for v in settings.template_config.values()):
        return []
    read = styles.parse(settings.template_config)
    wrong = {name: warning for name in {task.template for task in tasks} if (warning := read.choose(name)[1])}
    named = {name: next(task for task in tasks if task.template == name) for name in sorted(wrong)}
    return [
        CheckItem(
            Level.FAIL,
            _TEMPLATES,
            Text(
                f"任务 {task.task_id} 的模板“{name}”不存在。已有：{'、'.join(read.by_key)}",
                f"task {task.task_id} names the template '{name}', which does not exist. There are: "
                f"{', '.join(read.by_key)}",
            ),
        )
        for name, task in named.items()
    ]
