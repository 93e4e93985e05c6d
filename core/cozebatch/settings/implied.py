"""Fills in what the rest of a configuration implies: what pasted addresses tell, and a filter on the status column."""

from __future__ import annotations

from typing import Any

from cozebatch.coze.workflow_link import parse_workflow_link
from cozebatch.feishu.links import LinkError, parse_base
from cozebatch.settings.complaints import Path as KeyPath
from cozebatch.settings.feishu_model import DEFAULT_READY


def read_workflow_link(document: dict[str, Any]) -> None:
    """A pasted address of a workflow tells Coze's site and the app where the file does not say them."""
    coze = value_at(document, ("workflow_config", "coze_config"))
    if not isinstance(coze, dict) or not isinstance(coze.get("workflow_id"), str):
        return
    link = parse_workflow_link(coze["workflow_id"])
    if link is None:
        return
    if link.base_url is not None:
        coze.setdefault("base_url", link.base_url)
    if link.app_id is not None and not coze.get("bot_id") and not coze.get("app_id"):
        coze["app_id"] = link.app_id


def read_base_link(document: dict[str, Any]) -> None:
    """A pasted address tells the table, the view and the platform where the file does not say them."""
    api, tables = document.get("api_config"), document.get("tables")
    if not isinstance(api, dict) or not isinstance(api.get("app_token"), str):
        return
    try:
        link = parse_base(api["app_token"])
    except LinkError:
        return
    if link.domain and "domain" not in api:
        api["domain"] = link.domain
    if link.table_id is None:
        return
    tables = document.setdefault("tables", {}) if tables is None else tables
    content = tables.setdefault("content_table", {}) if isinstance(tables, dict) else None
    if isinstance(content, dict):
        content["table_id"] = content.get("table_id") or link.table_id
        if link.view_id is not None and content["table_id"] == link.table_id and not content.get("view_id"):
            content["view_id"] = link.view_id  # also for null: whoever wants no view pastes none


def default_filter(document: dict[str, Any]) -> None:
    """The default filter looks at the status column, whatever it is called."""
    tables = document.get("tables")
    content = tables.get("content_table") if isinstance(tables, dict) else None
    mapping = content.get("field_mapping") if isinstance(content, dict) else None
    if isinstance(mapping, dict) and isinstance(content, dict) and "filter_condition" not in content:
        status = mapping.get("status", "状态")
        if isinstance(status, str) and status.strip():
            content["filter_condition"] = {
                "conjunction": "and",
                "conditions": [{"field_name": status, "operator": "is", "value": [DEFAULT_READY]}],
            }


def value_at(document: Any, path: KeyPath) -> Any:
    """The value at a key path of a document; None where there is nothing."""
    here = document
    for step in path:
        try:
            here = here[step]
        except (KeyError, IndexError, TypeError):
            return None
    return here
