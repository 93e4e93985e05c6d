"""Texts of the filter: what is wrong with a condition, and the Chinese names of its keys."""

from __future__ import annotations

from collections.abc import Mapping

from cozebatch.model.text import Text

KEYS: Mapping[str, Text] = {
    "status": Text("状态", "status"),
    "account": Text("账号", "account"),
    "error": Text("问题", "error"),
    "title": Text("标题", "title"),
    "id": Text("编号", "id"),
}
NO_KEY = Text("没有“{name}:”这个条件，试试 {near}:", "there is no condition {name}: (try {near}:)")
NO_FIGURE = Text("“{name}”不能比大小，试试 {near}>1", "{name} cannot be compared (try {near}>1)")
NO_NUMBER = Text("比较符号后面要填一个数", "a number should follow the comparison")
NO_STATE = Text("没有这个状态", "there is no such state")
