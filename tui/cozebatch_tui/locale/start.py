"""Texts of the screen before a batch."""

from __future__ import annotations

from cozebatch.model.text import Text
from cozebatch.planning.planned import Action

TITLE = Text("开始之前", "before it begins")
CONTINUES = Text("接着做批次 {run_id}", "goes on with batch {run_id}")
NEW_BATCH = Text("新的批次", "a new batch")

COST = Text("要花的钱", "What it costs")
HOW = Text("怎么跑", "How it runs")
TASKS = Text("任务", "Tasks")

AMOUNTS: dict[Action, Text] = {
    Action.SUBMIT: Text("新的付费执行", "new, paid executions"),
    Action.WATCH: Text("上次还在执行：等结果，免费", "in flight: watched to their end (free)"),
    Action.FINISH: Text("上次已付费：复用结果，免费", "paid for already: results reused (free)"),
    Action.DELIVER: Text("只补写表格，免费", "write-backs to deliver (free)"),
    Action.HOLD: Text("待确认：可能已扣费", "held: may have been charged"),
    Action.SKIP: Text("跳过", "skipped"),
    Action.KEEP: Text("这一批里已结束", "ended in this batch already"),
}
WHAT: dict[Action, Text] = {
    Action.SUBMIT: Text("新的执行", "new execution"),
    Action.WATCH: Text("等上次的执行", "watch the execution in flight"),
    Action.FINISH: Text("用上次的结果", "use the result on disk"),
    Action.DELIVER: Text("补写表格", "write back"),
    Action.HOLD: Text("待确认", "held"),
    Action.SKIP: Text("跳过", "skip"),
    Action.KEEP: Text("已结束", "ended"),
}
EXPIRED = Text("再查一次（已过 7 天）", "check once more (past 7 days)")
WATCHED = Text("等结果", "watch it")
LAST_DAY = Text("{what}（今天到期）", "{what} (last day)")
DAYS_LEFT = Text("{what}（剩 {days} 天）", "{what} (days left: {days})")
PAID_BEFORE = Text("新的执行（7 天内付过）", "new (paid within 7 days)")
ASKED = Text("等你答复：已付费，答复后接着做", "waiting for your answer: paid for, free to go on")
ASKED_ONE = Text("等你答复", "waits for your answer")
COSTS = Text("约 {cost}", "about {cost}")
OWED = Text("{count} 条待写回的结果会补写", "{count} outcome(s) to be written back")

CONCURRENCY = Text("并发", "at once")
LIMITS = Text("扣子 {coze} · 合成 {synthesis}", "Coze {coze} · synthesis {synthesis}")
TAKES = Text("预计", "takes")
ABOUT = Text("约 {time}（以往每条 {each}）", "about {time} (so far {each} each)")
GUESS = Text("~{time}（按每条 {each} 估）", "~{time} (guessing {each} each)")
NOTHING_NEW = Text("没有新的执行", "no new executions")
FILMS = Text("成品", "films")
FREE_SPACE = Text("{folder}（余 {free}）", "{folder} ({free} free)")
NO_FILMS = Text("不做成片", "none are made")
CHECKS = Text("检查", "checks")
CHECKING = Text("正在检查，不花钱…", "checking, free of charge…")
FAILED = Text("不能开始", "Cannot begin")
WARNED = Text("注意", "note")

COLUMNS = {
    "tick": Text("选", "Run"),
    "id": Text("编号", "Id"),
    "title": Text("标题", "Title"),
    "account": Text("账号", "Account"),
    "what": Text("这次做什么", "What is done"),
    "cost": Text("费用", "Cost"),
}
PAID = Text("付费", "paid")
FREE = Text("免费", "free")
LEFT_OUT = Text("不跑（已去掉勾）", "left out")
TICKED = Text("选了 {count} 个付费", "{count} paid selected")
NO_TASKS = Text("没有任务。", "No tasks.")
FIND = Text("筛选：编号、标题、账号里的文字", "filter: text in id, title or account")

START = Text("{key} 全部开始 · 付费 {count} 次", "{key} start all · paid {count}")
START_FREE = Text("{key} 开始 · 免费", "{key} start · free")
TRY = Text("1 先试 1 个 · 付费 1 次", "1 try 1 first · paid 1")
REUSE = Text("{key} 用已有结果 · {count} 个免费", "{key} use results · {count} free")
PAY_AGAIN = Text("{key} 重新付费 · {count} 次", "{key} pay again · {count}")
LEAVE = Text("{key} 退出", "{key} leave")
WAITS = Text("检查通过后自动开始", "it begins once the checks have passed")
