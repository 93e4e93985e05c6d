"""Small valid configurations to change, and the complaints about a wrong one, for the tests of the settings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from cozebatch.model.errors import UsageError
from cozebatch.settings import parse_settings

TOKEN = "pat_0123456789abcdef"


def coze(**more: Any) -> dict[str, Any]:
    return {"token": TOKEN, "workflow_id": "740", **more}


def config(workflow: Mapping[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    return {"workflow_config": {"coze_config": coze(), "draft_folder_path": "drafts", **(workflow or {})}, **more}


def feishu(api: Mapping[str, Any] | None = None, content: Mapping[str, Any] | None = None) -> dict[str, Any]:
    return config(
        api_config={"app_id": "cli_1", "app_secret": "s3cret", "app_token": "bas1", **(api or {})},
        tables={"content_table": {"table_id": "tbl1", **(content or {})}},
    )


def complaints(raw: object, *, env: Mapping[str, str] | None = None, need_feishu: bool | None = False) -> list[str]:
    with pytest.raises(UsageError) as caught:
        parse_settings(raw, env=env or {}, need_feishu=need_feishu, place="c.json")
    assert all(c.zh and c.en and c.zh != c.en for c in caught.value.complaints)
    return [c.en for c in caught.value.complaints]


def only_complaint(raw: object, *, env: Mapping[str, str] | None = None, need_feishu: bool = False) -> str:
    (only,) = complaints(raw, env=env, need_feishu=need_feishu)
    return only
