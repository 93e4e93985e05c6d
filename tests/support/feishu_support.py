"""A connection to a simulated Feishu, and the demo's layout of tables, for the tests of several rooms.

Over real HTTP on both event loops (`served`), or in this process and in virtual time (`in_process`).
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Any

import httpx

from cozebatch.demo.feishu_model import SINGLE_SELECT, SimColumn, SimTable
from cozebatch.demo.feishu_server import APP_ID, APP_SECRET, APP_TOKEN, SimulatedFeishu
from cozebatch.demo.feishu_tables import ACCOUNTS, CONTENT, DONE, FAILED, HUMANS, READY, VOICES
from cozebatch.demo.serving import CUT, serve
from cozebatch.feishu.base import FeishuBase
from cozebatch.feishu.layout import Columns, Layout, Relation, StatusValues
from cozebatch.feishu.links import parse_base
from cozebatch.feishu.sdk import FeishuClient

COLUMNS = Columns(
    title="仿写标题",
    content="仿写文案",
    digital_no="数字人编号",
    voice_id="声音ID",
    project_name="项目名称",
    account="关联账号",
    template="模板名称",
    status="状态",
    result="返回结果",
    optional=frozenset({"title", "digital_no", "voice_id", "project_name", "account", "template"}),
)
FILTER = {"conjunction": "and", "conditions": [{"field_name": "状态", "operator": "is", "value": [READY]}]}
LAYOUT = Layout(
    CONTENT,
    COLUMNS,
    filter=FILTER,
    accounts=Relation(ACCOUNTS, "账号", "名称"),
    voices=Relation(VOICES, "关联账号", "音色ID"),
    digital_humans=Relation(HUMANS, "关联账号", "数字人编号"),
)
VALUES = StatusValues(running=None, done=DONE, failed=FAILED)


@dataclass(frozen=True)
class Served:
    """A simulated Feishu, its address, and how it is reached (None: by the network)."""

    feishu: SimulatedFeishu
    url: str
    transport: httpx.AsyncBaseTransport | None = None

    @asynccontextmanager
    async def connect(
        self,
        *,
        app_id: str = APP_ID,
        app_secret: str = APP_SECRET,
        app_token: str = APP_TOKEN,
        request_timeout: float = 10.0,
    ) -> AsyncIterator[tuple[FeishuClient, FeishuBase]]:
        client = FeishuClient(
            app_id=app_id,
            app_secret=app_secret,
            domain=self.url,
            request_timeout=request_timeout,
            transport=self.transport,
        )
        async with client:
            yield client, FeishuBase(client, parse_base(app_token))


@contextmanager
def served(feishu: SimulatedFeishu | None = None) -> Iterator[Served]:
    feishu = feishu or SimulatedFeishu()
    with serve(feishu) as url:
        yield Served(feishu, url)


def in_process(feishu: SimulatedFeishu | None = None) -> Served:
    """The simulated Feishu without sockets: the SDK calls the application itself, so that time may be virtual."""
    feishu = feishu or SimulatedFeishu()

    async def cut() -> None:
        raise httpx.RemoteProtocolError("the connection was cut")

    async def app(scope: Any, receive: Any, send: Any) -> None:
        scope[CUT] = cut
        await feishu(scope, receive, send)

    return Served(feishu, "http://127.0.0.1", httpx.ASGITransport(app))


def big_table(count: int, *, extra: Sequence[str] = ()) -> SimTable:
    """`count` ready records with the columns of the demo."""
    names = [*COLUMNS.named().values(), *extra]
    columns = [SimColumn(name, SINGLE_SELECT if name == "状态" else 1) for name in names]
    table = SimTable(CONTENT, columns)
    for number in range(count):
        table.add(f"rec{number:05d}", {"仿写标题": f"标题{number}", "仿写文案": f"文案{number}", "状态": READY})
    return table
