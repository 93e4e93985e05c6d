"""Texts of the log on the screen."""

from __future__ import annotations

from collections.abc import Mapping

from cozebatch.model.text import Text

TITLE = Text("日志 {count} 行", "Log, {count} line(s)")
FOLLOWS = Text("跟随最新", "following")
STAYS = Text("停在这里", "holding still")
ONLY_MARKED = Text("只看选中的 {count} 个任务", "only {count} selected task(s)")
FOUND = Text("找到 {place}/{count}", "match {place} of {count}")
NOT_FOUND = Text("没有找到", "no match")
FILTERED = Text("筛选 {text}", "filter {text}")
FIND_HINT = Text("查找：回车后按 n 下一处、N 上一处", "find: after enter, n is the next match and N the previous")
FILTER_HINT = Text("只留下有这个词的行", "keep only the lines with this word")
NONE_MARKED = Text("先在任务表里选中任务", "select tasks in the table first")
EMPTY = Text("没有这样的行", "no such lines")

LEVELS: Mapping[str, Text] = {
    "debug": Text("细节", "DEBUG"),
    "info": Text("信息", "INFO"),
    "warning": Text("提醒", "WARN"),
    "error": Text("错误", "ERROR"),
}
