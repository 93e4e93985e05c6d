"""A simulated Feishu over real HTTP, for the demo, for practice and for tests.

    feishu = SimulatedFeishu()
    with serve(feishu) as url:
        ...  # point the program at `url` with app_id `cli_demo`, secret `demo_secret`, app_token `demoapp`
        assert feishu.counts["search"] == 1

Token, wiki node, tables, views, search, columns, single and batch update, batch get, drive media up and down; a table
takes one writer at a time. Faults are given with `strike`. `GET /_tables` shows all tables and the count of requests as
JSON, for other processes.
"""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import anyio
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from cozebatch.demo.feishu_answers import good, json_body, page_of, refused, struck, whole_number
from cozebatch.demo.feishu_faults import FeishuFault, Kind
from cozebatch.demo.feishu_media import MediaStore, media_routes
from cozebatch.demo.feishu_model import Refusal, SimTable, shown
from cozebatch.demo.feishu_tables import demo_tables
from cozebatch.demo.serving import Receive, Send

APP_ID, APP_SECRET, APP_TOKEN = "cli_demo", "demo_secret", "demoapp"


@dataclass(frozen=True, slots=True)
class Write:
    """One record that was written."""

    table_id: str
    record_id: str
    fields: Mapping[str, Any]


class SimulatedFeishu:
    """The service as an ASGI application. Its methods may be called from any thread.

    `latency`: seconds before each answer. `write_seconds`: how long a write keeps its table. `wiki`: node → the
    app_token behind it. `token_lifetime` in seconds.
    """

    def __init__(
        self,
        tables: Iterable[SimTable] | None = None,
        *,
        latency: float = 0.0,
        write_seconds: float = 0.0,
        token_lifetime: float = 7200.0,
        wiki: Mapping[str, str] | None = None,
        seed: int = 0,
    ) -> None:
        self.tables = {table.table_id: table for table in (demo_tables() if tables is None else tables)}
        self.counts: Counter[str] = Counter()
        self.writes: list[Write] = []
        self.connections: set[tuple[str, int]] = set()
        """The client's ends of the connections seen."""
        self._latency = latency
        self._write_seconds = write_seconds
        self._token_lifetime = token_lifetime
        self._wiki = dict(wiki or {})
        self._chance = random.Random(seed)
        self.media = MediaStore(APP_TOKEN)
        """Files of cells."""
        self._faults: list[FeishuFault] = []
        self._tokens: dict[str, float] = {}
        self._lock = threading.RLock()
        self._answered = threading.Condition(self._lock)
        base = "/open-apis/bitable/v1/apps/{app}/tables/{table}"
        media = media_routes(self.media, self._lock)
        self._app = Starlette(
            routes=[
                Route(
                    "/open-apis/auth/v3/tenant_access_token/internal",
                    self._route("token", self._token),
                    methods=["POST"],
                ),
                Route("/open-apis/wiki/v2/spaces/get_node", self._route("wiki", self._node)),
                Route("/open-apis/bitable/v1/apps/{app}/tables", self._route("tables", self._list_tables)),
                Route(f"{base}/views", self._route("views", self._list_views)),
                Route(f"{base}/records/search", self._route("search", self._search), methods=["POST"]),
                Route(f"{base}/records/batch_update", self._route("batch_update", self._batch), methods=["POST"]),
                Route(f"{base}/records/batch_get", self._route("batch_get", self._get), methods=["POST"]),
                Route(f"{base}/records/{{record}}", self._route("update", self._update), methods=["PUT"]),
                Route(f"{base}/fields", self._route("fields", self._fields)),
                *(Route(path, self._route(kind, answer), methods=[method]) for path, kind, method, answer in media),
                Route("/_tables", self._show),
            ]
        )

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        await self._app(scope, receive, send)

    def strike(self, *faults: FeishuFault) -> None:
        """These faults from now on, beside those in force."""
        with self._lock:
            self._faults += map(replace, faults)

    def heal(self) -> None:
        with self._lock:
            self._faults.clear()

    def expire_tokens(self) -> None:
        """Every token given out so far is no longer taken."""
        with self._lock:
            self._tokens.clear()

    def cell(self, table_id: str, record_id: str, column: str) -> str:
        """What a person sees in a cell now."""
        with self._lock:
            return shown(self.tables[table_id].records[record_id].get(column))

    def edit(self, table_id: str, record_id: str, fields: Mapping[str, Any]) -> None:
        """Somebody else changes a record."""
        with self._lock:
            self.tables[table_id].write([(record_id, fields)])

    def attach(self, table_id: str, record_id: str, column: str, **files: bytes) -> None:
        """Somebody puts files into a cell. A name's first `_` becomes its dot: `a_png` is `a.png`."""
        with self._lock:
            media = [self.media.add(name.replace("_", ".", 1), content) for name, content in files.items()]
            cell = [medium.cell("https://open.feishu.cn", self.media.extra) for medium in media]
            self.tables[table_id].records[record_id][column] = cell

    def delete(self, table_id: str, record_id: str) -> None:
        with self._lock:
            del self.tables[table_id].records[record_id]

    def wait_until(self, holds: Callable[[], bool], timeout: float = 10.0) -> None:
        """Block until `holds` is true after some answer. TimeoutError after `timeout` seconds."""
        with self._answered:
            if not self._answered.wait_for(holds, timeout):
                raise TimeoutError("the simulated Feishu was not asked for that")

    # The HTTP side. Every route goes through `_route`: counting, faults, latency, the token.

    def _route(
        self, kind: Kind, answer: Callable[[Request, dict[str, Any]], Awaitable[Mapping[str, Any]]]
    ) -> Callable[[Request], Awaitable[Response]]:
        async def handle(request: Request) -> Response:
            response = await respond(request)
            with self._answered:
                self._answered.notify_all()
            return response

        async def respond(request: Request) -> Response:
            try:
                raw = await request.body()
            except ClientDisconnect:
                return Response()
            with self._lock:
                self.counts[kind] += 1
                if request.client is not None:
                    self.connections.add((request.client.host, request.client.port))
                fault = next((f for f in self._faults if f.strikes(kind, self._chance)), None)
            if self._latency:
                await anyio.sleep(self._latency)
            try:
                is_form = request.headers.get("content-type", "").startswith("multipart/")
                body: dict[str, Any] = {"_raw": raw} if is_form else json_body(raw)
                if kind != "token":
                    self._check_token(request)
                if fault is not None and fault.what == "slow":
                    await anyio.sleep(fault.seconds)
                    return good(await answer(request, body))
                if fault is not None and not fault.effect and fault.what != "late":
                    return await struck(request, fault)
                data = await answer(request, body)
            except Refusal as refusal:
                return refused(refusal)
            if fault is not None:
                return await struck(request, fault, data)
            return good(data)

        return handle

    def _check_token(self, request: Request) -> None:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme != "Bearer" or not token:
            raise Refusal(99991661, "Missing access token for authorization.", status=400)
        with self._lock:
            if self._tokens.get(token, 0.0) < time.time():
                raise Refusal(99991663, "Invalid access token for authorization.", status=400)

    async def _token(self, request: Request, body: dict[str, Any]) -> Mapping[str, Any]:
        if body.get("app_id") != APP_ID:
            raise Refusal(10003, "invalid param")
        if body.get("app_secret") != APP_SECRET:
            raise Refusal(10014, "app secret invalid")
        with self._lock:
            token = f"t-{self._chance.getrandbits(96):024x}"
            self._tokens[token] = time.time() + self._token_lifetime
        return {"tenant_access_token": token, "expire": self._token_lifetime, "_flat": True}

    async def _node(self, request: Request, body: dict[str, Any]) -> Mapping[str, Any]:
        node = request.query_params.get("token", "")
        if node not in self._wiki:
            raise Refusal(131005, "not found: node", status=400)
        kind = "bitable" if self._wiki[node] == APP_TOKEN else "docx"
        return {"node": {"node_token": node, "obj_type": kind, "obj_token": self._wiki[node]}}

    def _check_base(self, request: Request) -> None:
        if request.path_params["app"] != APP_TOKEN:
            raise Refusal(1254040, "BaseTokenNotFound")

    async def _list_tables(self, request: Request, body: dict[str, Any]) -> Mapping[str, Any]:
        self._check_base(request)
        found = [{"table_id": t.table_id, "revision": 1, "name": t.name or t.table_id} for t in self.tables.values()]
        return page_of(found, request.query_params)

    async def _list_views(self, request: Request, body: dict[str, Any]) -> Mapping[str, Any]:
        table = self._table(request)
        names = dict.fromkeys((*table.views, *table.shown))
        found = [{"view_id": v, "view_name": table.view_names.get(v, v), "view_type": "grid"} for v in names]
        return page_of(found, request.query_params)

    def _table(self, request: Request) -> SimTable:
        self._check_base(request)
        table = self.tables.get(request.path_params["table"])
        if table is None:
            raise Refusal(1254041, "TableIdNotFound")
        return table

    async def _search(self, request: Request, body: dict[str, Any]) -> Mapping[str, Any]:
        table = self._table(request)
        size = whole_number(request.query_params.get("page_size"), 20)
        if not 1 <= size <= 500:
            raise Refusal(1254002, "Fail: page_size is over 500")
        start = whole_number(request.query_params.get("page_token"), 0)
        with self._lock:
            found = table.search(body)
            wanted = body.get("field_names")
            items = [
                {
                    "record_id": record_id,
                    "fields": {
                        name: cell
                        for name, cell in table.records[record_id].items()
                        if wanted is None or name in wanted
                    },
                }
                for record_id in found[start : start + size]
            ]
        more = start + size < len(found)
        page = {"page_token": str(start + size)} if more else {}
        return {"items": items, "has_more": more, "total": len(found), **page}

    async def _fields(self, request: Request, body: dict[str, Any]) -> Mapping[str, Any]:
        table = self._table(request)
        items = [
            {
                "field_id": f"fld{number:04d}",
                "field_name": column.name,
                "type": column.kind,
                "is_primary": number == 0,
                "property": {"options": [{"name": option} for option in column.options]} if column.options else None,
            }
            for number, column in enumerate(table.columns)
        ]
        return page_of(items, request.query_params)

    async def _batch(self, request: Request, body: dict[str, Any]) -> Mapping[str, Any]:
        records = body.get("records")
        if not isinstance(records, list) or not records or len(records) > 1000:
            raise Refusal(1254104, "RecordAddOnceExceedLimit")
        changes = [(str(record.get("record_id")), record.get("fields") or {}) for record in records]
        return {"records": await self._write(self._table(request), changes)}

    async def _update(self, request: Request, body: dict[str, Any]) -> Mapping[str, Any]:
        changes = [(request.path_params["record"], body.get("fields") or {})]
        (record,) = await self._write(self._table(request), changes)
        return {"record": record}

    async def _write(self, table: SimTable, changes: list[tuple[str, Mapping[str, Any]]]) -> list[dict[str, Any]]:
        with self._lock:
            if table.busy:
                raise Refusal(1254291, "Write conflict")
            table.check_write(changes)
            changes = [(record_id, self.media.shown(table, fields)) for record_id, fields in changes]
            table.busy = True
        try:
            if self._write_seconds:
                await anyio.sleep(self._write_seconds)
            with self._lock:
                table.check_write(changes)
                table.write(changes)
                self.writes += [Write(table.table_id, record_id, dict(fields)) for record_id, fields in changes]
                return [{"record_id": record_id, "fields": table.records[record_id]} for record_id, _ in changes]
        finally:
            table.busy = False

    async def _get(self, request: Request, body: dict[str, Any]) -> Mapping[str, Any]:
        table, wanted = self._table(request), list(body.get("record_ids") or ())
        if not 1 <= len(wanted) <= 100:
            raise Refusal(1254002, "Fail: 1 to 100 record_ids")
        with self._lock:
            known = [] if table.hidden else [name for name in wanted if name in table.records]
            records = [{"record_id": name, "fields": dict(table.records[name])} for name in known]
        return {"records": records, "absent_record_ids": [name for name in wanted if name not in known]}

    async def _show(self, request: Request) -> Response:
        with self._lock:
            tables = {
                table.table_id: {
                    record_id: {name: shown(cell) for name, cell in cells.items()}
                    for record_id, cells in table.records.items()
                }
                for table in self.tables.values()
            }
            return JSONResponse({"counts": dict(self.counts), "writes": len(self.writes), "tables": tables})
