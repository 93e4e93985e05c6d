"""What the simulated Feishu reads and sends: bodies, envelopes, refusals, and what a fault puts in their place."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
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
    if (medium := data.get("_file")) is not None:
        headers = {"content-disposition": 'attachment; filename="file"'}
        return Response(medium.content, media_type="application/octet-stream", headers=headers)
    if data.get("_flat"):
        return _json({"code": 0, "msg": "ok", **{k: v for k, v in data.items() if k != "_flat"}}, "2026demo")
    return _json({"code": 0, "msg": "success", "data": dict(data)}, "2026demo")


def refused(refusal: Refusal) -> Response:
    answer = {"code": refusal.code, "msg": refusal.message}
    response = _json(answer, f"2026demo{refusal.code}", refusal.status)
    if refusal.reset is not None:
        response.headers["x-ogw-ratelimit-reset"] = f"{refusal.reset:g}"
    return response


def _json(value: Mapping[str, Any], logid: str, status: int = 200) -> Response:
    """The log id's header is spelt as Feishu spells it: Feishu's own client library looks for exactly this."""
    response = JSONResponse(dict(value), status)
    response.raw_headers.append((b"X-Tt-Logid", logid.encode()))
    return response


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


def page_of(items: Sequence[Mapping[str, Any]], query: Mapping[str, str]) -> dict[str, Any]:
    """The page of a list that the query asks for."""
    size, start = whole_number(query.get("page_size"), 20), whole_number(query.get("page_token"), 0)
    more = start + size < len(items)
    page = {"page_token": str(start + size)} if more else {}
    return {"items": list(items[start : start + size]), "has_more": more, "total": len(items), **page}
