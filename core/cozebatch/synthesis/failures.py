"""Turns failures while making a film into `StepError`s with a category of docs/contract.md §6."""

from __future__ import annotations

import errno
import shutil
from pathlib import Path

from cozebatch.model import sanitize
from cozebatch.model.errors import Category, ErrorInfo, StepError
from cozebatch.model.os_reason import os_reason
from cozebatch.model.text import NOTHING, Text

RESERVE_BYTES = 64 * 1024 * 1024
"""Left free on every disk: a journal that cannot be written is worse than a film that is not made."""

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
_WINDOWS_FULL = frozenset({39, 112})  # ERROR_HANDLE_DISK_FULL, ERROR_DISK_FULL


def failure(category: Category, zh: str, en: str, *, hint: Text = NOTHING, code: str | None = None) -> StepError:
    return StepError(ErrorInfo(category, Text(zh, en), code=code, hint=hint))


def is_disk_full(error: OSError) -> bool:
    return error.errno in _FULL or getattr(error, "winerror", None) in _WINDOWS_FULL


def from_os_error(error: OSError, otherwise: Category, what: Path | str) -> StepError:
    """The error for an operating system's refusal: `disk_full` if the disk is full, else `otherwise`."""
    if is_disk_full(error):
        return failure(Category.DISK_FULL, f"磁盘已满，无法写入 {what}", f"the disk is full: cannot write {what}")
    why = os_reason(error)
    return failure(otherwise, f"无法读写 {what}：{why.zh}", f"cannot read or write {what}: {why.en}")


def need_space(folder: Path, needed: int) -> None:
    """Raise `disk_full` unless `folder`'s disk has room for `needed` bytes and the reserve."""
    free = shutil.disk_usage(existing_parent(folder)).free
    if free < needed + RESERVE_BYTES:
        have, want = free // 1_000_000, (needed + RESERVE_BYTES) // 1_000_000
        raise failure(
            Category.DISK_FULL,
            f"磁盘剩余 {have} MB，需要约 {want} MB：{folder}",
            f"{have} MB free, about {want} MB needed: {folder}",
        )


def existing_parent(folder: Path) -> Path:
    """`folder` itself or the nearest of its parents that exists."""
    for path in (folder, *folder.parents):
        if path.exists():
            return path
    return folder


def clean(text: str, limit: int = 300) -> str:
    """Text from a tool or a server as one bounded line without control characters."""
    return sanitize.clean(" ".join(text.split()), limit)


def last_line(text: str) -> str:
    """The last line that is not blank, cleaned."""
    for line in reversed(text.splitlines()):
        if line.strip():
            return clean(line)
    return ""
