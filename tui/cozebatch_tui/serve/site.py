"""The web screen's site, on loopback: one page, its files, one websocket a tab.

A link with a token is exchanged once for a cookie that scripts cannot read and other sites cannot send. Requests under
another host's name and websockets of another origin are refused, so that no page elsewhere reaches this one through the
user's browser.
"""

from __future__ import annotations

import hmac
import html
import lzma
import secrets
from collections.abc import Callable, Sequence
from pathlib import Path

from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocket

from cozebatch.model.text import Lang
from cozebatch_tui.locale import serve as texts
from cozebatch_tui.serve.tab import HEIGHTS, WIDTHS, Tab, clamped

TABS = 8
"""Open at once; each has a process of about 60 MB."""
STATIC = Path(__file__).parent / "static"
_TYPES = {".js": "text/javascript", ".css": "text/css"}
_SAFE = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; "
    "form-action 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
}


class Site:
    """`arguments`: of the command behind `attach`. `on_new_link` is told the link for the next browser."""

    def __init__(
        self, port: int, arguments: Sequence[str], lang: Lang, title: str, on_new_link: Callable[[str], None]
    ) -> None:
        self._port, self._arguments = port, arguments
        self._lang: Lang = lang
        self._title = title
        self._on_new_link = on_new_link
        self._token = secrets.token_urlsafe(32)
        self._session = secrets.token_urlsafe(32)
        self._tabs = 0
        self._cookie = f"cozebatch_{port}"

    @property
    def link(self) -> str:
        return f"http://127.0.0.1:{self._port}/?token={self._token}"

    def app(self) -> ASGIApp:
        files = _static_files()

        async def static(request: Request) -> Response:
            name = request.path_params["name"]
            if name not in files:
                return PlainTextResponse("404", 404, _SAFE)
            headers = {**_SAFE, "Cache-Control": "no-cache"}
            return Response(files[name], media_type=_TYPES[Path(name).suffix], headers=headers)

        routes = [
            Route("/", self._page),
            Route("/static/{name}", static),
            WebSocketRoute("/ws", self._tab),
        ]
        return _OwnHostOnly(Starlette(routes=routes), self._port)

    async def _page(self, request: Request) -> Response:
        given = request.query_params.get("token")
        if given is not None and hmac.compare_digest(given.encode(), self._token.encode()):
            self._token = secrets.token_urlsafe(32)
            self._on_new_link(self.link)
            response: Response = RedirectResponse("/", 303, _SAFE)
            response.set_cookie(self._cookie, self._session, path="/", httponly=True, samesite="strict")
            return response
        if not self._is_known(request.cookies.get(self._cookie)):
            return PlainTextResponse(texts.NO_COOKIE.in_(self._lang), 403, _SAFE)
        return HTMLResponse(self._html(request.headers["host"]), headers=_SAFE)

    def _html(self, host: str) -> str:
        lang = self._lang
        return f"""<!doctype html>
<html lang="{lang}">
<head>
<meta charset="utf-8">
<title>{html.escape(self._title)}</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/static/xterm.css">
<link rel="stylesheet" href="/static/page.css">
<script src="/static/textual.js"></script>
</head>
<body>
<p class="font" aria-hidden="true">m<b>m</b></p>
<p class="note">{html.escape(texts.CLOSED.in_(lang))} <a href="/">{html.escape(texts.AGAIN.in_(lang))}</a></p>
<div id="terminal" class="textual-terminal" data-session-websocket-url="ws://{html.escape(host)}/ws" data-font-size="16"></div>
</body>
</html>
"""  # noqa: E501 - one attribute a line would be read as spaces by nobody, but the page is written as it is sent

    async def _tab(self, socket: WebSocket) -> None:
        origin, host = socket.headers.get("origin"), socket.headers.get("host")
        if origin != f"http://{host}" or not self._is_known(socket.cookies.get(self._cookie)):
            await socket.close(1008)  # before it is accepted: 403
            return
        await socket.accept()
        if self._tabs >= TABS:
            await socket.send_bytes(texts.TOO_MANY.in_(self._lang).format(most=TABS).encode())
            await socket.close()
            return
        self._tabs += 1
        try:
            asked = socket.query_params
            await Tab(socket, self._arguments).run(
                clamped(asked.get("width"), WIDTHS, 80), clamped(asked.get("height"), HEIGHTS, 24)
            )
        finally:
            self._tabs -= 1

    def _is_known(self, cookie: str | None) -> bool:
        return cookie is not None and hmac.compare_digest(cookie.encode(), self._session.encode())


def _static_files() -> dict[str, bytes]:
    """What pages load, by name. The largest is packed, as it would be a tenth of the package."""
    found = {path.name: path.read_bytes() for path in STATIC.iterdir()}
    unpacked = {name.removesuffix(".xz"): lzma.decompress(data) for name, data in found.items() if name.endswith(".xz")}
    return {name: data for name, data in {**found, **unpacked}.items() if Path(name).suffix in _TYPES}


class _OwnHostOnly:
    """Answers only under its own name: a name of somebody else's that leads to this machine is refused with 421."""

    def __init__(self, app: ASGIApp, port: int) -> None:
        self._app = app
        self._hosts = frozenset(f"{name}:{port}" for name in ("127.0.0.1", "localhost"))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] in ("http", "websocket") and Headers(scope=scope).get("host") not in self._hosts:
            if scope["type"] == "websocket":
                await receive()
                await send({"type": "websocket.close", "code": 1008})
                return
            await PlainTextResponse("421", 421, _SAFE)(scope, receive, send)
            return
        await self._app(scope, receive, send)
