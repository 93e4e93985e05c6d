"""The marker file in each folder that we make: the proof that this state folder made it, and may remove it.

The proof is a digest of the state folder's random id and of the folder's name. Somebody who can read a shared folder
can neither learn the id from it nor mark a folder of another name with it.
"""

from __future__ import annotations

import hashlib
import hmac
import os
from pathlib import Path

from cozebatch.disk.places import HANDLES, NO_FOLLOW, is_link
from cozebatch.disk.writing import open_new, read_own

NAME = ".cozebatch-owner"
LONGEST = 200


def mark(folder: Path, owner: str, below: Path) -> None:
    """Mark a folder that we have just made. `owner` is the state folder's random id. Raises `OSError`."""
    with open_new(folder / NAME, below) as file:
        file.write(_proof(folder.name, owner))


def mark_if_empty(folder: Path, owner: str, below: Path) -> None:
    """Mark a folder that may have been there before: only when nothing is in it, so nothing of others. Raises
    `OSError`."""
    with os.scandir(folder) as entries:
        if next(entries, None) is not None:
            return
    try:
        mark(folder, owner, below)
    except FileExistsError:
        return  # another of our threads was faster


def is_marked(folder: Path, owner: str, below: Path) -> bool:
    """Whether `owner` made this folder. False for a link, and for whatever cannot be read."""
    if not owner or is_link(folder):
        return False
    try:
        found = read_own(folder / NAME, below, LONGEST)
    except OSError:
        return False
    return proves(found, folder.name, owner)


def read_in(handle: int) -> bytes:
    """The contents of the marker in an open folder; only where there are `HANDLES`. Raises `OSError`."""
    assert HANDLES
    flags = os.O_RDONLY | NO_FOLLOW | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0)
    with open(os.open(NAME, flags, dir_fd=handle), "rb") as file:
        return file.read(LONGEST)


def proves(found: bytes, name: str, owner: str) -> bool:
    """Whether `found` is the marker that `owner` writes into a folder of that name."""
    return bool(owner) and hmac.compare_digest(found, _proof(name, owner))


def _proof(name: str, owner: str) -> bytes:
    digest = hashlib.sha256(f"{owner}\x1f{name}".encode("utf-8", "surrogatepass")).hexdigest()
    return f"Made by cozebatch-tui, which removes this folder by itself.\n{digest}\n".encode("ascii")
