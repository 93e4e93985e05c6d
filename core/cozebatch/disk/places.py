"""Reaches a file or folder below one of our roots without following a link.

Where the system can (POSIX), every folder on the way is opened from its parent with `O_NOFOLLOW`, and the caller acts
relative to the last one: swapping a folder for a link afterwards has no effect. On Windows every folder on the way is
looked at right before the act; symbolic links, junctions and other mount points count as links.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

HANDLES = {os.open, os.mkdir, os.unlink, os.rmdir, os.rename, os.stat} <= os.supports_dir_fd
"""Whether a folder can be held open while something in it is named relative to it."""

NO_FOLLOW = getattr(os, "O_NOFOLLOW", 0)
_FOLDER = getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_CLOEXEC", 0)


class Place(NamedTuple):
    """What to give to the functions of `os`: `name` and `dir_fd=folder`. Without handles `name` is the whole path."""

    name: str
    folder: int | None


def is_link(path: Path) -> bool:
    """True for a symbolic link and, on Windows, a junction or another mount point; False if there is nothing."""
    try:
        return leads_away(path.lstat())
    except OSError:
        return False


def leads_away(info: os.stat_result) -> bool:
    """The same for the result of an `lstat`."""
    tag = getattr(info, "st_reparse_tag", 0)
    # Cloud files (OneDrive) have reparse tags too; only those with the name-surrogate bit stand for another place:
    # https://learn.microsoft.com/windows-hardware/drivers/ifs/isreparsetagnamesurrogate
    return stat.S_ISLNK(info.st_mode) or bool(tag & 0x20000000)


def link_error(path: Path | str) -> OSError:
    return OSError(errno.ELOOP, "is a link to another place", str(path))


@contextmanager
def place_of(path: Path, below: Path) -> Iterator[Place]:
    """Where `path` lies, to act on it inside the block; `below` is the root that the configuration names.

    Raises `OSError` (`ELOOP`) if a folder between the two is a link, and `ValueError` if `path` is not below `below`.
    What `path` itself is stays open: the functions of `os` that are used with it must not follow links.
    """
    parts = _parts(path, below)
    if not HANDLES:
        folder = below
        for part in parts[:-1]:
            folder /= part
            if is_link(folder):
                raise link_error(folder)
        yield Place(str(path), None)
        return
    handle = os.open(below, os.O_RDONLY | _FOLDER)
    try:
        for depth, part in enumerate(parts[:-1], 1):
            inner = open_folder(Place(part, handle), below.joinpath(*parts[:depth]))
            os.close(handle)
            handle = inner
        yield Place(parts[-1], handle)
    finally:
        os.close(handle)


def open_folder(place: Place, shown: Path) -> int:
    """A handle on a folder that is no link. Only where there are `HANDLES`. `shown` names it in errors."""
    try:
        return os.open(place.name, os.O_RDONLY | _FOLDER | NO_FOLLOW, dir_fd=place.folder)
    except OSError as error:
        # A link gives ELOOP or ENOTDIR, depending on the system; a plain file gives ENOTDIR too.
        if error.errno in (errno.ELOOP, errno.ENOTDIR) and is_link(shown):
            raise link_error(shown) from None
        raise


def _parts(path: Path, below: Path) -> tuple[str, ...]:
    parts = path.relative_to(below).parts
    if not parts or ".." in parts:
        raise ValueError(f"{path} is not below {below}")
    return parts
