"""Gives a row of the run another title and script: what is to be on record of it, and the row's new facts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from cozebatch.model.errors import UsageError
from cozebatch.model.project_name import retitled
from cozebatch.model.rows import Row
from cozebatch.model.task import Task
from cozebatch.model.text import Text
from cozebatch.planning.edits import edit_of
from cozebatch.ports import Edit, PutEdit, PutInput, new_key

NO_SCRIPT = Text("文案不能为空。没有提交任何任务。", "The script must not be empty. Nothing was submitted.")
STILL_GOING_ON = Text("任务还在进行，不能改文案。", "The task has not ended; its script was not changed.")
UNCHANGED = Text(
    "标题和文案都没有改。要再做一次，用付费重做。",
    "Neither the title nor the script was changed. To make it once more, use the paid rerun.",
)


@dataclass(frozen=True, slots=True)
class EditedRow:
    """What is written when a row is edited: the changes for the journal, and the facts of the row."""

    changes: tuple[PutInput, PutEdit]
    facts: dict[str, Any]

    @property
    def edit(self) -> Edit:
        return self.changes[1].edit


def edit_row(
    task: Task,
    title: str,
    content: str,
    *,
    edits: Iterable[Edit],
    rows: Iterable[Row],
    source_key: str,
    wall: float,
    write_back: bool = False,
) -> EditedRow:
    """`task`: as the run has it now, edited before or not. `edits`: all on record. `rows`: of the run, whose project
    names are taken. `write_back`: the texts are owed to the source. Raises `UsageError` for an empty script, and for
    texts that are the same as before."""
    if not content.strip():
        raise UsageError(NO_SCRIPT)
    if (title, content) == (task.title, task.content):
        raise UsageError(UNCHANGED)
    earlier = edit_of(task, list(edits), source_key)
    source = task if earlier is None else replace(task, title=earlier.source_title, content=earlier.source_content)
    edit = Edit(
        key=new_key() if earlier is None else earlier.key,
        source_key=source_key,
        task_id=task.task_id,
        made_from=source.fingerprint(),
        title=title,
        content=content,
        source_title=source.title,
        source_content=source.content,
        at=wall,
        owed=write_back,
    )
    taken = (row.project_name for row in rows if row.task_id != task.task_id)
    now = replace(task, title=title, content=content)
    now = replace(now, project_name=retitled(task, title, taken))
    facts = {
        "title": now.title,
        "project_name": now.project_name,
        "fingerprint": now.fingerprint(),
        "edited": (now.title, now.content) != (source.title, source.content),
    }
    return EditedRow((PutInput(now), PutEdit(edit)), facts)
