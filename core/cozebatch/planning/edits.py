"""Edits of rows: another title and script that the operator gave a row on the screen. Pure.

An edit is in force for as long as the row says, in everything that decides about its film, what it said when it was
edited. A start then takes the row as though the source had the edited texts. So all rules about money hold without
an exception: what was paid is found by what was sent, which was the edited script. A row of a file is not paid for
again because its file still has the earlier script; the film of the edited one is not taken for a film of the earlier
one without a word (`DONE_AS_EDITED`, and the screen shows the difference); a table's row that a person has set back is
made again, from the edited script. Whoever wants the earlier script back edits the row again, here or in the source:
once the source says anything else, the edit does not count any more.

A row is found by its id, as for executions (`recognition`); one without an id of its own, or of a file that has another
name now, by what it said. Each edit serves one row.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

from cozebatch.model.task import Task
from cozebatch.ports import Edit


def with_edits(tasks: Sequence[Task], edits: Sequence[Edit], source_key: str) -> tuple[Sequence[Task], list[Edit]]:
    """The tasks as they are to be run, and the edits that serve another row than before, bound to it. `edits`: the
    latest first."""
    waiting: dict[str, list[Edit]] = defaultdict(list)
    for edit in edits:
        if edit.made_from:
            waiting[edit.made_from].append(edit)
    if not waiting:
        return tasks, []
    prints = [task.fingerprint() for task in tasks]
    found: dict[int, Edit] = {}
    for n, (task, print_) in enumerate(zip(tasks, prints, strict=True)):
        same = [e for e in waiting.get(print_, ()) if (e.source_key, e.task_id) == (source_key, task.task_id)]
        if same:
            found[n] = same[0]
            waiting[print_].remove(same[0])
    own_ids = {task.task_id for task in tasks if task.own_id}
    bound = []
    for n, (task, print_) in enumerate(zip(tasks, prints, strict=True)):
        if n in found or not waiting.get(print_):
            continue
        if (moved := _of_another(task, waiting[print_], source_key, own_ids)) is not None:
            waiting[print_].remove(moved)
            found[n] = replace(moved, source_key=source_key, task_id=task.task_id)
            bound.append(found[n])
    return [edited(task, found[n]) if n in found else task for n, task in enumerate(tasks)], bound


def edited(task: Task, edit: Edit) -> Task:
    """The task with the texts of the edit, which the source may have by now."""
    differs = (task.title, task.content) != (edit.title, edit.content)
    return replace(task, title=edit.title, content=edit.content, edited=differs)


def edit_of(task: Task, edits: Sequence[Edit], source_key: str) -> Edit | None:
    """The edit that gave a task of a run its texts; None if they are the source's."""
    for edit in edits:
        if (edit.source_key, edit.task_id) != (source_key, task.task_id):
            continue
        if (edit.title, edit.content) == (task.title, task.content):
            return edit
    return None


def _of_another(task: Task, edits: Sequence[Edit], source_key: str, own_ids: set[str]) -> Edit | None:
    """The edit of a row that stood elsewhere, or in a file of another name, and said the same."""
    for edit in edits:
        if task.own_id:
            if edit.task_id == task.task_id:
                return edit
        elif edit.source_key != source_key or edit.task_id not in own_ids:
            return edit
    return None
