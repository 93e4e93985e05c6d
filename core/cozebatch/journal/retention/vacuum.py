"""Returns the pages that a pruned journal no longer uses to the disk.

SQLite rewrites the whole file for that, so it is done only on request and only if the disk has enough room.
"""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path

from cozebatch.journal.opening import wal_of
from cozebatch.model.text import Text

SPARE = 64 * 1024 * 1024
"""Bytes of the disk that must stay free meanwhile."""


def compact(db: sqlite3.Connection) -> tuple[int, Text | None]:
    """Make the journal's files smaller; returns the bytes saved, and the reason if it failed. Blocking. A crash
    meanwhile leaves the journal as it was."""
    try:
        path = Path(_value(db, "SELECT file FROM pragma_database_list WHERE name = 'main'"))
        _checkpoint(db)  # do not count the write-ahead log, which shrinks anyway
        before = _on_disk(path)
        used = (_number(db, "page_count") - _number(db, "freelist_count")) * _number(db, "page_size")
        trouble = None
        if _number(db, "freelist_count"):
            # One copy in a temporary file, and one in the write-ahead log.
            free, needed = shutil.disk_usage(path.parent).free, 2 * used + SPARE
            if free < needed:
                trouble = _no_room(free, needed)
            else:
                _vacuum(db, path.parent)
                _checkpoint(db)
        return max(0, before - _on_disk(path)), trouble
    except (OSError, sqlite3.Error) as error:
        return 0, Text(
            f"状态文件没能缩小（{error}）；空出的空间以后的批次会用。",
            f"The state file could not be made smaller ({error}); later batches use the room in it.",
        )


def _vacuum(db: sqlite3.Connection, folder: Path) -> None:
    """Vacuum with the temporary copy beside the journal: private data must not go to the system's temporary folder."""
    quoted = str(folder).replace("'", "''")
    db.execute(f"PRAGMA temp_store_directory = '{quoted}'")
    try:
        db.execute("VACUUM")
    finally:
        db.execute("PRAGMA temp_store_directory = ''")


def _checkpoint(db: sqlite3.Connection) -> None:
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()


def _value(db: sqlite3.Connection, sql: str) -> str:
    return str(db.execute(sql).fetchone()[0])


def _number(db: sqlite3.Connection, pragma: str) -> int:
    return int(db.execute(f"PRAGMA {pragma}").fetchone()[0])


def _on_disk(path: Path) -> int:
    return sum(file.stat().st_size for file in (path, wal_of(path)) if file.exists())


def _no_room(free: int, needed: int) -> Text:
    free, needed = free // 1_000_000, needed // 1_000_000
    return Text(
        f"状态文件没有缩小：磁盘剩余 {free} MB，需要 {needed} MB；空出的空间以后的批次会用。",
        f"The state file was not made smaller: {free} MB are free on the disk, {needed} MB needed; later batches use "
        "the room in it.",
    )
