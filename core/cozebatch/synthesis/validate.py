"""Proof before `done`: what was made is opened and measured, not believed."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import anyio

from cozebatch.errors import Category
from cozebatch.synthesis.failures import failure
from cozebatch.synthesis.ffmpeg import Ffmpeg
from cozebatch.synthesis.probe import length_us, probe


@dataclass(frozen=True, slots=True)
class FilmProof:
    """What a finished film was measured to be."""

    duration_us: int
    audio_us: int
    width: int
    height: int
    fps: float
    size: int


async def prove_film(ffmpeg: Ffmpeg, path: Path, *, width: int, height: int, fps: int, duration_us: int) -> FilmProof:
    """Open the film at `path` and measure it. Raises `StepError` (`synthesis`) when it is not what was ordered:
    both streams, the size, the rate, and a length within two frames."""
    found = await probe(ffmpeg, path)
    video, audio = found.video, found.audio
    if video is None or audio is None:
        raise failure(Category.SYNTHESIS, "成片缺少画面或声音", "the finished film lacks picture or sound")
    if (video.width, video.height) != (width, height) or abs(video.fps - fps) > 0.01:
        got = f"{video.width}x{video.height}@{video.fps:g}"
        want = f"{width}x{height}@{fps}"
        raise failure(Category.SYNTHESIS, f"成片规格是 {got}，应为 {want}", f"the film is {got}, not {want}")
    picture = await length_us(ffmpeg, path, "video")
    sound = await length_us(ffmpeg, path, "audio")
    frame = 1_000_000 / fps
    if abs(picture - duration_us) > 2 * frame or abs(sound - duration_us) > 2 * frame + 50_000:
        got, want = f"{picture / 1e6:.2f}/{sound / 1e6:.2f}", f"{duration_us / 1e6:.2f}"
        raise failure(Category.SYNTHESIS, f"成片长 {got} 秒，应为 {want} 秒", f"the film lasts {got} s, not {want} s")
    return FilmProof(picture, sound, video.width, video.height, video.fps, (await anyio.Path(path).stat()).st_size)
