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
        ("http://127.0.0.1:8788/base/App1?table=tbl/../x", BaseLink("App1", domain="http://127.0.0.1:8788")),
        ("https://acme.feishu.cn/base/App1?view=vew1", BaseLink("App1", domain=FEISHU)),
        ("blk7J1g2k3L4m5N6o7P8q9R0sTU", BaseLink("blk7J1g2k3L4m5N6o7P8q9R0sTU")),
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
        ("https://acme.feishu.cn/drive/folder/fldcn1", "a drive folder"),
        ("https://acme.feishu.cn/docs/doccn1", "a document"),
        ("https://acme.feishu.cn/mindnotes/bmncn1", "a mind note"),
        ("https://acme.feishu.cn/record/Rec1", "a shared record"),
        ("https://acme.feishu.cn/wiki/space/7123", "the front page of a wiki"),
        ("https://acme.feishu.cn/wiki/settings/7123", "the front page of a wiki"),
        ("doxcnABCDEFG", "a document"),
        ("shtcnABCDEFG", "a spreadsheet"),
        ("fldcnABCDEFG", "a drive folder"),
        ("tblsRc9GRRXKqhvW", "the id of a table"),
        ("vewTpR1urY", "the id of a view"),
        ("cli_a1b2c3", "the App ID of an app"),
        ("https://acme.feishu.cn", "app_token or address"),
        ("App 1", "app_token or address"),
        ("../../x", "app_token or address"),
    ],
)
def test_a_link_that_is_no_base_is_told_what_it_is(text: str, says: str) -> None:
    with pytest.raises(LinkError, match=says):
        parse_base(text)


@pytest.mark.parametrize(
    ("table", "opens"),
    [("blkXyz1", "a dashboard"), ("wkfXyz1", "an automation"), ("ldxXyz1", "a document page"), ("tblXyz1", None)],
)
def test_what_an_address_opens_in_a_base_is_told(table: str, opens: str | None) -> None:
    link = parse_base(f"https://acme.feishu.cn/base/App1?table={table}&view=vew1")
    assert (link.opens.en if link.opens else None) == opens
    assert (link.table_id, link.view_id) == ((None, None) if opens else (table, "vew1"))
