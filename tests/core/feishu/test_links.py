from __future__ import annotations

import pytest

from cozebatch.feishu.links import BaseLink, LinkError, parse_base

FEISHU = "https://open.feishu.cn"


@pytest.mark.parametrize(
    ("text", "link"),
    [
        ("bascnABC", BaseLink("bascnABC")),
        (" AppTok_1 ", BaseLink("AppTok_1")),
        ("wikcnABC", BaseLink("wikcnABC", needs_resolving=True)),
        ("https://acme.feishu.cn/base/App1", BaseLink("App1", domain=FEISHU)),
        ("acme.feishu.cn/base/App1?table=tbl1", BaseLink("App1", table_id="tbl1", domain=FEISHU)),
        (
            "https://acme.feishu.cn/base/App1?from=x&table=tbl1&view=vew1#y",
            BaseLink("App1", table_id="tbl1", view_id="vew1", domain=FEISHU),
        ),
        (
            "https://acme.larksuite.com/wiki/Node1?table=tbl1",
            BaseLink("Node1", needs_resolving=True, table_id="tbl1", domain="https://open.larksuite.com"),
        ),
        ("http://127.0.0.1:8788/base/App1?table=tbl/../x", BaseLink("App1")),
    ],
)
def test_what_can_be_read_from_a_link_is(text: str, link: BaseLink) -> None:
    assert parse_base(text) == link


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("https://acme.feishu.cn/sheets/sht1", "a spreadsheet"),
        ("https://acme.feishu.cn/docx/doc1", "a document"),
        ("https://acme.feishu.cn/share/base/form/shr1", "a shared form"),
        ("https://acme.feishu.cn", "app_token, or its whole address"),
        ("App 1", "app_token, or its whole address"),
        ("../../x", "app_token, or its whole address"),
    ],
)
def test_a_link_that_is_no_base_is_told_what_it_is(text: str, says: str) -> None:
    with pytest.raises(LinkError, match=says):
        parse_base(text)
