"""Links and look-alikes planted in the program's folders, as from a zip or a shared drive. The whole program runs on
them, and nothing of the user's is touched."""

from __future__ import annotations

import os
import platform
import shutil
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from cozebatch.demo.coze_model import CozeOptions
from cozebatch.demo.coze_server import RunningCoze, serve_coze
from cozebatch.disk import marker
from cozebatch.journal.owner import state_owner
from cozebatch.synthesis.names import digest
from support.planting import LINKS_NEED_A_RIGHT, UNTOUCHED, contents, private_folder
from support.program import Program

MAKE = """
import json, os, sys
asked = json.load(sys.stdin)
open("made.mp4", "w").write(asked["task"]["task_id"])
print(json.dumps({"video_path": "made.mp4"}))
"""
DEAD = 999_999_999
"""The id of no process."""


@pytest.fixture
def coze() -> Iterator[RunningCoze]:
    with serve_coze(CozeOptions(duration=0.05)) as running:
        yield running


@pytest.fixture
def program(tmp_path: Path, coze: RunningCoze) -> Program:
    folder = tmp_path / "work"
    folder.mkdir()
    synthesis = {"mode": "command", "command": [sys.executable, "-c", MAKE], "output_dir": "output"}
    return Program(folder, coze.url).configure(synthesis=synthesis, max_retries=0).tasks(2, project_name="film")


@pytest.fixture
def private(tmp_path: Path) -> Path:
    return private_folder(tmp_path)


def started(coze: RunningCoze) -> int:
    return sum(len(executions) for executions in coze.ledger().tasks.values())


@LINKS_NEED_A_RIGHT
def test_a_scratch_folder_that_is_a_link_costs_the_film_and_nothing_else(
    program: Program, coze: RunningCoze, private: Path
) -> None:
    (program.folder / "output").mkdir()
    planted = program.folder / "output" / ".cozebatch-scratch"
    planted.symlink_to(private, target_is_directory=True)
    for folder in private.iterdir():
        os.utime(folder, (1e9, 1e9))
    done = program.batch()
    assert done.code == 1
    assert "is a link to another place" in done.out + done.err
    assert contents(private) == UNTOUCHED
    planted.unlink()
    assert program.batch().code == 0, "the films are made of what was paid for"
    assert started(coze) == 2


@LINKS_NEED_A_RIGHT
def test_an_output_folder_of_a_films_name_that_is_a_link_is_not_written_into(program: Program, private: Path) -> None:
    (program.folder / "output").mkdir()
    for name in ("film", "film_2", "film-2"):
        (program.folder / "output" / name).symlink_to(private, target_is_directory=True)
    done = program.batch()
    assert contents(private) == UNTOUCHED
    assert "internal" not in done.out + done.err


@LINKS_NEED_A_RIGHT
@pytest.mark.parametrize("name", ["lock", "owner", "journal.sqlite3", "journal.sqlite3-wal", "media"])
@pytest.mark.parametrize("kind", ["link", "dangling", "hard link"])
def test_a_link_in_the_state_folder_stops_the_start_before_anything_is_paid(
    program: Program, coze: RunningCoze, private: Path, name: str, kind: str
) -> None:
    if name == "media" and kind != "link":
        pytest.skip("a folder has no hard links, and is missing where a link dangles")
    state = program.folder / ".cozebatch"
    state.mkdir()
    victim = private / "letters" / "letter.txt"
    if name == "journal.sqlite3" and kind != "dangling":
        victim = private / "letters" / "other.sqlite3"
        with closing(sqlite3.connect(victim)) as db, db:
            db.execute("CREATE TABLE mine (letter TEXT)")
    if kind == "hard link":
        os.link(victim, state / name)
    else:
        target = private if name == "media" else victim if kind == "link" else private / "new"
        (state / name).symlink_to(target, target_is_directory=name == "media")
    before = {path: path.read_bytes() for path in private.rglob("*") if path.is_file()}
    done = program.batch()
    assert done.code == (0 if (name, kind) == ("owner", "hard link") else 2), done.err
    assert "Traceback" not in done.err
    assert {path: path.read_bytes() for path in private.rglob("*") if path.is_file()} == before
    if done.code == 2:
        assert started(coze) == 0


def plant_left_over(program: Program, owner: str, *, marked_by: str | None) -> Path:
    """A folder named exactly like what a killed process of `owner` on this machine left, with a letter in it."""
    name = f"{digest(owner, platform.node(), length=20)}-{DEAD}-0123abcd"
    folder = program.folder / "output" / ".cozebatch-scratch" / name
    folder.mkdir(parents=True)
    if marked_by is not None:
        marker.mark(folder, marked_by, folder.parent)
    (folder / "letter.txt").write_text("mine", encoding="utf-8")
    os.utime(folder, (1e9, 1e9))
    return folder


def test_only_a_scratch_folder_with_our_marker_is_swept(program: Program) -> None:
    owner = state_owner(program.folder / ".cozebatch")
    ours = plant_left_over(program, owner, marked_by=owner)
    ours.rename(ours.with_name("kept-aside"))
    twin = plant_left_over(program, owner, marked_by="f" * 32)
    done = program.batch()
    assert done.code == 0
    assert (twin / "letter.txt").exists(), "the living run of another machine of the same name keeps its work"
    assert "does not bear this state folder's marker" in done.out + done.err
    shutil.rmtree(twin)
    ours.with_name("kept-aside").rename(ours)
    program.tasks(3, project_name="film")
    assert program.batch().code == 0
    assert not ours.exists(), "the one of a killed process of ours goes"


def test_old_folders_of_the_user_in_a_real_scratch_folder_stay(program: Program) -> None:
    parent = program.folder / "output" / ".cozebatch-scratch"
    for name in ("letters", "12345-67890", f"{'0' * 20}-{DEAD}-0123abcd"):
        (parent / name).mkdir(parents=True)
        (parent / name / "letter.txt").write_text("mine", encoding="utf-8")
        os.utime(parent / name, (1e9, 1e9))
    before = contents(parent)
    assert program.batch().code == 0
    assert contents(parent) == before


@LINKS_NEED_A_RIGHT
def test_a_report_and_a_configuration_are_not_written_through_links(program: Program, private: Path) -> None:
    assert program.batch().code == 0
    for name in ("report.html", "configs/config.json"):
        link = program.folder / name
        link.parent.mkdir(exist_ok=True)
        link.symlink_to(private / "letters" / "letter.txt")
    assert program.run("report", "--html", "report.html").code == 2
    assert contents(private) == UNTOUCHED
