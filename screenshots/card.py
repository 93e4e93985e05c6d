"""A message card as Feishu shows it, as a page: what the bot sends is drawn, element by element, every text escaped."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from html import escape
from typing import Any

COLOURS = {"green": "#32a645", "orange": "#de7802", "red": "#d83931"}
"""Of a card's header (`template`)."""

_STYLE = """
body { margin: 0; background: #eff0f1; color: #1f2329;
  font: 15px/1.55 "Noto Sans SC", "Noto Sans CJK SC", "PingFang SC", "Microsoft YaHei", sans-serif }
.chat { display: flex; gap: 12px; padding: 24px; width: 640px }
.bot { width: 40px; height: 40px; border-radius: 50%; flex: none;
  background: #3370ff; color: #fff; text-align: center; line-height: 40px }
.who { font-size: 12px; color: #8f959e; margin-bottom: 4px }
.card { width: 580px; background: #fff; border: 1px solid #dee0e3; border-radius: 8px; overflow: hidden }
.header { color: #fff; font-weight: 600; font-size: 16px; padding: 10px 16px }
.body { padding: 12px 16px 16px }
.fields { display: grid; grid-template-columns: 1fr 1fr; gap: 6px 16px; margin: 0 0 10px }
.text { margin: 8px 0; white-space: pre-wrap }
hr { border: 0; border-top: 1px solid #dee0e3; margin: 12px 0 }
.button { display: inline-block; margin-top: 8px; padding: 4px 14px; border: 1px solid #d0d3d6; border-radius: 6px;
  color: #1f2329; text-decoration: none }
"""


def page_of(card: Mapping[str, Any], lang: str) -> str:
    """The card in a chat. Raises `ValueError` for an element, or a colour, that is not known here."""
    header = card["header"]
    if header["template"] not in COLOURS:
        raise ValueError(f"no colour {header['template']}")
    bot = "批次提醒" if lang == "zh" else "Batches"
    body = "\n".join(_element(element) for element in card["elements"])
    return (
        f'<!doctype html>\n<html lang="{"zh-CN" if lang == "zh" else "en"}"><head><meta charset="utf-8">'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
        f'<style>{_STYLE}</style></head><body><div class="chat"><div class="bot">{bot[0]}</div><div>'
        f'<div class="who">{bot}</div><div class="card"><div class="header" '
        f'style="background: {COLOURS[header["template"]]}">{_plain(header["title"])}</div>'
        f'<div class="body">\n{body}\n</div></div></div></div></body></html>\n'
    )


def _element(element: Mapping[str, Any]) -> str:
    match element["tag"]:
        case "div" if "fields" in element:
            fields = "".join(f"<div>{_plain(field['text'])}</div>" for field in element["fields"])
            return f'<div class="fields">{fields}</div>'
        case "div":
            return f'<div class="text">{_plain(element["text"])}</div>'
        case "hr":
            return "<hr>"
        case "action":
            return _buttons(element["actions"])
        case tag:
            raise ValueError(f"no element {tag}")


def _buttons(actions: Iterable[Mapping[str, Any]]) -> str:
    found = []
    for action in actions:
        if action["tag"] != "button" or not action["url"].startswith("https://"):
            raise ValueError(f"no button {action}")
        found.append(f'<a class="button" href="{escape(action["url"])}">{_plain(action["text"])}</a>')
    return "".join(found)


def _plain(text: Mapping[str, str]) -> str:
    """Only `plain_text`: a card of the program has nothing else."""
    if text["tag"] != "plain_text":
        raise ValueError(f"no text {text['tag']}")
    return escape(text["content"])
