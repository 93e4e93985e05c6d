"""What the configuration's own rules say about a single value, before there is a configuration."""

from __future__ import annotations

from typing import Any

from cozebatch.model.errors import UsageError
from cozebatch.model.text import Text
from cozebatch.settings import parse_settings

_GOOD: dict[str, Any] = {
    "api_config": {"app_id": "cli_a", "app_secret": "secret_for_checking", "app_token": "apptoken"},
    "tables": {"content_table": {"table_id": "tblchecking"}},
    "workflow_config": {
        "coze_config": {"token": "pat_for_checking", "workflow_id": "7400000000000000001"},
        "synthesis": {"mode": "none"},
    },
}


def complaint_about(path: tuple[str, ...], value: Any) -> Text | None:
    """What is wrong with this value at this key path, in words that begin with the complaint itself."""
    document = _with(_GOOD, path, value)
    try:
        parse_settings(document, env={}, need_feishu=True, place="")
    except UsageError as error:
        where = f"：{'.'.join(path)}：", f": {'.'.join(path)}: "
        first = error.complaints[0]
        return Text(first.zh.removeprefix(where[0]), first.en.removeprefix(where[1]))
    return None


def _with(document: dict[str, Any], path: tuple[str, ...], value: Any) -> dict[str, Any]:
    head, *rest = path
    inner = _with(document.get(head, {}), tuple(rest), value) if rest else value
    return {**document, head: inner}
