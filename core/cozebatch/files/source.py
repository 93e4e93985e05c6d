"""Tasks from a local file: `.json`, `.jsonl`, `.csv` or `.xlsx` (docs/contract.md §3)."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Literal

import anyio.to_thread

from cozebatch.disk.neighbours import names_beside
from cozebatch.files.columns import Complaints, tasks_of
from cozebatch.files.csv_reader import read_csv
from cozebatch.files.decoding import decode
from cozebatch.files.field_names import USUAL, FieldNames
from cozebatch.files.json_reader import read_json, read_jsonl
from cozebatch.files.rows import Reading
from cozebatch.model.errors import UsageError
from cozebatch.model.nearest import nearest
from cozebatch.model.os_reason import NO_REGULAR_FILE, os_reason
from cozebatch.model.project_name import assign_project_names
from cozebatch.model.task import Outcome, Task
from cozebatch.model.text import Text

MAX_BYTES = 256 * 1024 * 1024
ENDINGS = (".json", ".jsonl", ".csv", ".xlsx")


def _now() -> datetime:
    return datetime.now().astimezone()


class FileSource:
    """A task file. It is read anew by each `load`, in a worker thread.

    `used`, `wanted` and `names`: see `Reading`. `on_note` gets what a person should know, such as the number of hidden
    rows.
    """

    kind: Literal["feishu", "file", "demo"] = "file"

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        now: Callable[[], datetime] = _now,
        used: Collection[str] | None = None,
        wanted: Callable[[str], bool] = lambda _: True,
        names: FieldNames = USUAL,
        on_note: Callable[[Text], object] = lambda _: None,
    ) -> None:
        self._path = Path(path)
        self._now = now
        self._used = used
        self._wanted = wanted
        self._names = names
        self._on_note = on_note
        self.notes: Sequence[Text] = ()
        """Of the latest `load`."""

    @property
    def key(self) -> str:
        # `Path.resolve` raises RuntimeError for links that lead in a circle; reading the file tells of those.
        return f"file:{os.path.normcase(os.path.realpath(self._path))}"

    async def load(self, named: Collection[str] = ()) -> Sequence[Task]:
        """All tasks in the file's order; nothing is hidden. Raises `UsageError` naming file, line and column."""
        before = self.notes
        tasks = await anyio.to_thread.run_sync(self.load_now)
        for note in self.notes:
            if note not in before:
                self._on_note(note)
        return tasks

    async def look_up(self, task_ids: Sequence[str]) -> Mapping[str, Outcome | None]:
        """Nothing beyond what `load` lists."""
        return {}

    def load_now(self) -> list[Task]:
        """The same, blocking."""
        reading = Reading(self._used, self._wanted, self._names)
        tasks = read_tasks(self._path, reading)
        self.notes = reading.notes(self._path.name)
        return assign_project_names(tasks, self._now())


def read_tasks(path: Path, reading: Reading | None = None) -> list[Task]:
    """The tasks of a file as it gives them, without project names of our own. Raises `UsageError`."""
    complaints = Complaints(str(path))
    reading = reading if reading is not None else Reading()
    names = reading.names
    ending = path.suffix.lower()
    if ending not in ENDINGS:
        raise complaints.fail(
            None, None, f"任务文件应为 {' '.join(ENDINGS)} 之一", f"a task file ends in one of {' '.join(ENDINGS)}"
        )
    _check_size(path, complaints)
    try:
        if ending == ".xlsx":
            from cozebatch.files.xlsx_reader import read_xlsx

            columns, rows = read_xlsx(path, complaints, names)
            return tasks_of(rows, columns, complaints, reading)
        text = decode(path.read_bytes(), complaints)
    except OSError as error:
        problem = _unreadable(path, error)
    else:
        if ending == ".csv":
            columns, rows = read_csv(text, complaints, names)
            return tasks_of(rows, columns, complaints, reading)
        read = read_json if ending == ".json" else read_jsonl
        return tasks_of(read(text, complaints, names), None, complaints, reading)
    raise UsageError(problem)


def _check_size(path: Path, complaints: Complaints) -> None:
    try:
        info = path.stat()
    except OSError as error:
        raise UsageError(_unreadable(path, error)) from None
    if stat.S_ISDIR(info.st_mode):
        raise UsageError(_unreadable(path, IsADirectoryError()))
    if not stat.S_ISREG(info.st_mode):  # a named pipe would be waited for
        raise UsageError(_unreadable(path, OSError(errno.EINVAL, NO_REGULAR_FILE.en)))
    if info.st_size > MAX_BYTES:
        raise complaints.fail(
            None,
            None,
            f"超过 {MAX_BYTES // 2**20} MB，请拆成几个文件",
            f"is larger than {MAX_BYTES // 2**20} MB: split it",
        )


def _unreadable(path: Path, error: OSError) -> Text:
    match error:
        case FileNotFoundError():
            return _not_there(path)
        case IsADirectoryError():
            return Text(f"{path} 是文件夹，这里要一个任务文件。", f"{path} is a folder, a task file is wanted.")
        case PermissionError():
            return Text(
                f"无法读取 {path}：没有权限，或正被其他程序（如 Excel）占用。",
                f"{path} cannot be read: no permission, or another program (such as Excel) holds it.",
            )
    return Text("无法读取 {path}：{why}。", "{path} cannot be read: {why}.").filled(path=path, why=os_reason(error))


def _not_there(path: Path) -> Text:
    near = nearest(path.name, names_beside(path, ENDINGS))
    if near is None:
        return Text(f"找不到任务文件 {path}。", f"There is no task file {path}.")
    found = path.with_name(near)
    return Text(f"找不到任务文件 {path}，是不是 {found}？", f"There is no task file {path}; did you mean {found}?")
