"""Verifies a film before its task counts as done: opens the file and measures it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import anyio

from cozebatch.bounds.numbers import count, number
from cozebatch.model.errors import Category, StepError
from cozebatch.synthesis.analyse.packets import FRAMECRC, PacketLog
from cozebatch.synthesis.compose.timeline import SECOND, Timeline
from cozebatch.synthesis.failures import failure
from cozebatch.synthesis.process.ffmpeg import Ffmpeg

_FRAMES_OFF = 2
_AUDIO_OFF = 60_000
"""µs: AAC comes in packets of 1024 samples."""
_SILENT_DB = -70.0


@dataclass(frozen=True, slots=True)
class MeasuredFilm:
    """What a finished film was measured to be. `frames` are its packets, `audio_us` its decoded sound."""

    frames: int
    audio_us: int
    mean_volume_db: float
    width: int
    height: int
    fps: float
    size: int


class Log:
    """What the filters of one run of ffmpeg over a film tell. They log from several threads: two messages may share a
    line, and a message may come without its filter's name. Every message is looked for in every line, by its own
    words."""

    def __init__(self) -> None:
        self.keys = 0
        self.black = 0
        self.samples = 0
        self.mean_volume = float("-inf")

    def message(self, line: str) -> None:
        self.black += line.count("pblack:")
        self.keys += line.count(" pts_time:")
        if match := re.search(r"n_samples: (\d+)", line):
            self.samples = count(match[1]) or 0
        if match := re.search(r"mean_volume: (-?[\d.]+|-inf) dB", line):
            self.mean_volume = number(match[1]) or float("-inf")


async def verify_film(ffmpeg: Ffmpeg, path: Path, timeline: Timeline, *, timeout: float) -> MeasuredFilm:
    """Open the film and measure it. Raises `StepError` (`synthesis`) when it is not what was ordered: both streams,
    size, rate, length within two frames, not all black, not silent, decodable.

    One run of ffmpeg: all packets are read, all sound and every key frame decoded.
    """
    log, packets = Log(), PacketLog()
    done = await ffmpeg.ask(
        [
            "-skip_frame", "nokey", "-i", path.name,
            "-map", "0:v:0", "-map", "0:a:0", "-c", "copy", *FRAMECRC,
            "-map", "0:v:0", "-vf", "scale=64:64,showinfo=checksum=0,blackframe=amount=98:threshold=24",
            "-fps_mode", "passthrough", "-f", "null", "-",
            "-map", "0:a:0", "-af", "volumedetect", "-f", "null", "-",
        ],
        cwd=path.parent, timeout=timeout, on_line=packets.line, on_log=log.message,
    )  # fmt: skip
    video, audio = packets.of_kind("video"), packets.of_kind("audio")
    if done.returncode != 0 or not video or not audio:
        raise _not_as_ordered(
            "成片缺少画面或声音，或无法解码", "the finished film lacks picture or sound, or cannot be decoded"
        )
    [picture], [sound] = video, audio
    fps = picture.packets * SECOND / picture.end_us if picture.end_us else 0.0
    audio_us = log.samples * SECOND // (2 * (sound.sample_rate or 1))
    size = (await anyio.Path(path).stat()).st_size
    film = MeasuredFilm(picture.packets, audio_us, log.mean_volume, picture.width, picture.height, round(fps, 3), size)
    _compare(film, timeline)
    if log.keys and log.black >= log.keys:
        raise _not_as_ordered("成片画面全黑", "the finished film is all black")
    return film


def _compare(film: MeasuredFilm, timeline: Timeline) -> None:
    got = f"{film.width}x{film.height}@{film.fps:g}"
    want = f"{timeline.width}x{timeline.height}@{timeline.fps}"
    if (film.width, film.height) != (timeline.width, timeline.height) or abs(film.fps - timeline.fps) > 0.01:
        raise _not_as_ordered(f"成片规格是 {got}，应为 {want}", f"the film is {got}, not {want}")
    if abs(film.frames - timeline.frames) > _FRAMES_OFF:
        raise _not_as_ordered(
            f"成片有 {film.frames} 帧，应为 {timeline.frames} 帧",
            f"the film has {film.frames} frames, not {timeline.frames}",
        )
    if abs(film.audio_us - timeline.duration) > _AUDIO_OFF + _FRAMES_OFF * SECOND // timeline.fps:
        is_, should = film.audio_us / SECOND, timeline.duration / SECOND
        raise _not_as_ordered(
            f"成片声音长 {is_:.2f} 秒，应为 {should:.2f} 秒", f"its sound lasts {is_:.2f} s, not {should:.2f} s"
        )
    if film.mean_volume_db < _SILENT_DB:
        raise _not_as_ordered("成片没有声音", "the finished film is silent")


def _not_as_ordered(zh: str, en: str) -> StepError:
    return failure(Category.SYNTHESIS, zh, en)
