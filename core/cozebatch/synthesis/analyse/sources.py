"""Reads a job's media and words before a film is composed: measures lengths, finds speech, reports faults."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import anyio

from cozebatch.model.errors import Category
from cozebatch.model.text import Text
from cozebatch.ports import Job, Media
from cozebatch.synthesis.analyse.loudness import measure_loudness
from cozebatch.synthesis.analyse.probe import length_us, probe
from cozebatch.synthesis.compose import given_captions
from cozebatch.synthesis.compose.compose import Footage, Words
from cozebatch.synthesis.compose.styles import Style
from cozebatch.synthesis.compose.timeline import SECOND, Source
from cozebatch.synthesis.failures import clean, failure
from cozebatch.synthesis.options import Pick, SynthesisOptions
from cozebatch.synthesis.process.ffmpeg import Ffmpeg

LONGEST = 3 * 3600 * SECOND
"""A longer source is a mistake: these are short videos, and rendering it would block a worker for hours."""


async def read_footage(ffmpeg: Ffmpeg, options: SynthesisOptions, media: Media, style: Style) -> Footage:
    """The sources of a film. Raises `StepError`: `media`, `bad_output`, or `synthesis` for configured files."""
    video = await _moving(ffmpeg, media.files.get("video"))
    audio = await _sound(ffmpeg, media.files.get("audio"), "audio")
    images = tuple(
        Source(f"images-{number}", path, "image", 0) for number, path in enumerate(_paths(media.files.get("images")))
    )
    if video is None and not (images and audio):
        raise failure(Category.BAD_OUTPUT, "没有视频，也没有图片加音频", "there is no video, nor images with audio")
    found = Footage(video, audio, images)
    if found.sound is None:
        raise failure(
            Category.MEDIA, "视频没有声音，也没有单独的音频", "the video has no sound, and there is none beside it"
        )
    if found.length > LONGEST:
        hours = found.length / SECOND / 3600
        raise failure(
            Category.MEDIA, f"素材长 {hours:.1f} 小时，超过 3 小时", f"the media last {hours:.1f} h, over 3 h"
        )
    loudness = await measure_loudness(
        ffmpeg, Path(found.sound.path), found.sound.duration_us, timeout=max(120.0, options.timeout)
    )
    return Footage(
        video,
        audio,
        images,
        music=await _music(ffmpeg, options),
        music_volume=options.background_music_volume,
        cover=await _cover(ffmpeg, style),
        speech=loudness.speech,
        gain_db=loudness.gain_db,
    )


def read_words(options: SynthesisOptions, pick: Pick, job: Job, media_us: int) -> Words:
    """The texts on the film: Coze's output first, the task's own fields where it has none. Captions that cannot be read
    cost nothing: the script is laid over the speech, and a warning says so."""

    def text(name: str) -> str:
        key = options.outputs.get(name)
        value = pick(job.output, key) if key else None
        if isinstance(value, list | tuple):
            return "\n".join(str(part) for part in value if isinstance(part, str | int | float))
        return str(value).strip() if isinstance(value, str | int | float) and not isinstance(value, bool) else ""

    captions_key = options.outputs.get("captions")
    raw = pick(job.output, captions_key) if captions_key else None
    given = given_captions.read(raw, media_us)
    title = text("title") or job.task.title
    return Words(
        title=title,
        script=text("content") or job.task.content,
        cover_title=text("cover_title") or title,
        cover_subtitle=text("cover_subtitle"),
        captions=tuple(given),
        warning=_unreadable(raw) if raw and not given else None,
        keywords=tuple(
            word for word in text("keywords").replace("，", ",").replace("\n", ",").split(",") if word.strip()
        ),
    )


def _unreadable(raw: Any) -> Text:
    seen = clean(raw if isinstance(raw, str) else repr(raw), 60)
    return Text(
        f"Coze 给的字幕读不懂（开头是：{seen}），已按文案排字幕",
        f"Coze's captions cannot be read (they begin: {seen}); the script is laid over the speech instead",
    )


async def _moving(ffmpeg: Ffmpeg, path: Any) -> Source | None:
    if not isinstance(path, str):
        return None
    found = await probe(ffmpeg, Path(path))
    if found.video is None or found.still:
        raise failure(Category.MEDIA, "视频素材里没有画面", "the video has no moving picture")
    length = await length_us(ffmpeg, Path(path), "video")
    if length <= 0:
        raise failure(Category.MEDIA, "视频长度为零", "the video has no length")
    return Source("video", path, "video", length, found.video.width, found.video.height, found.audio is not None)


async def _sound(ffmpeg: Ffmpeg, path: Any, name: str) -> Source | None:
    if not isinstance(path, str):
        return None
    found = await probe(ffmpeg, Path(path))
    length = await length_us(ffmpeg, Path(path), "audio") if found.audio is not None else 0
    if length <= 0:
        raise failure(Category.MEDIA, "音频素材里没有声音", "the audio has no sound in it")
    return Source(name, path, "audio", length, has_audio=True)


async def _music(ffmpeg: Ffmpeg, options: SynthesisOptions) -> Source | None:
    path = options.background_music_path
    if not path or options.background_music_volume <= 0:
        return None
    return await _sound(ffmpeg, await _configured(ffmpeg, path, "background_music_path"), "music")


async def _cover(ffmpeg: Ffmpeg, style: Style) -> Source | None:
    if not style.cover_background or not style.cover_enabled:
        return None
    return Source("cover", await _configured(ffmpeg, style.cover_background, "cover_background"), "image", 0)


async def _configured(ffmpeg: Ffmpeg, path: str, key: str) -> str:
    """The absolute path of a file the configuration names, which must be there and be media."""
    if not await anyio.Path(path).is_file():
        raise failure(
            Category.SYNTHESIS,
            f"配置的 {key} 不存在：{path}",
            f"the configured {key} does not exist: {path}",
            hint=Text(
                f"改正配置中的 {key}，再重试（免费）。", f"Correct {key} in the configuration, then retry (free)."
            ),
        )
    whole = await anyio.Path(path).absolute()
    await probe(ffmpeg, Path(whole))
    return str(whole)


def _paths(value: Any) -> tuple[str, ...]:
    if isinstance(value, str):
        return (value,)
    return tuple(value) if value else ()
