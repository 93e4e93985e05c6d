"""The names of the screen's actions, in full and for a footer, and the words for their costs."""

from __future__ import annotations

from collections.abc import Mapping

from cozebatch.model.text import Text

ACTIONS: Mapping[str, Text] = {
    "filter": Text("筛选", "filter"),
    "clear": Text("返回或清除", "back or clear"),
    "open": Text("打开任务", "open the task"),
    "mark": Text("选中", "select"),
    **{f"sort{n}": Text(f"按第 {n} 列排序", f"sort by column {n}") for n in range(1, 10)},
    "retry": Text("重试", "retry"),
    "step_on": Text("下一步", "next"),
    "step_back": Text("上一步", "previous"),
    "demo": Text("看演示", "see the demo"),
    "start": Text("全部开始", "start all"),
    **{f"try{n}": Text(f"先试 {n} 个", f"try {n} first") for n in range(1, 10)},
    "tick": Text("勾选", "tick"),
    "reuse": Text("参数相同的：用 7 天内的结果，或再付费", "equal parameters: use results of 7 days, or pay again"),
    "leave": Text("退出", "leave"),
    "retry_all": Text("重试所有显示的失败任务", "retry everything failed that is shown"),
    "rerun": Text("重做", "rerun"),
    "cancel": Text("取消", "cancel"),
    "answer": Text("答复", "answer"),
    "adopt": Text("认领", "adopt"),
    "pause": Text("暂停或继续提交", "pause or resume submitting"),
    "allow": Text("付费上限和停止时间", "limit what is paid, and until when"),
    "coze_up": Text("扣子并发上限加 1", "raise the Coze limit by 1"),
    "coze_down": Text("扣子并发上限减 1", "lower the Coze limit by 1"),
    "synthesis_up": Text("合成并发上限加 1", "raise the synthesis limit by 1"),
    "synthesis_down": Text("合成并发上限减 1", "lower the synthesis limit by 1"),
    "timeline": Text("时间线", "timeline"),
    "zoom_in": Text("时间线：看得更短更细", "timeline: a shorter time, in finer steps"),
    "zoom_out": Text("时间线：看得更长", "timeline: a longer time"),
    "zoom_all": Text("时间线：看全部", "timeline: all of it"),
    "errors": Text("问题面板", "problem panel"),
    "log": Text("日志", "log"),
    "link": Text("打开调试页", "open the debug page"),
    "folder": Text("打开文件夹", "open the folder"),
    "background": Text("以后的批次在后台运行：开或关", "later batches in the background: on or off"),
    "copy": Text("复制", "copy"),
    "play": Text("播放成片", "play the film"),
    "edit": Text("改文案再做", "edit the script and run again"),
    "continue": Text("接着做其余任务", "go on with the rest"),
    "report": Text("网页报告", "report in the browser"),
    "previous": Text("上一个任务", "previous task"),
    "next": Text("下一个任务", "next task"),
    "page_up": Text("往上翻", "page up"),
    "page_down": Text("往下翻", "page down"),
    "follow": Text("跟随最新", "follow the newest"),
    "find": Text("查找", "find"),
    "find_next": Text("下一处", "next match"),
    "find_previous": Text("上一处", "previous match"),
    "wrap": Text("长行换行", "wrap long lines"),
    "only_marked": Text("只看选中的任务", "only the selected tasks"),
    "back": Text("返回", "back"),
    "help": Text("帮助", "help"),
    "quit": Text("退出", "quit"),
    "quit_always": Text("退出", "quit"),
    "interrupt": Text("退出", "quit"),
    "lang": Text("切换语言", "switch language"),
    "palette": Text("命令面板", "command palette"),
    "theme": Text("换主题", "choose a theme"),
    "maximize": Text("放大或还原当前部分", "make the focused part larger, or small again"),
    "screenshot": Text("把屏幕存成图片", "save the screen as a picture"),
}

SHORT: Mapping[str, Text] = {
    "clear": Text("清除", "clear"),
    "open": Text("详情", "open"),
    "pause": Text("暂停", "pause"),
    "rerun": Text("重做", "rerun"),
    "play": Text("播放", "play"),
    "edit": Text("改文案", "edit"),
    "errors": Text("问题", "problems"),
    "follow": Text("跟随", "follow"),
    "find_next": Text("下一处", "next"),
    "find_previous": Text("上一处", "previous"),
    "wrap": Text("换行", "wrap"),
    "only_marked": Text("只看选中", "only selected"),
    "link": Text("调试页", "debug page"),
    "folder": Text("文件夹", "folder"),
}
"""Shorter names for footers."""

FAMILIES: Mapping[str, Text] = {
    "sort": Text("按第 N 列排序", "sort by column N"),
    "try": Text("先试 N 个", "try N first"),
}

COSTS: Mapping[str, Text] = {
    "free": Text("（免费）", " (free)"),
    "paid": Text("（付费，先确认）", " (paid, asks first)"),
    "asks": Text("（先确认）", " (asks first)"),
    "may_cost": Text("（要付费时先确认）", " (asks if it costs)"),
}

SHORT_COSTS: Mapping[str, Text] = {"free": Text("·免费", " free"), "paid": Text("·付费", " paid")}
"""Behind a name in a footer."""

GROUPS: Mapping[str, Text] = {
    "tasks": Text("任务", "Tasks"),
    "batch": Text("批量处理", "Batch"),
    "view": Text("查看", "View"),
    "program": Text("程序", "Program"),
}
