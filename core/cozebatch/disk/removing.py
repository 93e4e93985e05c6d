"""Removes what we made: single files by their exact name, and folders that bear our marker. No link is followed.

All functions block and raise `OSError`. A link is removed as a link wherever it lies in a folder of ours; what it leads
to is never looked at.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from cozebatch.disk import marker
from cozebatch.disk.in_use import PATIENCE, Patience, persist
from cozebatch.disk.places import HANDLES, Place, leads_away, link_error, open_folder, place_of
from cozebatch.disk.writing import read_own


class NotOurs(OSError):
    """A folder without our marker. It was left as it is."""

    def __init__(self, folder: Path) -> None:
        super().__init__(None, "was not made by this state folder", str(folder))


def remove_file(path: Path, below: Path, *, patience: Patience = PATIENCE) -> None:
    """Remove the file, if there is one, whose exact name the caller has made. Raises `IsADirectoryError` for a folder
    (`PermissionError` on some systems)."""
    with suppress(FileNotFoundError), place_of(path, below) as place:
        persist(lambda: os.unlink(place.name, dir_fd=place.folder), patience)


def remove_empty_folder(folder: Path, below: Path) -> bool:
    """Remove a folder unless anything is in it. Returns whether it is gone."""
    try:
        with place_of(folder, below) as place:
            os.rmdir(place.name, dir_fd=place.folder)
    except FileNotFoundError:
        return True
    except OSError:
        return False
    return True


def remove_marked(folder: Path, owner: str, below: Path, *, patience: Patience = PATIENCE) -> None:
    """Remove a folder of ours with all that is in it; nothing happens if there is none.

    Raises `NotOurs` for a folder that `owner` has not marked and `ELOOP` for a link; both are left as they are. The
    marker goes last: what could not be removed can be at the next try.
    """
    with suppress(FileNotFoundError), place_of(folder, below) as place:
        with _opened(place, folder) as inside:
            if not marker.proves(_marker_in(inside, folder), folder.name, owner):
                raise NotOurs(folder)
            _remove_contents(inside, folder, patience, last=marker.NAME)
        persist(lambda: os.rmdir(place.name, dir_fd=place.folder), patience)


def remove_within(folder: Path, marked: Path) -> None:
    """Remove `folder`, which lies in our own marked folder `marked` of this process."""
    with suppress(FileNotFoundError), place_of(folder, marked) as place:
        with _opened(place, folder) as inside:
            _remove_contents(inside, folder, PATIENCE)
        persist(lambda: os.rmdir(place.name, dir_fd=place.folder))


@contextmanager
def _opened(place: Place, folder: Path) -> Iterator[int | None]:
    """A handle on the folder, so that looking and acting concern the same one; None where there are no handles.

    Raises `FileNotFoundError` if there is no such folder.
    """
    if not HANDLES:
        if leads_away(folder.lstat()):
            raise link_error(folder)
        yield None
        return
    handle = open_folder(place, folder)
    try:
        yield handle
    finally:
        os.close(handle)


def _marker_in(inside: int | None, folder: Path) -> bytes:
    try:
        return marker.read_in(inside) if inside is not None else read_own(folder / marker.NAME, folder, marker.LONGEST)
    except OSError:
        return b""


def _remove_contents(inside: int | None, folder: Path, patience: Patience, last: str | None = None) -> None:
    """Remove everything in a folder, the file `last` only when all else is gone. Goes on after an error, and raises
    the first one at the end."""
    failed: OSError | None = None
    with os.scandir(folder if inside is None else inside) as entries:
        found = [entry.name for entry in entries]
    for name in sorted(found, key=lambda name: name == last):
        if name == last and failed is not None:
            break
        place = Place(str(folder / name), None) if inside is None else Place(name, inside)
        try:
            _remove_entry(place, folder / name, patience)
        except FileNotFoundError:
            continue
        except OSError as error:
            failed = failed or error
    if failed is not None:
        raise failed


def _remove_entry(place: Place, path: Path, patience: Patience) -> None:
    info = os.stat(place.name, dir_fd=place.folder, follow_symlinks=False)
    if not stat.S_ISDIR(info.st_mode) or leads_away(info):  # Python removes junctions like files
        persist(lambda: os.unlink(place.name, dir_fd=place.folder), patience)
        return
    with _opened(place, path) as inner:
        _remove_contents(inner, path, patience)
    persist(lambda: os.rmdir(place.name, dir_fd=place.folder), patience)
