"""Looks whether a configuration that is still being made would work: with the real clients, free of charge.

Blocks; each look has an event loop of its own.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import anyio

from cozebatch.batch.adapters import coze_service
from cozebatch.batch.preflight import check_all
from cozebatch.coze.check import check_coze
from cozebatch.model.check_item import CheckItem, Level
from cozebatch.model.default_paths import STATE_DIR
from cozebatch.model.errors import UsageError
from cozebatch.model.redact import Masker
from cozebatch.model.text import Lang, Text
from cozebatch.settings import Settings, parse_settings
from cozebatch_tui.locale import setup as texts
from cozebatch_tui.session.preferences import trusted_hosts

_CONFIGURATION = Text("配置", "configuration")
PATIENCE = 10
"""Seconds to wait for an answer; a person waits before the screen."""


def look_at_coze(config: Mapping[str, Any]) -> list[CheckItem]:
    """Whether the token and the workflow are right."""
    settings, complaints = _settings({**config, "api_config": None, "tables": None}, need_feishu=False)
    if settings is None:
        return complaints

    async def look() -> list[CheckItem]:
        mask = Masker(settings.secrets()).mask
        async with coze_service(settings, mask, lambda _: None) as service:
            return await check_coze(service)

    return anyio.run(look)


def look_at_everything(config: Mapping[str, Any], lang: Lang, tell: Callable[[CheckItem], None]) -> None:
    """What `check` looks at; each item is told as it is known."""
    settings, complaints = _settings(config, need_feishu=config.get("api_config") is not None)
    for complaint in complaints:
        tell(complaint)
    if settings is None:
        return

    async def look() -> None:
        await check_all(settings, [], tell, state_dir=Path(STATE_DIR), lang=lang)

    anyio.run(look)


def _settings(config: Mapping[str, Any], *, need_feishu: bool) -> tuple[Settings | None, list[CheckItem]]:
    """The settings; None with what is wrong with them."""
    workflow = config["workflow_config"]
    patient = {**workflow["coze_config"], "request_timeout": PATIENCE}
    raw = {key: value for key, value in config.items() if value is not None}
    raw["workflow_config"] = {**workflow, "coze_config": patient}
    try:
        settings, _ = parse_settings(raw, env=os.environ, place="", need_feishu=need_feishu)
    except UsageError as error:
        return None, [CheckItem(Level.FAIL, _CONFIGURATION, complaint) for complaint in error.complaints]
    strangers = [host for host in settings.hosts_to_ask_about() if host not in trusted_hosts()]
    if strangers:
        zh, en = (texts.NOT_ASKED.in_(lang).format(host=strangers[0]) for lang in ("zh", "en"))
        return None, [CheckItem(Level.FAIL, _CONFIGURATION, Text(zh, en))]
    return settings, []
