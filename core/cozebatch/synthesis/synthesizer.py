"""The synthesizer behind the engine's port: download the media, make the film, verify it, put it in its place."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import anyio.to_thread

from cozebatch.disk.marker import mark_if_empty
from cozebatch.disk.removing import remove_empty_folder, remove_marked
from cozebatch.disk.writing import make_folder
from cozebatch.model.errors import Category, StepError
from cozebatch.model.task import Task
from cozebatch.model.text import Lang, Text
from cozebatch.ports import Job, Media, Product, Progress
from cozebatch.synthesis.compose import styles
from cozebatch.synthesis.download.assets import addresses_of, fetch_assets
from cozebatch.synthesis.download.downloader import Downloader
from cozebatch.synthesis.draft.render import draft_root, make_draft
from cozebatch.synthesis.failures import failure, need_space
from cozebatch.synthesis.names import digest, safe_name
from cozebatch.synthesis.options import Pick, SynthesisOptions
from cozebatch.synthesis.process import ffmpeg as ffmpeg_
from cozebatch.synthesis.process.command import run_command
from cozebatch.synthesis.process.ffmpeg import Ffmpeg
from cozebatch.synthesis.process.workers import Workers
from cozebatch.synthesis.scratch import sweep
from cozebatch.synthesis.video import pipeline


class LocalSynthesizer:
    """Makes films on this machine as `options` say. `pick` reads a (dotted) key of Coze's output. `on_note` gets what a
    person should know, such as folders that were not cleaned up. `mask` takes secrets out of a text: none of them
    reaches a film, its description or a child process.

    Raises `UsageError` when `template_config` holds wrong values.
    """

    def __init__(
        self,
        options: SynthesisOptions,
        *,
        pick: Pick,
        on_note: Callable[[Text], object] = lambda _: None,
        mask: Callable[[str], str] = lambda text: text,
    ) -> None:
        self._options = options
        self._pick = pick
        self._on_note = on_note
        self._mask = mask
        self._owner = options.owner or secrets.token_hex(16)
        self._styles = styles.parse(options.template_config)
        self._downloader: Downloader | None = None
        self._ffmpeg: Ffmpeg | None = None
        self._workers: Workers | None = None
        self._rendering = 0
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
        folder = self._folder(job.run_id, job.task.task_id)
        with pipeline.os_errors(folder, Category.DOWNLOAD):
            await anyio.to_thread.run_sync(self._make_folder, folder)
        return await fetch_assets(self._downloader, tool, addresses, folder, progress, below=self._state)

    async def synthesize(self, job: Job, media: Media, progress: Progress) -> Product:
        """Make the film. Raises `StepError`; whatever happens, nothing half-written stays."""
        options = self._options
        if options.mode == "none":
            return Product()
        for note in await anyio.to_thread.run_sync(self._prepare, media):
            self._on_note(note)
        job = replace(job, task=masked(job.task, self._mask))
        if options.mode == "command":
            return await run_command(options, job, media)
        return await self._film(job, media, progress)

    async def discard(self, run_id: str, task_id: str) -> None:
        """Drop what was downloaded for this task."""
        await anyio.to_thread.run_sync(self._drop, self._folder(run_id, task_id))

    async def aclose(self) -> None:
        """Close connections and end idle worker processes; others belong to running calls and end with them."""
        if self._workers is not None:
            await self._workers.aclose()
            self._workers = None
        if self._downloader is not None:
            await self._downloader.aclose()
            self._downloader = None

    async def _film(self, job: Job, media: Media, progress: Progress) -> Product:
        """Make what the mode asks for. What a renderer has finished stays and is found by the next try."""
        options = self._options
        tool = await self._tool()
        plan = await pipeline.plan(tool, options, self._styles, self._pick, job, media)
        warnings = list(plan.warnings)
        draft_path = video_path = None
        failed: StepError | None = None
        if options.mode in ("draft", "both"):
            try:
                made = await make_draft(tool, options, self._worker_pool(), job, plan.timeline, plan.recipe)
            except StepError as error:
                if options.mode == "draft" or error.info.category is Category.DISK_FULL:
                    raise
                failed = error  # the MP4 is made all the same, and found at the next try
            else:
                draft_path = str(made.path)
                warnings += made.warnings
        if options.mode in ("video", "both"):
            with self._share_of_processors() as threads:
                video, more = await pipeline.make_video(tool, options, job, plan, progress, threads=threads)
            video_path = str(video)
            warnings += more
        if failed is not None:
            raise _without_draft(failed, video_path)
        progress(1.0)
        return Product(video_path, draft_path, _joined(warnings, options.lang), tuple(dict.fromkeys(warnings)))

    @contextmanager
    def _share_of_processors(self) -> Iterator[int]:
        """Encoder threads for one more render, so that those that run now about fill the machine."""
        self._rendering += 1
        try:
            yield max(1, -(-(self._options.processors or os.cpu_count() or 1) // self._rendering))
        finally:
            self._rendering -= 1

    def _worker_pool(self) -> Workers:
        if self._workers is None:
            self._workers = Workers(self._options.workers, self._options.child_environment())
        return self._workers

    async def _tool(self) -> Ffmpeg:
        if self._ffmpeg is None:
            self._ffmpeg = await ffmpeg_.find(self._options.ffmpeg, self._options.child_environment())
        return self._ffmpeg

    def _prepare(self, media: Media) -> Sequence[Text]:
        """Check before each job that the media are still here and the disk has room. Before the first one, sweep;
        returns what a person should know of that."""
        size = 0
        notes: list[Text] = []
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
            for folder, category in [*self._folders(), (self._state, Category.SYNTHESIS)]:
                with pipeline.os_errors(folder, category):
                    notes += sweep(folder, self._options.owner).left
        for folder, category in self._folders():
            with pipeline.os_errors(folder, category):
                need_space(folder, 2 * size)
        return notes

    def _folders(self) -> list[tuple[Path, Category]]:
        """The folders this mode writes to, each with the category of a failure there."""
        options = self._options
        folders = [(options.output_dir, Category.SYNTHESIS)] if options.mode != "draft" else []
        if options.mode in ("draft", "both"):
            try:
                folders.append((draft_root(options), Category.DRAFT_FOLDER))
            except StepError:
                if options.mode == "draft":
                    raise  # else `make_draft` tells it, and the MP4 is made
        return folders

    def _folder(self, run_id: str, task_id: str) -> Path:
        return self._options.media_dir.absolute() / safe_name(run_id) / digest(task_id)

    @property
    def _state(self) -> Path:
        """The folder around that of the media. No link below it is followed, that of the media included."""
        return self._options.media_dir.absolute().parent

    def _make_folder(self, folder: Path) -> None:
        """Make and mark a task's folder for downloads. Raises `OSError`."""
        make_folder(folder, self._state)
        mark_if_empty(folder, self._owner, self._state)

    def _drop(self, folder: Path) -> None:
        """Remove a task's downloads; what is not ours, or is held by another program, stays until it is pruned."""
        with suppress(OSError):
            remove_marked(folder, self._owner, self._state)
            remove_empty_folder(folder.parent, self._state)


def masked(task: Task, mask: Callable[[str], str]) -> Task:
    """The task without secrets: none of them reaches a film, its description, a child process or another machine."""
    return replace(
        task,
        title=mask(task.title),
        content=mask(task.content),
        digital_no=mask(task.digital_no),
        voice_id=mask(task.voice_id),
        account_id=mask(task.account_id),
        project_name=mask(task.project_name),
        template=mask(task.template),
        extra={name: mask(value) for name, value in task.extra.items()},
    )


def _without_draft(failed: StepError, video_path: str | None) -> StepError:
    """The draft's failure, with what was made in spite of it."""
    told = failed.info.message
    text = Text(
        f"{told.zh}（成片已做好并保留：{video_path}）", f"{told.en} (the MP4 is finished and kept: {video_path})"
    )
    return StepError(failed.info.with_message(text), retry_after=failed.retry_after)


def _joined(warnings: Sequence[Text], lang: Lang) -> str | None:
    return "\n".join(dict.fromkeys(warning.in_(lang) for warning in warnings)) or None
