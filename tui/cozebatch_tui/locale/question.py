"""Texts about a workflow's question and its answer."""

from __future__ import annotations

from collections.abc import Mapping

from cozebatch.model.text import Text

TITLE = Text("答复工作流·免费", "Answer the workflow, free")
ASKS = Text("工作流问", "The workflow asks")
ANSWER = Text("答复", "Answer")
SEND = Text("发送", "Send")
LEAVE = Text("先不答", "Not now")
REQUIRED = Text("必填", "required")
OPTIONAL = Text("可不填", "optional")
LIST = Text("每行一个", "one a line")
FILE = Text("文件：填路径或网址", "a file: its path or URL")
OPTIONS = Text("可选：{options}", "choices: {options}")
MANY = Text("、", ", ")
KINDS: Mapping[str, Text] = {
    "integer": Text("整数", "a whole number"),
    "int": Text("整数", "a whole number"),
    "number": Text("数字", "a number"),
    "float": Text("数字", "a number"),
    "boolean": Text("是或否", "yes or no"),
    "image": Text("图片", "an image"),
    "video": Text("视频", "a film"),
    "audio": Text("音频", "a sound"),
    "voice": Text("音频", "a sound"),
}
"""Types that people have a word for; text needs none."""
YES_NO = (Text("是", "yes"), Text("否", "no"))
NOT_SHOWN = Text("（没有附文字）", "(it says nothing)")

ANSWERED = Text("答复已存盘，正在发给扣子", "the answer is on disk and is being sent to Coze")
NOTHING_ASKED = Text("这个任务没有在等你答复", "this task waits for no answer")
NOT_KNOWN_YET = Text("问了什么还没查到，稍后再答", "what it asks is not known yet; answer it in a moment")

WAITING = Text(
    "已经付过费，正等你答复；答复后接着做，不再扣费。",
    "It is paid for and waits for your answer; then it goes on, free.",
)
QUESTIONS = Text("{count} 个等你答复", "waiting for your answer: {count}")
LOOK_AGAIN = Text("再查一次·免费", "check again, free")
ANSWER_FREE = Text("答复·免费", "answer, free")

ASKED_AT = Text("{when} 问：", "asked at {when}: ")
ANSWERED_AT = Text("{when} {who} 答：", "answered at {when} by {who}: ")
SOMEBODY = Text("有人", "somebody")
STATUS: Mapping[str, Text] = {
    "open": Text("等你答复", "waits for your answer"),
    "given": Text("已存盘，还没发出", "on disk, not sent yet"),
    "sent": Text("已发出，扣子还没确认", "sent, not confirmed by Coze yet"),
    "taken": Text("扣子已收到", "taken by Coze"),
    "refused": Text("扣子没有接受", "refused by Coze"),
    "elsewhere": Text("在别处答复了", "answered elsewhere"),
}
"""What became of an answer."""
