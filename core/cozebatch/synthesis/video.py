"""The MP4 renderer: one ffmpeg pass from the media to H.264 + AAC of the configured size and rate."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from cozebatch.synthesis.ffmpeg import SAFE_INPUT, Ffmpeg
from cozebatch.synthesis.options import SynthesisOptions


@dataclass(frozen=True, slots=True)
class Source:
    """What a plain film is made of; `audio` None: the video's own. `duration_us` is the film's length."""

    video: Path
    audio: Path | None
    duration_us: int


async def render_plain(
    ffmpeg: Ffmpeg, options: SynthesisOptions, source: Source, target: Path, progress: Callable[[float], None]
) -> None:
    """Bring the talking head with its audio to the configured size and rate. Raises `StepError`."""
    seconds = source.duration_us / 1e6
    w, h = options.width, options.height
    picture = (
        f"[0:v:0]fps={options.fps},scale={w}:{h}:force_original_aspect_ratio=decrease:force_divisible_by=2,"
        f"pad={w}:{h}:(ow-iw)/2:(oh-ih)/2,setsar=1,format=yuv420p,tpad=stop=-1:stop_mode=clone[v]"
    )
    inputs = [*SAFE_INPUT, "-i", str(source.video)]
    if source.audio is not None:
        inputs += [*SAFE_INPUT, "-i", str(source.audio)]
    sound = f"[{0 if source.audio is None else 1}:a:0]aresample=48000:async=1,apad[a]"
    arguments = [
        "-y", *inputs,
        "-filter_complex", f"{picture};{sound}",
        "-map", "[v]", "-map", "[a]", "-t", f"{seconds:.6f}",
        "-c:v", options.encoder, "-preset", options.preset, "-crf", str(options.crf),
        "-threads", str(options.threads), "-c:a", "aac", "-b:a", "160k", "-ac", "2",
        "-map_metadata", "-1", "-movflags", "+faststart", str(target),
    ]  # fmt: skip
    await ffmpeg.run(arguments, cwd=target.parent, timeout=options.timeout, seconds=seconds, progress=progress)
