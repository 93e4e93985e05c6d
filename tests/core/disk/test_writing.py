"""Files are made and moved without following links and without overwriting what is not ours."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest

from cozebatch.disk import writing
from cozebatch.disk.places import Place, is_link, place_of
from cozebatch.disk.writing import (
    make_folder,
    make_new_folder,
    move_new,
    open_new,
    open_own,
    read_own,
    replace,
    write_named,
    write_whole,
)
from support.planting import JUNCTIONS, LINKS_NEED_A_RIGHT, UNTOUCHED, contents, junction, private_folder
from support.planting import swap_for_link as swap


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "root"


@pytest.fixture
def private(tmp_path: Path) -> Path:
    return private_folder(tmp_path)


def error_of(error: pytest.ExceptionInfo[OSError]) -> int | None:
    return error.value.errno


def test_folders_are_made_down_from_a_missing_root_and_again_without_harm(root: Path) -> None:
    make_folder(root / "a" / "b", root)
    make_folder(root / "a" / "b", root)
    make_folder(root, root)
    assert (root / "a" / "b").is_dir()


def test_a_file_in_a_folders_place_is_told(root: Path) -> None:
    root.mkdir()
    (root / "a").write_text("mine", encoding="utf-8")
    with pytest.raises(NotADirectoryError):
        make_folder(root / "a" / "b", root)


def test_a_path_outside_the_root_is_a_mistake_of_the_caller(root: Path) -> None:
    root.mkdir()
    for wrong in (root.parent / "x", root / ".." / "x", root):
        with pytest.raises(ValueError, match=r"below|subpath"):
            open_new(wrong, root)


@LINKS_NEED_A_RIGHT
def test_the_root_itself_may_be_a_link_of_the_user(tmp_path: Path, private: Path) -> None:
    root = tmp_path / "films"
    root.symlink_to(private, target_is_directory=True)
    make_folder(root / "a", root)
    write_whole(root / "a" / "f", "film", root)
    assert (private / "a" / "f").read_text(encoding="utf-8") == "film"


@LINKS_NEED_A_RIGHT
def test_nothing_is_written_through_a_link_at_any_depth(root: Path, private: Path) -> None:
    (root / "real").mkdir(parents=True)
    (root / "link").symlink_to(private, target_is_directory=True)
    (root / "real" / "link").symlink_to(private / "letters", target_is_directory=True)
    (root / "made").write_text("film", encoding="utf-8")
    for folder in (root / "link", root / "real" / "link", root / "link" / "letters"):
        acts: list[Callable[[], object]] = [
            partial(make_folder, folder, root),
            partial(make_new_folder, folder / "new", root),
            partial(open_new, folder / "new", root),
            partial(open_own, folder / "letter.txt", root),
            partial(read_own, folder / "letter.txt", root, 10),
            partial(write_whole, folder / "letter.txt", "theirs", root),
            partial(replace, root / "made", folder / "letter.txt", root),
            partial(move_new, root / "made", folder / "new", root),
        ]
        for act in acts:
            with pytest.raises(OSError, match="link") as caught:
                act()
            assert error_of(caught) == errno.ELOOP
    assert contents(private) == UNTOUCHED


@LINKS_NEED_A_RIGHT
def test_a_link_in_a_files_place_is_not_followed(root: Path, private: Path) -> None:
    root.mkdir()
    victim, link = private / "letters" / "letter.txt", root / "film.json"
    for to in (victim, private / "not-there"):
        link.unlink(missing_ok=True)
        link.symlink_to(to)
        with pytest.raises(FileExistsError):
            open_new(link, root)
        acts: list[Callable[[], object]] = [partial(open_own, link, root), partial(read_own, link, root, 10)]
        for act in acts:
            with pytest.raises(OSError, match=r".") as caught:
                act()
            assert error_of(caught) == errno.ELOOP
        made = root / "made"
        made.write_text("film", encoding="utf-8")
        with pytest.raises(FileExistsError):
            move_new(made, link, root)
    write_whole(link, "ours", root)
    assert not is_link(link), "the link was replaced, not followed"
    assert link.read_text(encoding="utf-8") == "ours"
    assert contents(private) == UNTOUCHED


@JUNCTIONS
def test_a_junction_counts_as_a_link(root: Path, private: Path) -> None:
    root.mkdir()
    junction(root / "junction", private)
    assert is_link(root / "junction")
    with pytest.raises(OSError, match="link"):
        make_folder(root / "junction" / "new", root)
    with pytest.raises(OSError, match="link"):
        write_whole(root / "junction" / "letter.txt", "theirs", root)
    assert contents(private) == UNTOUCHED


def test_a_hard_link_is_not_written_into(root: Path, private: Path) -> None:
    root.mkdir()
    victim = private / "letters" / "letter.txt"
    os.link(victim, root / "lock")
    with pytest.raises(OSError, match="second name"):
        open_own(root / "lock", root)
    write_whole(root / "lock", "ours", root)
    assert (root / "lock").read_text(encoding="utf-8") == "ours"
    assert contents(private) == UNTOUCHED


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="named pipes lie in folders on POSIX only")
def test_a_pipe_in_a_files_place_neither_hangs_nor_counts(root: Path) -> None:
    root.mkdir()
    if sys.platform == "win32":
        raise NotImplementedError
    os.mkfifo(root / "owner")
    assert read_own(root / "owner", root, 10) == b""
    with pytest.raises(OSError, match="regular"):
        open_own(root / "owner", root)


def test_nothing_is_overwritten_by_what_is_new(root: Path) -> None:
    root.mkdir()
    for name in ("made", "taken"):
        (root / name).write_text(name, encoding="utf-8")
        (root / f"{name}-folder").mkdir()
        (root / f"{name}-folder" / "f").write_text(name, encoding="utf-8")
    for made, taken in (("made", "taken"), ("made-folder", "taken-folder"), ("made-folder", "taken")):
        with pytest.raises(FileExistsError):
            move_new(root / made, root / taken, root)
    move_new(root / "made", root / "free", root)
    move_new(root / "made-folder", root / "free-folder", root)
    assert contents(root) == {"taken": "taken", "taken-folder/f": "taken", "free": "made", "free-folder/f": "made"}


def test_a_name_that_differs_in_case_alone_is_taken_where_the_disk_says_so(root: Path) -> None:
    root.mkdir()
    (root / "FILM.MP4").write_text("mine", encoding="utf-8")
    if not (root / "film.mp4").exists():
        pytest.skip("names that differ in case are two files on this disk")
    (root / "made").write_text("ours", encoding="utf-8")
    with pytest.raises(FileExistsError):
        move_new(root / "made", root / "film.mp4", root)
    with pytest.raises(FileExistsError):
        open_new(root / "film.mp4", root)
    assert (root / "FILM.MP4").read_text(encoding="utf-8") == "mine"


def test_a_file_is_whole_or_as_it_was(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root.mkdir()
    write_whole(root / "f", "old", root, sync=True)

    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "full")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(OSError, match="full"):
        write_whole(root / "f", "new", root)
    assert contents(root) == {"f": "old"}, "nothing half-written stays"


@pytest.mark.skipif(sys.platform == "win32", reason="there a folder cannot be held open while it is swapped")
def test_a_link_planted_between_looking_and_writing_changes_nothing(
    root: Path, private: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (root / "film").mkdir(parents=True)

    @contextmanager
    def planted(path: Path, below: Path) -> Iterator[Place]:
        with place_of(path, below) as place:
            aside.append(swap(root / "film", private / "letters"))
            yield place

    aside: list[Path] = []
    made, target = root / "made", root / "film" / "letter.txt"
    acts: list[Callable[[], object]] = [
        lambda: open_new(target, root).close(),
        lambda: open_own(target, root).close(),
        lambda: replace(made, target, root),
    ]
    for act in acts:
        made.write_text("ours", encoding="utf-8")
        monkeypatch.setattr(writing, "place_of", planted)
        act()
        monkeypatch.undo()
        assert (aside[-1] / "letter.txt").exists(), "it was written into the folder that was looked at"
        (root / "film").unlink()
        (aside[-1] / "letter.txt").unlink()
        os.rename(aside[-1], root / "film")
    assert contents(private) == UNTOUCHED


@LINKS_NEED_A_RIGHT
def test_a_file_that_the_user_named_is_written_over_a_file_and_over_nothing_else(root: Path, private: Path) -> None:
    root.mkdir()
    page = root / "report.html"
    for text in ("first", "second"):
        write_named(page, text)
        assert page.read_text(encoding="utf-8") == text
    page.unlink()
    page.symlink_to(private / "letters" / "letter.txt")
    for wrong in (page, root, root / "x" / "..", Path("/"), Path("/dev/null"), root / "no-folder" / "x"):
        with pytest.raises(OSError, match=r"."):
            write_named(wrong, "theirs")
    assert contents(private) == UNTOUCHED
    assert [path.name for path in root.iterdir()] == ["report.html"]
