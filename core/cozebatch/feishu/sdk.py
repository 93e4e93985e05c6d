"""Conversation with Feishu for one application: one HTTP client, one token, and a meaning for every failure.

The calls are made with the SDK's own resources and models (see `lark` for how it is imported); how they are sent is
decided here: bounded in time and size, never repeated but once for a token that Feishu no longer takes.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from time import time
from typing import Any

import anyio
import anyio.to_thread

from cozebatch.bounds.http_body import ReceivedBody
from cozebatch.bounds.json_values import read_json
from cozebatch.feishu.codes import NETWORK, Kind, Meaning, meaning, unreadable
from cozebatch.feishu.lark import Sdk, load_sdk
from cozebatch.model.errors import CozebatchError
from cozebatch.model.redact import Masker
from cozebatch.model.sanitize import clean
from cozebatch.model.text import Text
from cozebatch.network.certificates import tls_context
from cozebatch.network.httpx_library import httpx
from cozebatch.network.proxies import Proxy, proxy_for
from cozebatch.network.transport import transport
from cozebatch.network.trouble import trouble
from cozebatch.policy.retry_after import read_retry_after

CONNECT_TIMEOUT = 10.0
MOST_BYTES = 64 * 1024 * 1024
"""A page of 500 records whose scripts are 100,000 characters each."""
RENEW_EARLY = 600.0
"""Seconds before its end a token is no longer used."""

_MOST_WORDS = 300
_TOKEN_PATH = "/open-apis/auth/v3/tenant_access_token/internal"


class FeishuError(CozebatchError):
    """A call to Feishu failed.

    `wording` is Feishu's own, masked and bounded; `status` is HTTP's, 0 when there was no response. `lasting`: trying
    again soon does not help, whatever the meaning.
    """

    def __init__(
        self,
        meaning: Meaning,
        *,
        code: int = 0,
        wording: str = "",
        logid: str | None = None,
        retry_after: float | None = None,
        status: int = 0,
        lasting: bool = False,
    ) -> None:
        super().__init__(f"{meaning.kind}: {meaning.what.en} ({code}) {wording}")
        self.meaning = meaning
        self.code = str(code) if code else None
        self.wording = wording
        self.logid = logid
        self.retry_after = retry_after
        self.status = status
        self.may_pass = meaning.kind.may_pass and not lasting
        """Trying again soon may help."""

    @property
    def kind(self) -> Kind:
        return self.meaning.kind

    @property
    def text(self) -> Text:
        """What happened, with Feishu's code and wording."""
        detail = " ".join(part for part in (self.code or "", self.wording) if part)
        detail_zh = f"（{detail}）" if detail else ""
        detail_en = f" ({detail})" if detail else ""
        return Text(f"{self.meaning.what.zh}{detail_zh}", f"{self.meaning.what.en}{detail_en}")

    @property
    def complaint(self) -> Text:
        """What happened and what to do about it."""
        logid_zh = f"（logid {self.logid}）" if self.logid else ""
        logid_en = f" (logid {self.logid})" if self.logid else ""
        return Text(
            f"{self.text.zh}。{self.meaning.hint.zh}{logid_zh}",
            f"{_sentence(self.text.en)}. {self.meaning.hint.en}{logid_en}",
        )


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: httpx.Headers
    body: bytes
    value: dict[str, Any]


class FeishuClient:
    """Conversation with Feishu for one application; an async context manager.

    `request_timeout` in seconds. `mask` takes further secrets out of what Feishu says; the application's own secret
    and token always are. `transport` carries the requests, None for the network.
    """

    def __init__(
        self,
        *,
        app_id: str,
        app_secret: str,
        domain: str = "https://open.feishu.cn",
        request_timeout: float = 30.0,
        mask: Callable[[str], str] = lambda text: text,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self.domain = domain.rstrip("/")
        self._app_id = app_id
        self._app_secret = app_secret
        self._timeout = request_timeout
        self._mask = mask
        self._transport = transport
        self._own = Masker([app_secret])
        self._http: httpx.AsyncClient | None = None
        self._proxy: Proxy | None = None
        self._token = ""
        self._token_until = 0.0
        self._fetching = anyio.Lock()
        self._sdk: Sdk | None = None
        self._config: Any = None

    def __repr__(self) -> str:
        return f"FeishuClient({self._app_id!r}, {self.domain!r})"

    async def __aenter__(self) -> FeishuClient:
        """Raises `UsageError` for a proxy or a certificate file that cannot be used."""
        # The import is slow: do it once and off the event loop.
        self._sdk = await anyio.to_thread.run_sync(load_sdk)
        self._config = self._sdk.config()
        self._config.app_id = self._app_id
        self._config.domain = self.domain
        self._config.enable_set_token = True
        self._config.cozebatch_client = self
        self._proxy = proxy_for(self.domain)
        secure = self.domain.startswith("https://") or self._proxy is not None
        tls = tls_context() if secure and self._transport is None else None
        limits = httpx.Limits(max_connections=16, max_keepalive_connections=8, keepalive_expiry=4.0)
        timeout = httpx.Timeout(self._timeout, connect=min(CONNECT_TIMEOUT, self._timeout))
        self._http = httpx.AsyncClient(
            timeout=timeout,
            trust_env=False,
            transport=self._transport or transport(self._proxy, tls, limits),
            headers={"Accept-Encoding": "gzip, deflate"},  # what `ReceivedBody` understands
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        http, self._http = self._http, None
        if http is not None:
            with anyio.CancelScope(shield=True):
                await http.aclose()

    @property
    def sdk(self) -> Sdk:
        if self._sdk is None:
            raise RuntimeError("used outside of its `async with` block")
        return self._sdk

    @property
    def config(self) -> Any:
        """The SDK's configuration, for its resources."""
        return self._config

    async def call(self, send: Callable[[Any], Awaitable[Any]]) -> Any:
        """Make one call of the SDK: `send` gets the request option that carries the token. Returns the response.

        A token that Feishu no longer takes is replaced once. Raises `FeishuError` for everything but success.
        """
        for last_try in (False, True):
            token = await self._current_token()
            option = self.sdk.core.RequestOption()
            option.tenant_access_token = token
            try:
                return await send(option)
            except FeishuError as error:
                if error.kind is not Kind.TOKEN or last_try:
                    raise
            except self.sdk.misread as error:
                wording = self._words(f"an answer of an unexpected shape ({type(error).__name__}: {error})")
                raise FeishuError(unreadable(200), wording=wording, status=200) from None
            if self._token == token:
                self._token = ""
        raise AssertionError("unreachable")

    async def check_token(self) -> None:
        """See whether Feishu takes the application's id and secret. Raises `FeishuError`."""
        await self._current_token()

    async def send(
        self, method: str, url: str, headers: dict[str, str], queries: Any = None, body: bytes | None = None
    ) -> Answer:
        """One bounded HTTP exchange. Raises `FeishuError` unless the answer is a JSON object with code 0."""
        if body is not None:
            headers = {"Content-Type": "application/json; charset=utf-8", **headers}
        request = self.http.build_request(method, url, headers=headers, params=queries or None, content=body)
        received = ReceivedBody()
        try:
            with anyio.fail_after(self._timeout * 2 + CONNECT_TIMEOUT) as scope:
                response = await self.http.send(request, stream=True, follow_redirects=False)
                try:
                    await received.read(response, MOST_BYTES, scope)
                finally:
                    await response.aclose()
        except (httpx.HTTPError, TimeoutError, OSError) as error:
            raise self.unreachable(error) from None
        if received.broken is not None:
            raise FeishuError(NETWORK, wording=f"the answer cannot be read: {received.broken}")
        return self.judge(response, bytes(received.body))

    @property
    def http(self) -> httpx.AsyncClient:
        if self._http is None:
            raise RuntimeError("used outside of its `async with` block")
        return self._http

    def unreachable(self, error: Exception) -> FeishuError:
        """What an exchange without an answer means."""
        why = trouble(error, self._proxy)
        what = Text(f"{NETWORK.what.zh}{why.via.zh}", f"{NETWORK.what.en}{why.via.en}")
        if why.known:
            what = Text(f"{what.zh}：{why.known.zh}", f"{what.en}: {why.known.en}")
        unreachable = replace(NETWORK, what=what, hint=why.hint or NETWORK.hint)
        wording = "" if why.known else self._words(why.reason)
        return FeishuError(unreachable, wording=wording, lasting=why.code is not None)

    def judge(self, response: httpx.Response, content: bytes) -> Answer:
        """An answer that was read whole. Raises `FeishuError` unless it is a JSON object with code 0."""
        logid = response.headers.get("x-tt-logid")
        wait = read_retry_after(
            response.headers.get("x-ogw-ratelimit-reset") or response.headers.get("retry-after"), now=time()
        )
        try:
            value = read_json(content)
        except ValueError:
            value = None
        code = value.get("code") if isinstance(value, dict) else None
        if not isinstance(value, dict) or not isinstance(code, int):
            wording = f"HTTP {response.status_code}, no JSON object"
            status = response.status_code
            raise FeishuError(unreadable(status), wording=wording, logid=logid, retry_after=wait, status=status)
        if code != 0 or response.status_code >= 400:
            raise FeishuError(
                meaning(code, response.status_code),
                code=code or response.status_code,
                wording=self._words(str(value.get("msg") or "")),
                logid=logid or _logid(value),
                retry_after=wait,
                status=response.status_code,
            )
        return Answer(response.status_code, response.headers, content, value)

    async def _current_token(self) -> str:
        async with self._fetching:
            if not self._token or anyio.current_time() >= self._token_until:
                asked = json.dumps({"app_id": self._app_id, "app_secret": self._app_secret}).encode()
                answer = await self.send("POST", self.domain + _TOKEN_PATH, {}, None, asked)
                token, lifetime = answer.value.get("tenant_access_token"), answer.value.get("expire")
                if not isinstance(token, str) or not token.isascii() or not token.isprintable() or " " in token:
                    raise FeishuError(unreadable(answer.status), wording="no usable tenant_access_token")
                seconds = float(lifetime) if isinstance(lifetime, int | float) and lifetime > 0 else RENEW_EARLY
                self._token = token
                self._token_until = anyio.current_time() + max(seconds - RENEW_EARLY, seconds / 2)
                self._own = Masker([self._app_secret, token])
            return self._token

    def _words(self, wording: str) -> str:
        """Feishu's wording as one bounded line without secrets."""
        # Masked before the text is cut, and once more because cleaning may join what was apart.
        return self._masked(clean(self._masked(wording), _MOST_WORDS))

    def _masked(self, text: str) -> str:
        return self._mask(self._own.mask(text))


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]


def _logid(value: dict[str, Any]) -> str | None:
    error = value.get("error")
    found = error.get("log_id") if isinstance(error, dict) else None
    return found if isinstance(found, str) else None
