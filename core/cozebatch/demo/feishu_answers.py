"""What the simulated Feishu reads and sends: bodies, envelopes, refusals, and what a fault puts in their place."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import anyio
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from cozebatch.demo.feishu_faults import FeishuFault
from cozebatch.demo.feishu_model import Refusal
from cozebatch.demo.serving import CUT


def json_body(raw: bytes) -> dict[str, Any]:
    try:
        value = json.loads(raw) if raw else {}
    except ValueError:
        value = None
    if not isinstance(value, dict):
        raise Refusal(1254001, "WrongRequestBody", status=400)
    return value


def good(data: Mapping[str, Any]) -> Response:
    if data.get("_flat"):
        return JSONResponse({"code": 0, "msg": "ok", **{k: v for k, v in data.items() if k != "_flat"}})
    return JSONResponse({"code": 0, "msg": "success", "data": dict(data)})


def refused(refusal: Refusal) -> Response:
    headers = {"x-tt-logid": f"2026demo{refusal.code}"}
    if refusal.reset is not None:
        headers["x-ogw-ratelimit-reset"] = f"{refusal.reset:g}"
    return JSONResponse({"code": refusal.code, "msg": refusal.message}, refusal.status, headers)


async def struck(request: Request, fault: FeishuFault, data: Mapping[str, Any] | None = None) -> Response:
    match fault.what:
        case "code":
            return refused(Refusal(fault.code, "simulated", status=fault.status, reset=fault.reset))
        case "html":
            return Response("<html><body>Sign in</body></html>", fault.status, media_type="text/html")
        case "cut":
            await request.scope[CUT]()
            return Response()
    await anyio.sleep(fault.seconds)
    return good(data or {})


def whole_number(text: str | None, default: int) -> int:
    return int(text) if text is not None and text.isdecimal() else default
