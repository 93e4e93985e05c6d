"""Answers that people gave to waiting executions during this run, and their way to disk."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from cozebatch.engine.ledger import Ledger
from cozebatch.model.errors import StepError, UsageError
from cozebatch.model.question import Answer, Question, read_answer, resume_data
from cozebatch.model.rows import Row
from cozebatch.model.text import Text
from cozebatch.ports import Asked, PutAsked, WorkflowService

MOST_NAME = 60
"""Characters of a person's name that are kept."""


@dataclass(frozen=True, slots=True)
class GivenAnswer:
    """What a person answered: one text, or a value for each field. `by`: who."""

    typed: str | Mapping[str, Any]
    by: str = ""


class GivenAnswers:
    """Tasks that were answered while a task run of theirs looked at the question: it has to look once more."""

    def __init__(self) -> None:
        self._given: set[str] = set()

    def add(self, task_id: str) -> None:
        self._given.add(task_id)

    def take(self, task_id: str) -> bool:
        """True once for each task that was answered."""
        found = task_id in self._given
        self._given.discard(task_id)
        return found


def no_question(task_id: str) -> Text:
    return Text(
        f"任务 {task_id} 没有在等你答复，什么都没有发送。",
        f"Task {task_id} waits for no answer; nothing was sent.",
    )


def question_of(row: Row | None, task_id: str) -> Question:
    """What the task asks. Raises `UsageError` if it asks nothing, or that is not known yet."""
    if row is None or row.question is None or not row.waits:
        raise UsageError(no_question(task_id))
    if not row.question.event_id:
        raise UsageError(
            Text(
                f"任务 {task_id} 问了什么还没查到，查到后再答复。",
                f"What task {task_id} asks is not known yet; answer it once it is.",
            )
        )
    return row.question


async def put_answer(ledger: Ledger, service: WorkflowService, row: Row, given: GivenAnswer) -> None:
    """Check an answer, bring its files to Coze, and put it on disk, who gave it and when. Raises `UsageError` and
    `JournalError`."""
    question = question_of(row, row.task_id)
    answer = read_answer(question, given.typed)
    text = resume_data(question, answer, await _files(service, question, answer))
    asked = await _on_record(ledger, row, question)
    wall = ledger.clock.wall()
    by = given.by[:MOST_NAME]
    await ledger.write(
        PutAsked(replace(asked, status="given", answer=text, answered_at=wall, answered_by=by, error=None))
    )


async def _files(service: WorkflowService, question: Question, answer: Answer) -> dict[str, Any]:
    """What stands for the files of an answer, by field."""
    found: dict[str, Any] = {}
    for f in question.fields:
        if not (names := answer.files.get(f.name)):
            continue
        try:
            brought = [await service.bring(name, f.kind) for name in names]
        except StepError as failed:
            raise UsageError(failed.info.message) from None
        found[f.name] = brought if f.is_list else brought[0]
    return found


async def _on_record(ledger: Ledger, row: Row, question: Question) -> Asked:
    executions = await ledger.journal.executions(ledger.run.run_id, row.task_id)
    key = next((e.key for e in reversed(executions) if e.execute_id == row.execute_id), None)
    if key is None:
        key = next((r.key for r in await ledger.journal.record() if r.execute_id == row.execute_id), None)
    if key is None:
        raise UsageError(no_question(row.task_id))
    for asked in await ledger.journal.questions([key]):
        if asked.question.event_id == question.event_id:
            if asked.status == "sent":
                raise UsageError(
                    Text(
                        "上一个答复已发出，还不知道扣子收到没有。稍后会自动再查，先不要改。",
                        "The answer before was sent, and whether Coze has it is not known yet. It is checked again "
                        "automatically; do not change it now.",
                    )
                )
            return asked
    return Asked(key, question, ledger.clock.wall(), row.execute_id or "")
