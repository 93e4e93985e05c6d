"""Texts of `runs --import`."""

from __future__ import annotations

from cozebatch.model.default_paths import CONFIG_FILE
from cozebatch.model.text import Text

NO_CONFIGURATION = Text(
    "导入需要配置（哪个表或任务文件、哪个工作流）：用 --config FILE 指定，或先用 cozebatch-tui init 生成"
    f" {CONFIG_FILE}。什么都没有导入。",
    "An import needs the configuration (which table or task file, which workflow): name it with --config FILE, or "
    f"write {CONFIG_FILE} with `cozebatch-tui init` first. Nothing was imported.",
)
NO_TASKS_FILE = Text(
    "找不到任务文件 {path}：导入只对以后用同一个 --tasks 的批次有效。什么都没有导入。",
    "There is no task file {path}: an import is for later runs with the same --tasks. Nothing was imported.",
)
TAKEN_OVER = Text("已导入：", "Imported:")
WOULD_TAKE_OVER = Text("会导入（--dry-run，什么都没有写）：", "Would be imported (--dry-run, nothing was written):")
NOTHING_NEW = Text("没有新内容，什么都没有改。", "Nothing new; nothing was changed.")
ADOPTED = Text("认领 {count} 个执行（免费等到结束）", "adopted {count}: executions followed to their end, free")
TO_GO_ON = Text("接着做 {count} 个（用已有结果，免费）", "to resume {count}: films from existing results, free")
DONE = Text("已完成 {count} 个", "done {count}")
FAILED = Text("失败 {count} 个", "failed {count}")
CANCELLED = Text("已取消 {count} 个", "cancelled {count}")
HELD = Text("待确认 {count} 个（可能已扣费）", "held {count}: may have been charged, needs you")
NOT_STARTED = Text("未开始 {count} 个（由任务来源决定）", "not started {count}: the task source decides")
KNOWN = Text("早已知道 {count} 个（以已有状态为准）", "known already {count}: the recorded state stays")
HELD_LINE = Text("  待确认 {task_id}  {title}  {why}", "  held {task_id}  {title}  {why}")
EXPIRED_LINE = Text(
    "  超过 7 天 {task_id}  {title}  执行 {execute_id} 再免费查一次，查不到就标为失败",
    "  older than 7 days {task_id}  {title}  execution {execute_id}: checked once more, free; failed if Coze has "
    "dropped it",
)
NEXT = Text(
    "接下来：照常运行（{command}），认领和接着做都不再付费。",
    "Next: run as usual ({command}); adopted and resumed tasks are not paid for again.",
)
NEXT_WITH_HELD = Text(
    "接下来：照常运行（{command}），认领和接着做都不再付费；待确认的先到扣子查：有执行就加 --adopt 任务=执行ID，"
    "没有就加 --rerun 任务（付费）。",
    "Next: run as usual ({command}); adopted and resumed tasks are not paid for again. Look in Coze for the held "
    "ones: if there is an execution, --adopt ID=EXECUTE_ID; if there is none, --rerun ID (paid).",
)
NEXT_AFTER_DRY_RUN = Text("去掉 --dry-run 再运行一次，就会导入。", "Run it again without --dry-run to import it.")
