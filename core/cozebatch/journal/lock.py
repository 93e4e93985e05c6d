"""Locks a state directory, so that only one process uses it, and stores the holder's pid in the lock file.

The operating system releases the lock when the holder dies. On Windows the lock covers a byte far behind the pid,
because a locked range cannot be read there.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from cozebatch.model.errors import JournalError, UsageError
from cozebatch.model.text import Text


@contextmanager
def state_lock(state_dir: Path) -> Iterator[None]:
    """Hold `state_dir` for this process. Raises `UsageError` naming the holder's pid when it is taken, and
    `JournalError` when nothing can be written there."""
    try:
        state_dir.mkdir(parents=True, exist_ok=True)
        file = open(  # noqa: SIM115 - closed below
            state_dir / "lock", "a+", encoding="ascii", newline="", opener=_open_no_link
        )
    except OSError as error:
        raise UsageError(
            Text(
                f"状态文件夹 {state_dir} 无法写入（{error.strerror}）：请换一个 --state-dir。",
                f"The state directory {state_dir} cannot be written ({error.strerror}): choose another --state-dir.",
            )
        ) from error
    with file:
        if not _try_lock(file):
            file.seek(0)
            pid = file.read(20).strip() or "?"
            raise UsageError(
                Text(
                    f"状态文件夹 {state_dir} 正被另一个进程使用（pid {pid}）：等它结束，或换一个 --state-dir。",
                    f"The state directory {state_dir} is in use by another process (pid {pid}): "
                    "wait for it to end, or choose another --state-dir.",
                )
            )
        _tell_pid(file)
        yield


def _tell_pid(file: IO[str]) -> None:
    try:
        os.ftruncate(file.fileno(), 0)
        os.write(file.fileno(), str(os.getpid()).encode("ascii"))
    except OSError as error:
        raise JournalError(
            Text(
                f"状态文件夹无法写入（{error.strerror}），没有提交任何任务：请检查磁盘空间，或换一个 --state-dir。",
                f"The state directory cannot be written ({error.strerror}); nothing was submitted: check disk space, "
                "or choose another --state-dir.",
            )
        ) from error


def _open_no_link(path: str, flags: int) -> int:
    """Open the lock file; raises `OSError` for a link, which could make us write the pid into another file."""
    return os.open(path, flags | getattr(os, "O_NOFOLLOW", 0), 0o600)


if sys.platform == "win32":
    import msvcrt

    _OFFSET = 1 << 20

    def _try_lock(file: IO[str]) -> bool:
        file.seek(_OFFSET)
        try:
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

else:
    import fcntl

    def _try_lock(file: IO[str]) -> bool:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        return True
