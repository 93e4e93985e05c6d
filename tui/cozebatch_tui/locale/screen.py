"""Texts of the screen."""

from __future__ import annotations

from cozebatch.model.text import Text

LOADING = Text("正在读取任务…", "Loading tasks…")
CHECKING = Text("正在检查凭证…", "Checking credentials…")
CANNOT_BEGIN = Text("无法开始", "Cannot begin")
PRESS_TO_LEAVE = Text("按 {key_quit} 退出", "press {key_quit} to leave")
COLUMNS = {
    "state": Text("状态", "State"),
    "progress": Text("进度", "Progress"),
    "title": Text("标题", "Title"),
    "account": Text("账号", "Account"),
    "coze": Text("扣子", "Coze"),
    "synthesis": Text("合成", "Synth"),
    "attempts": Text("次数", "Tries"),
    "error": Text("问题", "Problem"),
    "id": Text("编号", "Id"),
}

TASKS = Text("任务", "Tasks")
IN_OWN_ORDER = Text("要你处理的在前", "what needs you first")
ORDERED = Text("按{column}排序", "by {column}")

GAUGE_COZE = Text("扣子并发", "Coze slots")
GAUGE_SYNTHESIS = Text("合成并发", "Synthesis")

FILTER_HINT = Text("筛选：文字  status:失败  !词  coze>300", "filter: text  status:failed  !word  coze>300")
MARKED = Text("选中 {count}", "{count} selected")
FILTERED = Text("筛选 {text}", "filter {text}")
EMPTY = Text("没有任务。", "No tasks.")
NOTHING_MATCHES = Text(
    "没有符合筛选条件的任务。按 {key_clear} 清除。", "Nothing matches the filter; {key_clear} clears it."
)

ENGINE_ERROR = Text("界面出错，批量处理仍在继续：{error}", "The screen had an error, the batch continues: {error}")

CONFIRM_RERUN = Text(
    "为 {count} 个任务重新付费执行？每个都会产生一次新的扣子费用。",
    "Start {count} new execution(s)? Each one is charged by Coze again.",
)
CONFIRM_CANCEL = Text(
    "取消 {count} 个任务？扣子上执行中的停不下来，结果会保留。",
    "Cancel {count} task(s)? What runs at Coze cannot be stopped; its result is kept.",
)
CONFIRM_QUIT = Text(
    "扣子上还有 {flight} 个在执行，本机还有 {synthesis} 个没合成完。\n退出不会丢：下次启动就接着做，不再扣费。退出？",
    "{flight} execution(s) in flight, {synthesis} film(s) unfinished.\n"
    "Nothing is lost by leaving: the next start goes on without paying again. Leave?",
)
CONFIRM_QUIT_DEMO = Text(
    "演示还没做完：{flight} 个在模拟的扣子上，{synthesis} 个没合成完。\n退出就到此为止，没有花钱。退出？",
    "The demo is not done: {flight} at the simulated Coze, {synthesis} film(s) unfinished.\n"
    "Leaving ends it; nothing was charged. Leave?",
)
YES = Text("是 (y)", "Yes (y)")
NO = Text("否 (n)", "No (n)")
CONFIRM_RETRY = Text(
    "{free} 个免费继续；{paid} 个只能重新付费执行，每个都会产生一次新的扣子费用。继续？",
    "Free: {free}. By a new, paid execution: {paid}, each one charged by Coze. Go on?",
)
RETRIED = Text(
    "重试：免费 {free} 个，付费 {paid} 个，未动 {rest} 个",
    "retried: {free} free, {paid} paid; {rest} left as they are",
)
HELD_IS_NO_RETRY = Text(
    "待确认的任务要先查清有没有执行：打开它，认领（免费）或付费重做",
    "find out first whether an execution exists: open the task, then adopt it (free) or rerun it (paid)",
)
ADOPTED = Text("任务 {task_id} 已认领这次执行", "task {task_id} follows this execution now")
RERUN_DONE = Text("已付费重做 {count} 个", "{count} paid rerun(s) started")
COPIED = Text("已复制", "copied")
NO_LINK = Text("没有调试页", "no debug page")
NOTHING_CHOSEN = Text("没有可操作的任务", "no task to act on")
ALLOW_PROMPT = Text(
    "最多再付费执行几次（重试也算），到几点停止提交？\n例：20    06:30    20 06:30    - 表示不限",
    "How many more paid executions (retries included), and until when?\n"
    "Such as: 20    06:30    20 06:30    - for no limit",
)
ALLOW_REFUSED = Text("看不懂 {typed}：请写次数、时间（如 06:30），或 -", "{typed} is not clear: a number, HH:MM, or -")
ALLOW_ANY = Text("付费执行不限次数和时间", "no limit on paid executions")
ALLOWED_MEANWHILE = Text(
    "别的界面刚改过付费上限，这次没有改。请再看一眼。",
    "Another screen has just set this limit; nothing was changed. Look again.",
)
CONFIRM_ALLOW = Text(
    "批次会接着提交：最多 {count} 次付费执行（不含重试）。继续？",
    "The batch goes on: up to {count} paid execution(s), retries aside. Go on?",
)
LIMIT_NOW = Text("{what} 上限 {limit}", "{what} limit {limit}")
LEAVING = Text("正在收尾…", "Draining…")

FOLLOWS = Text("光标跟着最新变化的任务", "the cursor follows what has changed last")
FOLLOWS_NOT = Text("光标不再跟随", "the cursor stays where it is")
CONFIRM_GO_ON = Text(
    "试跑之外还有 {count} 个任务，每个都会扣费一次。现在开始？",
    "The trial left {count} task(s), each one charged once. Start now?",
)
GONE_ON = Text("已开始其余 {count} 个任务", "{count} more task(s) started")

NO_FILM = Text("还没有成品", "nothing is made yet")
GONE = Text("已不存在：{path}", "No longer there: {path}")
NOT_OPENED = Text("无法打开：{path}", "Cannot be opened: {path}")
ADOPT_PROMPT = Text(
    "粘贴执行 ID 或调试页的链接，回车认领（免费）", "paste an execution ID or its debug link, enter adopts (free)"
)
