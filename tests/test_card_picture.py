"""The picture of a card shows all that the bot is sent, and nothing that stands in it becomes markup."""

from __future__ import annotations

import json
from typing import Any

import pytest

from card import page_of
from support.night import live

HOSTILE = '"><script>alert(1)</script><img src=x onerror=alert(2)>'


def plain(text: str) -> dict[str, str]:
    return {"tag": "plain_text", "content": text}


def card(*elements: dict[str, Any], template: str = "red") -> dict[str, Any]:
    return {"header": {"title": plain(HOSTILE), "template": template}, "elements": list(elements)}


def test_no_text_of_a_card_is_markup() -> None:
    button = {"tag": "button", "text": plain(HOSTILE), "url": f"https://example.invalid/{HOSTILE}"}
    found = page_of(
        card(
            {"tag": "div", "fields": [{"is_short": True, "text": plain(HOSTILE)}]},
            {"tag": "div", "text": plain(HOSTILE)},
            {"tag": "action", "actions": [button]},
        ),
        "en",
    )
    assert "<script" not in found
    assert "<img" not in found
    assert found.count("&lt;script&gt;") == 5


@pytest.mark.parametrize(
    "wrong",
    [
        card({"tag": "markdown", "content": "**x**"}),
        card({"tag": "div", "text": {"tag": "lark_md", "content": "<at id=all></at>"}}),
        card({"tag": "action", "actions": [{"tag": "button", "text": plain("x"), "url": "javascript:alert(1)"}]}),
        card(template="purple"),
    ],
)
def test_what_is_not_known_is_not_left_out(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="no "):
        page_of(wrong, "zh")


def test_each_card_of_a_night_is_drawn_whole() -> None:
    night = live(1, lang="zh")
    for _, sent in night.cards:
        drawn = page_of(sent, "zh")
        texts = [value for value in _contents(sent) if value]
        assert len(texts) > 4
        for text in texts:
            assert all(line in drawn for line in text.replace("&", "&amp;").splitlines()), json.dumps(sent)


def _contents(value: Any) -> list[str]:
    """Every text of a card."""
    if isinstance(value, dict):
        own = [value["content"]] if "content" in value else []
        return own + [text for part in value.values() for text in _contents(part)]
    return [text for part in value for text in _contents(part)] if isinstance(value, list) else []
