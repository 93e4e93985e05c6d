"""Entries of results files, the older tool's and our own, and what is read out of them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from cozebatch.importing.entries import Finding
from cozebatch.importing.merge import Target
from cozebatch.importing.reading import findings_of, merge
from cozebatch.model.rows import Row

NOW = datetime(2026, 11, 24, 12, 0, 0).timestamp()
TARGET = Target("feishu:here", "feishu", "w1")
RESULT = {"videoUrl": "https://media.example/v.mp4", "captions": [{"start": 0, "end": 900, "text": "你好"}]}


def minutes_ago(minutes: float) -> str:
    """As the older tool writes times: local, without an offset."""
    return (datetime.fromtimestamp(NOW) - timedelta(minutes=minutes)).isoformat()


def old(status: str, **facts: Any) -> dict[str, Any]:
    """An entry of the older tool's."""
    entry = {
        "task_id": "rec1", "content": "一段文案。", "digital_no": "D1", "voice_id": "V1", "title": "标题",
        "project_name": "项目", "record_id": "rec1", "status": status, "execute_id": None, "submit_time": None,
        "complete_time": None, "coze_result": None, "video_path": None, "error_message": None, "retry_count": 0,
        "max_retries": 3,
    }  # fmt: skip
    return entry | facts


def own(status: str, **facts: Any) -> dict[str, Any]:
    """An entry of a results file of ours."""
    entry: dict[str, Any] = {
        "record_id": "rec1", "title": "标题", "project_name": "项目", "status": status, "execute_id": None,
        "debug_url": None, "attempts": 1, "submitted_at": None, "coze_finished_at": None, "finished_at": None,
        "coze_seconds": 0.0, "synthesis_seconds": 0.0, "tokens": 0, "draft_path": None, "video_path": None,
        "output": {}, "error": None,
    }  # fmt: skip
    return entry | facts


def read(entries: Mapping[str, Any], *, ours: bool = False, feishu: bool = True) -> list[Finding]:
    document = {"tasks": dict(entries), "statistics": {}} | ({"schema_version": 1} if ours else {})
    return findings_of(
        json.dumps(document, ensure_ascii=False).encode(), "f.json", feishu=feishu, mask=lambda text: text, now=NOW
    )


def finding(entry: dict[str, Any], *, ours: bool = False) -> Finding:
    return merge(read({"rec1": entry}, ours=ours))[0]


def row_of(entry: dict[str, Any], *, ours: bool = False) -> Row:
    row = finding(entry, ours=ours).row
    assert row is not None
    return row
