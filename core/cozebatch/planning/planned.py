"""What a plan is made of: the actions, the operator's overrides, and the reasons that tasks are held or skipped for."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Literal

from cozebatch.model.errors import Category, ErrorInfo
from cozebatch.model.rows import Row
from cozebatch.model.task import Task
from cozebatch.model.text import Text
from cozebatch.model.value_class import valueclass
from cozebatch.ports import StoredInput


class Action(StrEnum):
    SUBMIT = "submit"
    """A new, paid execution."""
    WATCH = "watch"
    """Adopt the execution in flight."""
    FINISH = "finish"
    """Make the film from Coze's result on disk."""
    DELIVER = "deliver"
    """The film exists; only the write-back is owed."""
    HOLD = "hold"
    SKIP = "skip"
    KEEP = "keep"
    """It ended in this run already."""


@valueclass(frozen=True, slots=True)
class Planned:
    """One task of the run: its `row`, as it is or will be on disk, and the `action` that comes next.

    `made`: the row; or the position of a row that says no more than `task` does. Such a row is made when it is asked
    for, since most of 100,000 tasks have one, and their texts are in memory too while they are planned.
    """

    task: Task | StoredInput
    made: Row | int
    action: Action
    error: ErrorInfo | None = None
    note: Text | None = None
    recognized: bool = False
    """By its parameters: what is used for it was paid for as another row."""
    on_disk: bool = False
    """Task and row are stored in this run as they are here."""

    @property
    def task_id(self) -> str:
        return self.task.task_id if isinstance(self.task, Task) else self.row.task_id

    @property
    def row(self) -> Row:
        if not isinstance(self.made, int):
            return self.made
        assert isinstance(self.task, Task)
        return new_row(self.task, self.made)

    @property
    def position(self) -> int:
        return self.made if isinstance(self.made, int) else self.made.position

    def numbered_from(self, submissions: int) -> Planned:
        """The same, with so many submissions that count before the next one."""
        return replace(self, made=replace(self.row, submissions=submissions), on_disk=False)


def new_row(task: Task, position: int, project_name: str | None = None) -> Row:
    """The row of a task for which nothing was done yet; `project_name`: another than the task's."""
    return Row(
        task_id=task.task_id,
        position=position,
        title=task.title,
        account_id=task.account_id,
        project_name=task.project_name if project_name is None else project_name,
        record_id=task.record_id,
        fingerprint=task.fingerprint(),
        edited=task.edited,
    )


@dataclass(frozen=True, slots=True)
class OperatorOverrides:
    """The operator's options about earlier work (docs/contract.md §1)."""

    fresh: bool = False
    rerun: frozenset[str] = frozenset()
    adopt: Mapping[str, str] = field(default_factory=dict)
    on_unknown_submit: Literal["hold", "resubmit"] = "hold"
    max_retries: int = 3
    answered: frozenset[str] = frozenset()
    """Tasks whose question is answered."""

    def may_resubmit(self, started: int) -> bool:
        """Whether a submission that went unanswered is sent again, after `started` executions of the task."""
        return self.on_unknown_submit == "resubmit" and started < 1 + self.max_retries


CRASHED_WHILE_SENDING = ErrorInfo(
    Category.UNKNOWN_SUBMIT,
    Text(
        "上次在发出请求后、收到返回前中断。",
        "An earlier run ended after the request was sent, before the response came.",
    ),
)
WAITS = ErrorInfo(
    Category.WORKFLOW_INTERRUPTED,
    Text("工作流在等你答复。", "The workflow waits for your answer."),
)
JOURNAL_INCOMPLETE = ErrorInfo(
    Category.UNKNOWN_SUBMIT,
    Text(
        "状态文件曾损坏，查不到这个任务是否已经付费执行。",
        "The state file was damaged: whether this task was paid for already is not known.",
    ),
)
RESULTS_KEPT = 7 * 86400.0
"""Seconds for which Coze keeps the result of an execution (reference: workflow run histories)."""
EXPIRED = ErrorInfo(
    Category.EXECUTION_LOST,
    Text(
        "这次执行提交于 7 天以前，扣子只保留 7 天，已查不到结果。",
        "This execution was submitted more than 7 days ago; Coze keeps results for 7 days and does not have it now.",
    ),
)
NO_CONTENT = Text("没有文案（content 为空）。", "It has no script (content is empty).")
DONE_EARLIER = Text("同样的内容已在以前的批次里完成。", "It was finished by an earlier run with the same input.")
DONE_AS_EDITED = Text(
    "已用在这里改过的文案做好；来源里还是原来的文案。要再做一次，改来源里的文案，或付费重做。",
    "It was finished with the script edited here; the source still has the earlier one. Change it there, or rerun it "
    "(paid), to make it again.",
)
DONE_AS_ANOTHER = Text(
    "同样的参数已在别的任务或文件里完成，不再付费。",
    "The same parameters were finished as another task or in another file: not paid again.",
)
SHOWN_AS_OURS = Text(
    "表格里的状态是本程序写的，没有改回；要再做一次，把状态改回去，或付费重做。",
    "Its status in the table is the one that was written for it; set it back, or rerun it (paid), to make it again.",
)
RESULT_GONE = Text(
    "只改了不发送给扣子的内容，但以前的结果已清理；要再做一次，请付费重做。",
    "Only what is not sent to Coze was changed, and the earlier result is gone; a rerun (paid) makes it again.",
)
FAILURE_OWED = Text(
    "上次失败的原因还没写回表格；写回后把状态改回去，再跑一次。",
    "It failed, and the table does not say so yet; once it does, set the status back to run it again.",
)
DONE_AS_IMPORTED = Text(
    "导入的记录或日志显示它已完成；要再做一次，请付费重做。",
    "Imported results or a log say that it was finished; a rerun (paid) has it made again.",
)
GONE = Text("任务来源里已没有这个任务。", "The source no longer has this task.")


LAST_DAYS = 2
"""Days before Coze drops a result from which on a person is warned."""


def days_left(row: Row, now: float) -> int | None:
    """Whole days for which Coze still has the result of the row's execution, 0 on its last day and after it; None where
    nothing was submitted. `now` in Unix seconds."""
    if row.submitted_at is None:
        return None
    return max(0, math.floor((RESULTS_KEPT - (now - row.submitted_at)) / 86400.0))


def expiring(days: Sequence[int]) -> Text | None:
    """The warning about results that were never fetched, by the days that are left for each; None where there are
    none."""
    if not days:
        return None
    soon = min(days) + 1
    first = Text("今天", "today") if soon == 1 else Text("{days} 天内", "within {days} day(s)").filled(days=soon)
    return Text(
        "{count} 个已付费的结果还没取回，扣子只保留 7 天，最早的{first}就会消失：请尽快开始批次或认领。",
        "{count} paid result(s) not fetched yet; Coze keeps results for 7 days, and drops the first {first}: start the "
        "batch or adopt soon.",
    ).filled(count=len(days), first=first)


def is_expired(row: Row, now: float) -> bool:
    """Whether Coze will hardly have the result of the row's execution any more; `now` in Unix seconds."""
    return row.submitted_at is not None and now - row.submitted_at > RESULTS_KEPT
