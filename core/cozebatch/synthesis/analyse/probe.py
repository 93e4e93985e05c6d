"""What a media file holds, read from what ffmpeg says about it (the wheel brings no ffprobe)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from cozebatch.bounds.numbers import count, number
from cozebatch.model.errors import Category
from cozebatch.synthesis.failures import clean, failure
from cozebatch.synthesis.process.ffmpeg import SAFE_INPUT, Ffmpeg, too_many_pixels

_DURATION = re.compile(r"^ {2}Duration: (?:(\d+):(\d\d):(\d\d)\.(\d+)|N/A)", re.MULTILINE)
_STREAM = re.compile(r"^ {2}Stream #0:(\d+)(?:\[\w+\])?(?:\(\w+\))?: (Video|Audio): (\w+)(.*)$", re.MULTILINE)
_LONGEST, _WIDEST = 10**15, 10**6
"""Microseconds and pixels beyond which a figure is nonsense."""
_SIZE = re.compile(r", (\d{1,5})x(\d{1,5})[ ,]")
_SAR = re.compile(r"\bSAR (\d+):(\d+)")
_FPS = re.compile(r"([\d.]+)(k?) fps")
_RATE = re.compile(r"(\d+) Hz")
_ROTATION = re.compile(r"rotation of (-?[\d.]+) degrees")
_STILL = frozenset({"png", "mjpeg", "webp", "bmp", "jpegls"})


@dataclass(frozen=True, slots=True)
class Stream:
    """`width` and `height` are as shown: turned and with square pixels."""

    kind: Literal["video", "audio"]
    index: int
    codec: str
    width: int = 0
    height: int = 0
    fps: float = 0.0
    rotation: int = 0
    sample_rate: int = 0


@dataclass(frozen=True, slots=True)
class Probe:
    """`duration_us` is the longest stream's as the container says, 0 where it does not. `container` as ffmpeg
    names its demuxer."""

    container: str
    duration_us: int
    streams: tuple[Stream, ...]

    @property
    def video(self) -> Stream | None:
        """The picture; a cover image inside an audio file is none."""
        return next((s for s in self.streams if s.kind == "video"), None)

    @property
    def audio(self) -> Stream | None:
        return next((s for s in self.streams if s.kind == "audio"), None)

    @property
    def still(self) -> bool:
        """True for a single picture, which is no film."""
        return (self.video is not None and self.container.endswith("_pipe")) or self.container == "image2"


async def probe(ffmpeg: Ffmpeg, path: Path) -> Probe:
    """Read the streams of `path`.

    Raises `StepError` (`media`) if it is no media file or has neither picture nor sound.
    """
    done = await ffmpeg.ask([*SAFE_INPUT, "-i", path.name], cwd=path.parent)
    found = parse(done.stderr)
    if found is None or not found.streams:
        if (too_large := too_many_pixels(done.stderr)) is not None:
            raise too_large
        reason = _reason(done.stderr)
        raise failure(
            Category.MEDIA,
            f"{path.name} 不是可用的音视频或图片：{reason}",
            f"{path.name} is no usable video, audio or image: {reason}",
        )
    return found


async def length_us(ffmpeg: Ffmpeg, path: Path, kind: Literal["video", "audio"]) -> int:
    """The length of the first stream of that kind in µs, measured by reading all its packets.

    A container's own figure is rounded, is that of the longest stream, and is wrong in a file that was cut off.
    """
    last = 0
    stream = "v:0" if kind == "video" else "a:0"

    def read_line(line: str) -> None:
        nonlocal last
        name, _, value = line.partition("=")
        if name == "out_time_us":
            last = count(value) or last

    copying = [*SAFE_INPUT, "-i", path.name, "-map", f"0:{stream}", "-c", "copy", "-f", "null", "-"]
    await ffmpeg.ask(copying, cwd=path.parent, on_line=read_line)
    return last


def parse(log: str) -> Probe | None:
    """Read the log of `ffmpeg -i FILE`; None where it could not open the file."""
    opened = re.search(r"^Input #0, (\S+), from ", log, re.MULTILINE)
    if opened is None:
        return None
    duration = 0
    if (match := _DURATION.search(log)) and match[1] is not None:
        hours, minutes, seconds, fraction = (count(part) or 0 for part in match.groups())
        whole = (hours * 3600 + minutes * 60 + seconds) * 1_000_000
        duration = min(whole + round(fraction / 10 ** len(match[4]) * 1e6), _LONGEST)
    found = list(_STREAM.finditer(log))
    streams: list[Stream] = []
    for place, match in enumerate(found):
        end = found[place + 1].start() if place + 1 < len(found) else len(log)
        stream = _stream(match, log[match.end() : end])
        if stream is not None:
            streams.append(stream)
    return Probe(opened[1], duration, tuple(streams))


def _stream(match: re.Match[str], side_data: str) -> Stream | None:
    index, codec, facts = count(match[1]) or 0, match[3], match[4]
    if match[2] == "Audio":
        rate = _RATE.search(facts)
        return Stream("audio", index, codec, sample_rate=(count(rate[1]) if rate else None) or 0)
    size = _SIZE.search(facts + ",")
    if "(attached pic)" in facts or size is None:
        return None
    width, height = count(size[1]) or 0, count(size[2]) or 0
    if (sar := _SAR.search(facts)) and (across := count(sar[1])) and (down := count(sar[2])):
        width = min(round(width * across / down), _WIDEST)
    rotation = 0
    if turned := _ROTATION.search(side_data):
        rotation = round(number(turned[1]) or 0.0) % 360
        if rotation in (90, 270):
            width, height = height, width
    fps = _FPS.search(facts)
    rate_ = ((number(fps[1]) if fps else None) or 0.0) * (1000 if fps and fps[2] else 1)
    return Stream("video", index, codec, width, height, rate_, rotation)


def _reason(log: str) -> str:
    for line in log.splitlines():
        if "rror" in line or "nvalid" in line or "moov" in line or "whitelist" in line:
            return clean(line.split("] ", 1)[-1], 160)
    return "no streams"


def describe(streams: Sequence[Stream]) -> str:
    """One line for a message or a report."""
    parts = [
        f"{s.codec} {s.width}x{s.height}@{s.fps:g}" if s.kind == "video" else f"{s.codec} {s.sample_rate} Hz"
        for s in streams
    ]
    return ", ".join(parts)
