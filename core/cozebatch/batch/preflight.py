"""The whole check of a configuration, without submitting anything (docs/contract.md §1, `check`)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from cozebatch.batch.adapters import coze_service, feishu_base, feishu_client, feishu_layout
from cozebatch.batch.files_in import file_inputs
from cozebatch.batch.inspections import check_templates, synthesis_items
from cozebatch.coze.check import check_coze
from cozebatch.model.check_item import CheckItem, Level
from cozebatch.model.errors import StepError, UsageError
from cozebatch.model.redact import Masker
from cozebatch.model.task import Task
from cozebatch.model.text import Lang, Text
from cozebatch.settings import Settings

if TYPE_CHECKING:
    from cozebatch.coze.client import CozeService
    from cozebatch.feishu.source import FeishuSource

Tell = Callable[[CheckItem], None]

_CONFIGURATION = Text("配置文件", "configuration")
_ROWS = Text("要生成的记录", "records to run")


async def check_all(settings: Settings, warnings: list[Text], tell: Tell, *, state_dir: Path, lang: Lang) -> bool:
    """Check everything the configuration names and `tell` each item as it is known. True when nothing failed."""
    good = True

    def say(item: CheckItem) -> None:
        nonlocal good
        good = good and item.level is not Level.FAIL
        tell(item)

    if not warnings:
        say(CheckItem(Level.OK, _CONFIGURATION, Text("没有问题", "nothing wrong")))
    for warning in warnings:
        say(CheckItem(Level.WARN, _CONFIGURATION, warning))
    mask = Masker(settings.secrets()).mask
    async with coze_service(settings, mask, lambda _: None) as service:
        for item in await check_coze(service, settings.coze.outputs.named()):
            say(item)
        files = await _file_columns(service)
    if settings.api_config is not None:
        from cozebatch.feishu.check import check_feishu
        from cozebatch.feishu.source import FeishuSource

        layout, values = feishu_layout(settings)
        layout = replace(layout, files=files)
        async with feishu_client(settings, mask) as client:
            base = feishu_base(settings, client)
            items = await check_feishu(client, base, layout, values)
            for item in items:
                say(item)
            if not any(item.level is Level.FAIL for item in items):
                for item in await _rows(settings, FeishuSource(base, layout, values)):
                    say(item)
    if settings.synthesis.mode != "none":
        try:
            items = await synthesis_items(settings, state_dir, lang)
        except UsageError as error:
            items = [CheckItem(Level.FAIL, _CONFIGURATION, complaint) for complaint in error.complaints]
        for item in items:
            say(item)
    return good


async def _file_columns(service: CozeService) -> frozenset[str]:
    """The columns that feed inputs of file types; none where the declaration cannot be read, which is told already."""
    try:
        service.files.take(
            {name: several for name, (_, several) in file_inputs(await service.declaration()).items()}, {}
        )
    except StepError:
        return frozenset()
    return service.files.columns


async def _rows(settings: Settings, source: FeishuSource) -> list[CheckItem]:
    """What the rows to run have, or have not."""
    from cozebatch.feishu.emptiness import empty_everywhere

    try:
        tasks = await source.load()
    except UsageError as error:
        return [CheckItem(Level.FAIL, _ROWS, complaint) for complaint in error.complaints]
    empty = empty_everywhere(feishu_layout(settings)[0], tasks)
    return [
        *(CheckItem(Level.FAIL if f == "content" else Level.WARN, _ROWS, told) for f, told in empty.items()),
        *check_tasks(settings, tasks),
    ]


def check_tasks(settings: Settings, tasks: Sequence[Task]) -> list[CheckItem]:
    """What the tasks name and the configuration does not have."""
    return check_templates(settings, tasks) if settings.synthesis.mode != "none" else []
