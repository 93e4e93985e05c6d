"""A simulated Coze over real HTTP, for the demo, for practice and for tests.

    with serve_coze(CozeOptions(duration=2, concurrency=16)) as coze:
        ...  # point the program at coze.url with the token `pat_demo`
        assert coze.ledger().max_in_flight <= 16

Beside Coze's own paths it answers `GET /_ledger` (what it saw, as JSON) and `POST /_faults` (`{"faults": [ … ]}`, the
fields of `faults.Fault`; replaces those in force), so that tests in other processes can ask and interfere.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anyio
import anyio.to_thread
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import FileResponse, Response, StreamingResponse
from starlette.routing import Route

from cozebatch.demo.clips import ClipStore, shared_clips
from cozebatch.demo.coze_account import PERMISSION_FOR, Refusal, UploadedFile, given, read_body
from cozebatch.demo.coze_answers import envelope, events_of, json_response, struck, uploaded
from cozebatch.demo.coze_ledger import Ledger
from cozebatch.demo.coze_model import CozeModel, CozeOptions, debug_url, values_of
from cozebatch.demo.faults import Fault, On
from cozebatch.demo.serving import Receive, Send, serve

Effect = Callable[[], Mapping[str, Any]]


class SimulatedCoze:
    """The service as an ASGI application. Its methods may be called from any thread."""

    def __init__(
        self, options: CozeOptions | None = None, faults: Iterable[Fault] = (), *, clips: ClipStore | None = None
    ) -> None:
        self._model = CozeModel(options or CozeOptions(), faults)
        self._lock = threading.Lock()
        self._clips = clips
        self._serial = 0
        self._app = Starlette(
            routes=[
                Route("/v1/workflow/run", self._submit, methods=["POST"]),
                Route("/v1/workflows", self._workflows),
                Route("/v1/workspaces", self._workspaces),
                Route("/v1/commerce/benefit/benefits/get", self._benefits),
                Route("/v1/files/upload", self._upload, methods=["POST"]),
                Route("/v1/workflows/resume", self._resume, methods=["POST"]),
                Route("/v1/workflow/stream_resume", self._stream_resume, methods=["POST"]),
                Route("/v1/workflows/{workflow_id}", self._workflow),
                Route("/v1/workflows/{workflow_id}/run_histories/{execute_id}", self._look),
                Route("/v1/workflows/{workflow_id}/run_histories/{execute_id}/execute_nodes/{uuid}", self._node),
                Route("/media/{execute_id}/{name}.{kind}", self._media),
                Route("/_ledger", self._show_ledger),
                Route("/_faults", self._set_faults, methods=["POST"]),
            ]
        )

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        await self._app(scope, receive, send)

    @property
    def options(self) -> CozeOptions:
        return self._model.options

    def ledger(self) -> Ledger:
        """What was seen so far, as a copy."""
        with self._lock:
            return self._model.ledger.copy()

    def in_flight(self) -> int:
        with self._lock:
            return self._model.in_flight(time.time())

    def account_file(self, file_id: str) -> UploadedFile:
        """A file that was uploaded. Raises KeyError."""
        with self._lock:
            return self._model.account.files[file_id]

    def set_faults(self, *faults: Fault) -> None:
        """These faults from now on; executions already started keep theirs."""
        with self._lock:
            self._model.plan.replace(faults)

    def hurry(self) -> None:
        """Executions in flight end now; those that start later take no time."""
        with self._lock:
            self._model.hurry(time.time())

    async def _submit(self, request: Request) -> Response:
        try:
            raw = await request.body()
        except ClientDisconnect:
            return Response()
        body = read_body(raw)
        parameters = body.get("parameters") if isinstance(body, dict) else None
        values = values_of(parameters) if isinstance(parameters, dict) else []

        def start() -> Mapping[str, Any]:
            execution = self._model.start(given(body), time.time())
            where = debug_url(execution.execute_id, self.options.workflow_id)
            return {"execute_id": execution.execute_id, "debug_url": where, "token": 0, "cost": "0"}

        return await self._answer("submit", request, values, start)

    async def _look(self, request: Request) -> Response:
        execute_id, base_url = request.path_params["execute_id"], _base_url(request)
        return await self._answer(
            "look",
            request,
            self._values_behind(execute_id),
            lambda: {"data": self._model.record(execute_id, time.time(), base_url)},
        )

    async def _node(self, request: Request) -> Response:
        execute_id, uuid, base_url = request.path_params["execute_id"], request.path_params["uuid"], _base_url(request)
        return await self._answer(
            "node",
            request,
            self._values_behind(execute_id),
            lambda: {"data": self._model.node(execute_id, uuid, time.time(), base_url)},
        )

    async def _workflow(self, request: Request) -> Response:
        workflow_id = request.path_params["workflow_id"]
        return await self._answer("workflow", request, [], lambda: {"data": self._model.workflow(workflow_id)})

    async def _workflows(self, request: Request) -> Response:
        account, query = self._model.account, request.query_params
        return await self._answer("workflows", request, [], lambda: {"data": account.workflows(query)})

    async def _workspaces(self, request: Request) -> Response:
        account, query = self._model.account, request.query_params
        return await self._answer("workspaces", request, [], lambda: {"data": account.workspaces(query)})

    async def _benefits(self, request: Request) -> Response:
        return await self._answer("benefit", request, [], lambda: {"data": self._model.account.benefits()})

    async def _upload(self, request: Request) -> Response:
        try:
            raw = await request.body()
        except ClientDisconnect:
            return Response()
        name, content = uploaded(request.headers.get("content-type", ""), raw)

        def keep() -> Mapping[str, Any]:
            if content is None:
                raise Refusal(4000, "Request parameter error: there is no part named 'file'", status=400)
            return {"data": self._model.account.upload(name, content, time.time())}

        return await self._answer("upload", request, [name], keep)

    async def _resume(self, request: Request) -> Response:
        try:
            body = read_body(await request.body())
        except ClientDisconnect:
            return Response()
        return await self._answer("resume", request, [], lambda: self._go_on(body))

    async def _stream_resume(self, request: Request) -> Response:
        """As events: the output when the execution has ended, then the end of the stream."""
        try:
            body = read_body(await request.body())
        except ClientDisconnect:
            return Response()
        gone_on: dict[str, Any] = {}
        response = await self._answer("resume", request, [], lambda: gone_on.update(self._go_on(body)) or {})
        execution = self.ledger().execution(gone_on.get("execute_id", ""))
        if execution is None:
            return response
        base_url = _base_url(request)

        async def stream() -> AsyncIterator[str]:
            await anyio.sleep(max(0.0, execution.ends_at - time.time()))
            with self._lock:
                (record,) = self._model.record(execution.execute_id, time.time(), base_url)
            for event in events_of(record["output"]):
                yield event

        return StreamingResponse(stream(), media_type="text/event-stream")

    def _go_on(self, body: Any) -> dict[str, Any]:
        execution = self._model.resume(given(body), time.time())
        ids = [new for new, old in self._model.ledger.renamed.items() if old == execution.execute_id]
        execute_id = ids[-1] if ids else execution.execute_id
        return {"execute_id": execute_id, "debug_url": debug_url(execute_id, self.options.workflow_id)}

    async def _media(self, request: Request) -> Response:
        execute_id, name, kind = (request.path_params[key] for key in ("execute_id", "name", "kind"))
        with self._lock:
            self._model.ledger.count("media")
            fault = self._model.plan.strike("media", [*self._values(execute_id), request.url.path])
        clips = self._clips or shared_clips()
        path = await anyio.to_thread.run_sync(clips.path, name, kind)
        if path is None:
            return Response("no such clip", status_code=404)
        response = FileResponse(path, media_type="video/mp4" if kind == "mp4" else "audio/mpeg")
        if fault is None:
            return response
        return await struck(fault, response, await anyio.Path(path).read_bytes(), request, self._next_logid())

    async def _show_ledger(self, request: Request) -> Response:
        with self._lock:
            seen = {**self._model.ledger.to_json(), "in_flight": self._model.in_flight(time.time())}
        return json_response(seen)

    async def _set_faults(self, request: Request) -> Response:
        try:
            given = json.loads(await request.body())["faults"]
            self.set_faults(*(Fault.from_json(fault) for fault in given))
        except (ValueError, KeyError, TypeError) as error:
            return json_response({"error": str(error)}, status=400)
        return json_response({"faults": [fault.to_json() for fault in self._model.plan.faults]})

    async def _answer(self, kind: On, request: Request, values: Iterable[str], effect: Effect) -> Response:
        logid = self._next_logid()
        with self._lock:
            self._model.ledger.count(str(kind))
            fault = self._model.plan.strike(kind, values)
            happens = fault is None or fault.has_effect
            response = self._response(kind, request, effect, logid) if happens else Response()
        if fault is None:
            return response
        return await struck(fault, response, bytes(response.body), request, logid)

    def _response(self, kind: On, request: Request, effect: Effect, logid: str) -> Response:
        model = self._model
        try:
            model.authorize(request.headers.get("authorization", ""), PERMISSION_FOR[str(kind)])
            if kind in ("submit", "look", "node", "resume"):
                model.meter(time.time())
            return envelope(0, "", logid, extra=effect())
        except Refusal as no:
            return envelope(no.code, no.message, logid, status=no.status, retry_after=no.retry_after)

    def _values_behind(self, execute_id: str) -> list[str]:
        with self._lock:
            return self._values(execute_id)

    def _values(self, execute_id: str) -> list[str]:
        execution = self._model.ledger.execution(execute_id)
        return [] if execution is None else [execute_id, *values_of(execution.parameters)]

    def _next_logid(self) -> str:
        with self._lock:
            self._serial += 1
            return f"{time.strftime('%Y%m%d%H%M%S')}{self._serial:012d}"


@dataclass(frozen=True, slots=True)
class RunningCoze:
    """A simulated Coze that is being served at `url`."""

    url: str
    service: SimulatedCoze

    def ledger(self) -> Ledger:
        return self.service.ledger()

    def set_faults(self, *faults: Fault) -> None:
        self.service.set_faults(*faults)

    def hurry(self) -> None:
        self.service.hurry()


@contextmanager
def serve_coze(
    options: CozeOptions | None = None, faults: Iterable[Fault] = (), *, port: int = 0, clips: Path | None = None
) -> Iterator[RunningCoze]:
    """Serve a simulated Coze on loopback for as long as the block lasts. `clips`: a folder to keep the films in."""
    service = SimulatedCoze(options, faults, clips=ClipStore(clips) if clips else None)
    with serve(service, port=port) as url:
        yield RunningCoze(url, service)


def _base_url(request: Request) -> str:
    return f"http://{request.headers.get('host', '127.0.0.1')}"
