"""Texts of detached batches and of screens that look at one from elsewhere."""

from __future__ import annotations

from cozebatch.model.text import Text

NO_BATCH = Text("{folder} 里没有正在运行的批次。", "No batch runs in {folder}.")
STALE = Text(
    "{folder} 里的批次已经不在了（进程 {pid}）。下次启动就接着做，做完的不再扣费。",
    "The batch in {folder} is gone (process {pid}). The next start goes on; what is done is not charged again.",
)
FOREIGN = Text("{path} 是别的用户的文件，没有连接。", "{path} belongs to another user; it was not used.")
DAMAGED = Text(
    "{path} 无法读取，没有连接。批次仍在跑的话，等它结束再看 cozebatch-tui report。",
    "{path} cannot be read; nothing was connected. If the batch still runs, wait for its end and see "
    "cozebatch-tui report.",
)
OTHER_VERSION = Text(
    "版本不同，连不上：批次是 {theirs}（协议 {their_protocol}），这里是 {ours}（协议 {our_protocol}）。请用同一版本。",
    "Cannot connect: the batch has version {theirs} (protocol {their_protocol}), this command {ours} (protocol "
    "{our_protocol}). Use the same version.",
)
FULL = Text(
    "这个批次已经连了 {most} 个界面，关掉一个再连。",
    "{most} screens are attached already: close one, then attach again.",
)
NOT_SERVED = Text(
    "别的界面连不上这个批次：{reason}。批次照常运行。",
    "Other screens cannot attach to this batch: {reason}. It runs all the same.",
)
NOT_PRIVATE = Text("状态文件夹不能只限本人读取", "its state folder cannot keep a file private")
CONNECTING = Text("正在连接批次…", "Attaching to the batch…")
CONNECTION_LOST = Text(
    "和批次的连接断了，不确定这次操作有没有执行。请看清状态再操作。",
    "The connection to the batch is lost; it is not known whether this was done. Look at the state before you repeat "
    "it.",
)
NO_ANSWER = Text(
    "批次一直没有回应，没有连上。批次照常运行，稍后再连。",
    "The batch did not respond, so nothing was attached. It runs all the same: try again later.",
)

LEAVE = Text(
    "批次在后台运行，还有 {flight} 个在扣子执行、{synthesis} 个没合成完。\n"
    "离开界面，批次接着跑；停止批次，已提交的不会丢，下次启动接着做（免费）。",
    "The batch runs in the background: {flight} at Coze, {synthesis} film(s) unfinished.\n"
    "Leave the screen and it goes on; stop it and nothing is lost: the next start goes on from there (free).",
)
LEAVE_DEMO = Text(
    "演示在后台运行，还有 {flight} 个在模拟的扣子上、{synthesis} 个没合成完。\n"
    "离开界面，演示接着跑；停止就到此为止，没有花钱。",
    "The demo runs in the background: {flight} at the simulated Coze, {synthesis} film(s) unfinished.\n"
    "Leave the screen and it goes on; stop it and it ends here. Nothing was charged.",
)
DETACH = Text("离开 (d)", "Detach (d)")
STOP = Text("停止批次 (s)", "Stop it (s)")
STAY = Text("返回 (esc)", "Stay (esc)")
ENDED = Text("批次已结束。", "The batch has ended.")
LOST = Text(
    "和批次的连接断了，批次的进程已经不在。显示的是最后的状态；下次启动就接着做，做完的不再扣费。",
    "The connection is lost: the batch's process is gone. What is shown is its last known state. The next start "
    "goes on; what is done is not charged again.",
)
SEEN = Text("知道了", "OK")
GOES_ON = Text("批次还在后台运行。再看：{command}", "The batch goes on in the background. To look again: {command}")
STOPPING_UNKNOWN = Text("已要求批次停止，还没等到它结束。", "The batch was asked to stop; its end was not seen yet.")

STARTING = Text("正在后台启动批次…", "Starting the batch in the background…")
DETACHED = Text(
    "批次已在后台运行（进程 {pid}）。\n看界面：{command}\n输出：{output}",
    "The batch runs in the background (process {pid}).\nTo see its screen: {command}\nIts output: {output}",
)
AGREE = Text("付费执行 {count} 次（不含重试）。", "{count} paid execution(s), retries aside.")
FAILED_TO_START = Text("后台进程没能启动：{reason}", "The background process did not start: {reason}")
MORE_THAN_AGREED = Text(
    "任务来源变了：要付费 {count} 次，确认的是 {agreed} 次。什么都没有提交，请再运行一次。",
    "The source has changed: {count} paid execution(s) instead of the {agreed} confirmed. Nothing was submitted; run "
    "it again.",
)
NO_HANDOVER = Text(
    "没有收到启动后台批次的说明，什么都没有提交。",
    "What the background batch is to do did not arrive; nothing was submitted.",
)
NEEDS_TERMINAL = Text("cozebatch-tui attach 要在终端里运行。", "cozebatch-tui attach needs a terminal.")
