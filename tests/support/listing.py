"""Lists what lies in a folder while a process still makes and removes folders there."""

from __future__ import annotations

import fnmatch
import os
from contextlib import suppress
from pathlib import Path


def below(folder: Path, pattern: str) -> list[Path]:
    """Files and folders of any depth whose name matches. A folder that goes meanwhile is passed over; `Path.rglob`
    raises there."""
    return [
        Path(here, name)
        for here, folders, files in os.walk(folder)
        for name in (*folders, *files)
        if fnmatch.fnmatchcase(name, pattern)
    ]


def size_of(folder: Path) -> int:
    """Bytes of all files below the folder."""
    total = 0
    for path in below(folder, "*"):
        with suppress(FileNotFoundError):  # it went meanwhile
            total += path.stat().st_size if path.is_file() else 0
    return total


def inside(folder: Path, name: str) -> list[Path]:
    """What lies directly in folders of that name, of any depth below `folder`."""
    return [
        Path(here, one)
        for here, folders, files in os.walk(folder)
        if Path(here).name == name
        for one in (*folders, *files)
    ]
