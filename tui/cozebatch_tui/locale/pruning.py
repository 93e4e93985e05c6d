"""Texts of `runs --prune`."""

from __future__ import annotations

from collections.abc import Mapping

from cozebatch.journal.retention.outcome import Kind
from cozebatch.model.text import Text

KINDS: Mapping[Kind, Text] = {
    Kind.OUTPUT: Text("扣子执行结果", "results of Coze"),
    Kind.EXECUTION: Text("提交记录", "records of submissions"),
    Kind.DELIVERY: Text("写回记录", "records of write-backs"),
    Kind.TASK: Text("任务记录", "records of tasks"),
    Kind.RUN: Text("批次记录", "records of runs"),
    Kind.MEDIA: Text("下载的素材", "downloaded media"),
    Kind.DAMAGED: Text("损坏的旧状态文件", "damaged state files"),
    Kind.LOG: Text("日志", "log files"),
}
NO_STATE = Text("没有状态文件夹 {state_dir}，无需清理。", "There is no state directory {state_dir}: nothing to delete.")
DROPPED = Text(
    "已清理 {before} 以前（{days} 天）的内容：", "Deleted what was last used before {before} ({days} day(s)):"
)
WOULD_DROP = Text(
    "将会清理 {before} 以前（{days} 天）的内容，现在什么都没有动：",
    "Would delete what was last used before {before} ({days} day(s)); nothing was changed:",
)
LINE = Text("  {kind}  {count} 项  {size}", "  {kind}  {count}  {size}")
KEPT = Text("过期但仍然需要，保留：{kinds}", "Old but still needed, kept: {kinds}")
KEPT_KIND = Text("{kind} {count} 项", "{kind} {count}")
NOTHING_KEPT = Text("过期但仍然需要：没有", "Old but still needed: none")
SAVED = Text("状态文件缩小了 {size}。", "The state file became {size} smaller.")
