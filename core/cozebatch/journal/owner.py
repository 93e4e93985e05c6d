"""The random id of a state folder. It marks our work in a shared folder or a shared table.

A host name cannot serve as this id, because cloned machines have the same one.
"""

from __future__ import annotations

import os
import re
import secrets
import tempfile
from pathlib import Path

from cozebatch.model.errors import UsageError
from cozebatch.model.text import Text

FILE_NAME = "owner"
_BITS = 128
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
                f"状态文件夹 {state_dir} 无法读写（{error.strerror}）：请换一个 --state-dir。",
                f"The state directory {state_dir} cannot be read or written ({error.strerror}): "
                "choose another --state-dir.",
            )
        ) from error


def _read(path: Path) -> str | None:
    try:
        content = path.read_bytes().strip()
    except FileNotFoundError:
        return None
    return content.decode("ascii") if _ID.fullmatch(content) else None


def _make(path: Path) -> str:
    """Write a new id to a temporary file and move it into place; if another process was faster, use its id."""
    path.parent.mkdir(parents=True, exist_ok=True)
    number, name = tempfile.mkstemp(prefix=f"{FILE_NAME}-", dir=path.parent)  # readable by its owner alone
    try:
        with open(number, "wb") as file:
            file.write(secrets.token_hex(_BITS // 8).encode("ascii") + b"\n")
            file.flush()
            os.fsync(file.fileno())
        _put(Path(name), path)
    finally:
        Path(name).unlink(missing_ok=True)
    made = _read(path)
    if made is None:
        raise OSError(None, "the file 'owner' cannot be read back")
    return made


def _put(new: Path, path: Path) -> None:
    try:
        os.link(new, path)
    except FileExistsError:
        if _read(path) is None:
            os.replace(new, path)  # it is damaged
    except OSError:  # a file system without hard links
        os.replace(new, path)
