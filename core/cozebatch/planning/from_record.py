"""A task's row as the record of its executions tells it, where no run keeps one any more. Pure."""

from __future__ import annotations

from dataclasses import replace

from cozebatch.model.errors import Category, ErrorInfo
from cozebatch.model.question import Question
from cozebatch.model.rows import Row
from cozebatch.model.task import State, Task
from cozebatch.model.text import Text
from cozebatch.planning.planned import CRASHED_WHILE_SENDING, WAITS
from cozebatch.planning.recognition import Paid

FAILED_ON_RECORD = ErrorInfo(
    Category.WORKFLOW_FAILED,
    Text("以前的执行没有成功。", "Its earlier execution did not succeed."),
)


def row_from_record(task: Task, paid: Paid, digest: str, failure: ErrorInfo | None = None) -> Row:
    """`failure`: what the best execution failed with, where that is known. `digest` is of what would be sent for `task`
    now. If that was sent, `task` is what is known of its input; if something else was, the row has the input of no
    task."""
    best, sent = paid.best, [r for r in paid.executions if r.status != "reused"]
    same = best.digest is None or best.digest == digest
    row = Row(
        task.task_id,
        0,
        title=task.title,
        account_id=task.account_id,
        project_name=task.project_name,
        record_id=task.record_id,
        fingerprint=task.fingerprint() if same else f"sent:{best.digest}",
        edited=task.edited,
        attempts=len(sent),
        submissions=len(sent),
        failures=sum(r.status in ("failed", "unanswered") for r in paid.executions),
        execute_id=best.execute_id,
        has_output=best.has_output,
        submitted_at=best.sent_at,
        reused=best.status == "reused",
    )
    match best.status:
        case "sent":
            return replace(row, state=State.SUBMITTING, attempts=row.attempts - 1)
        case "unanswered":
            return replace(row, state=State.HELD, unanswered=True, error=CRASHED_WHILE_SENDING)
        case "interrupted":
            return replace(row, state=State.HELD, question=Question(), error=WAITS)
        case "succeeded" | "reused" if best.has_film:
            return replace(row, state=State.DONE, end_clock=0.0)
        case "succeeded" | "reused" if best.has_output:
            return replace(row, state=State.DOWNLOADING)
        case "running" | "succeeded" | "reused":  # the result is asked for again, which is free
            return replace(row, state=State.RUNNING)
        case "lost":
            return replace(row, state=State.FAILED, error=FAILED_ON_RECORD)
        case _:
            return replace(row, state=State.FAILED, error=failure or FAILED_ON_RECORD, execution_failed=True)
