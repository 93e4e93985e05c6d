"""The rows that people want made, in a task file or in the table, and what people do to them between starts."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

import anyio.lowlevel

from cozebatch.model.file_ref import FileRef
from cozebatch.model.task import NO_EXTRA, Outcome, Task
from support.simulated.judge import Judge, Sent
from support.simulated.swarm import Fault


@dataclass(frozen=True, slots=True)
class Wanted:
    """One row. `template` is not sent to Coze."""

    uid: str
    content: str
    title: str
    template: str = ""

    @property
    def sent(self) -> Sent:
        return self.content, self.title


@dataclass
class TaskFile:
    """A task file on disk (port `TaskSource` by `FileModel`), edited by people."""

    rng: random.Random
    judge: Judge
    faults: Collection[Fault]
    has_ids: bool
    name: str = "tasks.csv"
    rows: list[Wanted] = field(default_factory=list)
    serial: int = 0
    ever: Collection[Fault] = ()
    """The schedule's faults, also in its quiet part."""

    def add(self, at: int | None = None, copy_of: Wanted | None = None) -> None:
        self.serial += 1
        uid = f"t{self.serial}"
        row = Wanted(uid, f"script {uid}", f"title {uid}") if copy_of is None else replace(copy_of, uid=uid)
        self.rows.insert(len(self.rows) if at is None else at, row)
        self.judge.wanted[row.sent] += 1

    def change(self) -> str:
        """What people do to it between two starts, told."""
        rng, faults, told = self.rng, self.faults, []
        if Fault.EDITS in faults and rng.random() < 0.6 and self.rows:
            told.append(self._edit(rng.randrange(len(self.rows))))
        if Fault.DUPLICATES in faults and rng.random() < 0.4 and self.rows:
            self.add(rng.randrange(len(self.rows) + 1), copy_of=rng.choice(self.rows))
            told.append("a row was copied")
        if Fault.SORTING in faults and rng.random() < 0.6:
            rng.shuffle(self.rows)
            told.append("sorted")
            if rng.random() < 0.5:
                self.add(0)
                told.append("a row on top")
        if Fault.RENAMES in faults and rng.random() < 0.5:
            self.name = rng.choice(["tasks.csv", "renamed.csv", "moved/tasks.csv"])
            told.append(self.name)
        return ", ".join(told)

    def _edit(self, index: int) -> str:
        row, rng = self.rows[index], self.rng
        what = rng.choice(["content", "template", "template", "gone"])
        if what == "gone" and len(self.rows) > 1:
            del self.rows[index]
        elif what == "content":
            self.serial += 1
            self.rows[index] = replace(row, content=f"script {row.uid} edited {self.serial}")
            self.judge.wanted[self.rows[index].sent] += 1
        else:
            self.rows[index] = replace(row, template=f"template {rng.randrange(100)}")
        return f"{row.uid}: {what}"


def _files(row: Wanted) -> Mapping[str, str]:
    """The file of a row: the same for the same row, some shared."""
    content = hashlib.sha256(row.title[-1:].encode()).hexdigest()
    return {"image": FileRef("a.png", content, 10).to_text()}


@dataclass
class FileModel:
    """What the program reads of a task file."""

    file: TaskFile
    kind: Literal["feishu", "file", "demo"] = "file"

    @property
    def key(self) -> str:
        return f"file:/{self.file.name}"

    async def load(self, named: Collection[str] = ()) -> Sequence[Task]:
        await anyio.lowlevel.checkpoint()
        return [
            Task(
                row.uid if self.file.has_ids else f"row-{number}",
                title=row.title,
                content=row.content,
                template=row.template,
                project_name=f"project {row.uid}",
                own_id=self.file.has_ids,
                extra=_files(row) if Fault.FILES_IN in self.file.ever else NO_EXTRA,
            )
            for number, row in enumerate(self.file.rows, start=1)
        ]

    async def look_up(self, task_ids: Sequence[str]) -> Mapping[str, Outcome | None]:
        return {}
