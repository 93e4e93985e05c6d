"""The question about the task file, where the tasks are not in Feishu."""

from __future__ import annotations

from pathlib import Path

import anyio.to_thread

from cozebatch.model.errors import UsageError
from cozebatch.model.text import Text
from cozebatch.setup.pasted import path_in
from cozebatch.setup.question import NEEDED, Question, WrongAnswer
from cozebatch.setup.state import State, World
from cozebatch.setup.tables import columns_of_file


def tasks_file(state: State, world: World) -> Question:
    return Question(
        "tasks",
        "table",
        Text("任务文件", "Task file"),
        hint=Text("文件名或完整路径，例如 tasks.xlsx。", "Its name or whole path, such as tasks.xlsx."),
        default=state.answers.tasks_file,
    )


async def take_tasks_file(state: State, world: World, answer: str) -> State:
    """Read its columns and three of its rows."""
    path = await anyio.to_thread.run_sync(path_in, answer)
    if not path:
        raise WrongAnswer(NEEDED)
    try:
        columns, rows = await anyio.to_thread.run_sync(columns_of_file, Path(path))
    except UsageError as error:
        raise WrongAnswer(error.complaints[0]) from None
    if not columns:
        raise WrongAnswer(
            Text(
                "文件里没有列：第一行写列名，下面每行一个任务。",
                "The file has no columns: their names belong in the first row, and each row below is a task.",
            )
        )
    if path != state.answers.tasks_file:
        state = state.answer(columns={})
    note = Text("{path}：{columns} 列，{rows} 行。", "{path}: {columns} column(s), {rows} row(s).").filled(
        path=path, columns=len(columns), rows="50+" if rows is None else rows
    )
    state = state.answer(tasks_file=path).learn(columns=tuple(columns), rows=rows).note(note)
    if rows == 0:
        state = state.note(
            Text(
                "还没有任务：列名下面每行写一个，随时可以再加。",
                "There is no task yet: each row below the names is one, and rows can be added at any time.",
            )
        )
    return state
