"""Private scratch folders: where a film is made before it appears in its place by one rename.

They lie inside the folder the result goes to, because only within one file system is a rename one step.
"""

from __future__ import annotations

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
from cozebatch.synthesis.names import digest

_PARENT = ".cozebatch-scratch"
_FOREIGN_AGE = 2 * 86400.0


@asynccontextmanager
async def scratch(under: Path, category: Category = Category.SYNTHESIS) -> AsyncIterator[Path]:
    """A new empty folder below `under`, removed at the end with all that is in it.

    Raises `StepError` of `category` (or `disk_full`) when it cannot be made.
    """
    try:
        folder = await anyio.to_thread.run_sync(_make, under)
    except OSError as error:
        raise from_os_error(error, category, under) from error
    try:
        yield folder
    finally:
        with anyio.CancelScope(shield=True):
            await anyio.to_thread.run_sync(_remove, folder)


def sweep(under: Path) -> int:
    """Remove scratch folders that processes of this machine left when they were killed; how many there were."""
    parent = under / _PARENT
    removed = 0
    if not parent.is_dir():
        return 0
    for folder in parent.iterdir():
        if _is_left_over(folder):
            _remove(folder)
            removed += 1
    return removed


def _make(under: Path) -> Path:
    parent = under / _PARENT
    parent.mkdir(parents=True, exist_ok=True)
    return Path(tempfile.mkdtemp(prefix=f"{_machine()}-{os.getpid()}-", dir=parent)).absolute()


def _remove(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    try:
        folder.parent.rmdir()
    except OSError:
        return  # Another job's scratch is still in there.


def _machine() -> str:
    return digest(platform.node(), length=8)


def _is_left_over(folder: Path) -> bool:
    machine, _, rest = folder.name.partition("-")
    pid = rest.partition("-")[0]
    if machine == _machine() and pid.isdigit() and sys.platform != "win32":
        return int(pid) != os.getpid() and not _alive(int(pid))
    try:
        return time.time() - folder.stat().st_mtime > _FOREIGN_AGE
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
