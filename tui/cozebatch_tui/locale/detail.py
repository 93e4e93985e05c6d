"""Texts of the panel beside the table."""

from __future__ import annotations

from cozebatch.model.text import Text

CHOSEN = Text("当前任务", "This task")
COZE = Text("扣子", "Coze ")
SYNTHESIS = Text("合成", "Synth")
NOT_BEGUN = Text("未开始", "not begun")
ATTEMPTS = Text("付费执行过 {count} 次", "{count} paid execution(s)")
RETRY_FREE = Text("重试 · 免费", "retry · free")
RERUN_PAID = Text("付费重做 · 1 次", "paid rerun · 1")
