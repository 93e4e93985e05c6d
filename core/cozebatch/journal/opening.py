"""Opens the journal's file to write or only to read: checks it for damage, then creates or migrates its tables.

The check runs before anything is written, through a read-only connection. Otherwise SQLite would treat an empty file
as a new one, and would drop everything in its write-ahead log behind the first broken frame.
"""

from __future__ import annotations

import errno
import os
import sqlite3
import stat
import struct
from contextlib import suppress
from pathlib import Path

from cozebatch.disk.writing import OWNER_ONLY, PRIVATE, make_folder, require_own
from cozebatch.journal.schema import APPLICATION_ID, MIGRATIONS, present_source_key
from cozebatch.model.errors import JournalError
from cozebatch.model.os_reason import os_reason
from cozebatch.model.text import Text

FILE_NAME = "journal.sqlite3"

MOST_CHECKED = 64 * 1024 * 1024
"""A journal up to this size in bytes is checked completely when it is opened (about 0.1 s)."""

_WAL_HEADER, _FRAME_HEADER = 32, 24
_DAMAGE = ("disk image is malformed", "not a database", "Could not decode")
"""In messages of SQLite and its driver that are operational errors all the same."""


class DamagedJournal(JournalError):
    """The journal at `path` is damaged. Nothing was changed; `salvage` reads what is left."""

    def __init__(self, path: Path, what: str) -> None:
        super().__init__(
            Text(
                f"状态文件 {path} 已损坏（{what}），没有提交任何任务。",
                f"The state file {path} is damaged ({what}); nothing was submitted.",
            )
        )
        self.path = path
        self.what = what


def open_to_write(path: Path) -> sqlite3.Connection:
    """A connection that can write. Raises `DamagedJournal`, or `JournalError` if it cannot be used otherwise."""
    try:
        make_folder(path.parent, path.parent, PRIVATE)
    except OSError as error:
        raise journal_error(error) from error
    refuse_links(path)
    if path.exists() or wal_of(path).exists():
        check(path)
    try:
        connection = sqlite3.connect(path, timeout=10, isolation_level=None, check_same_thread=False)
    except sqlite3.Error as error:
        raise journal_error(error) from error
    try:
        connection.isolation_level = "DEFERRED"
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        _keep_private(path)
        migrate(connection)
    except OSError as error:
        connection.close()
        raise journal_error(error) from error
    except sqlite3.Error as error:
        connection.close()
        raise as_journal_error(path, error) from error
    except JournalError:
        connection.close()
        raise
    return connection


def open_to_read(path: Path) -> sqlite3.Connection:
    """A read-only connection that does not disturb a running batch. A file of an earlier version is copied into memory
    and migrated there. Raises `JournalError`."""
    refuse_links(path)
    try:
        if path.stat().st_size == 0:
            raise DamagedJournal(path, "0 bytes")
        connection = sqlite3.connect(
            f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=10, check_same_thread=False
        )
    except (OSError, sqlite3.Error) as error:
        raise journal_error(error) from error
    try:
        _require_ours(connection, path)
        version = int(connection.execute("PRAGMA user_version").fetchone()[0])
        _require_known(version)
        connection.execute("SELECT count(*) FROM run").fetchone()
        if version < len(MIGRATIONS):
            connection = _updated_copy(connection)
    except sqlite3.Error as error:
        connection.close()
        raise as_journal_error(path, error) from error
    except JournalError:
        connection.close()
        raise
    return connection


def _keep_private(path: Path) -> None:
    """Make the file and those beside it readable by their owner alone."""
    for file in (path, wal_of(path), shm_of(path)):
        with suppress(FileNotFoundError):
            if stat.S_IMODE(file.stat().st_mode) & 0o077 and os.name == "posix":
                file.chmod(OWNER_ONLY)


def refuse_links(path: Path) -> None:
    """Raise `JournalError` if the journal's file, or one that SQLite keeps beside it, is a link or has a second name.

    SQLite would follow it and write into a file of another program. Two names of one journal destroy it besides, since
    each has a write-ahead log of its own: https://www.sqlite.org/howtocorrupt.html §2.4, §2.5.
    """
    for file in (path, wal_of(path), shm_of(path)):
        try:
            require_own(file.lstat(), file)
        except FileNotFoundError:
            continue
        except OSError as error:
            if error.errno not in (errno.ELOOP, errno.EMLINK, errno.EINVAL):
                raise journal_error(error) from error
            raise JournalError(
                Text(
                    f"状态文件 {file} 是链接，或不是普通文件，没有读写：请把它移走，或换一个 --state-dir。",
                    f"The state file {file} is a link or no regular file, and was not touched: move it away, or "
                    "choose another --state-dir.",
                )
            ) from None


def is_copy(connection: sqlite3.Connection) -> bool:
    """True if `open_to_read` made a copy in memory, because the file has an earlier version."""
    return not connection.execute("SELECT file FROM pragma_database_list WHERE name = 'main'").fetchone()[0]


def _updated_copy(connection: sqlite3.Connection) -> sqlite3.Connection:
    """Closes `connection` unless it raises."""
    copy = sqlite3.connect(":memory:", check_same_thread=False)
    try:
        connection.backup(copy)
        migrate(copy)
    except sqlite3.Error:
        copy.close()
        raise
    connection.close()
    return copy


def check(path: Path) -> None:
    """Look for damage without changing anything. Raises `DamagedJournal`, or `JournalError` when it cannot be read."""
    wal = wal_of(path)
    try:
        size = path.stat().st_size if path.exists() else 0
        if size == 0:
            if not path.exists() and wal.stat().st_size == 0:
                return
            raise DamagedJournal(path, "0 bytes" if path.exists() else "missing")
        salts, commits = _commits_in(wal)
    except OSError as error:
        raise journal_error(error) from error
    try:
        connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=10)
    except sqlite3.Error as error:
        raise as_journal_error(path, error) from error
    try:
        _require_ours(connection, path)
        if salts is not None:
            _check_wal(path, commits)
        elif wal.exists() and wal.stat().st_size > _WAL_HEADER + 2 * _FRAME_HEADER:
            raise DamagedJournal(path, "write-ahead log")
        if size <= MOST_CHECKED:
            found = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
            if found != "ok":
                lines = [line for line in str(found).splitlines() if not line.startswith("***")]
                raise DamagedJournal(path, (lines or [str(found)])[0][:120])
    except sqlite3.Error as error:
        raise as_journal_error(path, error) from error
    except OSError as error:
        raise journal_error(error) from error
    finally:
        connection.close()


def wal_of(path: Path) -> Path:
    return path.with_name(path.name + "-wal")


def shm_of(path: Path) -> Path:
    return path.with_name(path.name + "-shm")


def as_journal_error(path: Path, error: sqlite3.Error) -> JournalError:
    """Turns an SQLite error into `DamagedJournal` if it means damage, else into `JournalError`."""
    if isinstance(error, sqlite3.DatabaseError) and not isinstance(error, sqlite3.OperationalError):
        return DamagedJournal(path, str(error))
    if any(words in str(error) for words in _DAMAGE):
        return DamagedJournal(path, str(error))
    return journal_error(error)


def journal_error(error: Exception) -> JournalError:
    return JournalError(
        Text(
            "状态文件无法读写（{why}）：请检查磁盘空间和 --state-dir 文件夹的权限。",
            "The state file cannot be read or written ({why}): check disk space and the permissions of --state-dir.",
        ).filled(why=os_reason(error) if isinstance(error, OSError) else error)
    )


def migrate(connection: sqlite3.Connection) -> None:
    """Create the tables, or migrate older ones."""
    version = int(connection.execute("PRAGMA user_version").fetchone()[0])
    _require_known(version)
    if connection.execute("PRAGMA application_id").fetchone()[0] != APPLICATION_ID:
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    connection.create_function("present_source_key", 1, present_source_key, deterministic=True)
    for number, script in enumerate(MIGRATIONS[version:], start=version + 1):
        connection.executescript(f"BEGIN; {script}; PRAGMA user_version = {number}; COMMIT;")


def _require_ours(connection: sqlite3.Connection, path: Path) -> None:
    """Raise `DamagedJournal`, or `JournalError` for the database of another program. Files of earlier versions have no
    application id, but our tables; an empty database is nobody's."""
    try:
        tables = {str(name) for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    except UnicodeDecodeError as error:  # raised by the driver for a damaged schema
        raise DamagedJournal(path, str(error)) from None
    found = int(connection.execute("PRAGMA application_id").fetchone()[0])
    if found == APPLICATION_ID or (found == 0 and (not tables or {"run", "task", "execution"} <= tables)):
        return
    raise JournalError(
        Text(
            f"{path} 是别的程序的数据库，没有读写：请换一个 --state-dir。",
            f"{path} is another program's database, and was not touched: choose another --state-dir.",
        )
    )


def _require_known(version: int) -> None:
    if version > len(MIGRATIONS):
        raise JournalError(
            Text(
                "状态文件由更新版本的 cozebatch-tui 写成，请升级后再运行。",
                "The state was written by a newer cozebatch-tui; upgrade before running it on this state.",
            )
        )


def _commits_in(wal: Path) -> tuple[bytes | None, list[int]]:
    """The salts of the write-ahead log, and the frames (from 1) that bear them and end a transaction.

    None for salts when there is no readable header. Layout: https://www.sqlite.org/fileformat2.html#walformat
    """
    if not wal.exists():
        return None, []
    size = wal.stat().st_size
    with wal.open("rb") as file:
        header = file.read(_WAL_HEADER)
        if len(header) < _WAL_HEADER or header[:3] != b"\x37\x7f\x06":
            return None, []
        page_size = int.from_bytes(header[8:12], "big")
        salts = header[16:24]
        if page_size < 512:
            return None, []
        commits = []
        for number, start in enumerate(range(_WAL_HEADER, size - _FRAME_HEADER, _FRAME_HEADER + page_size), start=1):
            file.seek(start)
            frame = file.read(_FRAME_HEADER)
            if frame[8:16] == salts and frame[4:8] != b"\0\0\0\0":
                commits.append(number)
    return salts, commits


def _check_wal(path: Path, commits: list[int]) -> None:
    """Raises `DamagedJournal` if SQLite stopped reading the log before its last transaction. The very last one may be
    torn, because no process was ever told that it is on disk."""
    try:
        with shm_of(path).open("rb") as file:
            index = file.read(20)
    except FileNotFoundError:
        return
    if len(index) < 20:
        return
    (read,) = struct.unpack_from("=I", index, 16)
    if len([number for number in commits if number > read]) > 1:
        raise DamagedJournal(path, "write-ahead log")
