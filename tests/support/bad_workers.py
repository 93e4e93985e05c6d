"""Workers in surroundings that are wrong: without fonts, of another version, on a full disk, with another folder.

Nothing of the program is replaced. A worker gets mounts of its own (a Linux mount namespace), or packages that come
before the installed ones.
"""

from __future__ import annotations

import functools
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

FONT_FOLDERS = ("/usr/share/fonts", "/usr/local/share/fonts")
_OWN_MOUNTS = ("unshare", "--user", "--map-root-user", "--mount", "sh", "-ec")


@functools.cache
def can_mount() -> bool:
    """Whether this system lets a test have mounts of its own."""
    if sys.platform != "linux" or shutil.which("unshare") is None:
        return False
    command = [*_OWN_MOUNTS, "mount -t tmpfs -o size=1m tmpfs /mnt"]
    return subprocess.run(command, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode == 0


def with_mounts(*commands: str) -> list[str]:
    """A command to put before another, which then sees these mounts; nobody else does. It keeps its process id."""
    return [*_OWN_MOUNTS, "\n".join([*commands, 'exec "$@"']), "sh"]


def empty_at(*folders: str | Path) -> list[str]:
    """Nothing is seen at these places."""
    return [f"test ! -d '{folder}' || mount -t tmpfs -o size=1m tmpfs '{folder}'" for folder in folders]


def small_disk(share: Path, aside: Path, megabytes: int) -> list[str]:
    """What is in `share` is seen, and what is written there goes to a disk of this size, mounted at `aside`."""
    aside.mkdir()
    return [
        f"mount -t tmpfs -o size={megabytes}m tmpfs '{aside}'",
        f"mkdir '{aside}/upper' '{aside}/work'",
        f"mount -t overlay -o lowerdir='{share}',upperdir='{aside}/upper',workdir='{aside}/work' overlay '{share}'",
    ]


def fill_disk(pid: int, aside: Path, *, leave: int) -> None:
    """Fill the small disk of the process `pid` until only so many bytes are free."""
    if sys.platform != "linux":
        raise NotImplementedError
    folder = f"/proc/{pid}/root{aside}"
    free = shutil.disk_usage(folder).free
    with open(f"{folder}/filler", "wb") as filler:
        os.posix_fallocate(filler.fileno(), 0, free - leave)


def fonts_of_another_home(home: Path, kept: Sequence[str | Path] = ()) -> dict[str, str]:
    """The environment of a worker that has only the fonts `kept` of its user, and not the package of fonts."""
    (home / ".fonts").mkdir(parents=True)
    for font in kept:
        shutil.copy(font, home / ".fonts")
    packages = home / "packages"
    packages.mkdir()
    (packages / "noto_cjk_sans_otc.py").write_text("raise ImportError('is not installed')\n", encoding="utf-8")
    return {"HOME": str(home), "PYTHONPATH": str(packages)}


def another_version(folder: Path, version: str) -> dict[str, str]:
    """The environment of a worker whose installed program says that it is this version."""
    about = folder / f"cozebatch_tui-{version}.dist-info"
    about.mkdir(parents=True)
    text = f"Metadata-Version: 2.1\nName: cozebatch-tui\nVersion: {version}\n"
    (about / "METADATA").write_text(text, encoding="utf-8")
    return {"PYTHONPATH": str(folder)}
