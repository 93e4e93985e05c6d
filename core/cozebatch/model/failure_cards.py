"""What a row of the table is told when its task failed: the cause, who can mend it, and the one thing to do.

People who write scripts read it, so that it holds no ids, keys, options or paths; these stand in the results file and
in the log. `CARDS` has a card for every category, `BY_CODE` for Coze's codes that say more (docs/coze.md).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType

from cozebatch.model.errors import Category, ErrorInfo
from cozebatch.model.sanitize import clean
from cozebatch.model.text import Lang, Text

MOST = 200
"""Characters of a row's sentence."""


class Who(Enum):
    """Who can mend it."""

    AUTHOR = Text("文案作者", "Script author")
    ADMIN = Text("表格管理员", "Table admin")
    OPERATOR = Text("操作员", "Operator")


@dataclass(frozen=True, slots=True)
class Card:
    """`quotes`: what the service said about it helps, and stands beside the cause."""

    cause: Text
    who: Who
    act: Text
    quotes: bool = False

    def cure(self, lang: Lang) -> str:
        """Who has what to do."""
        mark = "：" if lang == "zh" else ": "
        return f"{self.who.value.in_(lang)}{mark}{self.act.in_(lang)}"


_SET_BACK = Text("改好文案，把状态改回去，会再跑一次。", "correct the script and set the status back; it runs again.")
_LATER = Text("过一会儿再跑这条记录；总是这样就联系扣子客服。", "run the record again later; if it stays, ask Coze.")
_TO_COZE = Text("到扣子看是哪个节点出错，改好后付费重做。", "see in Coze which node failed; then rerun it (paid).")
_MAKE_AGAIN = Text("排除原因后免费重试，不再扣费。", "clear the cause, then retry for free.")

CARDS: Mapping[Category, Card] = MappingProxyType(
    {
        Category.THROTTLED: Card(Text("扣子一直在限流", "Coze kept limiting the rate"), Who.OPERATOR, _LATER),
        Category.NETWORK: Card(
            Text("网络不通，连不上扣子", "Coze could not be reached"),
            Who.OPERATOR,
            Text("检查网络，恢复后再跑这条记录。", "check the network, then run the record again."),
        ),
        Category.SERVER: Card(Text("扣子服务出错", "Coze had a fault"), Who.OPERATOR, _LATER),
        Category.AUTH: Card(
            Text("扣子不接受程序的令牌", "Coze refused the program's token"),
            Who.OPERATOR,
            Text("换一个有效、权限齐全的令牌，再跑一次。", "use a valid token with all permissions, then run again."),
        ),
        Category.QUOTA: Card(
            Text("扣子的额度或余额用完了", "The Coze quota or balance is used up"),
            Who.OPERATOR,
            Text("充值或等额度恢复，再跑一次。", "top up, or wait for the quota, then run again."),
        ),
        Category.INVALID_REQUEST: Card(
            Text("工作流不接受这条记录", "The workflow does not take this record"),
            Who.OPERATOR,
            Text("核对工作流的输入和这条记录的字段，再跑一次。", "compare its inputs with the record, then run again."),
            quotes=True,
        ),
        Category.CONTENT_REJECTED: Card(
            Text("文案没通过扣子的审核", "Coze rejected the script"), Who.AUTHOR, _SET_BACK, quotes=True
        ),
        Category.WORKFLOW_FAILED: Card(
            Text("工作流执行失败", "The workflow failed"), Who.OPERATOR, _TO_COZE, quotes=True
        ),
        Category.WORKFLOW_INTERRUPTED: Card(
            Text("工作流在等答复", "The workflow waits for an answer"),
            Who.OPERATOR,
            Text("在程序里答复后接着做，不再扣费。", "answer it in the program; it goes on for free."),
        ),
        Category.EXECUTION_LOST: Card(
            Text("扣子查不到这次执行，或执行超时", "Coze lost the execution, or it ran too long"),
            Who.OPERATOR,
            Text(
                "先免费重试，再查一次；还是没有才付费重做。",
                "retry (free) to check again; rerun (paid) only if it is gone.",
            ),
        ),
        Category.UNKNOWN_SUBMIT: Card(
            Text("提交结果不明，可能已扣费", "The submission is unclear and may have been charged"),
            Who.OPERATOR,
            Text(
                "到扣子查这次执行：有就认领（免费），没有再付费重做。",
                "look in Coze: adopt it (free) or rerun it (paid).",
            ),
        ),
        Category.BAD_OUTPUT: Card(
            Text("工作流的输出里没有要用的内容", "The workflow's output lacks what is needed"),
            Who.OPERATOR,
            Text("检查结束节点的输出，改好后免费重试。", "check what its end node gives, then retry for free."),
        ),
        Category.DOWNLOAD: Card(
            Text("扣子生成的素材没能下载", "The media that Coze made could not be downloaded"),
            Who.OPERATOR,
            Text("检查网络后免费重试，不再扣费。", "check the network, then retry for free."),
        ),
        Category.MEDIA: Card(
            Text("扣子生成的素材不能用", "The media that Coze made cannot be used"),
            Who.OPERATOR,
            Text(
                "打开素材看看：能播放就免费重试，不能就付费重做。",
                "open them: retry (free) if they play, else rerun (paid).",
            ),
        ),
        Category.DISK_FULL: Card(
            Text("做片的电脑磁盘已满", "The disk of the machine that makes films is full"),
            Who.OPERATOR,
            Text("清出空间后再跑一次，不再扣费。", "make room, then run again; nothing is charged twice."),
        ),
        Category.DRAFT_FOLDER: Card(
            Text("剪映的草稿文件夹不能用", "JianYing's draft folder cannot be used"),
            Who.OPERATOR,
            Text("把草稿位置设对，再免费重试。", "set the right place of its drafts, then retry for free."),
        ),
        Category.SYNTHESIS: Card(Text("成片没能合成", "The film could not be made"), Who.OPERATOR, _MAKE_AGAIN),
        Category.SYNTHESIS_TIMEOUT: Card(
            Text("合成超时", "Making the film took too long"),
            Who.OPERATOR,
            Text("把合成并发调小，再免费重试。", "make fewer films at once, then retry for free."),
        ),
        Category.WORKER_CRASHED: Card(
            Text("合成进程崩溃，多半是内存不足", "Making the film crashed, probably for want of memory"),
            Who.OPERATOR,
            Text("把合成并发调小，再免费重试。", "make fewer films at once, then retry for free."),
        ),
        Category.WRITE_BACK: Card(
            Text("成品已做好，没能写回表格", "The film is made; the table could not be written"),
            Who.ADMIN,
            Text(
                "检查应用的编辑权限和字段类型；下次启动自动补写。",
                "check the app's permission to edit, and the field types.",
            ),
        ),
        Category.SOURCE: Card(
            Text("这条记录不能用", "The record cannot be used"),
            Who.AUTHOR,
            Text(
                "改好这条记录，把状态改回去，会再跑一次。", "correct the record and set the status back; it runs again."
            ),
        ),
        Category.INTERNAL: Card(
            Text("程序内部错误", "An internal error of the program"),
            Who.OPERATOR,
            Text("把日志文件发给开发者。", "send the log file to the developers."),
        ),
    }
)

BY_CODE: Mapping[str, Card] = MappingProxyType(
    {
        "4010": Card(
            Text("文案太长", "The script is too long"),
            Who.AUTHOR,
            Text("缩短文案，把状态改回去，会再跑一次。", "shorten it and set the status back; it runs again."),
        ),
        "4014": Card(Text("模型处理不了这段文案", "The model cannot process this script"), Who.AUTHOR, _SET_BACK),
        "720702002": Card(
            Text("缺少工作流必需的内容", "Something that the workflow requires is empty"),
            Who.ADMIN,
            Text("填上这条记录的空字段，把状态改回去。", "fill in the record's empty field and set the status back."),
            quotes=True,
        ),
        "4102": Card(Text("扣子的风控拦截了这次调用", "Coze's risk control stopped it"), Who.OPERATOR, _LATER),
        "4013": Card(Text("工作流里的模型出错", "A model of the workflow failed"), Who.OPERATOR, _LATER),
        "720701001": Card(Text("工作流里的插件出错", "A plug-in of the workflow failed"), Who.OPERATOR, _LATER),
        "720701002": Card(Text("工作流里的插件超时", "A plug-in of the workflow took too long"), Who.OPERATOR, _LATER),
        "777777777": Card(
            Text("这次执行在扣子里被取消了", "The execution was cancelled in Coze"),
            Who.OPERATOR,
            Text("还需要的话，付费重做。", "rerun it (paid) if it is still wanted."),
        ),
    }
)
"""Cards of codes that say more than their category."""


def card_for(error: ErrorInfo) -> Card:
    """The card of what went wrong."""
    return BY_CODE.get(error.code or "", CARDS[error.category])


def row_sentence(error: ErrorInfo, lang: Lang) -> str:
    """What is written into the row: cause, who can mend it, what to do; at most `MOST` characters."""
    card = card_for(error)
    cure, stop = card.cure(lang), "。" if lang == "zh" else ". "
    room = MOST - len(cure) - len(stop)
    if error.category is Category.SOURCE and error.code not in BY_CODE:  # our own words, about the author's own cells
        cause = clean(" ".join(error.message.in_(lang).split()), room)
    else:
        cause = card.cause.in_(lang)
        said = plain_words(_quoted(error.message.in_(lang))) if card.quotes else ""
        if said and (most := room - len(cause) - 3) >= 10:
            shown = clean(said, most)
            cause += f"（{shown}）" if lang == "zh" else f" ({shown})"
    return f"{cause.rstrip('。. ')}{stop}{cure}"


_NO_WORDS = re.compile(
    r"https?://\S+"  # addresses
    r"|\b(?:log_?id|trace_?id|request_?id)\b\W*\S*"
    r"|(?<!\w)--[a-z][\w-]*"  # options
    r"|\b[A-Za-z]:\\\S*|(?<!\w)(?:/[\w.-]+){2,}"  # paths
    r"|\b\w*\d{6,}\w*\b|\b(?=[A-Za-z_]*\d)[A-Za-z0-9]{16,}\b"  # ids
    r"|\b[A-Za-z]\w*_\w+(?:\.\w+)*\b|\b[a-z]\w*(?:\.[a-z]\w*)+\b",  # keys
    re.IGNORECASE,
)


def plain_words(text: str) -> str:
    """A service's words without addresses, ids, keys, options and paths; empty where no words are left."""
    found = clean(" ".join(_NO_WORDS.sub(" ", clean(text)).split()))
    found = re.sub(r"[\[(（]\s*[\])）]", "", found).strip(" :：;；,，.。-=[]()（）")
    return found if any(c.isalpha() for c in found) else ""


def _quoted(message: str) -> str:
    """What the service itself said: it follows the first colon."""
    parts = re.split(r"：|: ", message, maxsplit=1)
    return parts[1] if len(parts) == 2 else ""
