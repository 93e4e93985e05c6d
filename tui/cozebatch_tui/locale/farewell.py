"""Texts that stay on the terminal when the screen is gone."""

from __future__ import annotations

from cozebatch.model.text import Text

COUNTS = Text("{total} 个任务：{parts}", "{total} task(s): {parts}")
UNFINISHED = Text("未完成 {count}", "unfinished {count}")
FILMS = Text("成品：{path}", "Films: {path}")
RESULTS = Text("结果：{path}", "Results: {path}")
LOG = Text("日志：{path}", "Log: {path}")
PAID = Text("付费执行 {paid} 次，tokens {tokens}", "{paid} paid execution(s), tokens {tokens}")
DEMO = Text(
    "这是演示，没有花钱；成片打开就能看。这次的结果：{report}",
    "A demo: nothing was charged. Its outcome: {report}",
)
NEXT = Text("下一步，用你自己的账号：{init}", "Next, with your own accounts: {init}")
GO_ON = Text("接着做（做完的不再付费）：{command}", "To go on (what is done is not paid again): {command}")
SET_UP = Text(
    "配置写好了，还没有花钱。以后这样启动：  {command}",
    "The configuration is written, nothing was charged. From now on start with:  {command}",
)
SET_UP_LATER = Text(
    "设置没做完，还没有写配置。再运行就接着做：  {command}",
    "The set-up is not finished, and no configuration was written. This goes on:  {command}",
)
