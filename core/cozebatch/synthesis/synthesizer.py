"""The synthesizer behind the engine's port: fetch the media, make the film, prove it, put it in its place."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import anyio
import anyio.to_thread

from cozebatch.errors import Category
from cozebatch.ports import Job, Media, Product, Progress
from cozebatch.synthesis import ffmpeg as ffmpeg_
from cozebatch.synthesis.command import run_command
from cozebatch.synthesis.failures import failure, from_os_error, need_space
from cozebatch.synthesis.ffmpeg import Ffmpeg
from cozebatch.synthesis.gather import Pick, addresses_of, gather
from cozebatch.synthesis.media import Downloader
from cozebatch.synthesis.names import digest, safe_name
from cozebatch.synthesis.options import SynthesisOptions
from cozebatch.synthesis.probe import length_us, probe
from cozebatch.synthesis.publish import publish
from cozebatch.synthesis.scratch import scratch, sweep
from cozebatch.synthesis.validate import prove_film
from cozebatch.synthesis.video import Source, render_plain


class LocalSynthesizer:
    """Makes films on this machine as `options` say. `pick` reads a (dotted) key of Coze's output."""

    def __init__(self, options: SynthesisOptions, *, pick: Pick) -> None:
        self._options = options
        self._pick = pick
        self._downloader: Downloader | None = None
        self._ffmpeg: Ffmpeg | None = None
        self._swept = False

    async def fetch(self, job: Job, progress: Progress) -> Media:
        """Bring the job's media to `media_dir/RUN/TASK`. Raises `StepError`: `bad_output`, `download`, `media`,
        `disk_full`."""
        options = self._options
        if options.mode == "none":
            return Media({})
        addresses = addresses_of(options, self._pick, job)
        if self._downloader is None:
            self._downloader = Downloader(
                max_bytes=int(options.max_media_mb * 1_000_000), allow_loopback=options.allow_loopback
            )
        tool = None if options.mode == "command" else await self._tool()
        return await gather(self._downloader, tool, addresses, self._folder(job.run_id, job.task.task_id), progress)

    async def synthesize(self, job: Job, media: Media, progress: Progress) -> Product:
        """Make the film. Raises `StepError`; whatever happens, nothing half-written stays."""
        options = self._options
        if options.mode == "none":
            return Product()
        await anyio.to_thread.run_sync(self._prepare, media)
        if options.mode == "command":
            return await run_command(options, job, media)
        return await self._film(job, media, progress)

    async def discard(self, run_id: str, task_id: str) -> None:
        """Drop what was downloaded for this task."""
        folder = self._folder(run_id, task_id)
        await anyio.to_thread.run_sync(_drop, folder)

    async def aclose(self) -> None:
        """Close connections; child processes belong to running calls and end with them."""
        if self._downloader is not None:
            await self._downloader.aclose()
            self._downloader = None

    async def _film(self, job: Job, media: Media, progress: Progress) -> Product:
        options = self._options
        tool = await self._tool()
        video = _one(media, "video")
        if video is None:
            raise failure(Category.BAD_OUTPUT, "没有视频", "there is no video")
        audio = _one(media, "audio")
        found = await probe(tool, video)
        if audio is None and found.audio is None:
            raise failure(Category.MEDIA, "视频没有声音，也没有单独的音频", "the video has no sound, nor is there any")
        duration = await length_us(tool, video, "video")
        if duration <= 0:
            raise failure(Category.MEDIA, "视频长度为零", "the video has no length")
        async with scratch(options.output_dir) as home:
            target = home / "film.mp4"
            await render_plain(tool, options, Source(video.absolute(), audio, duration), target, progress)
            proof = await prove_film(
                tool, target, width=options.width, height=options.height, fps=options.fps, duration_us=duration
            )
            recipe: Mapping[str, Any] = {"duration_us": proof.duration_us}
            with _os_errors(options.output_dir):
                placed = await anyio.to_thread.run_sync(publish, job, options.output_dir, {".mp4": target}, recipe)
        return Product(video_path=str(placed[".mp4"]))

    async def _tool(self) -> Ffmpeg:
        if self._ffmpeg is None:
            self._ffmpeg = await ffmpeg_.find(self._options.ffmpeg, self._options.child_environment())
        return self._ffmpeg

    def _prepare(self, media: Media) -> None:
        """What is looked at before each job: the media are still here, and the disk has room."""
        size = 0
        for value in media.files.values():
            for name in (value,) if isinstance(value, str) else value:
                try:
                    size += Path(name).stat().st_size
                except OSError:
                    raise failure(
                        Category.DOWNLOAD,
                        f"下载好的素材不见了：{Path(name).name}",
                        f"downloaded media are gone: {Path(name).name}",
                    ) from None
        if not self._swept:
            self._swept = True
            sweep(self._options.output_dir)
        with _os_errors(self._options.output_dir):
            need_space(self._options.output_dir, 2 * size)

    def _folder(self, run_id: str, task_id: str) -> Path:
        return self._options.media_dir.absolute() / safe_name(run_id) / digest(task_id)


def _one(media: Media, name: str) -> Path | None:
    value = media.files.get(name)
    return Path(value) if isinstance(value, str) else None


def _drop(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    try:
        folder.parent.rmdir()
    except OSError:
        return  # Other tasks' media, or none were ever there.


@contextmanager
def _os_errors(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise from_os_error(error, Category.SYNTHESIS, folder) from error
