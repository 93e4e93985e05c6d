"""What of the state directory goes with age, and what stays whatever its age."""

from __future__ import annotations

import os
import shutil
import sys
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path

import pytest

from cozebatch.batch.state_cleanup import Kind, Pruned, prune_old_state, prune_state
from cozebatch.disk.marker import NAME as MARKER_NAME
from cozebatch.journal.memory import MemoryJournal
from cozebatch.journal.opening import FILE_NAME, open_to_write
from cozebatch.journal.owner import state_owner
from cozebatch.journal.sqlite import SqliteJournal, open_journal
from cozebatch.model.task import State, Task
from cozebatch.model.timestamps import compact
from cozebatch.synthesis.options import SynthesisOptions
from cozebatch.synthesis.synthesizer import LocalSynthesizer
from support.old_runs import BEFORE, DAY, NOW, TASKS, Past

pytestmark = pytest.mark.anyio

# A test may block its own event loop.
# ruff: noqa: ASYNC240

OLD, YOUNG = NOW - 60 * DAY, NOW - DAY


@asynccontextmanager
async def journal_in(state: Path) -> AsyncIterator[SqliteJournal]:
    async with open_journal(state / FILE_NAME) as journal:
        yield journal


def media(state: Path, run_id: str, task: Task, at: float) -> Path:
    """What a synthesis brought here for a task, where the synthesizer itself puts it."""
    options = SynthesisOptions(
        mode="video", output_dir=state / "output", media_dir=state / "media", owner=state_owner(state)
    )
    synthesizer = LocalSynthesizer(options, pick=lambda output, key: None)
    folder = synthesizer._folder(run_id, task.task_id)
    synthesizer._make_folder(folder)
    (folder / "video.mp4").write_bytes(b"v" * 1000)
    return aged(folder, at)


def aged(path: Path, at: float) -> Path:
    for inner in [*path.rglob("*"), path] if path.is_dir() else [path]:
        os.utime(inner, (at, at))
    return path


async def test_media_of_finished_tasks_go_with_age_and_those_of_all_others_stay(tmp_path: Path) -> None:
    folders: dict[State, Path] = {}
    states = [state for state in State if state is not State.SKIPPED]
    with Past(tmp_path / FILE_NAME) as past:
        run = past.run("20260101_000000-abc", 60)
        for task, state in zip(TASKS, states, strict=False):
            past.row(run, task, state, "e")
            folders[state] = media(tmp_path, run.run_id, task, OLD)
    size = sum(file.stat().st_size for file in folders[State.DONE].iterdir())
    async with journal_in(tmp_path) as journal:
        found = await prune_state(journal, tmp_path, BEFORE)
    assert {state for state, folder in folders.items() if not folder.exists()} == {State.DONE}
    assert (found.gone[Kind.MEDIA], found.freed[Kind.MEDIA]) == (1, size)
    assert found.kept[Kind.MEDIA] == len(states) - 1


async def test_media_stay_while_anything_in_them_is_young_and_a_deep_file_counts(tmp_path: Path) -> None:
    with Past(tmp_path / FILE_NAME) as past:
        past.row(past.run("a", 60), TASKS[0], State.DONE, "e")
    folder = media(tmp_path, "a", TASKS[0], OLD)
    (folder / "deep").mkdir()
    (folder / "deep" / "part").write_bytes(b"x")
    aged(folder, OLD)
    os.utime(folder / "deep" / "part", (YOUNG, YOUNG))
    async with journal_in(tmp_path) as journal:
        assert not (await prune_state(journal, tmp_path, BEFORE)).gone.total()
        aged(folder, OLD)
        assert (await prune_state(journal, tmp_path, BEFORE)).gone == Counter({Kind.MEDIA: 1})
    assert list((tmp_path / "media").iterdir()) == [], "the run's folder is empty and goes too"


async def test_media_that_no_task_knows_go_and_what_is_no_folder_of_ours_stays(tmp_path: Path) -> None:
    unknown = media(tmp_path, "forgotten", TASKS[0], OLD)
    stray = tmp_path / "media" / "note.txt"
    stray.write_text("mine", encoding="utf-8")
    aged(stray, OLD)
    film = tmp_path / "output" / "film.mp4"
    film.parent.mkdir()
    film.write_bytes(b"film")
    aged(film.parent, OLD)
    found = await prune_state(None, tmp_path, BEFORE)
    assert found.gone == Counter({Kind.MEDIA: 1})
    assert not unknown.parent.exists()
    assert stray.exists()
    assert film.exists()


async def test_folders_in_media_that_we_did_not_make_stay_and_are_told(tmp_path: Path) -> None:
    ours, copied = media(tmp_path, "a", TASKS[0], OLD), media(tmp_path, "b", TASKS[1], OLD)
    foreign = tmp_path / "media" / "holiday" / "2019"
    foreign.mkdir(parents=True)
    (foreign / "beach.jpg").write_bytes(b"mine")
    (foreign / MARKER_NAME).write_bytes((ours / MARKER_NAME).read_bytes())
    (copied / MARKER_NAME).unlink()
    aged(tmp_path / "media", OLD)
    with Past(tmp_path / FILE_NAME):
        pass
    for _ in range(2):
        async with journal_in(tmp_path) as journal:
            found = await prune_state(journal, tmp_path, BEFORE)
    assert not ours.exists()
    assert (foreign / "beach.jpg").read_bytes() == b"mine"
    assert (copied / "video.mp4").exists()
    assert sorted(str(foreign) in text.en or str(copied) in text.en for text in found.troubles) == [True, True]
    async with journal_in(tmp_path) as journal:
        assert await prune_old_state(journal, tmp_path, 30, lambda: NOW) == Pruned(), "no look at the journal for them"


@pytest.mark.skipif(sys.platform == "win32", reason="links need a right there")
async def test_no_link_is_followed(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    (outside / "inner").mkdir(parents=True)
    (outside / "inner" / "file").write_bytes(b"theirs")
    aged(outside, OLD)
    state = tmp_path / "state"
    folder = media(state, "a", TASKS[0], OLD)
    (folder / "link").symlink_to(outside, target_is_directory=True)
    os.utime(folder / "link", (OLD, OLD), follow_symlinks=False)
    os.utime(folder, (OLD, OLD))
    (folder.parent / "linked-task").symlink_to(outside / "inner", target_is_directory=True)
    (state / "media" / "linked-run").symlink_to(outside, target_is_directory=True)
    found = await prune_state(None, state, BEFORE)
    assert not folder.exists()
    assert found.gone == Counter({Kind.MEDIA: 1})
    assert (outside / "inner" / "file").read_bytes() == b"theirs"
    shutil.rmtree(state / "media")
    (state / "media").symlink_to(outside, target_is_directory=True)
    assert not (await prune_state(None, state, BEFORE)).gone.total()
    assert (outside / "inner" / "file").exists()


async def test_what_cannot_be_deleted_is_told_and_the_rest_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folders = [media(tmp_path, "a", task, OLD) for task in TASKS[:3]]
    stuck, really = sorted(folders)[0], os.unlink
    stuck_file = (stuck / "video.mp4").stat().st_ino

    def unlink(path: str, *, dir_fd: int | None = None) -> None:
        if os.stat(path, dir_fd=dir_fd, follow_symlinks=False).st_ino == stuck_file:
            raise PermissionError(13, "Permission denied")
        really(path, dir_fd=dir_fd)

    monkeypatch.setattr(os, "unlink", unlink)
    with Past(tmp_path / FILE_NAME):
        pass
    async with journal_in(tmp_path) as journal:
        found = await prune_old_state(journal, tmp_path, 30, lambda: NOW)
    assert found.gone == Counter({Kind.MEDIA: 2})
    assert [folder for folder in folders if folder.exists()] == [stuck]
    assert ["Permission denied" in trouble.en and stuck.name in trouble.en for trouble in found.troubles] == [True]


def damaged(state: Path, at: float, mtime: float) -> list[Path]:
    base = state / f"journal.damaged-{compact(at)}.sqlite3"
    files = [base, base.with_name(base.name + "-wal"), base.with_name(base.name + "-shm")]
    for file in files:
        file.write_bytes(b"x" * 10)
        aged(file, mtime)
    return files


async def test_damaged_journals_go_with_the_day_they_were_put_aside(tmp_path: Path) -> None:
    with Past(tmp_path / FILE_NAME) as past:
        past.row(past.run("a", 5), TASKS[0], State.DONE, "e")
    old, young = damaged(tmp_path, OLD, OLD), damaged(tmp_path, YOUNG, OLD)
    foreign = tmp_path / "journal.damaged-mine.sqlite3"
    foreign.write_bytes(b"x")
    aged(foreign, OLD)
    async with journal_in(tmp_path) as journal:
        found = await prune_state(journal, tmp_path, BEFORE)
    assert (found.gone[Kind.DAMAGED], found.freed[Kind.DAMAGED]) == (1, 30)
    assert not any(file.exists() for file in old)
    assert all(file.exists() for file in [*young, foreign])


async def test_while_the_journal_is_in_doubt_nothing_beside_it_goes(tmp_path: Path) -> None:
    with Past(tmp_path / FILE_NAME) as past:
        past.row(past.run("a", 60, source="file:/a"), TASKS[0], State.DONE, "e")
        past.row(past.run("b", 60, source="file:/b"), TASKS[0], State.DONE, "e")
        past.db.execute("INSERT INTO doubt (source_key, raised) VALUES ('*', ?)", (OLD,))
    files, folder = damaged(tmp_path, OLD, OLD), media(tmp_path, "lost", TASKS[9], OLD)
    async with journal_in(tmp_path) as journal:
        for source in ("file:/a", "file:/b"):
            found = await prune_state(journal, tmp_path, BEFORE)
            assert found.kept == Counter({Kind.DAMAGED: 1, Kind.MEDIA: 1})
            assert all(file.exists() for file in [*files, folder])
            await journal.confirm_complete(source, NOW)
        found = await prune_state(journal, tmp_path, BEFORE)
    assert not any(file.exists() for file in [*files, folder])


async def test_without_a_journal_a_damaged_one_stays_and_so_do_media(tmp_path: Path) -> None:
    files, folder = damaged(tmp_path, OLD, OLD), media(tmp_path, "lost", TASKS[9], OLD)
    found = await prune_state(None, tmp_path, BEFORE)
    assert not found.gone.total()
    assert all(file.exists() for file in [*files, folder])


async def test_a_dry_run_tells_the_same_and_changes_nothing(tmp_path: Path) -> None:
    with Past(tmp_path / FILE_NAME) as past:
        past.finished(past.run("a", 60), TASKS[0], "e1")
    damaged(tmp_path, OLD, OLD)
    media(tmp_path, "a", TASKS[0], OLD)
    before = sorted(tmp_path.rglob("*"))
    async with journal_in(tmp_path) as journal:
        foreseen = await prune_state(journal, tmp_path, BEFORE, dry=True, compact=True)
        assert await journal.output("e1") is not None
    assert sorted(tmp_path.rglob("*")) == before
    async with journal_in(tmp_path) as journal:
        pruned = await prune_state(journal, tmp_path, BEFORE)
    assert (foreseen.gone, foreseen.freed, foreseen.kept) == (pruned.gone, pruned.freed, pruned.kept)
    assert pruned.gone == Counter({Kind.OUTPUT: 1, Kind.MEDIA: 1, Kind.DAMAGED: 1})


async def test_keeping_house_never_raises_for_a_journal_that_cannot_be_read(tmp_path: Path) -> None:
    with Past(tmp_path / FILE_NAME) as past:
        past.finished(past.run("a", 60), TASKS[0], "e1")
    folder = media(tmp_path, "a", TASKS[0], OLD)
    with closing(open_to_write(tmp_path / FILE_NAME)) as db:
        db.execute("DROP TABLE delivery")
    async with journal_in(tmp_path) as journal:
        found = await prune_old_state(journal, tmp_path, 30, lambda: NOW)
    assert len(found.troubles) == 1
    assert folder.exists(), "what cannot be looked up is not deleted"


async def test_a_journal_in_memory_decides_nothing_about_the_disk(tmp_path: Path) -> None:
    folder = media(tmp_path, "a", TASKS[0], OLD)
    assert await prune_old_state(MemoryJournal(), tmp_path, 30, lambda: NOW) == Pruned()
    assert folder.exists()


async def test_days_are_counted_back_from_the_wall_clock(tmp_path: Path) -> None:
    with Past(tmp_path / FILE_NAME) as past:
        past.finished(past.run("a", 20), TASKS[0], "e1")
    async with journal_in(tmp_path) as journal:
        assert not (await prune_old_state(journal, tmp_path, 30, lambda: NOW)).gone.total()
        assert (await prune_old_state(journal, tmp_path, 30, lambda: NOW + 11 * DAY)).gone[Kind.OUTPUT] == 1
