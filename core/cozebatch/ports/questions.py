"""What is on record of the questions that executions asked, and of the answers that people gave."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from cozebatch.model.errors import ErrorInfo
from cozebatch.model.question import Question

AnswerStatus = Literal["open", "given", "sent", "taken", "refused", "elsewhere"]
"""`open`: nobody has answered. `given`: on disk, not sent. `sent`: the request may have left. `taken`: Coze has it.
`refused`: Coze did not take it. `elsewhere`: the execution went on without an answer of ours."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One question of one execution, and its answer. Times are Unix seconds.

    `key` is the execution's own (`Execution.key`); `execute_id` is what Coze called it when it asked: after an answer
    it may have another. `answer` is what is sent (`model.question.resume_data`).
    """

    key: str
    question: Question
    asked_at: float
    execute_id: str = ""
    status: AnswerStatus = "open"
    answer: str | None = None
    answered_at: float | None = None
    answered_by: str = ""
    error: ErrorInfo | None = None
    """Why Coze did not take the answer."""

    @property
    def is_to_be_sent(self) -> bool:
        return self.status in ("given", "sent") and self.answer is not None


@dataclass(frozen=True, slots=True)
class PutAsked:
    """Put a question on record, or change it (found by the execution's key and the event)."""

    asked: Asked
