"""What the older tool leaves: its executions at Coze and its results files."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

import httpx

from cozebatch.demo.coze_model import TOKEN, WORKFLOW_ID
from cozebatch.demo.coze_server import RunningCoze
from support.program import Finished, Program

IMPORT = ("--config", "c.json", "--tasks", "tasks.json")


def begin(coze: RunningCoze, title: str, content: str) -> str:
    """An execution as the older tool starts it."""
    body = {"workflow_id": WORKFLOW_ID, "parameters": {"title": title, "content": content}, "is_async": True}
    answer = httpx.post(f"{coze.url}/v1/workflow/run", json=body, headers={"Authorization": f"Bearer {TOKEN}"})
    execute_id = answer.json()["execute_id"]
    assert isinstance(execute_id, str)
    return execute_id


def ago(**by: float) -> str:
    return (datetime.now() - timedelta(**by)).isoformat()


def entry(task_id: str, status: str, **facts: Any) -> dict[str, Any]:
    number = task_id.removeprefix("t")
    known = {
        "task_id": task_id, "content": f"文案{number}号", "digital_no": "", "voice_id": "", "title": f"标题{number}号",
        "project_name": f"p{number}", "record_id": "", "status": status, "execute_id": None, "submit_time": None,
        "complete_time": None, "coze_result": None, "video_path": None, "error_message": None, "retry_count": 0,
        "max_retries": 3,
    }  # fmt: skip
    return known | facts


def leave(program: Program, *entries: dict[str, Any], name: str = "old.json") -> None:
    """Write the older tool's results file."""
    document = {"tasks": {e["task_id"]: e for e in entries}, "statistics": {"total_tasks": len(entries)}}
    (program.folder / name).write_text(json.dumps(document, ensure_ascii=False, indent=2), encoding="utf-8")


def take_over(program: Program, *options: str, name: str = "old.json") -> Finished:
    return program.run("runs", "--import", name, *IMPORT, *options)


RESULT = {"videoUrl": "https://media.example/v.mp4"}
