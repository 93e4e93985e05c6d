"""What the simulated Coze sends: its JSON envelopes, and the answers that a fault puts in their place."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from email import policy
from email.parser import BytesParser
from typing import Any

import anyio
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from cozebatch.demo.faults import Fault
from cozebatch.demo.serving import CUT, Message

_PAGE = b"<!doctype html><html><head><title>Sign in</title></head><body><h1>Welcome</h1></body></html>"


async def struck(fault: Fault, true: Response, body: bytes, request: Request, logid: str) -> Response:
    """The answer under a fault, in place of the true one; the request had its effect already, or will have none."""
    kind = true.headers.get("content-type", "application/json")
    match fault.what:
        case "cut_before" | "cut_after":
            return _Broken(b"", 0, kind)
        case "late":
            await anyio.sleep(fault.seconds)
            return true
        case "status" if fault.code is None:
            return _with_retry_after(Response("upstream error", status_code=fault.status or 500), fault.retry_after)
        case "status" | "code":
            status = fault.status or (200 if fault.what == "code" else 500)
            return envelope(fault.code or 0, fault.message, logid, status=status, retry_after=fault.retry_after)
        case "html":
            return Response(_PAGE, status_code=fault.status or 200, media_type=_type_of_page(kind))
        case "empty":
            return Response(b"", status_code=fault.status or 200, media_type=kind)
        case "truncated":
            return Response(body[: len(body) // 2], media_type=kind)
        case "short":
            return _Broken(body[: len(body) // 2], len(body), kind)
        case "stall":
            return _Broken(body[: len(body) // 2], len(body), kind, silent=True)
        case "endless":
            return StreamingResponse(_without_end(body, fault.seconds), media_type=kind)
        case "no_execute_id":
            return envelope(0, "", logid)
        case "body":
            return Response(fault.text, status_code=fault.status or 200, media_type=kind)
        case "redirect":
            where = fault.text or f"{request.url.path}?again"
            if not fault.text and request.url.query == "again":
                return true
            return Response(status_code=302, headers={"location": where})
        case other:
            raise ValueError(f"{other!r} does not strike a request")


class _Broken(Response):
    """Some of a body, then a cut, or silence until the client goes away."""

    def __init__(self, body: bytes, promised: int, kind: str, *, silent: bool = False) -> None:
        super().__init__(body)
        self._kind = kind.encode("latin-1")
        self._promised = promised
        self._silent = silent

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if self.body or self._silent:
            headers = [(b"content-length", b"%d" % self._promised), (b"content-type", self._kind)]
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            await send({"type": "http.response.body", "body": self.body, "more_body": True})
        if self._silent:
            message: Message = {"type": ""}
            while message["type"] != "http.disconnect":
                message = await receive()
        else:
            await scope[CUT]()


async def _without_end(body: bytes, seconds: float) -> AsyncIterator[bytes]:
    yield body.rstrip()[:-1] or b"{"
    while True:
        await anyio.sleep(seconds)
        yield b" " * (1024 if seconds else 65536)


def envelope(
    code: int | str,
    message: str,
    logid: str,
    *,
    status: int = 200,
    retry_after: float | str | None = None,
    extra: Mapping[str, Any] | None = None,
) -> Response:
    answer = {"code": code, "msg": message, **(extra or {}), "detail": {"logid": logid}}
    response = json_response(answer, status=status)
    response.headers["x-tt-logid"] = logid
    return _with_retry_after(response, retry_after)


def events_of(output: str) -> list[str]:
    """A streamed run's end: the end node's message, then `Done`."""
    message = {"content": output, "node_title": "End", "node_seq_id": "0", "node_is_finish": True}
    return [_event(0, "Message", message), _event(1, "Done", {})]


def _event(number: int, name: str, data: Mapping[str, Any]) -> str:
    return f"id: {number}\nevent: {name}\ndata: {json.dumps(data, ensure_ascii=False)}\n\n"


def uploaded(content_type: str, body: bytes) -> tuple[str, bytes | None]:
    """The name and content of the part `file` of a multipart form; None where there is none."""
    head = f"Content-Type: {content_type}\r\n\r\n".encode("latin-1", "replace")
    form = BytesParser(policy=policy.HTTP).parsebytes(head + body)
    for part in form.iter_parts() if form.is_multipart() else ():
        if part.get_param("name", header="content-disposition") == "file":
            content = part.get_payload(decode=True)
            return part.get_filename() or "file", content if isinstance(content, bytes) else b""
    return "", None


def _with_retry_after(response: Response, retry_after: float | str | None) -> Response:
    if retry_after is not None:
        response.headers["retry-after"] = f"{retry_after:g}" if isinstance(retry_after, (int, float)) else retry_after
    return response


def json_response(value: Mapping[str, Any], *, status: int = 200) -> Response:
    return Response(json.dumps(value, ensure_ascii=False), status_code=status, media_type="application/json")


def _type_of_page(kind: str) -> str:
    """A page in place of JSON says what it is; one in place of a film pretends to be the film."""
    return "text/html" if kind == "application/json" else kind
