"""Feishu's answers, changed on their way: the source, the checks, a claim and a write-back read them through the SDK.

In this process, without sockets, and in virtual time, so that the pauses between tries cost nothing.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import anyio
import httpx
import trio.testing

from cozebatch.demo.feishu_server import SimulatedFeishu
from cozebatch.demo.feishu_tables import CONTENT, DONE, FAILED, READY
from cozebatch.feishu.layout import StatusValues
from cozebatch.feishu.sdk import FeishuError
from cozebatch.feishu.source import FeishuSource
from cozebatch.feishu.write_back import FeishuSink
from cozebatch.model.errors import StepError, UsageError
from cozebatch.ports import Delivery
from support.feishu_support import COLUMNS, LAYOUT, Served, big_table
from support.mutations.mutate import mutated

_RECORD = (
    b'{"record_id": "rec00000", "fields": {"\xe4\xbb\xbf\xe5\x86\x99\xe6\xa0\x87\xe9\xa2\x98": '
    b'[{"text": "a", "type": "text"}], "\xe7\x8a\xb6\xe6\x80\x81": "\xe8\xa7\x86\xe9\xa2\x91\xe8\x8d\x89\xe7\xa8\xbf"}}'
)
FEISHU_SAMPLES: Sequence[bytes] = (
    b'{"code": 0, "msg": "success", "data": {"items": [' + _RECORD + b'], "has_more": false, "total": 1}}',
    b'{"code": 0, "data": {"records": [' + _RECORD + b'], "absent_record_ids": [], "forbidden_record_ids": []}}',
    b'{"code": 0, "data": {"items": [{"field_name": "a", "type": 3, "property": {"options": [{"name": "b"}]}}]}}',
    b'{"code": 1254043, "msg": "RecordIdNotFound", "error": {"log_id": "2026"}}',
    b'{"code": 0, "msg": "ok", "tenant_access_token": "t-1", "expire": 7200}',
)


class _Changing(httpx.AsyncBaseTransport):
    """Answers of the simulated service, some of them changed; the last ones are left whole, so that tries end."""

    def __init__(self, within: httpx.AsyncBaseTransport, data: bytes, rng: random.Random) -> None:
        self._within = within
        self._data = data
        self._rng = rng
        self._left = 12

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        response = await self._within.handle_async_request(request)
        body = await response.aread()
        if self._left and self._rng.random() < 0.5:
            self._left -= 1
            body = self._data if self._rng.random() < 0.3 else mutated(self._rng, [body])
            status = self._rng.choice([200, 200, 200, response.status_code, 400, 403, 429, 500])
            return httpx.Response(status, headers=[("content-type", "application/json")], stream=httpx.ByteStream(body))
        return httpx.Response(response.status_code, headers=response.headers, stream=httpx.ByteStream(body))


def read_feishu(data: bytes, _folder: Path, rng: random.Random) -> None:
    feishu = SimulatedFeishu([big_table(3)])
    served = Served(feishu, "http://127.0.0.1", _Changing(httpx.ASGITransport(feishu), data, rng))
    values = StatusValues("生成中", DONE, FAILED)

    async def use() -> None:
        tasks: Sequence[Any] = ()
        async with served.connect() as (_, base):
            with suppress(UsageError, StepError, FeishuError):
                source = FeishuSource(base, LAYOUT, values)
                tasks = await source.load()
                await source.look_up(["rec00000"])
            sink = FeishuSink(base, CONTENT, COLUMNS, values, ready=[READY], owner="one", claim_window=3.0)
            for task in tasks[:1]:
                with suppress(StepError, FeishuError):
                    if await sink.claim(task) is None:
                        await sink.deliver([Delivery(1, task.task_id, task.record_id or "", "done", "film.mp4")])

    clock = trio.testing.MockClock(autojump_threshold=0)
    anyio.run(use, backend="trio", backend_options={"clock": clock})
