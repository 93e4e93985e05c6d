"""Texts of notifications on the desktop."""

from __future__ import annotations

from cozebatch.model.text import Text

NEWS = {
    "ended": Text(
        "批次结束：完成 {done}，失败 {failed}，待确认 {held}", "batch ended: {done} done, {failed} failed, {held} held"
    ),
    "stopped": Text("批次自动停止，需要你处理（完成 {done}）", "batch stopped itself and needs you ({done} done)"),
    "held": Text("有任务待你确认：{held} 个", "tasks need you: {held} held"),
}
