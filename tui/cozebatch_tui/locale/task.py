"""Texts of one task's screen, and of the editor of its title and script."""

from __future__ import annotations

from collections.abc import Mapping

from cozebatch.model.text import Text

PLACE = Text("任务 {number}/{count}", "Task {number}/{count}")
COURSE = Text("经过", "Stages")
PROBLEM = Text("问题", "Problem")
FILES = Text("文件", "Files")
ATTENTION = Text("要你确认", "Needs you")
NOTE = Text("说明", "Note")

COZE = Text("扣子", "Coze")
DOWNLOAD = Text("下载", "Download")
SYNTHESIS = Text("合成", "Synthesis")
NOT_BEGUN = Text("未开始", "not begun")
TRIES = Text("失败 {count} 次", "{count} failed")
EXECUTIONS = Text("第 {count} 次执行", "execution {count}")
LASTING = Text("已 {time}", "{time} so far")
TOKENS = Text("tokens {count}", "{count} token(s)")

TABS: Mapping[str, Text] = {
    "script": Text("文案", "Script"),
    "sent": Text("发给扣子", "Sent"),
    "result": Text("扣子返回", "Result"),
    "submissions": Text("提交记录 {count}", "Submissions {count}"),
    "log": Text("日志 {count}", "Log {count}"),
}

SCRIPT_FACTS = Text("字数 {length}", "{length} character(s)")
VOICE = Text("音色 {value}", "voice {value}")
AVATAR = Text("数字人 {value}", "avatar {value}")
ACCOUNT = Text("账号 {value}", "account {value}")
TEMPLATE = Text("模板 {value}", "template {value}")
EDITED = Text("改过：来源里还是原来的文案", "Edited: the source still has the earlier script")
WAS_SENT = Text("{when} 发给扣子的参数", "The parameters sent to Coze at {when}")
WOULD_BE_SENT = Text("还没有提交；提交时会发这些参数", "Not submitted yet; these parameters would be sent")
NO_RESULT = Text("还没有结果", "no result yet")
NO_SUBMISSIONS = Text("还没有提交过", "nothing was submitted yet")
NO_LINES = Text("这次启动以来没有它的日志", "no line of it since this start")
MEDIA = Text("成品和素材", "Films and media")
WORDS = Text("文字", "Texts")
JSON = Text("完整内容（JSON）", "All of it (JSON)")
SECONDS = Text("{count} 秒", "{count} s")

EXECUTION_STATUS: Mapping[str, Text] = {
    "sent": Text("已提交，还没有返回", "sent, no response yet"),
    "refused": Text("被拒收，没有扣费", "refused, not charged"),
    "unanswered": Text("结果不明", "result unclear"),
    "running": Text("执行中", "running"),
    "succeeded": Text("成功", "succeeded"),
    "failed": Text("失败", "failed"),
    "interrupted": Text("停在问答节点", "stopped at a question"),
    "lost": Text("查不到了", "not found any more"),
    "cancelled": Text("已取消", "cancelled"),
    "reused": Text("复用别的任务付过费的执行，没有扣费", "reused another task's paid execution, not charged"),
}

FILM = Text("成片", "Film")
DRAFT = Text("草稿", "Draft")
DEBUG_PAGE = Text("调试页", "Debug page")
NONE_YET = Text("还没有", "none yet")

NOT_CHARGED = Text("没有执行过，没有扣费。", "Nothing was executed, nothing was charged.")
MAY_BE_CHARGED = Text("可能已经扣费。", "It may have been charged.")
CHARGED = Text(
    "已经付过费，结果保存在本机，不会再扣费。",
    "It was paid for; the result is on this machine, and nothing more is charged.",
)
CHARGED_AT_COZE = Text("已经付过费，结果还在扣子。", "It was paid for; the result is still with Coze.")
FAILED_AT_COZE = Text("扣子执行过，可能已经扣费。", "Coze executed it and may have charged it.")
HELD = Text(
    "到扣子查 {when} 的这次执行：有就认领，没有就付费重做，或放弃。",
    "Look in Coze for the execution of {when}: adopt it if it is there, else rerun it, or give it up.",
)

RETRY_FREE = Text("重试·免费", "retry, free")
RETRY_PAID = Text("重试·付费 1 次", "retry, paid 1")
RERUN = Text("付费重做·1 次", "paid rerun, 1")
ADOPT = Text("认领·免费", "adopt, free")
GIVE_UP = Text("放弃·免费", "give up, free")
EDIT = Text("改文案·付费 1 次", "edit, paid 1")

EDIT_TITLE = Text("改文案再做·付费 1 次", "Edit and run again, paid 1")
TITLE = Text("标题", "Title")
SCRIPT = Text("文案", "Script")
CHANGES = Text("和来源相比", "Against the source")
UNCHANGED = Text("还没有改动", "nothing changed yet")
CONTINUE = Text("下一步", "Continue")
LEAVE = Text("不改了", "Cancel")
PRESS_AGAIN = Text("改动还没有提交，再按一次 {key} 放弃", "The changes are not submitted; {key} again drops them")
CONFIRM_EDIT = Text(
    "用改过的文案重做“{title}”？\n新的付费执行：1 次",
    'Run "{title}" again with the edited script?\nNew paid executions: 1',
)
CONFIRM_EDIT_HELD = Text(
    "以前提交的那次可能已经扣费，也可能还在执行。",
    "The earlier submission may have been charged, and may still be running.",
)
CONFIRM_EDIT_FILM = Text("它已经有成品；会再做一部，旧的保留。", "It has a film already; the old one is kept.")
WRITE_BACK = Text("同时写回飞书的这条记录", "write it into the Feishu record, too")
CONFIRM_WRITE_BACK = Text(
    "飞书里这条记录的标题和文案也会改。", "Title and script of its Feishu record are changed, too."
)
EDIT_DONE = Text("已用改过的文案提交", "runs again with the edited script")
NOT_ENDED = Text("任务还在进行，结束后才能改文案", "the task has not ended; its script can be edited then")
COSTS_ABOUT = Text("费用约 {cost}", "Cost: about {cost}")
