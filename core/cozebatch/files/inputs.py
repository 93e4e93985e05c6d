"""Reads the files that rows of a task file name as inputs: which content it is, and whether it can be one.

A path is absolute, or below the folder of the task file; links that lead out of it, and anything that is no ordinary
file (a pipe, a device), are refused. Content is hashed at each start, so that the record knows it again.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path, PureWindowsPath
from typing import BinaryIO

from cozebatch.model.file_ref import MOST_BYTES, FileRef

_CHUNK = 1024 * 1024
_ENDINGS: Mapping[str, frozenset[str]] = {
    kind: frozenset(endings.split())
    for kind, endings in {
        "image": "jpg jpeg jpg2 png gif webp heic heif bmp pcd tiff tif svg",
        "video": "mp4 avi mov 3gp 3gpp flv webm wmv rmvb m4v mkv",
        "audio": "wav mp3 flac m4a aac ogg wma midi mid",
        "doc": "doc docx pdf numbers csv xls xlsx ppt pptx txt md",
        "excel": "xls xlsx csv numbers",
        "ppt": "ppt pptx",
        "txt": "txt md csv",
        "code": "cpp py java c h js ts go",
        "zip": "rar zip 7z gz gzip bz2",
        "svg": "svg",
    }.items()
}
"""What Coze takes (docs/coze.md), by the type of the input. Any other type takes all of them."""
_SAME = {"voice": "audio"}
KNOWN = frozenset().union(*_ENDINGS.values())
_SIGNS: tuple[tuple[bytes, str], ...] = (
    (b"\x89PNG\r\n\x1a\n", "image"),
    (b"\xff\xd8\xff", "image"),
    (b"GIF8", "image"),
    (b"%PDF", "doc"),
    (b"ID3", "audio"),
    (b"fLaC", "audio"),
    (b"\x1aE\xdf\xa3", "video"),
    (b"PK\x03\x04", "zip"),
    (b"<!doctype", "page"),
    (b"<html", "page"),
)
_MEDIA = frozenset({"image", "video", "audio"})


@dataclass
class LocalFiles:
    """`folder`: of the task file. Knows afterwards where each content lies."""

    folder: Path
    places: dict[str, Path] = field(default_factory=dict)
    """By SHA-256."""

    def names_one(self, value: str) -> bool:
        """Whether a line of the value is the path of a file that is there."""
        return any(_may_be_path(line) and self._path(line).is_file() for line in value.splitlines())

    def look(self, name: str, kind: str) -> FileRef:
        """What a path stands for, as an input of this type. Blocks. Never raises."""
        shown = PureWindowsPath(name).name or name
        path = self._path(name)
        try:
            real = Path(os.path.realpath(path))  # `Path.resolve` raises RuntimeError for links that lead in a circle
            if not Path(name).is_absolute() and not real.is_relative_to(os.path.realpath(self.folder)):
                return FileRef(shown, bad="outside")
            with open_ordinary(path) as file:
                size = os.fstat(file.fileno()).st_size
                if size == 0:
                    return FileRef(shown, bad="empty")
                if size > MOST_BYTES:
                    return FileRef(shown, bad="large")
                head = file.read(64)
                if not is_of_kind(name, kind) or not fits(head, name):
                    return FileRef(shown, bad="type")
                file.seek(0)
                digest = _digest(file)
        except FileNotFoundError:
            return FileRef(shown, bad="missing")
        except NotOrdinaryError:
            return FileRef(shown, bad="special")
        except (OSError, ValueError):
            return FileRef(shown, bad="unreadable")
        self.places[digest] = path
        return FileRef(shown, digest, size)

    def look_anywhere(self, name: str, kind: str) -> FileRef:
        """The same for a path that a person types: from the working directory, or their own folder (`~`)."""
        return self.look(str(Path(name).expanduser().absolute()), kind)

    def _path(self, name: str) -> Path:
        return self.folder / name.strip()


class NotOrdinaryError(OSError):
    """A pipe, a device, a folder: reading it might never end."""


def open_ordinary(path: Path) -> BinaryIO:
    """Open an ordinary file to read, without waiting for anything else. Raises `OSError`."""
    flags = os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0)
    if not stat.S_ISREG(path.stat().st_mode):
        raise NotOrdinaryError
    descriptor = os.open(path, flags)
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise NotOrdinaryError
        return os.fdopen(descriptor, "rb")
    except OSError:
        os.close(descriptor)
        raise


def _digest(file: BinaryIO) -> str:
    """SHA-256, in hexadecimal."""
    digest = hashlib.sha256()
    while piece := file.read(_CHUNK):
        digest.update(piece)
    return digest.hexdigest()


def _ending(name: str) -> str:
    return PureWindowsPath(name).suffix.lower().removeprefix(".")


def is_of_kind(name: str, kind: str) -> bool:
    """Whether an input of this type takes a file that is called so."""
    return _ending(name) in _ENDINGS.get(_SAME.get(kind, kind), KNOWN)


def _may_be_path(line: str) -> bool:
    return 0 < len(line) < 1000 and _ending(line) in KNOWN and "\0" not in line and not is_address(line)


def is_address(line: str) -> bool:
    return line.strip().lower().startswith(("http://", "https://"))


def fits(head: bytes, name: str) -> bool:
    """False where the first bytes are surely of another kind of file than its name says."""
    ending, lowered = _ending(name), head.lstrip().lower()
    found = next((of for sign, of in _SIGNS if head.startswith(sign) or lowered.startswith(sign)), None)
    if found is None:
        return True
    if found in _MEDIA or found == "page":
        named = next((of for of in ("image", "video", "audio") if ending in _ENDINGS[of]), "")
        return not named or named == found or ending == "svg"
    return not any(ending in _ENDINGS[of] for of in _MEDIA)
