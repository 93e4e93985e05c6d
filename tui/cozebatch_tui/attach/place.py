"""The file `attach.json` in a state folder: where the batch that runs there listens, and the token that opens it.

Whoever can read the file can command the batch, so only its owner can. It is written by rename when the batch has
begun, and removed at its end. A file that a killed batch left names a port that refuses, or that another program has by
now, which cannot prove that it knows the token (docs/attach.md).
"""

from __future__ import annotations

import json
import os
import stat
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cozebatch.bounds.json_values import read_json
from cozebatch.disk.removing import remove_file
from cozebatch.disk.writing import PRIVATE, make_folder, read_own, write_whole
from cozebatch.model.errors import UsageError
from cozebatch_tui.locale import attach as texts
from cozebatch_tui.presentation.invocation import typed

FILE_NAME = "attach.json"
PROTOCOL = 1
TOKEN_BYTES = 32
_MOST_BYTES = 4096


class NotPrivate(OSError):
    """Others could read the file, so it was removed again."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a batch listens. `token` is hexadecimal; `ticket` names the start that asked for the batch, if one did."""

    port: int
    token: str
    pid: int
    version: str
    protocol: int = PROTOCOL
    ticket: str = ""

    def __repr__(self) -> str:
        return f"Place(port={self.port}, pid={self.pid}, version={self.version!r}, protocol={self.protocol})"

    @property
    def key(self) -> bytes:
        return bytes.fromhex(self.token)


def write_place(folder: Path, place: Place) -> None:
    """Raises `OSError`; `NotPrivate` where the file system keeps no file to its owner (POSIX)."""
    path = folder / FILE_NAME
    facts = {name: getattr(place, name) for name in Place.__slots__}
    make_folder(folder, folder, PRIVATE)
    write_whole(path, json.dumps(facts), folder)
    if os.name == "posix" and path.lstat().st_mode & 0o077:
        remove_place(folder, place)
        raise NotPrivate("others can read it")


def read_place(folder: Path) -> Place | None:
    """None if there is no such file. Raises `UsageError` for one of another protocol, of another user, or damaged."""
    path = folder / FILE_NAME
    try:
        if os.name == "posix" and not _is_ours(path.lstat()):
            raise UsageError(texts.FOREIGN.filled(path=path))
        facts = read_json(read_own(path, folder, _MOST_BYTES))
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise UsageError(typed(texts.DAMAGED.filled(path=path))) from error
    place = _place(facts)
    if place is None:
        raise UsageError(typed(texts.DAMAGED.filled(path=path)))
    return place


def remove_place(folder: Path, place: Place) -> None:
    """Remove the file if it is still that of `place`. Ignores one that cannot be removed: its port refuses soon."""
    with suppress(OSError, ValueError, UsageError):
        if read_place(folder) == place:
            remove_file(folder / FILE_NAME, folder)


def _is_ours(info: os.stat_result) -> bool:
    return stat.S_ISREG(info.st_mode) and (sys.platform == "win32" or info.st_uid == os.geteuid())


def _place(facts: Any) -> Place | None:
    """The place that the file says; None unless it is of the right form."""
    if not isinstance(facts, dict):
        return None
    port, token, pid = facts.get("port"), facts.get("token"), facts.get("pid")
    protocol, version, ticket = facts.get("protocol"), facts.get("version"), facts.get("ticket", "")
    if not (isinstance(port, int) and 0 < port < 65536 and isinstance(pid, int) and isinstance(protocol, int)):
        return None
    if not (isinstance(token, str) and isinstance(version, str) and isinstance(ticket, str)):
        return None
    try:
        if len(bytes.fromhex(token)) != TOKEN_BYTES:
            return None
    except ValueError:
        return None
    return Place(port, token, pid, version[:40], protocol, ticket[:64])
