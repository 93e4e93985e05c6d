"""One small frame of a film: as pixels for a terminal that shows what was made, as a picture for a page.

ffmpeg writes it as a portable pixmap (PPM, https://netpbm.sourceforge.net/doc/ppm.html), which tells its own size.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from cozebatch.files.inputs import open_ordinary
from cozebatch.synthesis.process.ffmpeg import input_of, locate

SECONDS = 10.0
"""Time that ffmpeg is given."""
AT = ("1", "0")
"""Seconds into the film at which a frame is taken; the second where a film is shorter."""

MOST_BYTES = 200_000
"""Of a picture for a page."""

COVER = (1080, 1920)
"""Pixels of a cover, at most."""
MOST_COVER_BYTES = 4_000_000

_JPEG = b"\xff\xd8\xff"
_HEADER = re.compile(rb"P6\s+(\d{1,4})\s+(\d{1,4})\s+255\s")


@dataclass(frozen=True, slots=True)
class Frame:
    """`pixels` holds three bytes a pixel, red, green, blue, line by line from the top."""

    width: int
    height: int
    pixels: bytes

    def at(self, x: int, y: int) -> tuple[int, int, int]:
        place = 3 * (y * self.width + x)
        red, green, blue = self.pixels[place : place + 3]
        return red, green, blue


def frame_of(film: Path, width: int, height: int, *, environment: Mapping[str, str]) -> Frame | None:
    """A frame of the film, at most so many pixels wide and high; None if it has none that can be read. Blocks for up to
    `SECONDS` for each of two tries: call it in a thread. `environment`: of the child process, without secrets."""
    for picture in _pictures(film, (width, height), ("-c:v", "ppm", "-pix_fmt", "rgb24"), environment):
        if (frame := _read(picture, width, height)) is not None:
            return frame
    return None


def jpeg_of(film: Path, width: int, height: int, *, environment: Mapping[str, str]) -> bytes | None:
    """The same as a JPEG picture, for a page."""
    for picture in _pictures(film, (width, height), ("-c:v", "mjpeg", "-q:v", "6"), environment):
        if picture.startswith(_JPEG) and len(picture) <= MOST_BYTES:
            return picture
    return None


def cover_of(film: Path | None, draft: Path | None, *, environment: Mapping[str, str]) -> bytes | None:
    """The cover as a JPEG picture: a film's very first frame, or the picture in a draft's folder. Blocks, and never
    raises."""
    if film is not None:
        for picture in _pictures(film, COVER, ("-c:v", "mjpeg", "-q:v", "3"), environment, at=("0",)):
            if picture.startswith(_JPEG) and len(picture) <= MOST_COVER_BYTES:
                return picture
    if draft is not None:
        try:
            with open_ordinary(draft / "draft_cover.jpg") as file:
                picture = file.read(MOST_COVER_BYTES + 1)
        except OSError:
            return None
        if picture.startswith(_JPEG) and len(picture) <= MOST_COVER_BYTES:
            return picture
    return None


def _pictures(
    film: Path,
    size: tuple[int, int],
    encoder: Sequence[str],
    environment: Mapping[str, str],
    *,
    at: Sequence[str] = AT,
) -> Iterator[bytes]:
    """What ffmpeg writes for a frame at each of `AT`, until the reader has one that it can use."""
    tool = locate(None)
    if tool is None:
        return
    scale = f"scale={size[0]}:{size[1]}:force_original_aspect_ratio=decrease"
    for moment in at:
        command = [tool, "-hide_banner", "-v", "error", "-nostdin", "-ss", moment, *input_of(film), "-frames:v", "1"]
        command += ["-an", "-sn", "-vf", scale, "-f", "image2pipe", *encoder, "pipe:1"]
        try:
            done = subprocess.run(
                command,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=SECONDS,
                env=dict(environment),
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired):
            return
        yield done.stdout


def _read(data: bytes, width: int, height: int) -> Frame | None:
    """The pixmap, if it is whole and no larger than asked for."""
    header = _HEADER.match(data)
    if header is None:
        return None
    found = Frame(int(header[1]), int(header[2]), data[header.end() :])
    fits = 0 < found.width <= width and 0 < found.height <= height
    return found if fits and len(found.pixels) == 3 * found.width * found.height else None
