"""The question about the task file, where the tasks are not in Feishu."""

from __future__ import annotations

from pathlib import Path

import anyio.to_thread

from cozebatch.files.field_names import field_of
from cozebatch.model.errors import UsageError
from cozebatch.model.text import Text
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
    """Read its columns and three of its rows. Only a file with a column of scripts can be run."""
    path = answer.strip("\"' ")
    if not path:
        raise WrongAnswer(NEEDED)
    try:
        columns, rows = await anyio.to_thread.run_sync(columns_of_file, Path(path))
    except UsageError as error:
        raise WrongAnswer(error.complaints[0]) from None
    if not any(field_of(column.name) == "content" for column in columns):
        names = "、".join(column.name for column in columns[:12])
        raise WrongAnswer(
            Text(
                f"文件里没有文案列：把文案那一列的列名改成 content 或“仿写文案”，保存后再试。现有：{names}",
                "The file has no column of scripts: call it content or 仿写文案, save the file and try again. "
                "There are: "
                f"{names.replace('、', ', ')}",
            )
        )
    if path != state.answers.tasks_file:
        state = state.answer(columns={})
    count = Text.same("50+") if rows is None else Text.same(str(rows))
    note = Text(f"{path}：{len(columns)} 列，{count.zh} 行。", f"{path}: {len(columns)} columns, {count.en} rows.")
    return state.answer(tasks_file=path).learn(columns=tuple(columns), rows=rows).note(note)
