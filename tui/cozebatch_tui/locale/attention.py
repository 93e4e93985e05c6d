"""Texts of the attention strip and of the problems behind it."""

from __future__ import annotations

from cozebatch.model.text import Text

NOTHING = Text("没有需要你处理的问题", "nothing needs you")
FAILED = Text("失败", "failed")
HELD = Text("待确认", "held")
ATTEND = Text("处理", "problems")
MADE = Text("{count} 个任务完成", "{count} done")
TRIED = Text("试跑结束，完成 {done} 个 · 还有 {rest} 个", "trial ended, {done} done · {rest} to go")
CONTINUE = Text("接着做 · 付费 {count} 次", "go on · paid {count}")
PLAY = Text("播放", "play")
FOLDER = Text("打开文件夹", "folder")
REPORT = Text("网页报告", "report")
QUIT = Text("退出", "quit")

PROBLEMS = Text("问题 {count}", "Problems {count}")
NO_PROBLEMS = Text("没有问题。", "No problems.")
MOVE = Text("↑ ↓ 选  回车 展开  {key_errors} 收起", "up/down choose  enter unfold  {key_errors} close")
RETRY = Text("重试 · 免费 {count}", "retry · free {count}")
RERUN = Text("重做 · 付费 {count}", "rerun · paid {count}")
ONLY = Text("只看", "only these")
