"""Private scratch folders: where a film is made before it appears in its place by one rename.

They lie inside the folder the result goes to, because only within one file system is a rename one step. That folder
may be shared by several machines, even by machines of the same name: a scratch folder's name carries the random id of
the state folder that made it (`SynthesisOptions.owner`), and nothing is swept that another one made.
"""

from __future__ import annotations

import errno
import os
import platform
import shutil
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import anyio.to_thread

from cozebatch.model.errors import Category
from cozebatch.synthesis.failures import from_os_error
from cozebatch.synthesis.names import digest, is_link

_PARENT = ".cozebatch-scratch"
_OLD = 2 * 86400.0
"""Seconds after which a folder of ours counts as dead on Windows, where a process cannot be asked whether it lives
without a risk of ending it."""
_TRIES = 500
_PAUSE = 0.001


@asynccontextmanager
async def scratch(under: Path, owner: str, category: Category = Category.SYNTHESIS) -> AsyncIterator[Path]:
    """A new empty folder below `under`, removed at the end with all that is in it.

    `owner` is `SynthesisOptions.owner`. Raises `StepError` of `category` (or `disk_full`) when it cannot be made.
    """
    try:
        folder = await anyio.to_thread.run_sync(_make, under, owner)
    except OSError as error:
        raise from_os_error(error, category, under) from error
    try:
        yield folder
    finally:
        with anyio.CancelScope(shield=True):
            await anyio.to_thread.run_sync(_remove, folder)


def sweep(under: Path, owner: str) -> int:
    """Remove scratch folders that killed processes of `owner` on this machine left; return how many there were.

    Without an owner nothing is removed.
    """
    parent = under / _PARENT
    removed = 0
    if not owner or not parent.is_dir() or is_link(parent):
        return 0
    for folder in parent.iterdir():
        if _is_left_over(folder, owner):
            _remove(folder)
            removed += 1
    return removed


def _make(under: Path, owner: str) -> Path:
    """Make the folder, and its parent where it is missing.

    Another film that ends now may remove the parent at any moment, so both are made again when that happens.
    """
    parent = under / _PARENT
    prefix = f"{_of(owner)}{os.getpid()}-"
    for _ in range(_TRIES):
        try:
            _make_parent(parent)
            return Path(tempfile.mkdtemp(prefix=prefix, dir=parent)).absolute()
        except (FileNotFoundError, FileExistsError, PermissionError):
            # PermissionError: what Windows says of a folder that is being deleted.
            time.sleep(_PAUSE)
    _make_parent(parent)
    return Path(tempfile.mkdtemp(prefix=prefix, dir=parent)).absolute()


def _make_parent(parent: Path) -> None:
    """Raises `OSError` for a link: it would lead our writing and sweeping into somebody's folder."""
    parent.mkdir(parents=True, exist_ok=True)
    if is_link(parent):
        raise OSError(errno.ELOOP, "is a link to another folder", str(parent))


def _remove(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    try:
        folder.parent.rmdir()
    except OSError:
        return  # Another film's scratch folder is still in there.


def _of(owner: str) -> str:
    """How the names of an owner's folders begin on this machine. A copied state folder takes its id along, hence the
    machine's name."""
    return f"{digest(owner, platform.node(), length=20)}-"


def _is_left_over(folder: Path, owner: str) -> bool:
    if is_link(folder):
        return False
    prefix = _of(owner)
    pid = folder.name.removeprefix(prefix).partition("-")[0]
    if not folder.name.startswith(prefix) or not pid.isdigit() or int(pid) == os.getpid():
        return False
    if sys.platform != "win32":
        return not _alive(int(pid))
    try:
        return time.time() - folder.stat().st_mtime > _OLD
    except OSError:
        return False


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
