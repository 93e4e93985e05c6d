"""Paths below a folder that several machines share and that each of them sees under a name of its own. Pure.

On the way between machines a path is relative to that folder and has `/` between its parts, whatever the systems.
"""

from __future__ import annotations

import os
import re
from pathlib import Path, PurePath, PurePosixPath, PureWindowsPath

HERE: type[PurePath] = PureWindowsPath if os.name == "nt" else PurePosixPath

_FORBIDDEN = re.compile(r"[\x00-\x1f\\:]")


class NotShared(ValueError):
    """A path does not lie below the shared folder, or leads out of it. `path` says which."""

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self.path = path


def to_shared(path: str, share: str, flavour: type[PurePath] = HERE) -> str:
    """An absolute path of this machine as the others read it. Raises `NotShared`."""
    whole = flavour(path)
    try:
        parts = whole.relative_to(flavour(share)).parts
    except ValueError:
        raise NotShared(path) from None
    if not whole.is_absolute() or not all(_is_plain(part) for part in parts):
        raise NotShared(path)
    return "/".join(parts)


def from_shared(path: str, share: str, flavour: type[PurePath] = HERE) -> str:
    """Where a path that came from another machine lies here. Raises `NotShared` for one that leads out of `share`."""
    parts = path.split("/") if path else []
    if not all(_is_plain(part) for part in parts):
        raise NotShared(path)
    return str(flavour(share).joinpath(*parts))


def is_below(path: str, share: str) -> bool:
    """Whether a path of this machine, relative to the working directory perhaps, lies below `share`."""
    try:
        to_shared(os.path.abspath(Path(path)), os.path.abspath(Path(share)))
    except NotShared:
        return False
    return True


def _is_plain(part: str) -> bool:
    """A name that is one name on every system: neither a way up nor, on Windows, a drive, a stream or two folders."""
    return part not in ("", ".", "..") and not _FORBIDDEN.search(part)
