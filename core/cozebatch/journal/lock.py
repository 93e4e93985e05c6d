"""Locks a state directory, so that only one process uses it, and stores the holder's pid in the lock file.

The operating system releases the lock when the holder dies. On Windows the lock covers a byte far behind the pid,
because a locked range cannot be read there.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from cozebatch.disk.writing import PRIVATE, make_folder, open_own
from cozebatch.model.errors import JournalError, UsageError
from cozebatch.model.os_reason import os_reason
from cozebatch.model.text import Text

_TRIES, _PAUSE = 3, 0.01
"""Seconds between two tries."""


@contextmanager
def state_lock(state_dir: Path) -> Iterator[None]:
    """Hold `state_dir` for this process. Raises `UsageError` naming the holder's pid when it is taken, and
    `JournalError` when nothing can be written there."""
    try:
        make_folder(state_dir, state_dir, PRIVATE)
        file = open_own(state_dir / "lock", state_dir)
    except OSError as error:
        raise UsageError(
            Text(
                "状态文件夹 {state_dir} 无法写入（{why}）：请换一个 --state-dir。",
                "The state directory {state_dir} cannot be written ({why}): choose another --state-dir.",
            ).filled(state_dir=state_dir, why=os_reason(error))
        ) from error
    with file:
        if not _lock(file):
            file.seek(0)
            pid = file.read(20).decode("ascii", "replace").strip()
            pid = pid if pid.isascii() and pid.isdigit() else "?"
            raise UsageError(
                Text(
                    f"状态文件夹 {state_dir} 正被另一个进程使用（pid {pid}）：等它结束，或换一个 --state-dir。",
                    f"The state directory {state_dir} is in use by another process (pid {pid}): "
                    "wait for it to end, or choose another --state-dir.",
                )
            )
        _tell_pid(file)
        yield


def _lock(file: BinaryIO) -> bool:
    """Tries again for a moment: `is_locked`, in another process, takes the lock for an instant."""
    for _ in range(_TRIES):
        if _try_lock(file):
            return True
        time.sleep(_PAUSE)
    return _try_lock(file)


def is_locked(state_dir: Path) -> bool:
    """Whether another process works on `state_dir` now. Nothing is made; a lock that cannot be opened tells nothing."""
    path = state_dir / "lock"
    try:
        if not path.exists():
            return False
        with open_own(path, state_dir) as file:
            return not _try_lock(file)
    except OSError:
        return False


def _tell_pid(file: BinaryIO) -> None:
    try:
        os.ftruncate(file.fileno(), 0)
        os.lseek(file.fileno(), 0, os.SEEK_SET)
        os.write(file.fileno(), str(os.getpid()).encode("ascii"))
    except OSError as error:
        raise JournalError(
            Text(
                "状态文件夹无法写入（{why}），没有提交任何任务：请检查磁盘空间，或换一个 --state-dir。",
                "The state directory cannot be written ({why}); nothing was submitted: check disk space, or choose "
                "another --state-dir.",
            ).filled(why=os_reason(error))
        ) from error


if sys.platform == "win32":
    import msvcrt

    _OFFSET = 1 << 20

    def _try_lock(file: BinaryIO) -> bool:
        file.seek(_OFFSET)
        try:
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

else:
    import fcntl

    def _try_lock(file: BinaryIO) -> bool:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        return True
