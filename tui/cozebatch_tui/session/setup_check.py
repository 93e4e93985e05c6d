"""Looks whether a configuration that is still being made would work: with the real clients, free of charge.

Blocks; the look has an event loop of its own.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import anyio

from cozebatch.batch.preflight import check_all
from cozebatch.model.check_item import CheckItem, Level
from cozebatch.model.default_paths import STATE_DIR
from cozebatch.model.errors import UsageError
from cozebatch.model.text import Text
from cozebatch.settings import Settings, parse_settings
from cozebatch.setup.draft import configuration_of
from cozebatch.setup.question import WrongAnswer
from cozebatch.setup.state import State
from cozebatch_tui.locale import setup as texts
from cozebatch_tui.session.preferences import trusted_hosts

_CONFIGURATION = Text("配置", "configuration")
PATIENCE = 10
"""Seconds to wait for an answer; a person waits before the screen."""


def look_at_everything(state: State, tell: Callable[[CheckItem], None]) -> None:
    """What `check` looks at; each item is told as it is known."""
    try:
        settings = _settings(configuration_of(state, to_look=True), need_feishu=state.answers.from_feishu)
    except WrongAnswer as error:
        tell(CheckItem(Level.FAIL, _CONFIGURATION, error.text))
        return
    except UsageError as error:
        for complaint in error.complaints:
            tell(CheckItem(Level.FAIL, _CONFIGURATION, complaint))
        return

    async def look() -> None:
        await check_all(settings, [], tell, state_dir=Path(STATE_DIR), lang=state.answers.lang)

    anyio.run(look)


def _settings(config: dict[str, Any], *, need_feishu: bool) -> Settings:
    """Raises `UsageError`, also for a host that must be confirmed before a secret from the environment goes there."""
    workflow = config["workflow_config"]
    patient = {**workflow["coze_config"], "request_timeout": PATIENCE}
    raw = {key: value for key, value in config.items() if need_feishu or key not in ("api_config", "tables")}
    raw["workflow_config"] = {**workflow, "coze_config": patient}
    settings, _ = parse_settings(raw, env=os.environ, place="", need_feishu=need_feishu)
    strangers = [host for host in settings.hosts_to_ask_about() if host not in trusted_hosts()]
    if strangers:
        not_asked = texts.NOT_ASKED
        raise UsageError(Text(not_asked.zh.format(host=strangers[0]), not_asked.en.format(host=strangers[0])))
    return settings
