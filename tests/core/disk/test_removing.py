"""Only what bears our marker, or a name that the caller made, is removed."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from cozebatch.disk import marker
from cozebatch.disk.marker import is_marked, mark, mark_if_empty
from cozebatch.disk.removing import NotOurs, remove_empty_folder, remove_file, remove_marked, remove_within
from support.planting import JUNCTIONS, LINKS_NEED_A_RIGHT, UNTOUCHED, contents, junction, private_folder
from support.planting import swap_for_link as swap

OURS, THEIRS = "0123456789abcdef" * 2, "f" * 32


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "root"
    folder.mkdir()
    return folder


@pytest.fixture
def private(tmp_path: Path) -> Path:
    return private_folder(tmp_path)


def made(root: Path, owner: str = OURS, name: str = "work") -> Path:
    folder = root / name
    folder.mkdir()
    mark(folder, owner, root)
    (folder / "deep" / "er").mkdir(parents=True)
    (folder / "deep" / "er" / "film").write_text("film", encoding="utf-8")
    return folder


def test_a_folder_of_ours_goes_with_all_that_is_in_it(root: Path) -> None:
    folder = made(root)
    assert is_marked(folder, OURS, root)
    remove_marked(folder, OURS, root)
    remove_marked(folder, OURS, root)
    assert contents(root) == {}


def test_a_folder_without_our_marker_stays(root: Path) -> None:
    unmarked = root / "unmarked"
    unmarked.mkdir()
    (unmarked / "letter").write_text("mine", encoding="utf-8")
    theirs, broken = made(root, THEIRS, "theirs"), made(root, OURS, "broken")
    (broken / marker.NAME).write_bytes(b"\x00" * 100_000)
    renamed = made(root, OURS, "was-ours").rename(root / "copied")
    before = {folder: contents(folder) for folder in (unmarked, theirs, renamed)}
    for folder in (*before, broken):
        assert not is_marked(folder, OURS, root)
        with pytest.raises(NotOurs):
            remove_marked(folder, OURS, root)
    assert {folder: contents(folder) for folder in before} == before
    with pytest.raises(NotOurs):
        remove_marked(made(root, "", "nobody's"), "", root)


def test_the_marker_does_not_tell_the_id(root: Path) -> None:
    assert OURS not in (made(root) / marker.NAME).read_text(encoding="ascii")


def test_a_folder_that_has_something_in_it_is_not_marked(root: Path) -> None:
    folder = root / "found"
    folder.mkdir()
    mark_if_empty(folder, OURS, root)
    assert is_marked(folder, OURS, root)
    mark_if_empty(folder, THEIRS, root)
    assert is_marked(folder, OURS, root)


@LINKS_NEED_A_RIGHT
def test_links_in_a_folder_of_ours_go_and_what_they_lead_to_stays(root: Path, private: Path) -> None:
    folder = made(root)
    (folder / "link").symlink_to(private, target_is_directory=True)
    (folder / "deep" / "file").symlink_to(private / "letters" / "letter.txt")
    os.link(private / "letters" / "letter.txt", folder / "hard")
    remove_marked(folder, OURS, root)
    assert not folder.exists()
    assert contents(private) == UNTOUCHED


@LINKS_NEED_A_RIGHT
def test_a_link_in_the_place_of_a_folder_of_ours_stays(root: Path, private: Path) -> None:
    mark(private, OURS, private.parent)
    link = root / "private"
    link.symlink_to(private, target_is_directory=True)
    assert not is_marked(link, OURS, root)
    acts: list[Callable[[], object]] = [
        lambda: remove_marked(link, OURS, root),
        lambda: remove_within(link / "letters", root),
    ]
    for act in acts:
        with pytest.raises(OSError, match="link"):
            act()
    with pytest.raises(OSError, match="link"):
        remove_file(link / "letters" / "letter.txt", root)
    assert not remove_empty_folder(link / "letters", root)
    assert (private / "letters" / "letter.txt").exists()
    remove_file(link, root)
    assert not link.is_symlink()
    assert (private / "letters" / "letter.txt").exists()


@LINKS_NEED_A_RIGHT
def test_a_marker_that_is_a_link_proves_nothing(root: Path) -> None:
    real, copied = made(root, name="work"), root / "other" / "work"
    copied.mkdir(parents=True)
    (copied / marker.NAME).symlink_to(real / marker.NAME)
    assert not is_marked(copied, OURS, root)
    with pytest.raises(NotOurs):
        remove_marked(copied, OURS, root)


@JUNCTIONS
def test_a_junction_in_a_folder_of_ours_goes_and_what_it_leads_to_stays(root: Path, private: Path) -> None:
    folder = made(root)
    junction(folder / "junction", private)
    junction(root / "planted", private)
    remove_marked(folder, OURS, root)
    with pytest.raises(OSError, match="link"):
        remove_marked(root / "planted", OURS, root)
    assert not folder.exists()
    assert contents(private) == UNTOUCHED


@pytest.mark.skipif(sys.platform == "win32", reason="there a folder cannot be held open while it is swapped")
def test_a_link_planted_between_looking_and_removing_changes_nothing(
    root: Path, private: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, really = made(root), marker.proves
    aside: list[Path] = []

    def proves(found: bytes, name: str, owner: str) -> bool:
        aside.append(swap(folder, private))
        return really(found, name, owner)

    monkeypatch.setattr(marker, "proves", proves)
    with pytest.raises(NotADirectoryError):
        remove_marked(folder, OURS, root)
    assert contents(private) == UNTOUCHED
    assert contents(aside[0]) == {}, "the folder that was looked at is the one that was emptied"


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() == 0, reason="needs a folder that refuses its user")
def test_the_marker_goes_last_so_that_the_rest_can_go_later(root: Path) -> None:
    folder = made(root)
    (folder / "deep" / "er").chmod(0o500)
    with pytest.raises(PermissionError):
        remove_marked(folder, OURS, root)
    assert is_marked(folder, OURS, root)
    (folder / "deep" / "er").chmod(0o700)
    remove_marked(folder, OURS, root)
    assert not folder.exists()


def test_what_refuses_to_go_is_told_and_the_marker_stays(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder, really = made(root), os.unlink
    (folder / "other").write_text("x", encoding="utf-8")

    def unlink(path: str, *, dir_fd: int | None = None) -> None:
        if os.path.basename(path) == "film":
            raise PermissionError(13, "held")
        really(path, dir_fd=dir_fd)

    monkeypatch.setattr(os, "unlink", unlink)
    with pytest.raises(PermissionError, match="held"):
        remove_marked(folder, OURS, root)
    assert contents(folder).keys() == {"deep/er/film", marker.NAME}, "all else is gone"
    monkeypatch.undo()
    remove_marked(folder, OURS, root)
    assert not folder.exists()


def test_a_file_goes_by_its_name_and_a_folder_of_that_name_stays(root: Path) -> None:
    (root / "f").write_text("x", encoding="utf-8")
    remove_file(root / "f", root)
    remove_file(root / "f", root)
    remove_file(root / "no" / "f", root)
    (root / "f").mkdir()
    with pytest.raises(OSError, match=r"directory|denied|permitted"):
        remove_file(root / "f", root)
    assert remove_empty_folder(root / "f", root)
    assert remove_empty_folder(root / "f", root)


def test_a_folder_within_our_work_goes(root: Path) -> None:
    folder = made(root)
    remove_within(folder / "deep", folder)
    assert contents(folder).keys() == {marker.NAME}
    shutil.rmtree(folder)
