"""Deletes old things from the state directory: journal rows, downloaded media, damaged journals that were kept.

Never deletes what an unfinished task may need. Results files, films and drafts are not part of the state and are never
touched. Nothing outside the state directory is touched: no link is followed. A folder in `media` goes only if it bears
the marker that this state directory puts into its own (`cozebatch.disk`); any other is left and told.
"""

from __future__ import annotations

import os
import re
import stat
import time
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TypeVar

import anyio.to_thread

from cozebatch.disk.marker import is_marked
from cozebatch.disk.places import leads_away
from cozebatch.disk.removing import remove_empty_folder, remove_file, remove_marked
from cozebatch.journal.opening import shm_of, wal_of
from cozebatch.journal.owner import known_owner
from cozebatch.journal.retention.outcome import JournalPruned, Kind, Pruned
from cozebatch.journal.sqlite import SqliteJournal
from cozebatch.model.errors import JournalError
from cozebatch.model.os_reason import os_reason
from cozebatch.model.text import Text
from cozebatch.ports import Journal
from cozebatch.synthesis.names import digest

__all__ = ["DAY", "Kind", "Pruned", "prune_old_state", "prune_state"]

DAY = 86400.0
MEDIA = "media"

_PUT_ASIDE = "journal.damaged-*.sqlite3"
_DAMAGED = re.compile(r"journal\.damaged-(\d{8}_\d{6})(?:_\d+)?\.sqlite3")

T = TypeVar("T")


async def prune_old_state(
    journal: Journal,
    state_dir: Path,
    days: int,
    wall: Callable[[], float] = time.time,
    *,
    media: Path | None = None,
) -> Pruned:
    """Delete what was last used more than `days` days ago and is not needed any more. Called at the end of a batch,
    when no task is on its way. Never raises for what cannot be read or deleted: that is in `troubles`.

    `media`: the folder of the downloads, unless it is the state directory's own.

    With a journal in memory nothing is deleted: it does not know what is on disk.
    """
    if not isinstance(journal, SqliteJournal):
        return Pruned()
    before = wall() - days * DAY
    media = media or state_dir / MEDIA
    try:
        # Reading the whole journal after every batch would take too long.
        if not await journal.has_old_runs(before) and not await _in_thread(
            lambda: _has_old_files(state_dir, media, before)
        ):
            return Pruned()
        return await prune_state(journal, state_dir, before, media=media)
    except JournalError as error:
        return Pruned(troubles=[error.text])


async def prune_state(
    journal: SqliteJournal | None,
    state_dir: Path,
    before: float,
    *,
    dry: bool = False,
    compact: bool = False,
    media: Path | None = None,
) -> Pruned:
    """Delete what was last used before `before` (Unix seconds) and is not needed any more.

    `journal` is None where there is none. With `compact` its file becomes smaller too; with `dry` nothing is changed.
    Raises `JournalError`.
    """
    if journal is None:
        pruned = JournalPruned(incomplete=await _in_thread(lambda: any(state_dir.glob(_PUT_ASIDE))))
    else:
        pruned = await journal.prune(before, dry=dry, compact=compact)
    found = pruned.found
    needed = {digest(task_id) for task_id in pruned.unsettled}  # named as `LocalSynthesizer` names their folders
    media = media or state_dir / MEDIA
    owner = await _in_thread(lambda: known_owner(state_dir))
    for run_folder in await _in_thread(lambda: _folders_in(media, found)):
        await _in_thread(partial(_prune_media, run_folder, owner, before, needed, found, dry, pruned.incomplete))
    await _in_thread(partial(_prune_damaged, state_dir, before, found, dry, pruned.incomplete))
    return found


def _has_old_files(state_dir: Path, media: Path, before: float) -> bool:
    """Files of ours: a stranger's folder must not cost a look through the whole journal after every batch."""
    run_folders = _folders_in(media, Pruned())
    tasks = (folder for run_folder in run_folders for folder in _folders_in(run_folder, Pruned()))
    old = (folder for folder in tasks if _is_older(folder, before))
    owner = known_owner(state_dir)
    return any(is_marked(folder, owner, media.parent) for folder in old) or any(state_dir.glob(_PUT_ASIDE))


async def _in_thread(function: Callable[[], T]) -> T:
    return await anyio.to_thread.run_sync(function)


def _prune_media(
    run_folder: Path, owner: str, before: float, needed: Collection[str], found: Pruned, dry: bool, incomplete: bool
) -> None:
    """The tasks' folders of one run that are old, and the run's own when nothing of it is left.

    While the journal is in doubt it cannot tell which tasks there are: everything stays.
    """
    below = run_folder.parent.parent
    emptied = False
    for folder in _folders_in(run_folder, found):
        try:
            newest, size = _measure(folder)
            if newest >= before:
                continue
            if not is_marked(folder, owner, below):
                _leave(found, folder)
                continue
            if incomplete or folder.name in needed:
                found.kept[Kind.MEDIA] += 1
                continue
            if not dry:
                remove_marked(folder, owner, below)
                emptied = True
        except OSError as error:
            _report(found, folder, error)
        else:
            found.went(Kind.MEDIA, size)
    if emptied:
        remove_empty_folder(run_folder, below)  # stays while other tasks' media are in it


def _folders_in(folder: Path, found: Pruned) -> list[Path]:
    """Real folders in a real folder; links and mount points are left out."""
    try:
        if not _is_folder(folder.lstat()):
            return []
        with os.scandir(folder) as entries:
            return sorted(folder / entry.name for entry in entries if _is_folder(entry.stat(follow_symlinks=False)))
    except FileNotFoundError:
        return []
    except OSError as error:
        _report(found, folder, error)
        return []


def _is_folder(info: os.stat_result) -> bool:
    return stat.S_ISDIR(info.st_mode) and not leads_away(info)


def _measure(folder: Path) -> tuple[float, int]:
    """When anything in it was last changed, and its files' bytes. No link is followed. Raises `OSError`."""
    info = folder.lstat()
    newest, size = info.st_mtime, 0
    with os.scandir(folder) as entries:
        for entry in entries:
            info = entry.stat(follow_symlinks=False)
            newest = max(newest, info.st_mtime)
            if _is_folder(info):
                within, more = _measure(folder / entry.name)
                newest, size = max(newest, within), size + more
            elif stat.S_ISREG(info.st_mode):
                size += info.st_size
    return newest, size


def _is_older(folder: Path, before: float) -> bool:
    try:
        return folder.lstat().st_mtime < before
    except OSError:
        return False


@dataclass(frozen=True, slots=True)
class _Kept:
    """A damaged journal that was put aside, with what SQLite had beside it. The journal's own file comes last, so that
    nothing is left alone when deleting is broken off."""

    files: tuple[Path, ...]
    at: float
    size: int


def _damaged(state_dir: Path) -> Iterator[_Kept]:
    for path in sorted(state_dir.glob(_PUT_ASIDE)):
        named = _DAMAGED.fullmatch(path.name)
        if named is None or not stat.S_ISREG(path.lstat().st_mode):
            continue
        files = [file for file in (wal_of(path), shm_of(path), path) if os.path.lexists(file)]
        infos = [file.lstat() for file in files]
        try:  # the copy has the times of what it was copied from; its name says when it was put aside
            aside = datetime.strptime(named[1], "%Y%m%d_%H%M%S").timestamp()
        except (ValueError, OverflowError):
            continue
        at = max(aside, *(info.st_mtime for info in infos))
        yield _Kept(tuple(files), at, sum(info.st_size for info in infos))


def _prune_damaged(state_dir: Path, before: float, found: Pruned, dry: bool, incomplete: bool) -> None:
    """As long as the journal is in doubt, the damaged one may still tell a person something."""
    try:
        old = [kept for kept in _damaged(state_dir) if kept.at < before]
    except OSError as error:
        _report(found, state_dir, error)
        return
    for kept in old:
        if incomplete:
            found.kept[Kind.DAMAGED] += 1
            continue
        try:
            for file in () if dry else kept.files:
                remove_file(file, state_dir)
        except OSError as error:
            _report(found, kept.files[-1], error)
        else:
            found.went(Kind.DAMAGED, kept.size)


def _report(found: Pruned, path: Path, error: OSError) -> None:
    why = os_reason(error)
    found.troubles.append(Text(f"无法读取或删除 {path}：{why.zh}", f"{path} cannot be read or deleted: {why.en}"))


def _leave(found: Pruned, folder: Path) -> None:
    found.troubles.append(
        Text(
            f"没有删除 {folder}：它没有本状态文件夹的标记。不再需要时请自行删除。",
            f"{folder} was not deleted: it does not bear this state directory's marker. Delete it yourself when it is "
            "no longer needed.",
        )
    )
