"""What a media file holds: which picture and sound ffmpeg makes of it, and how long they last.

Nothing is read that ffmpeg writes for people, but for the length that a file's header names (`Measured.header_us`). The
streams are those that ffmpeg decodes: their size is that of the first picture, turned and with square pixels, and a
cover picture is no film (stream specifier `V`).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from cozebatch.bounds.numbers import count, number
from cozebatch.model.errors import Category
from cozebatch.synthesis.analyse.packets import FRAMECRC, PacketLog, StreamPackets
from cozebatch.synthesis.failures import clean, failure
from cozebatch.synthesis.process.ffmpeg import SAFE_INPUT, Ffmpeg, too_many_pixels

Hdr = Literal["", "hlg", "pq"]

_TRANSFERS: dict[str, Hdr] = {"arib-std-b67": "hlg", "smpte2084": "pq"}
_TRANSFER = re.compile(r"\bcolor_trc:([\w-]+)")
_DURATION = re.compile(r"^\s+Duration: (\d{1,9}):(\d\d):(\d\d)\.(\d{1,9})(?:, start: ([\d.]{1,20}))?", re.MULTILINE)
_GUESSED = "Estimating duration from bitrate"
_SOUND_TRACKS = 4
"""How many sound tracks are tried where the first cannot be decoded."""
_ALL = ("-map", "0:V?", "-map", "0:a?", "-map", "0:s?", "-map", "0:d?")
_HEAD = 60_000
"""Characters of a log in which a file's header is looked for."""


@dataclass(frozen=True, slots=True)
class Stream:
    """`width` and `height` are as shown. `index` counts the streams of its kind, as in `0:a:1`. `hdr`: how light is
    coded, empty for an ordinary picture."""

    kind: Literal["video", "audio"]
    index: int = 0
    width: int = 0
    height: int = 0
    fps: float = 0.0
    sample_rate: int = 0
    hdr: Hdr = ""


@dataclass(frozen=True, slots=True)
class Probe:
    """The picture and the sound that a film is made of; None where a file has none."""

    video: Stream | None
    audio: Stream | None


@dataclass(frozen=True, slots=True)
class Measured:
    """When a file's parts end, in µs from its beginning, found by reading every packet. `end_us`: the last of all,
    texts and time codes included. `header_us`: the length that its header names, 0 where it names none; in some kinds
    of file the time before the first packet, `start_us`, is part of it."""

    video_us: int = 0
    pictures: int = 0
    audio_us: tuple[int, ...] = ()
    end_us: int = 0
    header_us: int = 0
    start_us: int = 0

    @property
    def still(self) -> bool:
        """True for a single picture without sound, which is no film."""
        return self.pictures == 1 and not self.audio_us


async def probe(ffmpeg: Ffmpeg, path: Path) -> Probe:
    """Decode the first picture and the first sound of `path`.

    Raises `StepError` (`media`) if it is no media file or has neither.
    """
    log = await _first_frames(ffmpeg, path, "0:V:0?", "0:a:0?")
    if log.good:
        return Probe(log.video(), log.audio(0))
    video = await _first_frames(ffmpeg, path, "0:V:0")
    audio = None
    for index in range(_SOUND_TRACKS):
        sound = await _first_frames(ffmpeg, path, f"0:a:{index}")
        if sound.good:
            audio = sound.audio(index)
            break
    if not video.good and audio is None:
        raise _unusable(path, log.said)
    return Probe(video.video() if video.good else None, audio)


async def measure(ffmpeg: Ffmpeg, path: Path) -> Measured:
    """Read all packets of `path`. A file that cannot be opened has no length at all.

    A container's own figure is rounded, is that of the longest stream, and is wrong in a file that was cut off.
    """
    log = PacketLog()
    head: list[str] = []

    def read_log(line: str) -> None:
        if len(head) < _HEAD // 100:
            head.append(line)

    arguments = [*SAFE_INPUT, "-i", path.name, *_ALL, "-c", "copy", "-copy_unknown", *FRAMECRC]
    await ffmpeg.ask(arguments, cwd=path.parent, on_line=log.line, on_log=read_log)
    pictures = log.of_kind("video")
    header_us, start_us = length_in("\n".join(head))
    return Measured(
        video_us=pictures[0].end_us if pictures else 0,
        pictures=pictures[0].packets if pictures else 0,
        audio_us=tuple(stream.end_us for stream in log.of_kind("audio")),
        end_us=max((stream.end_us for stream in log.streams.values()), default=0),
        header_us=header_us,
        start_us=start_us,
    )


def length_in(log: str) -> tuple[int, int]:
    """The length that a file's header names and the time of its first packet, in µs, from the log of `ffmpeg -i`. 0 for
    a length that is not there, or that ffmpeg only guesses."""
    match = _DURATION.search(log[:_HEAD])
    if match is None or _GUESSED in log:
        return 0, 0
    hours, minutes, seconds = (count(part) or 0 for part in match.groups()[:3])
    whole = hours * 3600 + minutes * 60 + seconds
    start = round((number(match[5]) or 0.0) * 1_000_000) if match[5] else 0
    return min(whole * 1_000_000 + int(match[4][:6].ljust(6, "0")), 10**15), min(start, 10**15)


def transfer_in(log: str) -> Hdr:
    """How light is coded, from the log of the filter `showinfo`."""
    lines = "\n".join(line for line in log.splitlines() if line.startswith("[Parsed_showinfo"))
    return next((_TRANSFERS[name] for name in _TRANSFER.findall(lines) if name in _TRANSFERS), "")


@dataclass(frozen=True, slots=True)
class _Frames:
    """What decoding the first frames gave."""

    good: bool
    streams: Sequence[StreamPackets]
    said: str

    def video(self) -> Stream | None:
        for found in self.streams:
            if found.kind == "video" and found.width and found.height:
                across, down = found.sar
                width = found.width if not (across and down) else min(round(found.width * across / down), 10**6)
                return Stream("video", 0, width, found.height, found.rate, hdr=transfer_in(self.said))
        return None

    def audio(self, index: int) -> Stream | None:
        for found in self.streams:
            if found.kind == "audio":
                return Stream("audio", index, sample_rate=found.sample_rate)
        return None


async def _first_frames(ffmpeg: Ffmpeg, path: Path, *maps: str) -> _Frames:
    log = PacketLog()
    chosen = [part for name in maps for part in ("-map", name)]
    arguments = [*SAFE_INPUT, "-i", path.name, *chosen, "-vf", "showinfo=checksum=0"]
    arguments += ["-frames:v", "1", "-frames:a", "1", *FRAMECRC]
    done = await ffmpeg.ask(arguments, cwd=path.parent, on_line=log.line)
    streams = [stream for _, stream in sorted(log.streams.items())]
    return _Frames(done.returncode == 0 and bool(streams), streams, done.stderr)


def _unusable(path: Path, log: str) -> Exception:
    if (too_large := too_many_pixels(log)) is not None:
        return too_large
    reason = _reason(log)
    return failure(
        Category.MEDIA,
        f"{path.name} 不是可用的音视频或图片：{reason}",
        f"{path.name} is no usable video, audio or image: {reason}",
    )


def _reason(log: str) -> str:
    for line in log.splitlines():
        if "rror" in line or "nvalid" in line or "moov" in line or "whitelist" in line:
            return clean(line.split("] ", 1)[-1], 160)
    return "no streams"
