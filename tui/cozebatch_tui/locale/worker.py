"""Texts of `worker`, which lends this machine to a cluster."""

from __future__ import annotations

from cozebatch.model.text import Text

MISSING = Text(
    "缺少 {name}，不能当合成机器。安装：pip install 'cozebatch-tui[cluster]'",
    "{name} is missing, so this machine cannot make films for others. Install it: pip install 'cozebatch-tui[cluster]'",
)
WRONG_ADDRESS = Text("{address}：{why}。", "{address}: {why}.")
NO_SHARE = Text(
    "共享文件夹在这台机器上的位置没有写，或不是文件夹：{share}。用 --share 写明，或设置环境变量 COZEBATCH_SHARE。",
    "Where this machine sees the shared folder was not said, or it is no folder: {share}. Give --share, or set "
    "COZEBATCH_SHARE.",
)
STARTED = Text(
    "已连上 {address}，同时合成 {films} 个。按 Ctrl-C 结束。",
    "Connected to {address}; films at once: {films}. Ctrl-C ends it.",
)
NOT_REACHED = Text(
    "连不上 {address}（{why}），会一直重试。", "{address} cannot be reached ({why}); it is tried again and again."
)
LOST = Text("和 {address} 断开了，会自动重连。", "The connection to {address} is lost; it is made again.")
ENDED = Text("已结束，没做完的成片由别的机器接着做。", "Ended. Other machines make what was not finished.")
