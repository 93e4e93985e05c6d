"""Texts of the command palette, the theme picker and the help."""

from __future__ import annotations

from collections.abc import Mapping

from cozebatch.model.text import Text

TITLE = Text("命令", "Commands")
SEARCH = Text("输入几个字查找", "type to find a command")
NO_MATCH = Text("没有这样的命令", "No command matches")
PALETTE_KEYS = Text("↑ ↓ 选  回车 执行  Esc 关闭", "up down move  enter run  escape close")

THEME_TITLE = Text("主题", "Themes")
THEME_KEYS = Text("↑ ↓ 预览  回车 采用  Esc 还原", "up down preview  enter take  escape undo")
THEMES: Mapping[str, Text] = {
    "cozebatch-dark": Text("深色", "Dark"),
    "cozebatch-light": Text("浅色", "Light"),
    "high-contrast": Text("高对比度", "High contrast"),
    "colour-blind-dark": Text("色觉友好（深色）", "Colour-blind, dark"),
    "colour-blind-light": Text("色觉友好（浅色）", "Colour-blind, light"),
}

SCREENSHOT_SAVED = Text("屏幕已存为 {path}", "The screen is saved as {path}")
SCREENSHOT_FAILED = Text("屏幕存不下来：{reason}", "The screen could not be saved: {reason}")
NOTHING_TO_MAXIMIZE = Text("这里没有可以放大的部分", "nothing here can be made larger")

FILTER_TITLE = Text("筛选", "Filter")
FILTER_RULE = Text("空格隔开的条件要同时成立：", "All conditions, parted by blanks, must hold:")
FILTER_LINES: tuple[tuple[Text, Text], ...] = (
    (Text("词", "word"), Text("编号、标题、账号或问题里有这个词", "in id, title, account or problem")),
    (Text("status:失败", "status:failed"), Text("状态，中英文都可以", "the state, in English or Chinese")),
    (Text.same("account: id: title: error:"), Text("只在这一项里找", "only there")),
    (Text.same("coze>300"), Text("扣子用时超过 300 秒", "more than 300 seconds at Coze")),
    (Text.same("synthesis attempts tokens"), Text("同样可比：> >= < <= =", "likewise, with > >= < <= =")),
    (Text("!条件", "!condition"), Text("不成立", "must not hold")),
)

SIGNS_TITLE = Text("符号和颜色", "Signs and colours")
COLOURS: Mapping[str, Text] = {
    "stage-done": Text("绿色", "green"),
    "stage-film": Text("紫色", "violet"),
    "stage-coze": Text("蓝色", "blue"),
    "stage-waiting": Text("灰色", "grey"),
    "stage-failed": Text("红色", "red"),
    "stage-attention": Text("琥珀色", "amber"),
}
STAGES: Mapping[str, Text] = {
    "stage-done": Text("做完了", "finished"),
    "stage-film": Text("在本机合成", "made on this machine"),
    "stage-coze": Text("在扣子执行", "at Coze"),
    "stage-waiting": Text("还没开始，或不做", "not begun, or left out"),
    "stage-failed": Text("失败了", "went wrong"),
    "stage-attention": Text("要你处理，或扣子限流", "needs you, or Coze limits the rate"),
}

READER_TITLE = Text("读屏软件", "Screen readers")
READER = Text(
    "用 cozebatch-tui --no-ui 运行：一行一条消息，没有画面。",
    "Run cozebatch-tui --no-ui: one message a line, nothing is drawn.",
)

IN_BACKGROUND = Text(
    "以后从界面开始的批次在后台运行：关掉窗口，批次接着跑。",
    "Later batches that are started on the screen run in the background: they outlive its window.",
)
IN_WINDOW = Text("以后的批次随窗口一起结束。", "Later batches end with their window.")
