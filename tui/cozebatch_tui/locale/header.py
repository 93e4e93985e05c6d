"""Texts of the screen's header."""

from __future__ import annotations

from cozebatch.model.task import State
from cozebatch.model.text import Text

LIVE = Text("进行中", "running")
PAUSED = Text("已暂停", "paused")
DRAINING = Text("收尾中", "finishing")
ENDED = Text("已结束", "ended")
HELP = Text("帮助", "help")

PROGRESS = Text("进度", "Progress")
MONEY = Text("费用", "Cost")
LIMITS = Text("并发与速度", "Concurrency and pace")

COUNTED = {
    State.DONE: Text("完成", "done"),
    State.SYNTHESIZING: Text("合成", "synthesis"),
    State.RUNNING: Text("执行", "at Coze"),
    State.PENDING: Text("等待", "pending"),
    State.FAILED: Text("失败", "failed"),
    State.HELD: Text("待确认", "held"),
    State.SKIPPED: Text("跳过", "left out"),
}

ELAPSED = Text("用时", "elapsed")
LEFT = Text("约剩", "left")
ALL_ENDED = Text("全部结束", "all ended")
BOTTLENECK = {"coze": Text("卡在扣子", "waits for Coze"), "synthesis": Text("卡在合成", "waits for synthesis")}

PAID = Text("已付费 {n} 次", "paid {n}")
REUSED = Text("复用 {n}", "reused {n}")
TO_PAY = Text("还要付 {n} 次，不含重试", "to pay {n}, plus retries")
AT_MOST = Text("最多 {n}", "max {n}")
UNTIL = Text("到 {n}", "to {n}")
TO_PAY_BRIEF = Text("还要付 {n}", "to pay {n}")
COST = Text("约 {n}", "about {n}")
COST_BRIEF = Text.same("{n}")
TOKENS = Text("tokens {n}", "tokens {n}")
OWED = Text("待写回 {n}", "to write back {n}")

COZE = Text("扣子", "Coze ")
SYNTHESIS = Text("合成", "Synth")
THROTTLED = Text("限流", "rate limit")
WHY_FEWER = Text(
    "设定 {limit}；扣子限流时程序会自动减少，稍后再加回来", "Set to {limit}; fewer while Coze limits the rate"
)
REQUESTS = Text("查询", "checks")
A_SECOND = Text("{rate:.1f}/秒", "{rate:.1f}/s")
DONE = Text("完成", "Done ")
A_MINUTE = Text("{rate:.1f}/分", "{rate:.1f}/min")
PACE_LATER = Text("完成速度：满一分钟后显示", "Pace: after the first minute")
