"""Reads the prices alone out of a configuration: a report of an earlier run needs no token and no table.

What the rest of the file says does not matter here, and none of its secrets is looked for.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from cozebatch.model.prices import NO_PRICES, Prices
from cozebatch.settings import jsonc
from cozebatch.settings.load import parse_settings

_SECTION = "workflow_config"
_KEYS = ("price_per_execution", "price_per_1000_tokens")
_NOT_ASKED = {"token": "not-asked-for", "workflow_id": "0"}


def read_prices(path: Path, env: Mapping[str, str]) -> Prices:
    """The prices of a configuration file. Raises `UsageError` for a file that cannot be read, and for a wrong price."""
    document = jsonc.load(path)
    section = _stripped(_stripped(document).get(_SECTION))
    given = {key: section[key] for key in _KEYS if key in section}
    if not given:
        return NO_PRICES
    raw = {_SECTION: {"coze_config": _NOT_ASKED, **given}}
    workflow = parse_settings(raw, env=env, place=str(path))[0].workflow_config
    return Prices(workflow.price_per_execution, workflow.price_per_1000_tokens)


def _stripped(section: object) -> dict[str, object]:
    """A section by its keys, without the spaces around them."""
    return {str(key).strip(): value for key, value in section.items()} if isinstance(section, dict) else {}
