"""An upload that Coze refuses is made once more, by one of the tasks that have its file; nothing is paid twice."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import pytest

from cozebatch.engine.uploads import Uploads
from cozebatch.model.errors import Category
from cozebatch.model.file_ref import FileRef
from cozebatch.model.task import State, Task
from cozebatch.ports import Refused, Submission, Upload
from support.fakes import FakeCoze, World, error, tasks, wall

pytestmark = pytest.mark.anyio

PICTURE = FileRef("a.png", "ab" * 32, 10)


@dataclass
class DroppingCoze(FakeCoze):
    """Knows only the files that were uploaded since; `same`: a content always gets the same id."""

    known: set[str] = field(default_factory=set)
    same: bool = False
    keeps: bool = True

    async def upload(self, ref: FileRef) -> str:
        await super().upload(ref)
        file_id = "old" if self.same else f"new{len(self.uploads)}"
        if self.keeps:
            self.known.add(file_id)
        return file_id

    async def submit(self, task: Task) -> Submission:
        file_id = self.file_id(PICTURE.key) or ""
        if file_id not in self.known:
            self.submissions.append(task.task_id)
            refusal = error(Category.INVALID_REQUEST, "no such file", code="4000")
            return Refused(refusal, files=frozenset({file_id}))
        return await super().submit(task)


def pictured(count: int) -> list[Task]:
    return [replace(task, extra={"image": PICTURE.to_text()}) for task in tasks(count)]


def world(coze: FakeCoze) -> World:
    """The picture was uploaded an hour ago."""
    made = World(coze=coze)
    made.journal._uploads[PICTURE.key] = Upload(PICTURE.key, "old", 10, wall() - 3600)
    return made


@pytest.mark.parametrize("same", [False, True])
async def test_a_dropped_file_is_uploaded_once_for_all_tasks_that_have_it(same: bool) -> None:
    coze = DroppingCoze(same=same)
    made = world(coze)
    outcome = await made.run(pictured(6))
    assert outcome.statistics.done == 6
    assert len(coze.executions) == 6
    assert len(coze.uploads) == 1
    upload = await made.journal.upload(PICTURE.key)
    assert upload is not None
    assert upload.file_id in coze.known


async def test_what_is_refused_again_fails_unpaid_and_is_not_uploaded_for_ever() -> None:
    coze = DroppingCoze(keeps=False)
    made = world(coze)
    outcome = await made.run(pictured(3))
    assert coze.executions == {}
    assert len(coze.uploads) == 1
    assert len(coze.submissions) <= 6
    assert outcome.statistics.done == 0
    assert not [row for row in made.engine.board.rows.values() if row.state is State.RUNNING]  # type: ignore[union-attr]


async def test_a_dropped_file_is_forgotten_on_record_at_once() -> None:
    coze = DroppingCoze()
    made = world(coze)
    await made.crash_after(0.15, pictured(1))
    assert coze.submissions == ["t1"]
    upload = await made.journal.upload(PICTURE.key)
    assert upload is not None
    assert upload.file_id == ""
    outcome = await made.run(pictured(1))
    assert outcome.statistics.done == 1
    assert len(coze.executions) == 1


def test_an_id_that_this_process_got_itself_is_not_given_up() -> None:
    uploads = Uploads()
    uploads.made("new")
    assert uploads.refuse({"old", "new"}) == {"old"}
    assert uploads.is_good("new")
    assert not uploads.is_good("old")
    assert not uploads.is_good("")
    assert not uploads.is_good(None)
    uploads.made("old")
    assert uploads.is_good("old"), "Coze gave the same id again"
    assert uploads.refuse({"old"}) == set()
