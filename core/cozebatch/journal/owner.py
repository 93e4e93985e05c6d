"""The random id of a state folder. It marks our work in a shared folder or a shared table.

A host name cannot serve as this id, because cloned machines have the same one.
"""

from __future__ import annotations

import os
import re
import secrets
from pathlib import Path

from cozebatch.disk.removing import remove_file
from cozebatch.disk.writing import PRIVATE, make_folder, move_new, open_new, read_own, replace
from cozebatch.model.errors import UsageError
from cozebatch.model.os_reason import os_reason
from cozebatch.model.text import Text

FILE_NAME = "owner"
_BITS = 128
_MOST_BYTES = 200
_ID = re.compile(rb"[0-9a-f]{%d}" % (_BITS // 4))


def state_owner(state_dir: Path) -> str:
    """The id of `state_dir`: 128 random bits in hexadecimal, made at the first call and kept in its file `owner`.

    Raises `UsageError` when the folder cannot be written.
    """
    path = state_dir / FILE_NAME
    try:
        return _read(path) or _make(path)
    except OSError as error:
        raise UsageError(
            Text(
                "状态文件夹 {state_dir} 无法读写（{why}）：请换一个 --state-dir。",
                "The state directory {state_dir} cannot be read or written ({why}): choose another --state-dir.",
            ).filled(state_dir=state_dir, why=os_reason(error))
        ) from error


def known_owner(state_dir: Path) -> str:
    """The id of `state_dir` if it has one and it can be read, else an empty text. Nothing is written."""
    try:
        return _read(state_dir / FILE_NAME) or ""
    except OSError:
        return ""


def _read(path: Path) -> str | None:
    try:
        content = read_own(path, path.parent, _MOST_BYTES).strip()
    except FileNotFoundError:
        return None
    return content.decode("ascii") if _ID.fullmatch(content) else None


def _make(path: Path) -> str:
    """Write a new id to a temporary file and move it into place; if another process was faster, use its id."""
    folder = path.parent
    make_folder(folder, folder, PRIVATE)
    new = folder / f"{FILE_NAME}-{secrets.token_hex(6)}"
    try:
        with open_new(new, folder) as file:  # readable by its owner alone
            file.write(secrets.token_hex(_BITS // 8).encode("ascii") + b"\n")
            file.flush()
            os.fsync(file.fileno())
        _put(new, path)
    finally:
        remove_file(new, folder)
    made = _read(path)
    if made is None:
        raise OSError(None, "the file 'owner' cannot be read back")
    return made


def _put(new: Path, path: Path) -> None:
    try:
        move_new(new, path, path.parent)
    except FileExistsError:
        if _read(path) is None:
            replace(new, path, path.parent)  # it is damaged
