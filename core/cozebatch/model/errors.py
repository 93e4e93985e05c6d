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
    Category.THROTTLED: Text(
        "Coze 限流，程序会自动排队等待，无需处理。", "Coze is limiting the rate; it queues by itself, nothing to do."
    ),
    Category.NETWORK: Text("请检查网络、代理和防火墙，恢复后重试。", "Check network, proxy and firewall, then retry."),
    Category.SERVER: Text(
        "Coze 服务暂时出错，稍后重试；持续出现请带上 logid 联系 Coze。",
        "Coze had a passing fault; retry later. If it stays, give Coze support the logid.",
    ),
    Category.AUTH: Text(
        "请检查 Coze token 是否有效、是否有 run 和 listRunHistory 权限，改好后重新运行同一命令。",
        "Check that the Coze token is valid and may 'run' and 'listRunHistory', then run the same command again.",
    ),
    Category.QUOTA: Text(
        "Coze 额度或余额不足：充值或等额度恢复后，重新运行同一命令。",
        "The Coze quota or balance is used up: top up or wait, then run the same command again.",
    ),
    Category.INVALID_REQUEST: Text(
        "请检查工作流 ID 是否已发布、parameters 与工作流输入是否一致。",
        "Check that the workflow is published and that 'parameters' matches its inputs.",
    ),
    Category.CONTENT_REJECTED: Text(
        "文案被 Coze 判为不合规，请修改文案后再跑。", "Coze refused this text; change the script and run it again."
    ),
    Category.WORKFLOW_FAILED: Text(
        "工作流运行失败：打开调试链接查看出错节点；重跑会再次计费。",
        "The workflow failed: open the debug link to see which node; a rerun costs again.",
    ),
    Category.WORKFLOW_INTERRUPTED: Text(
        "工作流在等人回答：批量运行不支持交互节点，请在 Coze 中去掉或处理后重试（免费）。",
        "The workflow waits for a person: take interactive nodes out, or answer in Coze and retry (free look).",
    ),
    Category.EXECUTION_LOST: Text(
        "Coze 查不到这次执行或它已超时：重试会免费再查一次；重跑会再次计费。",
        "Coze no longer knows this execution, or it ran too long: retry looks again (free); a rerun costs again.",
    ),
    Category.UNKNOWN_SUBMIT: Text(
        "请求已发出但没收到明确回答，可能已计费：到 Coze 后台查看，有执行就认领（免费），没有再重跑（付费）。",
        "The request went out but was not clearly answered, it may have been charged: look in Coze, then adopt the "
        "execution if there is one (free), or run the task again if there is none (paid).",
    ),
    Category.BAD_OUTPUT: Text(
        "工作流输出里没有需要的内容：检查 outputs 映射和工作流结束节点，改好后重试（免费）。",
        "The workflow's output lacks what is needed: check the 'outputs' mapping and the end node, then retry (free).",
    ),
    Category.DOWNLOAD: Text(
        "素材下载失败：链接可能已过期，检查网络后重试（免费）。",
        "The media could not be fetched: the link may have expired; check the network and retry (free).",
    ),
    Category.MEDIA: Text(
        "素材无法使用：打开链接确认视频和声音正常。", "The media cannot be used: open the link and look at it."
    ),
    Category.DISK_FULL: Text(
        "磁盘空间不足：清理后重新运行同一命令。", "The disk is full: make room, then run the same command again."
    ),
    Category.DRAFT_FOLDER: Text(
        "剪映草稿文件夹不可用：检查 draft_folder_path 是否存在且可写。",
        "The JianYing draft folder cannot be used: check that draft_folder_path exists and is writable.",
    ),
    Category.SYNTHESIS: Text(
        "合成失败：检查合成设置，改好后重试（免费）。", "Synthesis failed: check its settings, then retry (free)."
    ),
    Category.SYNTHESIS_TIMEOUT: Text(
        "合成超时：减少同时合成数或加大 synthesis.timeout，再重试（免费）。",
        "Synthesis took too long: use fewer workers or a larger synthesis.timeout, then retry (free).",
    ),
    Category.WORKER_CRASHED: Text(
        "合成进程意外退出（常因内存不足）：减少同时合成数，再重试（免费）。",
        "The synthesis process died (often out of memory): use fewer workers, then retry (free).",
    ),
    Category.WRITE_BACK: Text(
        "影片已完成，只是没能写回表格：下次启动会自动补写。",
        "The film is finished; only the table was not updated. The next start delivers it.",
    ),
    Category.SOURCE: Text("请检查任务来源中的这一行。", "Check this row in the task source."),
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
