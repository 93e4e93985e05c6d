"""Reads what a font file says about itself: its family names and which characters it has glyphs for.

Just enough of the OpenType format (Microsoft's OpenType 1.9 specification: `ttcf`, `name`, `cmap` formats 4 and 12),
so that a missing glyph is known before a film is rendered. A broken font is an empty one, never an exception.
"""

from __future__ import annotations

import functools
import struct
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

_FAMILY, _SUBFAMILY, _TYPOGRAPHIC_FAMILY = 1, 2, 16
_LARGEST_TABLE = 8_000_000
_SMILE = 0x1F600


@dataclass(frozen=True, slots=True)
class Face:
    """One face of a font file. `family` is what ASS calls it by; `names` are its family names in all languages."""

    path: Path
    index: int
    family: str
    names: frozenset[str]
    bold: bool
    height: float = 1.0
    """Windows' ascent and descent together, in em: what libass takes a font size to be."""
    pictures: bool = False
    """Its signs are coloured bitmaps and no outlines: libass cannot draw it (see `pictures`)."""

    @property
    def is_emoji(self) -> bool:
        """Whether this is a font of emoji, which has signs for whole sequences of them."""
        return "emoji" in self.family.casefold()

    def covers(self, text: str) -> bool:
        return not self.missing(text)

    def missing(self, text: str) -> str:
        """The characters of `text` it has no glyph for, each once."""
        starts, ends = _coverage(self.path, self.index)
        found: list[str] = []
        for char in dict.fromkeys(text):
            at = bisect_right(starts, ord(char)) - 1
            if at < 0 or ord(char) > ends[at]:
                found.append(char)
        return "".join(found)


@functools.lru_cache(maxsize=4096)
def faces(path: Path) -> tuple[Face, ...]:
    """The faces in a .ttf, .otf, .ttc or .otc file; none when it cannot be read as such."""
    try:
        with open(path, "rb") as file:
            return tuple(
                face for index, at in enumerate(_offsets(file)) if (face := _face(file, path, index, at)) is not None
            )
    except (OSError, struct.error, ValueError, IndexError, KeyError):
        return ()


def _offsets(file: BinaryIO) -> list[int]:
    tag = file.read(4)
    if tag != b"ttcf":
        return [0]
    _, count = struct.unpack(">II", file.read(8))
    return list(struct.unpack(f">{min(count, 64)}I", file.read(4 * min(count, 64))))


def _tables(file: BinaryIO, at: int) -> dict[bytes, tuple[int, int]]:
    file.seek(at)
    version, count = struct.unpack(">4sH6x", file.read(12))
    if version not in (b"\x00\x01\x00\x00", b"OTTO", b"true"):
        raise ValueError("no OpenType font")
    found = {}
    for _ in range(count):
        tag, _, offset, length = struct.unpack(">4sIII", file.read(16))
        found[tag] = (offset, min(length, _LARGEST_TABLE))
    return found


def _table(file: BinaryIO, place: tuple[int, int]) -> bytes:
    file.seek(place[0])
    return file.read(place[1])


def _face(file: BinaryIO, path: Path, index: int, at: int) -> Face | None:
    tables = _tables(file, at)
    pictures = b"CBDT" in tables or b"sbix" in tables
    if not pictures and not _has_outlines(file, tables):
        return None
    data = _table(file, tables.get(b"name", (0, 0)))
    families: list[tuple[int, str]] = []
    subfamily = ""
    for name_id, platform, language, text in _names(data):
        if name_id in (_FAMILY, _TYPOGRAPHIC_FAMILY):
            # English Windows family names first: what libass matches without fail.
            families.append((0 if (name_id, platform, language) == (_FAMILY, 3, 0x409) else 1, text))
        elif name_id == _SUBFAMILY and (platform, language) == (3, 0x409):
            subfamily = text
    if not families:
        return None
    names = frozenset(name for _, name in families)
    return Face(path, index, min(families)[1], names, "bold" in subfamily.lower(), _height(file, tables), pictures)


def _has_outlines(file: BinaryIO, tables: dict[bytes, tuple[int, int]]) -> bool:
    """Whether libass can draw the font. Segoe UI Emoji has outlines below its colours, other colour fonts (`COLR`) have
    empty ones."""
    if b"CFF " in tables or b"CFF2" in tables:
        return True
    if b"glyf" not in tables:
        return False
    if b"COLR" not in tables:
        return True
    glyph = next(
        (
            glyph + _SMILE - start
            for start, end, glyph in _groups(_table(file, tables[b"cmap"]))
            if start <= _SMILE <= end
        ),
        None,
    )
    if glyph is None:
        return True
    (is_long,) = struct.unpack_from(">h", _table(file, tables[b"head"]), 50)
    loca = _table(file, tables[b"loca"])
    begin, end = struct.unpack_from(">II", loca, 4 * glyph) if is_long else struct.unpack_from(">HH", loca, 2 * glyph)
    return bool(end > begin)


def _height(file: BinaryIO, tables: dict[bytes, tuple[int, int]]) -> float:
    (units,) = struct.unpack_from(">H", _table(file, tables[b"head"]), 18)
    os2 = _table(file, tables.get(b"OS/2", (0, 0)))
    ascent, descent = struct.unpack_from(">HH", os2, 74) if len(os2) >= 78 else (0, 0)
    if ascent + descent == 0:
        ascent, descent = struct.unpack_from(">hh", _table(file, tables[b"hhea"]), 4)
        descent = -descent
    return (ascent + descent) / units if units else 1.0


def _names(data: bytes) -> Iterator[tuple[int, int, int, str]]:
    _, count, storage = struct.unpack_from(">HHH", data)
    for number in range(count):
        platform, _, language, name_id, length, offset = struct.unpack_from(">6H", data, 6 + 12 * number)
        raw = data[storage + offset : storage + offset + length]
        if platform in (0, 3):
            yield name_id, platform, language, raw.decode("utf-16-be", "replace")
        elif platform == 1 and language == 0:
            yield name_id, platform, language, raw.decode("mac-roman", "replace")


@functools.lru_cache(maxsize=4096)
def _coverage(path: Path, index: int) -> tuple[list[int], list[int]]:
    """Ranges of code points with a glyph, as sorted starts and ends."""
    try:
        with open(path, "rb") as file:
            data = _table(file, _tables(file, _offsets(file)[index]).get(b"cmap", (0, 0)))
            ranges = _merged(sorted(_ranges(data)))
    except (OSError, struct.error, ValueError, IndexError):
        ranges = []
    return [start for start, _ in ranges], [end for _, end in ranges]


def _merged(ranges: list[tuple[int, int]]) -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = []
    for start, end in ranges:
        if found and start <= found[-1][1] + 1:
            found[-1] = (found[-1][0], max(end, found[-1][1]))
        else:
            found.append((start, end))
    return found


def _subtable(data: bytes) -> tuple[int, int] | None:
    """Format and place of the best table of characters."""
    _, count = struct.unpack_from(">HH", data)
    best: tuple[int, int] | None = None
    for number in range(count):
        platform, encoding, offset = struct.unpack_from(">HHI", data, 4 + 8 * number)
        (kind,) = struct.unpack_from(">H", data, offset)
        if (platform == 0 or (platform == 3 and encoding in (1, 10))) and kind in (4, 12):
            best = max(best or (0, 0), (kind, offset))
    return best


def _ranges(data: bytes) -> Iterator[tuple[int, int]]:
    best = _subtable(data)
    if best is not None and best[0] == 4:
        yield from _format4(data, best[1])
    for start, end, glyph in _groups(data):
        yield (start, end) if glyph else (start + 1, end)


def _groups(data: bytes) -> Iterator[tuple[int, int, int]]:
    """First and last character and first glyph of each group of a table in format 12."""
    best = _subtable(data)
    if best is None or best[0] != 12:
        return
    (groups,) = struct.unpack_from(">I", data, best[1] + 12)
    for number in range(groups):
        yield struct.unpack_from(">III", data, best[1] + 16 + 12 * number)


def _format4(data: bytes, at: int) -> Iterator[tuple[int, int]]:
    (double,) = struct.unpack_from(">H", data, at + 6)
    count = double // 2
    ends = struct.unpack_from(f">{count}H", data, at + 14)
    starts = struct.unpack_from(f">{count}H", data, at + 16 + double)
    deltas = struct.unpack_from(f">{count}H", data, at + 16 + 2 * double)
    range_at = at + 16 + 3 * double
    offsets = struct.unpack_from(f">{count}H", data, range_at)
    for number, (start, end, delta, offset) in enumerate(zip(starts, ends, deltas, offsets, strict=True)):
        if start == 0xFFFF:
            continue
        for code in range(start, end + 1):
            if offset == 0:
                glyph = (code + delta) & 0xFFFF
            else:
                place = range_at + 2 * number + offset + 2 * (code - start)
                (glyph,) = struct.unpack_from(">H", data, place) if place + 2 <= len(data) else (0,)
            if glyph:
                yield code, code
