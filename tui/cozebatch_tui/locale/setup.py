"""Texts of the set-up beside its questions (those are in `cozebatch.setup`), on the screen and of `init`."""

from __future__ import annotations

from cozebatch.model.text import Text

TITLE = Text("设置", "Set up")
PLACE = Text("{number} / {count}   {title}", "{number} / {count}   {title}")
NO_ACCOUNT = Text("没有账号？", "No account yet?")
SEE_DEMO = Text("先看演示", "see the demo")
LEAVE_FOR_DEMO = Text(
    "先看演示（免费）？设置停在这里，下次启动接着做；粘贴过的密钥要再粘贴一次。",
    "See the demo (free) first? The set-up stops here and goes on at the next start; secrets are pasted again.",
)
OPENING = Text("正在打开…", "Opening…")
LOOKING = Text("正在看，不花钱…", "Checking, free of charge…")
LOOKS_GOOD = Text("没有问题（没有花钱）。", "Nothing wrong (nothing was charged).")
NOT_ASKED = Text(
    "没有检查：环境变量里的密钥不会发往 {host}。先运行一次 check 并确认。",
    "Not checked: no secret from the environment is sent to {host}. Run check once and confirm it.",
)
RESUMED = Text(
    "上次没做完，已填好上次的答案（密钥除外）。",
    "An earlier set-up was not finished: its answers are filled in, without secrets.",
)
EXISTING = Text("已按 {path} 填好，回车就是不变。", "Filled in from {path}: Enter leaves an answer as it is.")
MENDED = Text("{path} 里有几处改过才能读：", "Put right to read {path}:")
UNREADABLE = Text(
    "{path} 读不了，里面的设置都没有采用；写入新的时，它会留作备份：",
    "{path} cannot be read, nothing of it is used; it is kept as a backup when the new one is written:",
)
FILTER_HINT = Text("输入几个字来找", "type to find")
PASTE_HINT = Text("输入几个字来找，或在这里粘贴", "type to find, or paste here")
TAKE_TYPED = Text("用输入的“{text}”", 'take "{text}" as typed')

WRITTEN = Text("已写入 {path}。", "Written to {path}.")
BACKED_UP = Text("原来的留作 {path}。", "The one before is kept as {path}.")
TRY_ONE = Text(
    "先试 1 个（付费 1 次），看过成片再全部开始。",
    "Try 1 first (1 paid execution), and start all once you have seen the film.",
)
SET_VARIABLES = Text("以后要先设置：{commands}", "From now on this has to be set: {commands}")

INTRO = Text(
    "一步一步生成配置，每个答案马上检查，不花钱。直接回车用方括号里的；输入 < 回到上一步；Ctrl-C 停下，下次接着做。",
    "Makes a configuration step by step; each answer is checked at once, free of charge. Enter takes what is in "
    "brackets, < goes back, Ctrl-C stops; the next start goes on.",
)
STEP = Text("── {number}/{count} {title}", "-- {number}/{count} {title}")
NUMBER = Text("编号", "number")
NUMBER_OR_TEXT = Text("编号，或直接输入", "number, or type it")
FOUND = Text("找到 {count} 个：", "Found {count}:")
MORE = Text("  … 还有 {count} 个，输入名称里的几个字来找", "  … {count} more: type a part of the name to find it")
CHOOSE = Text("请输入 1 到 {count} 的编号。", "Type a number from 1 to {count}.")
CHECKING = Text("检查：", "Check:")
WARNED = Text("可以用，但先看看上面的 warn。", "It can be used, but read the warnings above.")
NOT_IN_ORDER = Text(
    "有 fail 的地方：输入 < 回去改，或先写入再改。",
    "Something fails: type < to go back, or write it and mend it later.",
)
NEXT_CHECK = Text("检查：  {command}", "Check:  {command}")
NEXT_TRIAL = Text("先试 1 条（付费 1 次）：  {command}", "Try one row (1 paid execution):  {command}")
STOPPED = Text(
    "停下了，没有写配置。已回答的留着（密钥除外），再运行这个命令就接着做：\n  {command}",
    "Stopped; no configuration was written. The answers are kept (without secrets); this goes on:\n  {command}",
)
STOPPED_EMPTY = Text("停下了，什么都没有写。", "Stopped; nothing was written.")
