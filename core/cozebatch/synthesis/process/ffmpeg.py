"""Finds ffmpeg, runs it as a child process, and gives its failures a category.

The binary comes with `imageio-ffmpeg`; one of the system's is used when asked for. It is only let at local
files and at real media containers: a playlist called .mp4 could otherwise have it read any file or address.
"""

from __future__ import annotations

import functools
import re
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import anyio.to_thread

from cozebatch.bounds.numbers import count
from cozebatch.model.errors import Category, ErrorInfo, StepError
from cozebatch.model.text import Text
from cozebatch.synthesis.failures import failure, from_os_error, last_line
from cozebatch.synthesis.process import process
from cozebatch.synthesis.process.process import Finished, OutOfTime

DEMUXERS = (
    "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,flv,mpegts,mpeg,mpegvideo,m4v,h264,hevc,ivf,obu,asf,rm,mxf,dv,nut,"
    "ogg,wav,w64,mp3,aac,ac3,eac3,dts,flac,wv,ape,tta,au,amr,aiff,caf,"
    "image2,png_pipe,apng,jpeg_pipe,webp_pipe,webp_anim,bmp_pipe,gif,gif_pipe,tiff_pipe,jpegxl_pipe,jpegxl_anim"
)
MAX_PIXELS = 50_000_000
"""Of a picture that is decoded; one of them takes about 150 MB. The largest pictures of phones have 48 million, film of
7680×4320 has 33 million."""


COMMAND = ("-hide_banner", "-nostdin", "-nostats")

TO_BE_HEARD = 30.0
"""Seconds in which the rest of an answer is read after ffmpeg's end. It starts nothing that could hold the pipe: only a
machine under load needs more than an instant."""


def safe_input(most_pixels: int = MAX_PIXELS) -> tuple[str, ...]:
    """Options to stand before every `-i` of a file from outside. A larger picture is refused before it is decoded."""
    limit = ("-max_pixels", str(min(most_pixels, MAX_PIXELS)))
    return ("-protocol_whitelist", "file", "-format_whitelist", DEMUXERS, *limit)


SAFE_INPUT = safe_input()


def input_of(path: Path | str) -> list[str]:
    """The arguments for an input from outside, whatever folder ffmpeg runs in."""
    return [*SAFE_INPUT, "-i", str(Path(path).absolute())]


_DISK_FULL = re.compile(r"No space left on device|Disk quota exceeded|not enough space on the disk", re.IGNORECASE)
_BAD_MEDIA = re.compile(
    r"Invalid data found when processing input|moov atom not found|Failed to find two consecutive"
    r"|could not find codec parameters|does not contain any stream|matches no streams|Format not on whitelist"
    r"|Not on the whitelist|not in whitelist|Error opening input",
    re.IGNORECASE,
)
_TOO_MANY_PIXELS = re.compile(r"exceeds specified max pixel count|Picture size \d+x\d+ is invalid")
_NO_MEMORY = re.compile(r"Cannot allocate memory|Out of memory", re.IGNORECASE)


class TooManyPixels(StepError):
    """A picture is larger than was allowed. Nothing of it was decoded."""


@dataclass(frozen=True, slots=True)
class Ffmpeg:
    """An ffmpeg binary and the environment it is run in."""

    path: str
    environment: Mapping[str, str]

    async def run(
        self,
        arguments: Sequence[str],
        *,
        cwd: Path,
        timeout: float,
        seconds: float = 0.0,
        progress: Callable[[float], None] | None = None,
    ) -> str:
        """Run it and return the end of its log. `progress` is called with 0..1 of `seconds` of output written.

        Raises `StepError`: `synthesis_timeout`, `worker_crashed`, `disk_full`, `media` or `synthesis`.
        """

        def read_line(line: str) -> None:
            name, _, value = line.partition("=")
            if progress is not None and name == "out_time_us" and seconds > 0:
                progress(min(1.0, (count(value) or 0) / 1e6 / seconds))

        command = [self.path, *COMMAND, "-progress", "pipe:1", *arguments]
        try:
            done = await process.run(command, cwd=cwd, env=self.environment, timeout=timeout, on_line=read_line)
        except OutOfTime as late:
            raise failure(
                Category.SYNTHESIS_TIMEOUT,
                f"合成超过 {late.seconds:g} 秒未完成",
                f"the film was not finished within {late.seconds:g} s",
            ) from None
        except OSError as error:
            raise from_os_error(error, Category.WORKER_CRASHED, self.path) from error
        if done.returncode != 0:
            raise categorised(done)
        return done.stderr

    async def ask(
        self,
        arguments: Sequence[str],
        *,
        cwd: Path,
        timeout: float = 120.0,
        on_line: Callable[[str], None] | None = None,
        on_log: Callable[[str], None] | None = None,
    ) -> Finished:
        """Run it for its output, all of it; the caller judges the exit status. Raises `media` on a time-out, and
        `worker_crashed` when its output could not be read to the end: what is missing would pass for not there."""
        try:
            done = await process.run(
                [self.path, *COMMAND, *arguments],
                cwd=cwd,
                env=self.environment,
                timeout=timeout,
                on_line=on_line,
                on_error_line=on_log,
                after_exit=TO_BE_HEARD,
            )
        except OutOfTime as late:
            raise failure(
                Category.MEDIA,
                f"素材在 {late.seconds:g} 秒内无法读完",
                f"the media could not be read within {late.seconds:g} s",
            ) from None
        except OSError as error:
            raise from_os_error(error, Category.WORKER_CRASHED, self.path) from error
        if not done.heard_out:
            raise failure(
                Category.WORKER_CRASHED, "没有读到 ffmpeg 的全部输出", "the output of ffmpeg was not read to its end"
            )
        return done


async def find(wanted: str | None, environment: Mapping[str, str]) -> Ffmpeg:
    """The ffmpeg to use: None for the packaged one, `system` for the one on the PATH, else a path.

    Raises `StepError` (`synthesis`) where there is none.
    """
    path = await anyio.to_thread.run_sync(locate, wanted)
    if path is None:
        raise failure(
            Category.SYNTHESIS,
            "找不到 ffmpeg：请重新安装 imageio-ffmpeg，或安装系统 ffmpeg",
            "ffmpeg was not found: install imageio-ffmpeg again, or an ffmpeg of the system",
        )
    return Ffmpeg(path, environment)


@functools.cache
def locate(wanted: str | None) -> str | None:
    """The path of the ffmpeg that `find` would use; None where there is none."""
    if wanted is not None and wanted != "system":
        return wanted if Path(wanted).is_file() else None
    name = "ffmpeg"
    if wanted is None:
        import imageio_ffmpeg

        try:
            name = imageio_ffmpeg.get_ffmpeg_exe()
        except RuntimeError:
            return None
    found = shutil.which(name)
    return None if found is None else str(Path(found).absolute())


def categorised(done: Finished) -> StepError:
    """The error for a failed run, by exit status and the end of the log."""
    log = done.stderr
    if _DISK_FULL.search(log):
        return failure(Category.DISK_FULL, "磁盘已满，成品没有写完", "the disk filled up while the film was written")
    if done.crashed or _NO_MEMORY.search(log):
        return failure(
            Category.WORKER_CRASHED,
            f"ffmpeg 意外退出（{done.returncode}）",
            f"ffmpeg died ({done.returncode})",
            code=str(done.returncode),
        )
    if (too_large := too_many_pixels(log)) is not None:
        return too_large
    line = last_line(log)
    if _BAD_MEDIA.search(log):
        return failure(Category.MEDIA, f"素材无法解码：{line}", f"the media cannot be decoded: {line}")
    return failure(Category.SYNTHESIS, f"ffmpeg 报错：{line}", f"ffmpeg failed: {line}")


def too_many_pixels(log: str) -> TooManyPixels | None:
    """The error if that is what ffmpeg complained about."""
    if _TOO_MANY_PIXELS.search(log) is None:
        return None
    millions = MAX_PIXELS // 1_000_000
    text = Text(f"画面太大（超过 {millions * 100} 万像素）", f"a picture has more than {millions} million pixels")
    return TooManyPixels(ErrorInfo(Category.MEDIA, text))
