"""Reads a pasted Feishu address: the base, its table and view, and the platform it belongs to.

People copy the address line of their browser into `app_token`. A base in a wiki has an address that names the wiki
node; the base behind it has to be asked for (`needs_resolving`). Imports nothing heavy: the configuration uses it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise
from urllib.parse import parse_qs

from cozebatch.model.text import Text
from cozebatch.model.urls import split_url

_IDENTIFIER = re.compile(r"[A-Za-z0-9_-]{1,128}")
_OTHER_DOCUMENTS = {
    "sheets": Text("电子表格", "a spreadsheet"),
    "docx": Text("文档", "a document"),
    "docs": Text("文档", "a document"),
    "file": Text("文件", "a file"),
    "drive": Text("云盘文件夹", "a drive folder"),
    "share": Text("分享出来的表单或视图", "a shared form or view"),
}


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
        if kind in ("base", "wiki") and is_identifier(token) and "share" not in steps:
            return BaseLink(
                token,
                needs_resolving=kind == "wiki",
                table_id=_identifier(query.get("table")),
                view_id=_identifier(query.get("view")),
                domain=platform_of(address.hostname or ""),
            )
    for step in steps:
        if step in _OTHER_DOCUMENTS:
            what = _OTHER_DOCUMENTS[step]
            raise LinkError(
                Text(
                    f"这个链接是{what.zh}，不是多维表格：请打开多维表格，复制地址栏里的链接（含 /base/ 或 /wiki/）",
                    f"this link is {what.en}, not a base: open the base and copy its address (with /base/ or /wiki/)",
                )
            )
    raise LinkError(_WANTED)


_WANTED = Text(
    "应为多维表格的 app_token，或它的完整链接（…/base/APP?table=TBL&view=VIEW 或 …/wiki/…）",
    "should be the base's app_token, or its whole address (…/base/APP?table=TBL&view=VIEW or …/wiki/…)",
)


def _identifier(text: str | None) -> str | None:
    return text if text is not None and is_identifier(text) else None


def platform_of(host: str) -> str | None:
    """The open platform's address that a host of Feishu's or Lark's belongs to; None for any other host."""
    host = f".{host.lower().rstrip('.')}"
    if host.endswith((".feishu.cn", ".feishu.com")):
        return "https://open.feishu.cn"
    if host.endswith(".larksuite.com"):
        return "https://open.larksuite.com"
    return None
