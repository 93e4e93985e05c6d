"""Texts of the screen in a browser."""

from __future__ import annotations

from cozebatch.model.text import Text

SERVING = Text(
    "在浏览器里打开（只能用一次）：{url}\n只有这台机器能打开。别的机器：ssh -L {port}:127.0.0.1:{port} 到这里。\n"
    "按 Ctrl-C 结束，批次照常运行。",
    "Open in a browser (works once): {url}\nOnly this machine can open it. From another one: ssh -L "
    "{port}:127.0.0.1:{port} to here. Ctrl-C ends it; the batch goes on.",
)
NEXT_LINK = Text("再开一个浏览器：{url}", "For another browser: {url}")
PORT_TAKEN = Text(
    "端口 {port} 用不了（{reason}）：换一个 --port。", "Port {port} cannot be used ({reason}): choose another --port."
)
NO_COOKIE = Text(
    "链接无效或已经用过。用终端里最新的链接打开。",
    "This link is wrong or was used. Open the latest one from the terminal.",
)
TOO_MANY = Text("已经开了 {most} 个标签页，关掉一个再开。", "{most} tabs are open already: close one first.")
CLOSED = Text("界面已关闭，批次照常运行。", "The screen is closed; the batch goes on.")
AGAIN = Text("重新打开", "Open it again")
MISSING = Text(
    "缺少 {name}，网页界面用不了。重新安装 cozebatch-tui 即可。",
    "{name} is missing, so there is no web screen. Install cozebatch-tui again.",
)
NOT_LIKE_THIS = Text(
    "在网页里看批次：先用 cozebatch-tui --detach 启动，再用 cozebatch-tui serve。没有提交任何任务。",
    "To see a batch in a browser, start it with cozebatch-tui --detach. Then use cozebatch-tui serve. Nothing was "
    "submitted.",
)
ON_THE_ENGINES_MACHINE = Text(
    "文件在运行批次的机器上：{path}", "The file is on the machine that runs the batch: {path}"
)
