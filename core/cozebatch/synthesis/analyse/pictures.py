"""Tells which still pictures every program opens as they are: PNG, and JPEG as cameras and browsers write it.

The others are converted before they are used: WebP, GIF, AVIF and HEIC, which JianYing's reader does not open or takes
for a film; CMYK, which it shows in wrong colours; and JPEG that is to be turned, which not everybody does. Of a moving
picture the first one is taken.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import anyio.to_thread

from cozebatch.model.errors import StepError
from cozebatch.synthesis.analyse.hdr import can_tone_map, tone_map
from cozebatch.synthesis.analyse.probe import probe
from cozebatch.synthesis.failures import failure
from cozebatch.synthesis.process.ffmpeg import Ffmpeg, input_of

_MOST = 1_000_000
"""Bytes of a file in which its shape is looked for: before it stand notes and a small picture."""
_BOXES = 65_536
_PNG = b"\x89PNG\r\n\x1a\n"
_NO_SIZE = frozenset({0xC4, 0xC8, 0xCC})
_ORIENTATION = 0x0112
_PHOTOGRAPHS = frozenset({b"heic", b"heix", b"mif1", b"heim", b"heis"})
"""Brands of HEIC files."""


@dataclass(frozen=True, slots=True)
class Shape:
    """`plain`: every program opens it as it is. `tiled`: a HEIC or AVIF picture put together of tiles, as phones write
    it (ISO 23008-12 §6.6.2.3). `suffix`: the ending of what it is converted to; a photograph becomes JPEG, which is a
    tenth of a PNG's size. `width` and `height` are those of a plain picture, 0 of others."""

    plain: bool
    tiled: bool
    suffix: str
    width: int = 0
    height: int = 0


def look(path: Path) -> Shape:
    """Look at the beginning of a picture. Raises `OSError`. Blocks."""
    with open(path, "rb") as file:
        head = file.read(_MOST)
    is_jpeg = head.startswith(b"\xff\xd8\xff")
    if head.startswith(_PNG) and len(head) >= 24:
        return Shape(True, False, ".png", int.from_bytes(head[16:20], "big"), int.from_bytes(head[20:24], "big"))
    if is_jpeg and (size := _size_of_plain_jpeg(head)) is not None:
        return Shape(True, False, ".jpg", *size)
    tiled = head[4:8] == b"ftyp" and b"infe" in head[:_BOXES] and b"grid" in head[:_BOXES]
    return Shape(False, tiled, ".jpg" if is_jpeg or head[8:12] in _PHOTOGRAPHS else ".png")


async def convert(ffmpeg: Ffmpeg, path: Path, target: Path, *, filters: str = "", timeout: float = 120.0) -> None:
    """Write the first picture of `path` to `target` as ffmpeg understands it: turned, in ordinary colours, and whole
    where it is stored in tiles. Raises `StepError` (`media`)."""
    filters = ",".join(part for part in (*await _ordinary_colours(ffmpeg, path, target.parent), filters) if part)
    chosen = ["-vf", filters] if filters else []
    if (await anyio.to_thread.run_sync(look, path)).tiled:
        # A group of streams, which ffmpeg puts together from version 8 on.
        chosen = ["-filter_complex", f"[0:g:0]{filters or 'null'}[whole]", "-map", "[whole]"]
    arguments = ["-y", *input_of(path), *chosen, "-frames:v", "1", "-update", "1"]
    quality = ["-pix_fmt", "yuvj444p", "-q:v", "1"] if target.suffix == ".jpg" else []
    try:
        await ffmpeg.run([*arguments, *quality, target.name], cwd=target.parent, timeout=timeout)
    except StepError as error:
        told = error.info.message
        raise failure(
            error.info.category,
            f"图片 {path.name} 无法转换，请换成 PNG 或 JPEG：{told.zh}",
            f"the picture {path.name} cannot be converted, use PNG or JPEG: {told.en}",
        ) from error


async def _ordinary_colours(ffmpeg: Ffmpeg, path: Path, cwd: Path) -> list[str]:
    """The filters for a picture of high dynamic range, where this ffmpeg has them."""
    video = (await probe(ffmpeg, path)).video
    if video is None or not video.hdr or not await can_tone_map(ffmpeg, cwd):
        return []
    return tone_map(video.hdr)


def _size_of_plain_jpeg(head: bytes) -> tuple[int, int] | None:
    """Width and height; None unless it has one or three colours and is not to be turned (ITU T.81 §B.1.1, Exif 2.32
    §4.6)."""
    at = 2
    while at + 4 <= len(head) and head[at] == 0xFF:
        marker, length = head[at + 1], int.from_bytes(head[at + 2 : at + 4], "big")
        if marker == 0xFF:  # padding
            at += 1
            continue
        if marker == 0xE1 and head[at + 4 : at + 10] == b"Exif\0\0":
            if _orientation(head[at + 10 : at + 2 + length]) not in (0, 1):
                return None
        elif 0xC0 <= marker <= 0xCF and marker not in _NO_SIZE:
            height, width, colours = head[at + 5 : at + 7], head[at + 7 : at + 9], head[at + 9 : at + 10]
            plain = colours in (b"\1", b"\3")
            return (int.from_bytes(width, "big"), int.from_bytes(height, "big")) if plain else None
        at += 2 + length
    return None


def _orientation(tiff: bytes) -> int:
    little = tiff[:2] == b"II"

    def number(at: int, size: int) -> int:
        return int.from_bytes(tiff[at : at + size], "little" if little else "big")

    first = number(4, 4)
    for entry in range(min(number(first, 2), 200)):
        at = first + 2 + 12 * entry
        if number(at, 2) == _ORIENTATION:
            return number(at + 8, 2)
    return 0
