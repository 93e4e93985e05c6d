"""Messages about a record that could not be claimed: one for each reason, with what to do."""

from __future__ import annotations

from cozebatch.feishu.codes import Kind
from cozebatch.feishu.sdk import FeishuError
from cozebatch.model.errors import Category, ErrorInfo, StepError
from cozebatch.model.text import Text


def refused(error: FeishuError) -> StepError:
    """It could not be found out who has the record."""
    categories = {
        Kind.THROTTLED: Category.THROTTLED,
        Kind.CONFLICT: Category.THROTTLED,
        Kind.NOT_READY: Category.SERVER,
        Kind.NETWORK: Category.NETWORK,
        Kind.SERVER: Category.SERVER,
    }
    category = categories.get(error.kind, Category.SOURCE)
    message = Text(f"没能占用这条记录：{error.text.zh}", f"the record could not be claimed: {error.text.en}")
    info = ErrorInfo(category, message, code=error.code, logid=error.logid, hint=error.meaning.hint)
    return StepError(info, retry_after=error.retry_after)


def taken(status: str | None) -> ErrorInfo:
    """Somebody else has it, or it is no longer ready; None: it was not found."""
    if status is None:
        return ErrorInfo(
            Category.SOURCE,
            Text("这条记录已被删除，或状态已改变", "the record is gone, or its status was changed"),
            hint=Text("没有扣费，无需处理。", "Nothing to do; nothing was charged."),
        )
    shown = status if len(status) <= 40 else status[:40] + "…"
    return ErrorInfo(
        Category.SOURCE,
        Text(
            f"这条记录的状态已是“{shown}”，可能有别人正在处理",
            f"the record's status is '{shown}' by now: somebody else may be working on it",
        ),
        hint=Text(
            "没有扣费。确认没人在做，把状态改回筛选条件里的值，再跑一次。",
            "Not charged. If nobody is on it, set its status back to a value of the filter and run again.",
        ),
    )


def hiding() -> ErrorInfo:
    """Somebody else had it, our write came later and hides what he wrote, and that could not be undone."""
    return ErrorInfo(
        Category.SOURCE,
        Text(
            "这条记录由别人处理，我们迟到的标记盖住了对方写下的内容，没能改回",
            "somebody else has this record; our late mark hides what they wrote, and could not be undone",
        ),
        hint=Text(
            "没有提交，没有扣费。请看一下表格里这条记录，按对方的结果改好状态。",
            "Nothing was submitted or charged. Look at the record and correct its status by the other's outcome.",
        ),
    )


def late_mark() -> StepError:
    """The record bears our mark of a claim that was lost. It may hide the mark of somebody who won, or hide nothing, if
    the record was set back before it arrived: the table does not tell."""
    return StepError(
        ErrorInfo(
            Category.SOURCE,
            Text(
                "这条记录留着本机一个迟到的标记，不确定有没有盖住别人的；没有提交，没有扣费",
                "the record bears a late mark of ours that may hide somebody else's; nothing was submitted or charged",
            ),
            hint=Text(
                "确认没人在做这条记录，把状态改回筛选条件里的值，再跑一次。",
                "If nobody is on it, set its status back to a value of the filter and run again.",
            ),
        )
    )


def unsettled() -> StepError:
    """Feishu was too slow to tell whose mark counts: not paid, and not given up either."""
    return StepError(
        ErrorInfo(
            Category.SOURCE,
            Text(
                "飞书太慢，不确定谁在做这条记录；没有提交，没有扣费",
                "Feishu is too slow to tell who has this record; nothing was submitted or charged",
            ),
            hint=Text(
                "下次启动会自动重试。一直这样：确认没人在做，把状态改回筛选条件里的值，再跑一次。",
                "The next start tries again. If it stays so, and nobody is on it: set its status back to a value of "
                "the filter and run again.",
            ),
        )
    )
