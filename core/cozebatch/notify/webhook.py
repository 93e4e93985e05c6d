"""Posts a card to a custom bot of a Feishu group (docs/feishu.md)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from typing import Any

import anyio

from cozebatch.bounds.http_body import ReceivedBody
from cozebatch.bounds.json_values import read_json
from cozebatch.model.errors import CozebatchError
from cozebatch.model.text import Text
from cozebatch.network.certificates import tls_context
from cozebatch.network.httpx_library import httpx
from cozebatch.network.proxies import proxy_for
from cozebatch.network.transport import transport
from cozebatch.network.trouble import trouble

PATIENCE = 5.0
"""Seconds for one try, from the connection to the whole answer."""
_MOST_BYTES = 65_536
_TOO_FAST = 11232
"""The group's limit of messages was met: https://open.feishu.cn/document/client-docs/bot-v3/add-custom-bot."""


class NotDelivered(CozebatchError):
    """The card did not arrive. `may_pass`: another try may help."""

    def __init__(self, text: Text, *, may_pass: bool) -> None:
        super().__init__(text.en)
        self.text = text
        self.may_pass = may_pass


class FeishuWebhook:
    """One bot. The address is a secret: whoever has it can post. `wall` gives Unix seconds, for the signature."""

    def __init__(self, url: str, secret: str | None, *, wall: Callable[[], float]) -> None:
        self._url = url
        self._secret = secret
        self._wall = wall

    def __repr__(self) -> str:
        return "FeishuWebhook(***)"

    async def send(self, card: Mapping[str, Any]) -> None:
        """Raises `NotDelivered`; `UsageError` for a proxy or a certificate file that cannot be used."""
        body: dict[str, Any] = {"msg_type": "interactive", "card": card}
        if self._secret:
            timestamp = str(int(self._wall()))
            body |= {"timestamp": timestamp, "sign": signature(timestamp, self._secret)}
        content = json.dumps(body, ensure_ascii=False).encode("utf-8", "replace")
        proxy = proxy_for(self._url)
        secure = self._url.startswith("https://") or proxy is not None
        way = transport(proxy, tls_context() if secure else None, httpx.Limits(max_connections=1))
        received = ReceivedBody()
        status = 0
        try:
            with anyio.fail_after(PATIENCE) as scope:
                async with httpx.AsyncClient(transport=way, trust_env=False, follow_redirects=False) as client:
                    headers = {"Content-Type": "application/json", "Accept-Encoding": "identity"}
                    async with client.stream("POST", self._url, content=content, headers=headers) as response:
                        status = response.status_code
                        await received.read(response, _MOST_BYTES, scope)
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError, OSError) as error:
            raise NotDelivered(trouble(error, proxy).said, may_pass=True) from None
        _judge(status, bytes(received.body))


def signature(timestamp: str, secret: str) -> str:
    """HMAC-SHA256 of an empty message with the key `timestamp`, a line break and the secret, in Base64."""
    return base64.b64encode(hmac.new(f"{timestamp}\n{secret}".encode(), b"", hashlib.sha256).digest()).decode()


def _judge(status: int, body: bytes) -> None:
    try:
        answer = read_json(body)
    except ValueError:
        answer = None
    code = answer.get("code", answer.get("StatusCode")) if isinstance(answer, dict) else None
    if status == 200 and code == 0:
        return
    said = answer.get("msg") or answer.get("StatusMessage") if isinstance(answer, dict) else None
    what = f"HTTP {status}" + (f", code {code}" if code is not None else "") + (f": {said}" if said else "")
    raise NotDelivered(Text.same(what), may_pass=status == 429 or status >= 500 or code == _TOO_FAST)
