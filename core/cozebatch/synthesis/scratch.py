"""Private scratch folders: where a film is made before it appears in its place by one rename.

They lie inside the folder the result goes to, because only within one file system is a rename one step. That folder
may be shared by several machines, even by machines of the same name: a scratch folder's name and its marker prove which
state folder made it (`SynthesisOptions.owner`), and nothing is swept that another one made.
"""

from __future__ import annotations

import os
import platform
import re
import secrets
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import anyio
import anyio.to_thread

from cozebatch.disk.marker import is_marked, mark
from cozebatch.disk.places import is_link
from cozebatch.disk.removing import remove_empty_folder, remove_marked
from cozebatch.disk.writing import make_folder, make_new_folder
from cozebatch.model.errors import Category
from cozebatch.model.text import Text
from cozebatch.synthesis.alive import is_alive
from cozebatch.synthesis.failures import from_os_error
from cozebatch.synthesis.names import digest

_PARENT = ".cozebatch-scratch"
_TRIES = 500
_PAUSE = 0.001
_RANDOM_BYTES = 4
_IN_USE: set[str] = set()
"""Names of this process's scratch folders whose films are being made. Their paths may be spelled in several ways."""
_MODE = 0o700 if os.name == "posix" else 0o777
"""On Windows a film that is moved out of a folder keeps its rights, so the folder has those of the output folder."""


@dataclass(frozen=True, slots=True)
class Swept:
    """What `sweep` did: how many folders it removed, and what it left although its name is like ours."""

    removed: int = 0
    left: tuple[Text, ...] = ()


@asynccontextmanager
async def scratch(under: Path, owner: str, category: Category = Category.SYNTHESIS) -> AsyncIterator[Path]:
    """A new empty folder below `under`, removed at the end with all that is in it.

    `owner` is `SynthesisOptions.owner`. Raises `StepError` of `category` (or `disk_full`) when it cannot be made.
    """
    under = Path(await anyio.Path(under).absolute())
    owner = owner or secrets.token_hex(16)
    try:
        folder = await anyio.to_thread.run_sync(_make, under, owner)
    except OSError as error:
        raise from_os_error(error, category, under) from error
    try:
        yield folder
    finally:
        with anyio.CancelScope(shield=True):
            await anyio.to_thread.run_sync(_remove, folder, under, owner)
        _IN_USE.discard(folder.name)


def sweep(under: Path, owner: str) -> Swept:
    """Remove scratch folders that killed processes of `owner` on this machine left, or this one without being able to
    remove them. Without an owner nothing is."""
    under = under.absolute()
    parent = under / _PARENT
    if not owner or not parent.is_dir():
        return Swept()
    if is_link(parent):
        return Swept(left=(_left(parent, "是链接", "is a link"),))
    removed = 0
    left: list[Text] = []
    for folder in sorted(parent.iterdir()):
        if not _is_left_over(folder, owner):
            continue
        if not is_marked(folder, owner, under):
            left.append(_left(folder, "没有本状态文件夹的标记", "does not bear this state folder's marker"))
        elif _remove(folder, under, owner):
            removed += 1
    return Swept(removed, tuple(left))


def _left(folder: Path, zh: str, en: str) -> Text:
    return Text(f"没有清理 {folder}：它{zh}。", f"{folder} was not cleaned up: it {en}.")


def _make(under: Path, owner: str) -> Path:
    """Make the folder, and its parent where it is missing.

    Another film that ends now may remove the parent at any moment, so both are made again when that happens.
    """
    for _ in range(_TRIES):
        # PermissionError: what Windows says of a folder that is being deleted.
        with suppress(FileNotFoundError, FileExistsError, PermissionError):
            return _make_once(under, owner)
        time.sleep(_PAUSE)
    return _make_once(under, owner)


def _make_once(under: Path, owner: str) -> Path:
    parent = under / _PARENT
    folder = parent / f"{_of(owner)}{os.getpid()}-{secrets.token_hex(_RANDOM_BYTES)}"
    make_folder(parent, under)
    _IN_USE.add(folder.name)  # before it is there: another film's sweep may look at any moment
    try:
        make_new_folder(folder, under, _MODE)
        mark(folder, owner, under)
    except OSError:
        _IN_USE.discard(folder.name)
        raise
    return folder


def _remove(folder: Path, under: Path, owner: str) -> bool:
    """Whether the folder is gone. What another program still holds is swept at a later start."""
    try:
        remove_marked(folder, owner, under)
    except OSError:
        return False
    remove_empty_folder(folder.parent, under)  # stays while another film's scratch folder is in it
    return True


def _of(owner: str) -> str:
    """How the names of an owner's folders begin on this machine. A copied state folder takes its id along, hence the
    machine's name."""
    return f"{digest(owner, platform.node(), length=20)}-"


def _is_left_over(folder: Path, owner: str) -> bool:
    """Whether it is named like ours, by a process that is not alive any more; or by this one, which could not remove
    it: a shared folder was away then."""
    named = re.fullmatch(rf"{_of(owner)}(\d{{1,10}})-[0-9a-f]{{{2 * _RANDOM_BYTES}}}", folder.name, re.ASCII)
    if named is None:
        return False
    return folder.name not in _IN_USE if int(named[1]) == os.getpid() else not is_alive(int(named[1]))
