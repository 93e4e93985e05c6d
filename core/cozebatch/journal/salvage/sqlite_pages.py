"""Reads records out of a damaged SQLite file, page by page, without SQLite.

SQLite stops at the first broken page, but other pages still hold whole records. The reader trusts nothing in the
file: it skips what does not decode, and counts every page that it cannot explain as lost. Newer versions of pages come
from the write-ahead log. Layout: https://www.sqlite.org/fileformat2.html
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from cozebatch.journal.opening import wal_of

Value = None | int | float | str | bytes
Tree = Literal["table", "index"]

_WAL_HEADER, _FRAME_HEADER = 32, 24
_LEAF_TABLE, _LEAF_INDEX, _INNER_INDEX, _INNER_TABLE = 0x0D, 0x0A, 0x02, 0x05
_LARGEST = 256 * 1024 * 1024
"""The largest believable record in bytes; a greater length is garbage."""


@dataclass(slots=True)
class Scan:
    """The records found, by kind of tree, and the number of lost pages."""

    records: list[tuple[Tree, int, tuple[Value, ...]]] = field(default_factory=list)
    """Tree, rowid (0 in an index), columns."""
    pages: int = 0
    lost: int = 0
    torn: bool = False
    """Committed transactions are missing from the write-ahead log: any page may be outdated."""


def scan(path: Path) -> Scan:
    """Read every whole record. Raises `OSError`."""
    data = path.read_bytes() if path.exists() else b""
    wal = wal_of(path).read_bytes() if wal_of(path).exists() else b""
    newer, total, wal_size, torn = _newer_pages(wal)
    size = wal_size or _page_size(data)
    if not size:
        return Scan(lost=1 if data or wal else 0, torn=torn)
    return _Scanner(data, newer, size, total, torn).scan()


class _Broken(Exception):
    """The bytes cannot be decoded."""


class _Scanner:
    def __init__(self, data: bytes, newer: Mapping[int, bytes], size: int, total: int | None, torn: bool) -> None:
        self._data = data
        self._newer = newer
        self._size = size
        first = self._page(1)
        whole = first[:16] == b"SQLite format 3\0"
        self._usable = size - (first[20] if whole else 0)
        there = max(-(-len(data) // size), max(newer, default=0))
        said = total or (int.from_bytes(first[28:32], "big") if whole else 0) or there
        self._total = min(said, there)
        self._first_free = int.from_bytes(first[32:36], "big") if whole else 0
        self._found = Scan(pages=said, lost=said - self._total, torn=torn)
        self._known: set[int] = set()
        """Overflow pages, which bear no mark of their own, and broken ones that were counted."""

    def scan(self) -> Scan:
        free = self._free_pages()
        free.add((1 << 30) // self._size + 1)  # SQLite locks bytes of this page and never uses it
        unclear = [n for n in range(1, self._total + 1) if n not in free and not self._tree_page(n)]
        self._found.lost += len([number for number in unclear if number not in self._known])
        return self._found

    def _page(self, number: int) -> bytes:
        newer = self._newer.get(number)
        return newer if newer is not None else self._data[(number - 1) * self._size : number * self._size]

    def _free_pages(self) -> set[int]:
        """Pages of the free list; they hold deleted records, which must not come back."""
        free: set[int] = set()
        trunk = self._first_free
        while 0 < trunk <= self._total and trunk not in free:
            page = self._page(trunk)
            if len(page) < 8:
                break
            free.add(trunk)
            count = min(int.from_bytes(page[4:8], "big"), self._size // 4 - 2)
            free.update(n for (n,) in struct.iter_unpack(">I", page[8 : 8 + 4 * count]) if 0 < n <= self._total)
            trunk = int.from_bytes(page[:4], "big")
        return free

    def _tree_page(self, number: int) -> bool:
        """Read the records of one page; False if it is no tree page or could not be read completely."""
        page = self._page(number)
        start = 100 if number == 1 else 0
        if len(page) < self._size:
            return False
        kind = page[start]
        if kind == _INNER_TABLE:
            return True
        if kind not in (_LEAF_TABLE, _LEAF_INDEX, _INNER_INDEX):
            return False
        cells = int.from_bytes(page[start + 3 : start + 5], "big")
        pointers = start + (12 if kind == _INNER_INDEX else 8)
        if pointers + 2 * cells > self._usable:
            return False
        whole = True
        for place in range(pointers, pointers + 2 * cells, 2):
            try:
                self._cell(page, int.from_bytes(page[place : place + 2], "big"), kind)
            except (_Broken, IndexError, struct.error, UnicodeDecodeError):
                whole = False
        if not whole:
            self._found.lost += 1
            self._known.add(number)
        return whole

    def _cell(self, page: bytes, at: int, kind: int) -> None:
        if not 8 <= at < self._usable:
            raise _Broken
        if kind == _INNER_INDEX:
            at += 4
        length, at = _varint(page, at)
        rowid = 0
        if kind == _LEAF_TABLE:
            rowid, at = _varint(page, at)
        payload = self._payload(page, at, length, kind)
        tree: Tree = "table" if kind == _LEAF_TABLE else "index"
        self._found.records.append((tree, rowid, _decode(payload)))

    def _payload(self, page: bytes, at: int, length: int, kind: int) -> bytes:
        usable = self._usable
        most = usable - 35 if kind == _LEAF_TABLE else (usable - 12) * 64 // 255 - 23
        if not 0 < length <= _LARGEST:
            raise _Broken
        local = length
        if length > most:
            least = (usable - 12) * 32 // 255 - 23
            local = least + (length - least) % (usable - 4)
            local = local if local <= most else least
        if at + local + (4 if local < length else 0) > usable:
            raise _Broken
        if local == length:
            return page[at : at + length]
        parts, left = [page[at : at + local]], length - local
        follows = int.from_bytes(page[at + local : at + local + 4], "big")
        chain: list[int] = []
        while left > 0:
            following = self._page(follows) if 0 < follows <= self._total else b""
            if len(following) < self._size:
                raise _Broken
            chain.append(follows)
            parts.append(following[4 : min(usable, 4 + left)])
            left -= usable - 4
            follows = int.from_bytes(following[:4], "big")
        self._known.update(chain)
        return b"".join(parts)


def _decode(payload: bytes) -> tuple[Value, ...]:
    """The columns of a record. Raises `_Broken`, and what slicing garbage raises."""
    header, at = _varint(payload, 0)
    if not at <= header <= len(payload):
        raise _Broken
    values: list[Value] = []
    body = header
    while at < header:
        serial, at = _varint(payload, at)
        value, size = _value(payload, body, serial)
        values.append(value)
        body += size
    if at != header or body != len(payload):
        raise _Broken
    return tuple(values)


_INTEGERS = {1: 1, 2: 2, 3: 3, 4: 4, 5: 6, 6: 8}


def _value(payload: bytes, at: int, serial: int) -> tuple[Value, int]:
    if serial in _INTEGERS:
        size = _INTEGERS[serial]
        return int.from_bytes(payload[at : at + size], "big", signed=True), size
    if serial == 7:
        return float(struct.unpack_from(">d", payload, at)[0]), 8
    if serial in (0, 8, 9):
        return (None, 0, 1)[serial - 7 if serial else 0], 0
    if serial < 12:
        raise _Broken
    size = (serial - 12) // 2
    raw = payload[at : at + size]
    if len(raw) < size:
        raise _Broken
    return (raw.decode("utf-8") if serial % 2 else raw), size


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = 0
    for position in range(8):
        byte = data[at + position]
        value = (value << 7) | (byte & 0x7F)
        if byte < 0x80:
            return value, at + position + 1
    return (value << 8) | data[at + 8], at + 9


def _page_size(data: bytes) -> int:
    if data[:16] == b"SQLite format 3\0":
        size = int.from_bytes(data[16:18], "big")
        size = 65536 if size == 1 else size
        if 512 <= size <= 65536 and size & (size - 1) == 0:
            return size
    return 4096 if data else 0  # the default of SQLite


def _newer_pages(wal: bytes) -> tuple[dict[int, bytes], int | None, int, bool]:
    """Pages of the log's committed transactions, the database's size in pages after them, the page size, and
    whether committed transactions behind a broken frame are lost."""
    if len(wal) < _WAL_HEADER or wal[:3] != b"\x37\x7f\x06":
        return {}, None, 0, len(wal) > _WAL_HEADER
    order: Literal["<", ">"] = ">" if wal[3] & 1 else "<"
    size, salts = int.from_bytes(wal[8:12], "big"), wal[16:24]
    if not 512 <= size <= 65536 or size & (size - 1):
        return {}, None, 0, True
    sums = _checksum(wal[:24], (0, 0), order)
    pages: dict[int, bytes] = {}
    uncommitted: dict[int, bytes] = {}
    total: int | None = None
    good = sums == struct.unpack(">II", wal[24:32])
    behind = 0
    for start in range(_WAL_HEADER, len(wal) - _FRAME_HEADER - size + 1, _FRAME_HEADER + size):
        header, page = wal[start : start + _FRAME_HEADER], wal[start + _FRAME_HEADER : start + _FRAME_HEADER + size]
        if header[8:16] != salts:
            good = False
            continue
        number, after = struct.unpack(">II", header[:8])
        if good:
            sums = _checksum(page, _checksum(header[:8], sums, order), order)
            good = sums == struct.unpack(">II", header[16:24])
        if not good:
            behind += after != 0
            continue
        uncommitted[number] = page
        if after:
            pages.update(uncommitted)
            uncommitted.clear()
            total = after
    return pages, total, size, behind > 1


def _checksum(data: bytes, sums: tuple[int, int], order: Literal["<", ">"]) -> tuple[int, int]:
    one, two = sums
    words: Iterator[tuple[int, int]] = struct.iter_unpack(f"{order}II", data)
    for first, second in words:
        one = (one + first + two) & 0xFFFFFFFF
        two = (two + second + one) & 0xFFFFFFFF
    return one, two
