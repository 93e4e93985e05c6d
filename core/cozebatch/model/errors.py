"""What can go wrong with a task: the categories, the error value, and the exceptions that carry it.

    CozebatchError
    ├── StepError            one step of one task failed; carries an `ErrorInfo`
    ├── UsageError           the command, configuration or source is wrong; nothing was submitted (exit 2)
    └── JournalError         the state on disk cannot be written or read

Categories are those of docs/contract.md §6. `retry` decides what may be repeated.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Literal

from cozebatch.model.text import NOTHING, Lang, Text


class Category(StrEnum):
    THROTTLED = "throttled"
    NETWORK = "network"
    SERVER = "server"
    AUTH = "auth"
    QUOTA = "quota"
    INVALID_REQUEST = "invalid_request"
    CONTENT_REJECTED = "content_rejected"
    WORKFLOW_FAILED = "workflow_failed"
    WORKFLOW_INTERRUPTED = "workflow_interrupted"
    EXECUTION_LOST = "execution_lost"
    UNKNOWN_SUBMIT = "unknown_submit"
    BAD_OUTPUT = "bad_output"
    DOWNLOAD = "download"
    MEDIA = "media"
    DISK_FULL = "disk_full"
    DRAFT_FOLDER = "draft_folder"
    SYNTHESIS = "synthesis"
    SYNTHESIS_TIMEOUT = "synthesis_timeout"
    WORKER_CRASHED = "worker_crashed"
    WRITE_BACK = "write_back"
    SOURCE = "source"
    INTERNAL = "internal"


HINTS: Mapping[Category, Text] = {
    Category.THROTTLED: Text("程序会自动排队等待，无需处理。", "It queues by itself; nothing to do."),
    Category.NETWORK: Text(
        "检查网络、代理和防火墙，恢复后可以免费重试。",
        "Check network, proxy and firewall; once they work, you can retry for free.",
    ),
    Category.SERVER: Text(
        "扣子暂时出错，稍后再跑一次；持续出现就把 logid 发给扣子客服。",
        "Coze had a passing fault: run it again later. If it stays, give Coze support the logid.",
    ),
    Category.AUTH: Text(
        "令牌无效、过期（最长 30 天）或缺权限（run、listRunHistory、工作空间）。"
        "到扣子“API 管理 → 授权 → 个人访问令牌”检查，改好再跑一次。",
        "The token is invalid, expired (30 days at most) or lacks permissions: run, listRunHistory, the workspace. "
        "Check it on Coze's personal access token page, then run again.",
    ),
    Category.QUOTA: Text(
        "扣子额度或余额不足：充值或等额度恢复后，再运行同一命令。",
        "The Coze quota or balance is used up: top up or wait, then run the same command again.",
    ),
    Category.INVALID_REQUEST: Text(
        "检查工作流 ID、是否已发布、parameters 与输入是否一致，再跑一次。",
        "Check the workflow ID, its publication, and 'parameters' against its inputs. Then run it again.",
    ),
    Category.CONTENT_REJECTED: Text(
        "扣子没放行这段文案。改好文案，把表格里的状态改回去，再跑一次。",
        "Coze rejected the script. Edit it, set its status back, run again.",
    ),
    Category.WORKFLOW_FAILED: Text(
        "打开调试页看是哪个节点出错；付费重做会再扣一次费。",
        "Open the debug page to see which node failed; a paid rerun is charged again.",
    ),
    Category.WORKFLOW_INTERRUPTED: Text(
        "已经付过费。在任务里答复后接着做，不再扣费；不想每次都问，就在扣子里去掉这个节点。",
        "It is paid for. Answer it in the task, and it goes on, free. To be asked no more, remove the node in Coze.",
    ),
    Category.EXECUTION_LOST: Text(
        "扣子查不到这次执行，或它已超时。重试会再查一次（免费），付费重做会再扣一次费。",
        "Coze does not know this execution, or it ran too long. A retry checks again (free); a paid rerun is charged.",
    ),
    Category.UNKNOWN_SUBMIT: Text(
        "可能已扣费。到扣子查这次执行：有就认领（免费），没有再付费重做。",
        "It may have been charged. Look in Coze: adopt the execution (free), or rerun the task (paid) if there is "
        "none.",
    ),
    Category.BAD_OUTPUT: Text(
        "检查 outputs 的对应关系和工作流的结束节点，改好后可以免费重试。",
        "Check the 'outputs' mapping and the end node; once they are right, you can retry for free.",
    ),
    Category.DOWNLOAD: Text(
        "链接可能已过期。检查网络后可以免费重试。",
        "The link may have expired. Check the network; you can retry for free.",
    ),
    Category.MEDIA: Text(
        "打开素材链接看看：能播放就免费重试，不能就只能付费重做。",
        "Open the link: if it plays, retry for free; if not, only a paid rerun helps.",
    ),
    Category.DISK_FULL: Text(
        "清理磁盘后再运行同一命令，不会重复扣费。",
        "Make room, then run the same command again; nothing is charged twice.",
    ),
    Category.DRAFT_FOLDER: Text(
        "在剪映设置里看草稿位置，填进 draft_folder_path，再免费重试。",
        "JianYing's settings say where its drafts lie. Put that into draft_folder_path, then retry for free.",
    ),
    Category.SYNTHESIS: Text(
        "检查合成设置，改好后可以免费重试。", "Check the synthesis settings; then you can retry for free."
    ),
    Category.SYNTHESIS_TIMEOUT: Text(
        "把合成并发调小或加大 synthesis.timeout，再免费重试。",
        "Lower the synthesis concurrency or raise synthesis.timeout, then retry for free.",
    ),
    Category.WORKER_CRASHED: Text(
        "常因内存不足。把合成并发调小，再免费重试。",
        "Often it was out of memory. Lower the synthesis concurrency, then retry for free.",
    ),
    Category.WRITE_BACK: Text(
        "成品已做好，还没写回表格。下次启动自动补写。",
        "The film is made; only the table does not say so yet. The next start writes it back.",
    ),
    Category.SOURCE: Text("打开表格看看这条记录，改好再跑一次。", "Open the record, correct it, run again."),
    Category.INTERNAL: Text(
        "程序内部错误：请把日志文件发给开发者。", "An internal error: please send the log file to the developers."
    ),
}
"""What a person can do about a category, for errors without a hint of their own."""


Scope = Literal["task", "batch"]


@dataclass(frozen=True, slots=True)
class ErrorInfo:
    """One thing that went wrong, as it is shown, journaled and written into the results.

    `code` is the service's own code, if any; `logid` is the id that its support asks for. `hint` says what to do;
    if empty, the category's hint is used.
    """

    category: Category
    message: Text
    code: str | None = None
    logid: str | None = None
    hint: Text = NOTHING
    scope: Scope = "task"
    """`batch`: the configuration or the account is wrong, so every task would fail."""

    def __post_init__(self) -> None:
        if not self.hint:
            object.__setattr__(self, "hint", HINTS[self.category])

    def to_json(self, lang: Lang | None = None) -> dict[str, Any]:
        """JSON for a results file in the language `lang`; without `lang` in all languages, for the journal."""
        facts = {
            "category": self.category.value,
            "code": self.code,
            "message": self.message.in_(lang) if lang else self.message.to_json(),
            "logid": self.logid,
            "hint": self.hint.in_(lang) if lang else self.hint.to_json(),
        }
        return facts if lang or self.scope == "task" else {**facts, "scope": self.scope}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> ErrorInfo:
        return cls(
            category=Category(value["category"]),
            message=Text.from_json(value["message"]),
            code=value["code"],
            logid=value["logid"],
            hint=Text.from_json(value["hint"]),
            scope=value.get("scope", "task"),
        )

    def full_message(self, lang: Lang) -> str:
        """One line that says what happened, then what to do."""
        message, hint = self.message.in_(lang).strip(), self.hint.in_(lang)
        end = "" if message.endswith(tuple(".。!！?？…")) else "。" if lang == "zh" else "."
        return f"{message}{end}{'' if lang == 'zh' else ' '}{hint}" if hint else message

    def with_message(self, message: Text) -> ErrorInfo:
        """The same error with another message."""
        return replace(self, message=message)


class CozebatchError(Exception):
    """Base of every exception this package raises on purpose."""


class StepError(CozebatchError):
    """A step of one task failed. `retry_after` is the wait the other side asked for, in seconds."""

    def __init__(self, info: ErrorInfo, *, retry_after: float | None = None) -> None:
        super().__init__(f"{info.category}: {info.message.en}")
        self.info = info
        self.retry_after = retry_after


class LostClaimError(StepError):
    """Somebody else has the record, but a write of ours is still under way and may hide his mark: no mark of this claim
    may be taken for a claim that was won."""


class UsageError(CozebatchError):
    """The command, configuration or task source cannot be used as it is; nothing was submitted.

    Holds one or several complaints, so that a person can correct them all at once.
    """

    def __init__(self, *complaints: Text) -> None:
        super().__init__("\n".join(c.en for c in complaints))
        self.complaints = complaints


class JournalError(CozebatchError):
    """The journal cannot be written or read; `text` says what that means and what to do."""

    def __init__(self, text: Text) -> None:
        super().__init__(text.en)
        self.text = text


def unwrap(group: ExceptionGroup[Exception]) -> Exception:
    """Picks the one exception of a task group that is reported.

    If all are usage errors, they become one with all their complaints. Otherwise it is the first of this package's
    other exceptions or, if there is none, the first exception that is no usage error.
    """
    leaves = [unwrap(error) if isinstance(error, ExceptionGroup) else error for error in group.exceptions]
    worse = [error for error in leaves if not isinstance(error, UsageError)]
    if not worse:
        return UsageError(*(text for error in leaves if isinstance(error, UsageError) for text in error.complaints))
    return next((error for error in worse if isinstance(error, CozebatchError)), worse[0])


@contextmanager
def unwrapped_groups() -> Iterator[None]:
    """Raises what `unwrap` finds instead of an `ExceptionGroup`."""
    try:
        yield
    except ExceptionGroup as group:
        raise unwrap(group) from group
