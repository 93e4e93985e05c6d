"""Small real films for the simulated Coze to hand out, made on the spot with ffmpeg.

A stand-in for a talking head: a face that nods and moves its mouth, with a voice-like sound that pauses now and then,
so that everything downstream (probing, pause detection, rendering) has something real to work on.
"""

from __future__ import annotations

import atexit
import functools
import shutil
import subprocess
import tempfile
import threading
from dataclasses import dataclass
from pathlib import Path

WIDTH, HEIGHT, FPS = 360, 640, 25
_TIMEOUT = 60.0


@dataclass(frozen=True, slots=True)
class Clip:
    """One film: how long, in which colours (background, face), and how high the voice (Hz)."""

    name: str
    seconds: float
    background: str
    face: str
    pitch: int


CLIPS = (
    Clip("lin", 3.2, "0x27415f", "0xe8b796", 140),
    Clip("mei", 4.0, "0x3f5d4a", "0xf1c7a8", 210),
    Clip("hao", 4.8, "0x5d3f4f", "0xd9a27e", 120),
    Clip("yun", 5.6, "0x4b4a6b", "0xf5d0b5", 230),
)


class ClipStore:
    """Makes each clip once, when it is first asked for, and keeps it in `folder`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._locks = {clip.name: threading.Lock() for clip in CLIPS}

    def path(self, name: str, kind: str) -> Path | None:
        """The file of clip `name`; `kind` is `mp4` or `mp3`. None where there is no such clip. May take a second."""
        clip = next((clip for clip in CLIPS if clip.name == name), None)
        if clip is None or kind not in ("mp4", "mp3"):
            return None
        path = self._folder / f"{name}.{kind}"
        with self._locks[name]:
            if not (self._folder / f"{name}.mp4").exists():  # it comes last, when both are whole
                self._make(clip)
        return path

    def _make(self, clip: Clip) -> None:
        import imageio_ffmpeg

        self._folder.mkdir(parents=True, exist_ok=True)
        film, voice = self._folder / f"{clip.name}.mp4", self._folder / f"{clip.name}.mp3"
        unfinished = self._folder / f"{clip.name}.part.mp4"
        command = [imageio_ffmpeg.get_ffmpeg_exe(), "-hide_banner", "-nostdin", "-loglevel", "error", "-y"]
        command += ["-filter_complex", f"{_picture(clip)};{_voice(clip)}"]
        length = ["-t", str(clip.seconds)]
        command += ["-map", "[v]", "-map", "[a1]", *length, "-c:v", "libx264", "-preset", "ultrafast", "-crf", "30"]
        command += ["-pix_fmt", "yuv420p", "-c:a", "aac", "-b:a", "64k", "-movflags", "+faststart", str(unfinished)]
        command += ["-map", "[a2]", *length, "-c:a", "libmp3lame", "-b:a", "64k", str(voice)]
        subprocess.run(command, check=True, timeout=_TIMEOUT, stdin=subprocess.DEVNULL, capture_output=True)
        unfinished.replace(film)


@functools.cache
def shared_clips() -> ClipStore:
    """The clips of this process, in a temporary folder that goes when it ends."""
    folder = Path(tempfile.mkdtemp(prefix="cozebatch-clips-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return ClipStore(folder)


def _picture(clip: Clip) -> str:
    """A round face with eyes on a plain background; the shapes are drawn once and then only moved."""
    nod = "14*sin(2*PI*0.6*t)"
    return ";".join(
        (
            f"color=c={clip.background}:s={WIDTH}x{HEIGHT}:r={FPS}[bg]",
            _disc(220, clip.face, "face"),
            _disc(26, "0x202020", "eyes") + ",split[left][right]",
            _disc(64, "0x7a2b2b", "mouth"),
            f"color=c=0x7a2b2b:s=70x10:r={FPS}[lips]",
            f"[bg][face]overlay=x=70:y=150+{nod}[v1]",
            f"[v1][left]overlay=x=120:y=215+{nod}[v2]",
            f"[v2][right]overlay=x=214:y=215+{nod}[v3]",
            f"[v3][lips]overlay=x=145:y=312+{nod}[v4]",
            f"[v4][mouth]overlay=x=148:y=285+{nod}:enable='{_speaks()}*gt(sin(2*PI*4*t),0)'[v]",
        )
    )


def _disc(size: int, colour: str, label: str) -> str:
    half = size // 2
    tail = "" if label == "eyes" else f"[{label}]"
    return (
        f"color=c={colour}:s={size}x{size}:r={FPS}:d=0.04,format=yuva420p,"
        f"geq=lum='p(X,Y)':cb='p(X,Y)':cr='p(X,Y)':a='255*lt(hypot(X-{half},Y-{half}),{half})',loop=-1:1{tail}"
    )


def _voice(clip: Clip) -> str:
    tones = "+".join(f"{0.3 / n}*sin(2*PI*{clip.pitch * n}*t)" for n in (1, 2, 3))
    return f"aevalsrc='({tones})*(0.55+0.45*sin(2*PI*4*t))*{_speaks()}':s=44100,asplit[a1][a2]"


def _speaks() -> str:
    """1 while it speaks: sentences of 1.2 s with pauses of 0.4 s."""
    return "lt(mod(t,1.6),1.2)"
