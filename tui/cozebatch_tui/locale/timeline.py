"""Texts of the timeline."""

from __future__ import annotations

from cozebatch.model.text import Text

TITLE = Text("时间线", "Timeline")
LAST_MINUTES = Text("最近 {count} 分钟", "the last {count} min")
LAST_HOURS = Text("最近 {count} 小时", "the last {count} h")
ALL = Text("从头到现在", "from the start")
SHOWN = Text("{shown}/{total} 个任务", "{shown} of {total} task(s)")
NOW = Text("现在", "now")
NOTHING = Text(
    "这段时间里没有任务。按 {key_zoom_all} 看全部。", "No task in this time; {key_zoom_all} shows all of it."
)

COZE = Text("扣子", "Coze")
SYNTHESIS = Text("合成", "Synthesis")
LEGEND = {
    "waits": Text("等待", "pending"),
    "coze": Text("执行", "at Coze"),
    "queue": Text("等合成", "queued"),
    "film": Text("合成", "synthesis"),
}
KEYS = Text(
    "{key_zoom_in} {key_zoom_out} 缩放  {key_zoom_all} 全部", "{key_zoom_in} {key_zoom_out} zoom  {key_zoom_all} all"
)
