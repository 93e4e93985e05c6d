"""One base (a set of tables) as the adapters see it: records, columns and writes, without the SDK's types."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

import anyio

from cozebatch.bounds.numbers import count
from cozebatch.feishu.codes import NO_BASE, Kind, Meaning
from cozebatch.feishu.links import WIKI_KINDS, BaseLink
from cozebatch.feishu.sdk import FeishuClient, FeishuError
from cozebatch.model.sanitize import clean
from cozebatch.model.text import Text

PAGE = 500
"""Records that Feishu gives at once, at most."""
MOST_GET = 100
"""Records that Feishu gives at once by their ids, at most."""
NO_SUCH_CALL = (404, 405)
"""HTTP statuses of a gateway in between that lets only some calls through."""
MOST_PAGES = 2_000
NAME_PATIENCE = 5.0
"""Seconds for what only people read."""
PATIENCE = 60.0
"""Seconds for which an unreachable service is tried again before anything was submitted (docs/contract.md §1)."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Record:
    record_id: str
    cells: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Column:
    """`kind` is Feishu's number of the column's type; `options` those of a select column."""

    name: str
    kind: int
    options: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Named:
    """A table or a view: what the configuration needs, and what a person calls it."""

    id: str
    name: str


@dataclass(frozen=True, slots=True)
class Page:
    records: tuple[Record, ...]
    next_page: str | None
    total: int


class FeishuBase:
    """The tables of one base. A wiki address is resolved when first needed."""

    def __init__(self, client: FeishuClient, link: BaseLink) -> None:
        self._client = client
        self._link = link
        self._app_token = "" if link.needs_resolving else link.token
        self._resolving = anyio.Lock()
        self._asked_wiki = link.needs_resolving
        self._table_names: dict[str, str] | None = None

    @property
    def domain(self) -> str:
        return self._client.domain

    async def app_token(self) -> str:
        """The base's own token. Raises `FeishuError`."""
        async with self._resolving:
            if not self._app_token:
                self._app_token = await self._ask_wiki()
            return self._app_token

    async def search(
        self,
        table_id: str,
        *,
        columns: Sequence[str] | None = None,
        filter: Mapping[str, Any] | None = None,
        view_id: str | None = None,
        page_token: str | None = None,
        page_size: int = PAGE,
    ) -> Page:
        """One page of records. Raises `FeishuError`."""
        models = self._client.sdk.models
        body = models.SearchAppTableRecordRequestBody()
        body.field_names = None if columns is None else list(columns)
        body.filter = None if filter is None else models.FilterInfo(dict(filter))
        body.view_id = view_id

        async def send(app_token: str, option: Any) -> Any:
            request = models.SearchAppTableRecordRequest.builder().app_token(app_token).table_id(table_id)
            request = request.page_size(page_size).request_body(body)
            if page_token is not None:
                request = request.page_token(page_token)
            return await self._client.sdk.record(self._client.config).asearch(request.build(), option)

        data = (await self._call(send)).data
        items = (data.items if data is not None else None) or []
        records = tuple(Record(i.record_id, i.fields or {}) for i in items if isinstance(i.record_id, str))
        more = data is not None and bool(data.has_more)
        return Page(records, data.page_token if more else None, (count(data.total) if data is not None else None) or 0)

    async def search_all(
        self,
        table_id: str,
        *,
        columns: Sequence[str] | None = None,
        filter: Mapping[str, Any] | None = None,
        view_id: str | None = None,
    ) -> list[Record]:
        """All records, in the table's order, each once. Raises `FeishuError`."""
        found: dict[str, Record] = {}
        seen: set[str] = set()
        token: str | None = None
        for _ in range(MOST_PAGES):
            page = await self.search(table_id, columns=columns, filter=filter, view_id=view_id, page_token=token)
            for record in page.records:
                # A row that moved while pages were turned may come twice.
                found.setdefault(record.record_id, record)
            token = page.next_page
            if not token:
                return list(found.values())
            if token in seen:
                break
            seen.add(token)
        raise FeishuError(_ENDLESS)

    async def columns(self, table_id: str) -> list[Column]:
        """All columns of a table. Raises `FeishuError`."""
        sdk = self._client.sdk

        def request() -> Any:
            return sdk.models.ListAppTableFieldRequest.builder().table_id(table_id)

        found: list[Column] = []
        for item in await self._listed(sdk.field, request):
            options = (item.property.options if item.property is not None else None) or []
            names = tuple(o.name for o in options if isinstance(o.name, str))
            found.append(Column(str(item.field_name), count(item.type) or 0, names))
        return found

    async def tables(self) -> list[Named]:
        """All tables of the base. Raises `FeishuError`."""
        sdk = self._client.sdk
        items = await self._listed(sdk.table, sdk.models.ListAppTableRequest.builder)
        return [Named(i.table_id, str(i.name or i.table_id)) for i in items if isinstance(i.table_id, str)]

    async def find_names(self) -> None:
        """Ask what the tables are called, for `table_name`. What does not come within `NAME_PATIENCE` stays unknown."""
        if self._table_names is not None:
            return
        self._table_names = {}
        with anyio.move_on_after(NAME_PATIENCE):
            try:
                self._table_names = {table.id: clean(table.name, 80) for table in await self.tables()}
            except FeishuError:
                return  # nothing but a name is missing

    def table_name(self, table_id: str) -> str:
        """What people call a table; empty while that is not known."""
        return (self._table_names or {}).get(table_id, "")

    async def views(self, table_id: str) -> list[Named]:
        """The views of a table that show records in rows. Raises `FeishuError`."""
        sdk = self._client.sdk

        def request() -> Any:
            return sdk.models.ListAppTableViewRequest.builder().table_id(table_id)

        items = await self._listed(sdk.view, request)
        return [
            Named(i.view_id, str(i.view_name or i.view_id))
            for i in items
            if isinstance(i.view_id, str) and i.view_type != "form"
        ]

    async def _listed(self, resource: Any, request: Callable[[], Any]) -> list[Any]:
        """All items of one of the base's lists, page by page. Raises `FeishuError`."""
        found: list[Any] = []
        token: str | None = None
        for _ in range(100):

            async def send(app_token: str, option: Any, token: str | None = token) -> Any:
                asked = request().app_token(app_token).page_size(100)
                if token is not None:
                    asked = asked.page_token(token)
                return await resource(self._client.config).alist(asked.build(), option)

            data = (await self._call(send)).data
            found += (data.items if data is not None else None) or []
            if data is None or not data.has_more or not data.page_token:
                return found
            token = data.page_token
        raise FeishuError(_ENDLESS)

    async def update(self, table_id: str, changes: Sequence[tuple[str, Mapping[str, Any]]]) -> None:
        """Write fields of several records in one request; all or none. Raises `FeishuError`."""
        models = self._client.sdk.models
        body = models.BatchUpdateAppTableRecordRequestBody()
        body.records = [
            models.AppTableRecord({"record_id": record_id, "fields": dict(fields)}) for record_id, fields in changes
        ]

        async def send(app_token: str, option: Any) -> Any:
            request = models.BatchUpdateAppTableRecordRequest.builder().app_token(app_token).table_id(table_id)
            request = request.request_body(body).build()
            return await self._client.sdk.record(self._client.config).abatch_update(request, option)

        await self._call(send)

    async def get(self, table_id: str, record_ids: Sequence[str]) -> list[Record]:
        """Up to `MOST_GET` records by id, as they are now; those that are gone are left out. Raises `FeishuError`."""
        models = self._client.sdk.models
        body = models.BatchGetAppTableRecordRequestBody()
        body.record_ids = list(record_ids)

        async def send(app_token: str, option: Any) -> Any:
            request = models.BatchGetAppTableRecordRequest.builder().app_token(app_token).table_id(table_id)
            request = request.request_body(body).build()
            return await self._client.sdk.record(self._client.config).abatch_get(request, option)

        data = (await self._call(send)).data
        items = (data.records if data is not None else None) or []
        return [Record(i.record_id, i.fields or {}) for i in items if isinstance(i.record_id, str)]

    async def _call(self, send: Callable[[str, Any], Awaitable[Any]]) -> Any:
        """One call about this base. A bare token that is no base's may be a wiki node's: Feishu is asked once. Raises
        `FeishuError`."""
        app_token = await self.app_token()
        try:
            return await self._client.call(partial(send, app_token))
        except FeishuError as error:
            if error.meaning is not NO_BASE or self._asked_wiki or self._link.domain is not None:
                raise
            self._asked_wiki = True
            try:
                app_token = await self._ask_wiki()
            except FeishuError as other:
                raise (other if isinstance(other, _OtherNode) else error) from None
        self._app_token = app_token
        return await self._client.call(partial(send, app_token))

    async def _ask_wiki(self) -> str:
        async def send(option: Any) -> Any:
            headers = {"Authorization": f"Bearer {option.tenant_access_token}"}
            url = f"{self._client.domain}/open-apis/wiki/v2/spaces/get_node"
            return await self._client.send("GET", url, headers, [("token", self._link.token)])

        data = (await self._client.call(send)).value.get("data")
        node = data.get("node") if isinstance(data, dict) else None
        kind, token = (node.get("obj_type"), node.get("obj_token")) if isinstance(node, dict) else (None, None)
        if kind != "bitable" or not isinstance(token, str):
            raise _OtherNode(kind if isinstance(kind, str) else "")
        return token


async def patiently(work: Callable[[], Awaitable[T]], *, patience: float = PATIENCE) -> T:
    """Do `work`, and again with growing pauses while what failed may pass, for `patience` seconds at most.

    Raises the last `FeishuError`.
    """
    give_up = anyio.current_time() + patience
    pause = 0.5
    while True:
        try:
            return await work()
        except FeishuError as error:
            wait = max(pause, error.retry_after or 0.0)
            if not error.may_pass or anyio.current_time() + wait > give_up:
                raise
        await anyio.sleep(wait)
        pause = min(pause * 2, 8.0)


class _OtherNode(FeishuError):
    """The token is a wiki node's, and what it leads to is no base. `kind`: Feishu's `obj_type`."""

    def __init__(self, kind: str) -> None:
        what = WIKI_KINDS.get(kind, Text("别的内容", "something else"))
        super().__init__(
            Meaning(
                Kind.NOT_FOUND,
                Text(f"知识库里的这个节点是{what.zh}，不是多维表格", f"this node of a wiki is {what.en}, not a base"),
                Text(
                    "请打开多维表格，把地址栏里的链接填进 api_config.app_token。",
                    "Open the base and put its address into api_config.app_token.",
                ),
            )
        )


_ENDLESS = Meaning(
    Kind.SERVER,
    Text("飞书的分页没有尽头", "Feishu's pages have no end"),
    Text("请稍后再跑一次。", "Try again later."),
)
