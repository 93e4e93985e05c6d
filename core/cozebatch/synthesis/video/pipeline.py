"""From media to a finished MP4: read the sources, compose, render, verify, publish."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import anyio.to_thread

from cozebatch.model.errors import Category
from cozebatch.model.text import Text
from cozebatch.ports import Job, Media, Progress
from cozebatch.synthesis.analyse.hdr import can_tone_map
from cozebatch.synthesis.analyse.sources import read_footage, read_words
from cozebatch.synthesis.compose.compose import compose
from cozebatch.synthesis.compose.styles import Style, Styles
from cozebatch.synthesis.compose.timeline import SECOND, Timeline
from cozebatch.synthesis.failures import failure, from_os_error
from cozebatch.synthesis.names import digest
from cozebatch.synthesis.options import Pick, SynthesisOptions
from cozebatch.synthesis.process.ffmpeg import Ffmpeg
from cozebatch.synthesis.scratch import scratch
from cozebatch.synthesis.subtitles import fonts
from cozebatch.synthesis.subtitles.prepare import fonts_environment, prepare_subtitles
from cozebatch.synthesis.video import encoders
from cozebatch.synthesis.video.publish import find_published, publish
from cozebatch.synthesis.video.render import draw_poster, render
from cozebatch.synthesis.video.verify import verify_film

_DIGESTED = 1_000_000
"""Bytes."""


@dataclass(frozen=True, slots=True)
class Plan:
    """The film to make for one job. `recipe` describes its sources for the JSON beside the film."""

    timeline: Timeline
    recipe: Mapping[str, Any]
    warnings: tuple[Text, ...]


async def plan(ffmpeg: Ffmpeg, options: SynthesisOptions, styles: Styles, pick: Pick, job: Job, media: Media) -> Plan:
    """Look at the media and compose the film. Raises `StepError`."""
    style, warning = styles.choose(job.task.template)
    footage = await read_footage(ffmpeg, options, media, style)
    words = read_words(options, pick, job, footage.length)
    timeline = compose(footage, words, style, width=options.width, height=options.height, fps=options.fps)
    if timeline.frames < 1:
        raise failure(Category.MEDIA, "素材不足一帧", "the media do not last a single frame")
    if faults := timeline.faults():
        shown = "; ".join(faults[:3])
        raise failure(Category.INTERNAL, f"时间线有误：{shown}", f"the timeline is faulty: {shown}")
    warnings = tuple(text for text in (warning, words.warning) if text is not None)
    with os_errors(options.media_dir, Category.DOWNLOAD):
        recipe = await anyio.to_thread.run_sync(_recipe, options, style, job, timeline)
    return Plan(timeline, recipe, warnings)


async def make_video(
    ffmpeg: Ffmpeg, options: SynthesisOptions, job: Job, plan: Plan, progress: Progress, *, threads: int = 0
) -> tuple[Path, Sequence[Text]]:
    """Render, verify and publish the MP4; return its path and warnings. One that an earlier try made is taken.

    Raises `StepError`; nothing half-written stays.
    """
    with os_errors(options.output_dir):
        made = await anyio.to_thread.run_sync(find_published, job, options.output_dir, plan.recipe)
    if made is not None:
        told = {warning.in_(options.lang) for warning in plan.warnings}
        return made[0], [Text.same(warning) for warning in made[1] if warning not in told]
    async with scratch(options.output_dir, options.owner) as home:
        timeline, washed_out = await _without_hdr(ffmpeg, plan.timeline, home)
        with os_errors(options.output_dir):
            known = await anyio.to_thread.run_sync(fonts.installed)
            subtitles = await anyio.to_thread.run_sync(prepare_subtitles, timeline, known, home)
        encoder = await encoders.choose(ffmpeg, options, home)
        drawing = replace(ffmpeg, environment={**ffmpeg.environment, **fonts_environment(home)})
        film = await render(drawing, options, subtitles.timeline, home, progress, encoder=encoder, threads=threads)
        measured = await verify_film(ffmpeg, film, subtitles.timeline, timeout=max(120.0, options.timeout))
        poster = home / "poster.jpg"
        await draw_poster(ffmpeg, film, poster)
        more = (*washed_out, *subtitles.warnings)
        warnings = (*plan.warnings, *more)
        recipe = {**plan.recipe, "measured": asdict(measured), "warnings": [w.in_(options.lang) for w in warnings]}
        with os_errors(options.output_dir):
            placed = await anyio.to_thread.run_sync(
                publish, job, options.output_dir, {".mp4": film, ".jpg": poster}, recipe
            )
    return placed[".mp4"], more


async def _without_hdr(ffmpeg: Ffmpeg, timeline: Timeline, home: Path) -> tuple[Timeline, Sequence[Text]]:
    """The timeline, and a warning where it has pictures of high dynamic range that this ffmpeg cannot convert."""
    if not any(clip.source.hdr for clip in timeline.picture) or await can_tone_map(ffmpeg, home):
        return timeline, ()
    picture = tuple(replace(clip, source=replace(clip.source, hdr="")) for clip in timeline.picture)
    told = Text(
        "素材是 HDR，但这个 ffmpeg 不能转换（缺 zscale），成片颜色会发灰",
        "the video is HDR, which this ffmpeg cannot convert (it lacks zscale): the film's colours are pale",
    )
    return replace(timeline, picture=picture), (told,)


def _recipe(options: SynthesisOptions, style: Style, job: Job, timeline: Timeline) -> dict[str, Any]:
    """Everything needed to make the same film again. Blocks."""
    sources = {clip.source.name: clip.source for clip in (*timeline.voice, *timeline.picture)}
    if timeline.music is not None:
        sources["music"] = timeline.music.source
    if timeline.cover is not None:
        sources["cover"] = timeline.cover.source
    return {
        "title": job.task.title,
        "template": style.name,
        "style": asdict(style),
        "width": timeline.width,
        "height": timeline.height,
        "fps": timeline.fps,
        "duration_seconds": round(timeline.duration / SECOND, 3),
        "voice_gain_db": round(timeline.gain_db, 2),
        "music_volume": timeline.music.volume if timeline.music is not None else None,
        "encoder": {"name": options.encoder, "preset": options.preset, "crf": options.crf},
        "captions": len(timeline.of_role("caption")),
        "timeline": _fingerprint(timeline),
        "cuts": len(timeline.picture) - 1 if timeline.picture[0].source.kind == "video" else 0,
        "media": {
            name: {
                "file": Path(source.path).name,
                "digest": _file_digest(Path(source.path)),
                "duration_seconds": round(source.duration_us / SECOND, 3),
            }
            for name, source in sources.items()
        },
    }


def _fingerprint(timeline: Timeline) -> str:
    """The same for two films of the same media, texts and cuts, wherever the media lie."""

    def told(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: Path(v).name if name == "path" else told(v) for name, v in value.items()}
        return [told(item) for item in value] if isinstance(value, list | tuple) else value

    return digest(json.dumps(told(asdict(timeline)), sort_keys=True))


def _file_digest(path: Path) -> str:
    """Of a file's size, beginning and end: another file under the same name has another."""
    with open(path, "rb") as file:
        size = os.fstat(file.fileno()).st_size
        beginning = file.read(_DIGESTED)
        file.seek(max(0, size - _DIGESTED))
        return digest(str(size), hashlib.sha256(beginning + file.read(_DIGESTED)).hexdigest())


@contextmanager
def os_errors(folder: Path | str, category: Category = Category.SYNTHESIS) -> Iterator[None]:
    """Turn an operating system's refusal below `folder` into a `StepError`."""
    try:
        yield
    except OSError as error:
        raise from_os_error(error, category, folder) from error
