"""Chooses the H.264 encoder: a hardware one only after a real test encode on this machine."""

from __future__ import annotations

from pathlib import Path

from cozebatch.model.errors import StepError
from cozebatch.synthesis.options import SynthesisOptions
from cozebatch.synthesis.process.ffmpeg import Ffmpeg

HARDWARE = ("h264_nvenc", "h264_videotoolbox", "h264_qsv", "h264_amf")


def arguments(encoder: str, options: SynthesisOptions, threads: int = 0) -> list[str]:
    """The options that give each encoder about the quality of libx264 at `options.crf`.

    `threads` bounds libx264's, 0 leaves them to it.
    """
    quality = str(options.crf)
    chosen = {
        "libx264": ["-preset", options.preset, "-crf", quality, "-threads", str(threads)],
        "h264_nvenc": ["-preset", "p4", "-rc", "vbr", "-cq", quality, "-b:v", "0"],
        "h264_videotoolbox": ["-q:v", "60"],
        "h264_qsv": ["-global_quality", quality],
        "h264_amf": ["-quality", "balanced", "-rc", "cqp", "-qp_i", quality, "-qp_p", quality],
    }.get(encoder, [])
    return ["-c:v", encoder, *chosen, "-profile:v", "high", "-pix_fmt", "yuv420p"]


async def choose(ffmpeg: Ffmpeg, options: SynthesisOptions, cwd: Path) -> str:
    """`options.encoder`, or for `auto` the first of `HARDWARE` that passes a test encode of the film's own size,
    else libx264."""
    if options.encoder != "auto":
        return options.encoder
    for encoder in HARDWARE:
        if await works(ffmpeg, encoder, options, cwd):
            return encoder
    return "libx264"


async def works(ffmpeg: Ffmpeg, encoder: str, options: SynthesisOptions, cwd: Path) -> bool:
    """Whether `encoder` can encode half a second on this machine."""
    source = f"testsrc2=s={options.width}x{options.height}:r={options.fps}:d=0.5"
    try:
        done = await ffmpeg.ask(
            ["-f", "lavfi", "-i", source, *arguments(encoder, options), "-f", "null", "-"], cwd=cwd, timeout=20
        )
    except StepError:
        return False
    return done.returncode == 0
