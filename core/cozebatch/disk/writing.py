"""Makes folders and files and moves them into place. No link is followed; nothing of others is overwritten.

`below` is always the root that the configuration names (see `places`). All functions block and raise `OSError`.
"""

from __future__ import annotations

import errno
import os
import secrets
import stat
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from cozebatch.disk.in_use import PATIENCE, Patience, persist
from cozebatch.disk.places import HANDLES, NO_FOLLOW, Place, is_link, leads_away, link_error, place_of

OWNER_ONLY = 0o600
EVERYBODY = 0o644
"""For films, which others open: a file's mode on POSIX."""
PRIVATE = 0o700
"""For folders with state or logs."""

_PLAIN = getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0) | NO_FOLLOW


def make_folder(folder: Path, below: Path, mode: int = 0o777) -> None:
    """Make `folder` and what is missing on the way to it. Raises `ELOOP` if one of them is a link below `below`. `mode`
    is that of the folders that are made (POSIX)."""
    below.mkdir(mode, parents=True, exist_ok=True)
    made = below
    for part in folder.relative_to(below).parts:
        made /= part
        with place_of(made, below) as place:
            with suppress(FileExistsError):
                os.mkdir(place.name, mode, dir_fd=place.folder)
            info = _look(place)
        if leads_away(info):
            raise link_error(made)
        if not stat.S_ISDIR(info.st_mode):
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(made))


def make_new_folder(folder: Path, below: Path, mode: int = 0o777) -> None:
    """Raises `FileExistsError` when there is anything under that name."""
    with place_of(folder, below) as place:
        os.mkdir(place.name, mode, dir_fd=place.folder)


def open_new(path: Path, below: Path, mode: int = OWNER_ONLY) -> BinaryIO:
    """A new file to write. Raises `FileExistsError` when there is anything under that name, a link included."""
    with place_of(path, below) as place:
        return open(_open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb")


def open_own(path: Path, below: Path, mode: int = OWNER_ONLY) -> BinaryIO:
    """A file to read and write, made if it is missing; its contents stay. It begins at its start.

    Raises `ELOOP` for a link and `EMLINK` for a file with a second name: writing would change somebody's file.
    """
    with place_of(path, below) as place:
        if not HANDLES and is_link(path):
            raise link_error(path)
        handle = _open(place, os.O_RDWR | os.O_CREAT, mode)
    try:
        require_own(os.fstat(handle), path)
        return open(handle, "r+b")
    except OSError:
        os.close(handle)
        raise


def require_own(info: os.stat_result, path: Path) -> None:
    """Raise `OSError` unless this is a regular file with one name only."""
    if leads_away(info):
        raise link_error(path)
    if not stat.S_ISREG(info.st_mode):
        raise OSError(errno.EINVAL, "is no regular file", str(path))
    if info.st_nlink > 1:
        raise OSError(errno.EMLINK, "has a second name (a hard link)", str(path))


def read_own(path: Path, below: Path, most_bytes: int) -> bytes:
    """The contents of a small file, at most `most_bytes` of it. Raises `ELOOP` for a link."""
    with place_of(path, below) as place:
        if not HANDLES and is_link(path):
            raise link_error(path)
        # O_NONBLOCK: a named pipe must not make us wait for a writer.
        with open(_open(place, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0), 0), "rb") as file:
            return file.read(most_bytes)


def write_whole(
    path: Path,
    data: str | bytes,
    below: Path,
    *,
    mode: int = OWNER_ONLY,
    sync: bool = False,
    patience: Patience = PATIENCE,
) -> None:
    """Write a file in one step: it has its old contents or all of `data` (text in UTF-8). What was there under that
    name is replaced, a link too: what it leads to stays. `sync`: it is on the disk when this returns."""
    new = path.with_name(f".{path.stem[:40]}-{secrets.token_hex(6)}.new")
    made = False
    try:
        with open_new(new, below, mode) as file:
            made = True
            file.write(data.encode("utf-8", "replace") if isinstance(data, str) else data)
            if sync:
                file.flush()
                os.fsync(file.fileno())
        replace(new, path, below, patience=patience)
    except OSError:
        if made:
            with suppress(OSError), place_of(new, below) as place:
                os.unlink(place.name, dir_fd=place.folder)
        raise


def write_named(path: Path, data: str | bytes, *, sync: bool = False) -> None:
    """Write a file whose whole path the user has named, over a file that is there. Its folder must exist.

    Raises `OSError`, also for a link or a device of that name: a shared folder may hold a planted one.
    """
    path = Path(os.path.abspath(path))
    if os.path.lexists(path) and not stat.S_ISREG(path.lstat().st_mode):
        require_own(path.lstat(), path)
    write_whole(path, data, path.parent, sync=sync)


def replace(source: Path, target: Path, below: Path, *, patience: Patience = PATIENCE) -> None:
    """Move our file `source` to `target` in one step, over a file of ours that is there. A link there is replaced."""
    with place_of(target, below) as place:
        persist(lambda: os.replace(source, place.name, dst_dir_fd=place.folder), patience)


def move_new(source: Path, target: Path, below: Path, *, patience: Patience = PATIENCE) -> None:
    """Move our file or folder `source` to `target`. Raises `FileExistsError` when there is anything under that name.

    Only an empty folder that appears there in the very same moment may be replaced (POSIX, moving a folder).
    """
    with place_of(target, below) as place:
        if _exists(place):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(target))
        if os.name != "nt" and not source.is_dir():
            try:
                os.link(source, place.name, dst_dir_fd=place.folder, follow_symlinks=False)
            except FileExistsError:
                raise
            except (OSError, NotImplementedError):  # a file system, or a system, without hard links
                os.rename(source, place.name, dst_dir_fd=place.folder)
            else:
                os.unlink(source)
            return
        persist(lambda: os.rename(source, place.name, dst_dir_fd=place.folder), patience)


def _open(place: Place, flags: int, mode: int) -> int:
    return persist(lambda: os.open(place.name, flags | _PLAIN, mode, dir_fd=place.folder))


def _look(place: Place) -> os.stat_result:
    return os.stat(place.name, dir_fd=place.folder, follow_symlinks=False)


def _exists(place: Place) -> bool:
    try:
        _look(place)
    except FileNotFoundError:
        return False
    return True
