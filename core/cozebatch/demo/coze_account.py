"""What the simulated Coze account has beside executions: workspaces, workflows, a plan, and uploaded files.

Pure, like `coze_model`. Shapes are those of docs/coze.md ("Lists, for setting up"); page sizes are capped as Coze caps
them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

_MOST_WORKSPACES, _MOST_WORKFLOWS = 50, 30
_OTHERS = 34
"""Further workflows of the team, so that their list has a second page."""

PERMISSION_FOR = MappingProxyType(
    {
        "submit": "run",
        "resume": "run",
        "look": "listRunHistory",
        "node": "listRunHistory",
        "workflow": "getMetaData",
        "workflows": "listWorkflow",
        "workspaces": "listWorkspace",
        "benefit": "getBenefit",
        "upload": "uploadFile",
    }
)
"""What a token must be allowed, by kind of request."""
PERMISSIONS = frozenset(PERMISSION_FOR.values())

PERSONAL, TEAM = "7300000000000000001", "7300000000000000002"


class Refusal(Exception):
    """The service says no: `code` and `message` as Coze answers them, over HTTP `status`."""

    def __init__(self, code: int, message: str, *, status: int = 200, retry_after: float | str | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status
        self.retry_after = retry_after


@dataclass(frozen=True, slots=True)
class UploadedFile:
    """What was uploaded under a file id; `created_at` in Unix seconds."""

    file_id: str
    name: str
    content: bytes
    created_at: int

    @property
    def size(self) -> int:
        return len(self.content)

    def to_json(self) -> dict[str, Any]:
        return {"id": self.file_id, "bytes": self.size, "created_at": self.created_at, "file_name": self.name}


@dataclass(slots=True)
class CozeAccount:
    """Its workflow is the one that can be run. `requests_a_second` is what its plan allows."""

    workflow_id: str
    workflow_name: str
    requests_a_second: int = 50
    files: dict[str, UploadedFile] = field(default_factory=dict)
    uploads: int = 0

    def workspaces(self, query: Mapping[str, str]) -> dict[str, Any]:
        found = [
            _workspace(PERSONAL, "个人空间", "personal", "owner"),
            _workspace(TEAM, "短视频团队", "team", "member"),
        ]
        page, _ = _page(found, query, _MOST_WORKSPACES)
        return {"workspaces": page, "total_count": len(found)}

    def workflows(self, query: Mapping[str, str]) -> dict[str, Any]:
        found = []
        if query.get("workspace_id") == TEAM:
            found = [basic_workflow(self.workflow_id, self.workflow_name)]
            found += [basic_workflow(str(int(TEAM) + 1000 + n), f"其他工作流 {n}") for n in range(1, _OTHERS + 1)]
        page, has_more = _page(found, query, _MOST_WORKFLOWS)
        return {"items": page, "has_more": has_more}

    def benefits(self) -> dict[str, Any]:
        item = {"strategy": "quota", "used": 0, "total": self.requests_a_second, "remain": self.requests_a_second}
        return {
            "basic_info": {"user_level": "free"},
            "benefit_info": [
                {
                    "resource_id": "workflow",
                    "benefit_type": "api_run_qps",
                    "effective": {"status": "valid", "item_info": item},
                }
            ],
        }

    def require_files(self, value: Any) -> None:
        """What stands for files must be addresses, or ids of files that were uploaded. Raises `Refusal`."""
        for one in value if isinstance(value, list) else [value] if value else []:
            given = read_body(one.encode()) if isinstance(one, str) else None
            known = isinstance(given, dict) and given.get("file_id") in self.files
            if not known and not str(one).startswith(("http://", "https://")):
                raise Refusal(4000, f"Request parameter error: no such file {str(one)[:80]}")

    def drop_files(self) -> None:
        """As after three months, or for a token of another workspace: no id given so far is known any more."""
        self.files.clear()

    def upload(self, name: str, content: bytes, now: float) -> dict[str, Any]:
        self.uploads += 1
        file = UploadedFile(str(7_600_000_000_000_000_000 + self.uploads), name, content, int(now))
        self.files[file.file_id] = file
        return file.to_json()


def basic_workflow(workflow_id: str, name: str, app_id: str = "0") -> dict[str, Any]:
    """The facts that both the list and the look at one workflow show."""
    return {
        "workflow_id": workflow_id,
        "workflow_name": name,
        "description": "",
        "icon_url": "",
        "app_id": app_id,
        "created_at": 1_760_000_000,
        "updated_at": 1_762_000_000,
        "creator": {"id": "1", "name": "demo"},
    }


def read_body(raw: bytes) -> Any:
    """The JSON of a request; None for what is none."""
    try:
        return json.loads(raw)
    except ValueError:
        return None


def given(body: Any) -> Mapping[str, Any]:
    """Raises `Refusal` for what is no JSON object."""
    if not isinstance(body, dict):
        raise Refusal(4000, "Request parameter error: the body is no JSON object", status=400)
    return body


def _workspace(workspace_id: str, name: str, kind: str, role: str) -> dict[str, Any]:
    return {
        "id": workspace_id,
        "name": name,
        "icon_url": "",
        "workspace_type": kind,
        "role_type": role,
        "enterprise_id": "",
    }


def _page(found: Sequence[Any], query: Mapping[str, str], most: int) -> tuple[list[Any], bool]:
    """One page, and whether another follows."""
    number = max(1, _whole(query.get("page_num"), 1))
    size = min(most, max(1, _whole(query.get("page_size"), 20)))
    start = (number - 1) * size
    return list(found[start : start + size]), start + size < len(found)


def _whole(text: str | None, otherwise: int) -> int:
    return int(text) if text is not None and text.isascii() and text.isdigit() and len(text) < 9 else otherwise
