"""Tells a file that ends before it says: the rest of a download that stopped, which players show without complaint.

Two figures are compared with what is there: the bytes that the container's outermost boxes announce (ISO 14496-12 §4.2,
RIFF, the Segment of Matroska: RFC 9559 §5.1), and the length that its header names.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import BinaryIO

import anyio.to_thread

from cozebatch.model.errors import Category, StepError
from cozebatch.synthesis.analyse.probe import Measured
from cozebatch.synthesis.compose.timeline import SECOND
from cozebatch.synthesis.failures import failure

_BOXES = frozenset(
    (b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide", b"pnot", b"moof", b"mfra", b"sidx", b"styp", b"meta")
)
_MOST_BOXES = 100_000
_SLACK = 4096
"""Bytes that may miss where no length tells whether they matter: some writers count a header too much."""
_LOST = SECOND // 10
"""µs that must miss where bytes are missing: the last box may be one that nobody needs."""
_SHORT, _SHORT_SHARE = SECOND // 2, 0.05
"""What must miss where no bytes are known to be: headers are inexact, those of live recordings above all."""


async def judge(path: Path, measured: Measured) -> StepError | None:
    """The error (`download`) for a file that was cut off. None for a whole one, and for one that is no media.

    `measured`: nothing of a file that could not be opened, or whose length does not matter.
    """
    missing, is_riff = await anyio.to_thread.run_sync(missing_bytes, path)
    if measured.header_us and measured.end_us:
        # Sound may lie before the picture: where bytes are missing, one of them may be whole and the other half.
        ends = [end for end in (measured.video_us, *measured.audio_us[:1]) if end] if missing > _SLACK else []
        end = min(ends, default=measured.end_us)
        short = measured.header_us - end - (0 if missing else measured.start_us)
        tolerated = _LOST if missing else max(_SHORT, int(_SHORT_SHARE * measured.header_us))
        if short > tolerated:
            is_, should = end / SECOND, measured.header_us / SECOND
            return failure(
                Category.DOWNLOAD,
                f"素材不完整：文件头写着 {should:.1f} 秒，实际只有 {is_:.1f} 秒",
                f"the file is incomplete: its header says {should:.1f} s, {is_:.1f} s are there",
            )
    opened = measured.end_us > 0
    if missing > (_SLACK if opened else 0) and (is_riff or not opened or not measured.header_us):
        size = (await anyio.Path(path).stat()).st_size
        return failure(
            Category.DOWNLOAD,
            f"素材不完整：应有 {(size + missing) / 1e6:.1f} MB，只有 {size / 1e6:.1f} MB",
            f"the file is incomplete: {size / 1e6:.1f} of {(size + missing) / 1e6:.1f} MB are there",
        )
    return None


def missing_bytes(path: Path) -> tuple[int, bool]:
    """How many bytes a file's outermost boxes announce beyond its end, 0 for other kinds of file; and whether it is a
    RIFF file, of which ffmpeg reports the length of what is there. Blocks."""
    try:
        with open(path, "rb") as file:
            size = os.fstat(file.fileno()).st_size
            missing = max(0, _announced(file, size) - size)
            file.seek(0)
            return missing, file.read(4) == b"RIFF"
    except OSError:
        return 0, False


def _announced(file: BinaryIO, size: int) -> int:
    head = file.read(16)
    if head[:4] == b"RIFF" and len(head) >= 12 and head[4:8] not in (b"\0\0\0\0", b"\xff\xff\xff\xff"):
        return int.from_bytes(head[4:8], "little") + 8
    if head[:4] == b"\x1aE\xdf\xa3":
        return _matroska(file)
    if head[4:8] in _BOXES:
        return _boxes(file, size)
    return 0


def _boxes(file: BinaryIO, size: int) -> int:
    at = 0
    for _ in range(_MOST_BOXES):
        file.seek(at)
        head = file.read(16)
        length = int.from_bytes(head[:4], "big")
        if len(head) < 8 or length == 0:  # 0: to the end of the file
            break
        if length == 1:
            length = int.from_bytes(head[8:16], "big")
        if length < 8 or head[4:8] not in _BOXES:
            break
        at += length
        if at >= size:
            break
    return at


def _matroska(file: BinaryIO) -> int:
    """Where the Segment ends; 0 where its length is unknown, as in a stream that was recorded."""
    file.seek(4)
    header = _vint(file)
    if header is None:
        return 0
    file.seek(header, os.SEEK_CUR)
    if file.read(4) != b"\x18\x53\x80\x67":
        return 0
    length = _vint(file)
    return 0 if length is None else file.tell() + length


def _vint(file: BinaryIO) -> int | None:
    """An EBML length; None for an unknown one and at the file's end."""
    first = file.read(1)
    if not first or not first[0]:
        return None
    more = 8 - first[0].bit_length()
    rest = file.read(more)
    value = int.from_bytes(bytes([first[0] & ((1 << (7 - more)) - 1)]) + rest, "big")
    return None if len(rest) < more or value == (1 << (7 * (more + 1))) - 1 else value
