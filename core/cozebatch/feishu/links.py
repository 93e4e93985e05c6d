"""Reads a pasted Feishu address: the base, its table and view, and the platform it belongs to.

People copy the address line of their browser into `app_token`. A base in a wiki has an address that names the wiki
node; the base behind it has to be asked for (`needs_resolving`). Imports nothing heavy: the configuration uses it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise
from urllib.parse import SplitResult, parse_qs

from cozebatch.model.loopback import is_loopback_host
from cozebatch.model.text import Text
from cozebatch.model.urls import split_url

_IDENTIFIER = re.compile(r"[A-Za-z0-9_-]{1,128}")
_DOCUMENT, _SHEET = Text("文档", "a document"), Text("电子表格", "a spreadsheet")
_FOLDER, _FILE = Text("云盘文件夹", "a drive folder"), Text("文件", "a file")
_OTHER_DOCUMENTS = {
    "sheets": _SHEET,
    "docx": _DOCUMENT,
    "docs": _DOCUMENT,
    "file": _FILE,
    "drive": _FOLDER,
    "folder": _FOLDER,
    "mindnotes": Text("思维笔记", "a mind note"),
    "slides": Text("幻灯片", "slides"),
    "minutes": Text("妙记", "minutes of a meeting"),
    "record": Text("分享出来的一条记录", "a shared record"),
    "share": Text("分享出来的表单或视图", "a shared form or view"),
    "wiki": Text("知识库首页", "the front page of a wiki"),
}
"""Steps of an address's path → what such an address leads to."""

_PAGES = {
    "workspace": Text("多维表格首页", "the front page of Base"),
    "home": Text("多维表格首页", "the front page of Base"),
    "add": Text("多维表格模板", "a template of a base"),
    "form": Text("分享出来的表单或视图", "a shared form or view"),
    "dashboard": Text("仪表盘", "a dashboard"),
}
"""Words that stand in a base's address where its token would: what such an address leads to."""

WIKI_KINDS = {
    "doc": _DOCUMENT,
    "docx": _DOCUMENT,
    "sheet": _SHEET,
    "file": _FILE,
    "mindnote": Text("思维笔记", "a mind note"),
    "slides": Text("幻灯片", "slides"),
}
"""`obj_type` of a wiki node → what it is (docs/feishu.md)."""

_OTHER_TOKENS = (
    (re.compile(r"do[cx]cn\w+"), _DOCUMENT),
    (re.compile(r"shtcn\w+"), _SHEET),
    (re.compile(r"fldcn\w+"), _FOLDER),
    (re.compile(r"boxcn\w+"), _FILE),
    (re.compile(r"tbl\w{4,16}"), Text("数据表的 ID（table_id）", "the id of a table (table_id)")),
    (re.compile(r"vew\w{4,16}"), Text("视图的 ID（view_id）", "the id of a view (view_id)")),
    (re.compile(r"rec\w{4,16}"), Text("记录的 ID", "the id of a record")),
    (re.compile(r"blk\w{4,16}"), Text("仪表盘的 ID", "the id of a dashboard")),
    (re.compile(r"cli_\w+"), Text("应用的 App ID（app_id）", "the App ID of an app (app_id)")),
)
"""Tokens that tell by their beginning what they are of. A base's own token may begin in any way, but is longer."""

_NO_TABLES = (
    ("blk", Text("仪表盘", "a dashboard")),
    ("wkf", Text("自动化流程", "an automation")),
    ("ldx", Text("文档页", "a document page")),
)
"""What `table=` of a base's address may name beside tables."""


@dataclass(frozen=True, slots=True)
class BaseLink:
    """A base as the configuration names it. `domain` is the open platform's address, None where the text did not tell.

    With `needs_resolving` the token is a wiki node's, not yet the base's own.
    """

    token: str
    needs_resolving: bool = False
    table_id: str | None = None
    view_id: str | None = None
    domain: str | None = None
    opens: Text | None = None
    """What the address opens in the base, where that is no table."""


class LinkError(ValueError):
    """This text names no base; `text` says what would."""

    def __init__(self, text: Text) -> None:
        super().__init__(text.en)
        self.text = text


def is_identifier(text: str) -> bool:
    """True if this may stand in a request's path: letters, digits, `_` and `-` only."""
    return _IDENTIFIER.fullmatch(text) is not None


def parse_base(text: str) -> BaseLink:
    """An app_token as it is, or whatever a pasted address tells of it. Raises `LinkError`."""
    text = text.strip()
    if is_identifier(text):
        for pattern, what in _OTHER_TOKENS:
            if pattern.fullmatch(text):
                raise LinkError(
                    Text(
                        f"这是{what.zh}，不是多维表格的 app_token：请打开多维表格，复制地址栏里的链接",
                        f"this is {what.en}, not a base's app_token: open the base and copy its address",
                    )
                )
        # Older wiki nodes have tokens that begin like this; a base's own do not.
        return BaseLink(text, needs_resolving=text.startswith("wikcn"))
    address = split_url(text if "://" in text else f"https://{text}")
    if address is None:
        raise LinkError(_WANTED)
    steps = [step for step in address.path.split("/") if step]
    if "." not in (address.hostname or "") or not steps:
        raise LinkError(_WANTED)
    query = {name: found[0] for name, found in parse_qs(address.query).items()}
    for kind, token in pairwise(steps):
        if kind not in ("base", "wiki") or not is_identifier(token) or "share" in steps:
            continue
        if kind == "wiki" and token in ("space", "settings"):
            continue
        if kind == "base" and token in _PAGES:
            raise LinkError(_not_a_base(_PAGES[token]))
        table_id, opens = _table(query.get("table"))
        return BaseLink(
            token,
            needs_resolving=kind == "wiki",
            table_id=table_id,
            view_id=_identifier(query.get("view")) if table_id is not None else None,
            domain=platform_of(address.hostname or "") or _own_service(address),
            opens=opens,
        )
    for step in steps:
        if step in _OTHER_DOCUMENTS:
            raise LinkError(_not_a_base(_OTHER_DOCUMENTS[step]))
    raise LinkError(_WANTED)


def _not_a_base(what: Text) -> Text:
    return Text(
        f"这个链接是{what.zh}，不是多维表格：请打开多维表格，复制地址栏里的链接（含 /base/ 或 /wiki/）",
        f"this link is {what.en}, not a base: open the base and copy its address (with /base/ or /wiki/)",
    )


_WANTED = Text(
    "应为多维表格的 app_token 或链接（…/base/APP?table=TBL&view=VIEW 或 …/wiki/…）",
    "should be the app_token or address of a base (…/base/APP?table=TBL or …/wiki/…)",
)


def _table(text: str | None) -> tuple[str | None, Text | None]:
    """The id of a table, or what it is instead."""
    table_id = _identifier(text)
    other = next((what for prefix, what in _NO_TABLES if table_id is not None and table_id.startswith(prefix)), None)
    return (table_id, None) if other is None else (None, other)


def _identifier(text: str | None) -> str | None:
    return text if text is not None and is_identifier(text) else None


def _own_service(address: SplitResult) -> str | None:
    """A service on this machine, such as the simulated one, is its own platform."""
    return f"{address.scheme}://{address.netloc}" if is_loopback_host(address.hostname or "") else None


def platform_of(host: str) -> str | None:
    """The open platform's address that a host of Feishu's or Lark's belongs to; None for any other host."""
    host = f".{host.lower().rstrip('.')}"
    if host.endswith((".feishu.cn", ".feishu.com")):
        return "https://open.feishu.cn"
    if host.endswith(".larksuite.com"):
        return "https://open.larksuite.com"
    return None
