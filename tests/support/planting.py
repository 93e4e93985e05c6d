"""Plants links of every kind, and a folder of the user's that must stay as it is."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from support.wine import NO_JUNCTIONS, is_wine

LINKS_NEED_A_RIGHT = pytest.mark.skipif(sys.platform == "win32", reason="symbolic links need a right on Windows")
JUNCTIONS = pytest.mark.skipif(
    sys.platform != "win32" or is_wine(), reason=NO_JUNCTIONS if is_wine() else "junctions exist on Windows only"
)
ONLY_WINDOWS = pytest.mark.skipif(sys.platform != "win32", reason="sharing errors exist on Windows only")


def private_folder(parent: Path) -> Path:
    """A folder of the user with something in it."""
    folder = parent / "private"
    (folder / "letters").mkdir(parents=True)
    (folder / "letters" / "letter.txt").write_text("mine", encoding="utf-8")
    return folder


def contents(folder: Path) -> dict[str, str]:
    """Every file below a folder with its text, and every empty folder."""
    return {
        p.relative_to(folder).as_posix(): p.read_text(encoding="utf-8") if p.is_file() else "(folder)"
        for p in folder.rglob("*")
        if p.is_file() or not any(p.iterdir())
    }


UNTOUCHED = {"letters/letter.txt": "mine"}
"""The `contents` of a private folder that nobody changed."""


def junction(place: Path, to: Path) -> None:
    """A junction (mount point) as anybody may make on Windows, without a right. Skips the test on a disk without
    junctions."""
    if sys.platform == "win32":
        import _winapi

        try:
            _winapi.CreateJunction(str(to), str(place))
        except OSError as error:
            if error.winerror == 50:  # ERROR_NOT_SUPPORTED
                pytest.skip("this disk has no junctions")
            raise


def swap_for_link(folder: Path, to: Path) -> Path:
    """What an attacker does between our looking and our acting. Returns where the real folder lies now."""
    aside = folder.with_name(folder.name + "-aside")
    os.rename(folder, aside)
    folder.symlink_to(to, target_is_directory=True)
    return aside
