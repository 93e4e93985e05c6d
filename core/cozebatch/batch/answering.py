"""Checks the answers that a start brings along (`--answer`), before anything is sent. What was asked is looked up
where the record does not say it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from cozebatch.engine.answers import GivenAnswer, question_of
from cozebatch.model.errors import StepError, UsageError
from cozebatch.model.question import Answer, Question, read_answer
from cozebatch.model.text import Text
from cozebatch.planning.planned import Planned
from cozebatch.ports import WorkflowService


async def checked(
    planned: Sequence[Planned], answers: Mapping[str, GivenAnswer], service: WorkflowService
) -> list[Planned]:
    """The plan, with the questions that had to be looked up. Raises `UsageError`, with a sentence for each answer that
    cannot be given."""
    found: dict[str, Planned | None] = {p.task_id: p for p in planned if p.task_id in answers}
    complaints: list[Text] = []
    for task_id, answer in answers.items():
        try:
            p = found[task_id] = await _with_question(found.get(task_id), service)
            question = question_of(p.row if p is not None else None, task_id)
            await _look_at_files(question, read_answer(question, answer.typed), service)
        except UsageError as refused:
            complaints += (
                Text(f"--answer {task_id}：{text.zh}", f"--answer {task_id}: {text.en}") for text in refused.complaints
            )
    if complaints:
        raise UsageError(*complaints)
    return [found.get(p.task_id) or p for p in planned]


async def _look_at_files(question: Question, answer: Answer, service: WorkflowService) -> None:
    """Raises `UsageError` for a file that is not there, or that cannot be what is asked for."""
    kinds = {f.name: f.kind for f in question.fields}
    for name, files in answer.files.items():
        for file in files:
            await service.require_file(file, kinds[name])


async def _with_question(p: Planned | None, service: WorkflowService) -> Planned | None:
    if p is None or not p.row.waits or p.row.question is None or p.row.question.event_id:
        return p
    assert p.row.execute_id is not None
    try:
        result = await service.poll(p.row.execute_id)
    except StepError as failed:
        raise UsageError(failed.info.message) from None
    if result.question is None:
        return p
    return replace(p, made=replace(p.row, question=result.question, error=result.error), error=result.error)
