"""One bounded HTTP exchange with Coze: in time, in size, without redirects, and without a second try.

Everything Coze is asked goes through `Connection.ask`, so that no request can hang, flood the memory or be sent
twice. Whether money may have been spent depends on how far an exchange came. The exceptions tell:

    NeverSent        no connection came about, or nothing of the body left: the request has surely no effect
    NoAnswer         it may have arrived; no answer was seen
    (an Answer)      at least the status line was seen; `broken` says that the body is not whole
"""

from __future__ import annotations

import json
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from time import time
from types import TracebackType
from typing import Any, Self

import anyio

from cozebatch.bounds.http_body import ReceivedBody
from cozebatch.coze.uploads import FileBody
from cozebatch.model.errors import CozebatchError, UsageError
from cozebatch.model.text import Text
from cozebatch.network.certificates import tls_context
from cozebatch.network.httpx_library import httpx
from cozebatch.network.proxies import Proxy, proxy_for
from cozebatch.network.transport import transport
from cozebatch.network.trouble import Trouble, trouble
from cozebatch.policy.retry_after import read_retry_after

CONNECT_TIMEOUT = 10.0
"""Longest wait for a connection, seconds."""


_MOST_CONNECTIONS = 200
"""At once; further requests wait for one of them."""
_KEEP_IDLE = 2.0
"""Seconds an unused connection is kept. Servers keep theirs for 5 s or more; one that the server is just about to
close would cost a submission its answer, and so hold a task for nothing."""


class ExchangeError(CozebatchError):
    """Base of the ways in which an exchange has no answer. Its text is the reason, in httpx's or the system's words;
    `trouble` says by which proxy it went and what to do."""

    def __init__(self, trouble: Trouble) -> None:
        super().__init__(trouble.reason)
        self.trouble = trouble


class NeverSent(ExchangeError):
    pass


class NoAnswer(ExchangeError):
    pass


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back. `broken` says why `body` is not whole, where it is not."""

    status: int
    headers: httpx.Headers
    body: bytes
    broken: str | None = None

    @property
    def logid(self) -> str | None:
        value: str | None = self.headers.get("x-tt-logid")
        return value

    @property
    def sent_at(self) -> float | None:
        """When the server says that it answered, Unix seconds."""
        try:
            return parsedate_to_datetime(self.headers.get("date", "")).timestamp()
        except (ValueError, OverflowError):
            return None

    @property
    def retry_after(self) -> float | None:
        """See `read_retry_after`."""
        return read_retry_after(self.headers.get("retry-after"), now=time())


class _Body(httpx.AsyncByteStream):
    """What a request sends. It can be read once: what was sent, or half sent, cannot be sent again by any layer."""

    def __init__(self, content: bytes | None) -> None:
        self._content = content
        self.untouched = content is not None
        """Nothing of it was taken to be sent: whatever arrived is no whole request, and has no effect."""

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        content, self._content = self._content, None
        self.untouched = False
        if content is None:
            raise StopAsyncIteration
        return content


class _Line:
    """One connection, made again when it was closed, and how many requests use it or wait for it now.

    A pool of its own for each: httpx's pool asks the system about every idle connection at each request. With pools of
    eight, and by httpx's client, 1,000 tasks took 4.5 CPU seconds; they take 2.9.
    """

    __slots__ = ("busy", "transport")

    def __init__(self, transport: httpx.AsyncBaseTransport) -> None:
        self.transport = transport
        self.busy = 0


class Connection:
    """Pooled connections to one Coze host, and the headers that every request carries."""

    def __init__(self, base_url: str, token: str, *, request_timeout: float) -> None:
        if not token.isascii() or not token.isprintable() or not token or " " in token:
            raise UsageError(
                Text(
                    "workflow_config.coze_config.token：令牌为空，或含有空格、换行、非英文字符，请重新复制。",
                    "workflow_config.coze_config.token: the token is empty, or holds spaces or other signs that no "
                    "token has; copy it again.",
                )
            )
        try:
            host = httpx.URL(base_url).netloc
        except httpx.InvalidURL:
            host = b""
        if not host or not base_url.startswith(("http://", "https://")):
            raise UsageError(
                Text(
                    f"workflow_config.coze_config.base_url：{base_url} 不是网址，例如 https://api.coze.cn",
                    f"workflow_config.coze_config.base_url: {base_url} is no address such as https://api.coze.cn",
                )
            )
        self.base_url = base_url.rstrip("/")
        self.request_timeout = request_timeout
        self._headers = [
            (b"Host", host),
            (b"Authorization", b"Bearer " + token.encode("ascii")),
            (b"Accept", b"application/json"),
            (b"Accept-Encoding", b"identity"),
            (b"User-Agent", b"cozebatch-tui"),
        ]
        self.connect_timeout = connect = min(CONNECT_TIMEOUT, request_timeout)
        wait = httpx.Timeout(request_timeout, connect=connect, pool=connect)
        self._extensions = {"timeout": wait.as_dict()}
        self._tls: ssl.SSLContext | None = None
        self._proxy: Proxy | None = None
        self._lines: list[_Line] = []
        self._idle: list[_Line] = []
        """The one used last stands last and is taken first, so that as few as possible are kept warm."""
        self._open: AsyncExitStack | None = None

    async def __aenter__(self) -> Self:
        """Raises `UsageError` for a proxy or a certificate file that cannot be used."""
        self._proxy = proxy_for(self.base_url)
        secure = self.base_url.startswith("https://") or self._proxy is not None
        # Made once for all connections: reading the certificates takes tens of milliseconds.
        self._tls = tls_context() if secure else None
        self._open = await AsyncExitStack().__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        stack, self._open = self._open, None
        self._lines.clear()
        self._idle.clear()
        if stack is not None:
            await stack.__aexit__(kind, error, trace)

    async def ask(
        self,
        method: str,
        path: str,
        *,
        content: bytes | None = None,
        body: FileBody | None = None,
        most_bytes: int,
        patience: float = 1.0,
    ) -> Answer:
        """Send one request and read its answer, at most `most_bytes` of it.

        `body`: a file to be sent in place of `content`. Once connected, the whole answer has `patience` times the
        time-out to arrive. Raises `NeverSent` and `NoAnswer`.
        """
        headers = self._headers
        if content is not None:
            length = b"%d" % len(content)
            headers = [*headers, (b"Content-Type", b"application/json"), (b"Content-Length", length)]
        if body is not None:
            length = b"%d" % body.length
            headers = [*headers, (b"Content-Type", body.content_type), (b"Content-Length", length)]
        sent = body if body is not None else _Body(content)
        request = httpx.Request(method, self.base_url + path, headers=headers, stream=sent, extensions=self._extensions)
        response: httpx.Response | None = None
        received = ReceivedBody()
        line = self._taken()
        try:
            with anyio.fail_after(2 * self.connect_timeout + patience * self.request_timeout) as scope:
                # Not by a client of httpx: of what that does, nothing is wanted here but this call.
                response = await line.transport.handle_async_request(request)
                try:
                    await received.read(response, most_bytes, scope)
                finally:
                    await response.aclose()
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError) as error:
            raise NeverSent(trouble(error, self._proxy)) from None
        except (httpx.HTTPError, TimeoutError, OSError) as error:
            if response is None:
                raise (NeverSent if sent.untouched else NoAnswer)(trouble(error, self._proxy)) from None
            received.broken = trouble(error, self._proxy).reason
        finally:
            self._give_back(line)
        return Answer(response.status_code, response.headers, bytes(received.body), received.broken)

    def _taken(self) -> _Line:
        """A connection for one request."""
        if self._open is None:
            raise RuntimeError("used outside of its `async with` block")
        if self._idle:
            line = self._idle.pop()
        elif len(self._lines) < _MOST_CONNECTIONS:
            line = _Line(_transport(self._proxy, self._tls))
            self._lines.append(line)
            self._open.push_async_callback(line.transport.aclose)
        else:
            line = min(self._lines, key=lambda line: line.busy)
        line.busy += 1
        return line

    def _give_back(self, line: _Line) -> None:
        line.busy -= 1
        if not line.busy:
            self._idle.append(line)


def to_body(value: Mapping[str, Any]) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


def _transport(proxy: Proxy | None, tls: ssl.SSLContext | None) -> httpx.AsyncBaseTransport:
    return transport(proxy, tls, httpx.Limits(max_connections=1, keepalive_expiry=_KEEP_IDLE))
