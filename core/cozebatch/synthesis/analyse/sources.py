"""Reads a job's media and words before a film is composed: measures lengths, finds speech, reports faults."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import anyio

from cozebatch.model.errors import Category, StepError
from cozebatch.model.text import Text
from cozebatch.ports import Job, Media
from cozebatch.synthesis.analyse.completeness import judge
from cozebatch.synthesis.analyse.loudness import Loudness, measure_loudness
from cozebatch.synthesis.analyse.probe import Measured, Probe, measure, probe
from cozebatch.synthesis.compose import given_captions
from cozebatch.synthesis.compose.compose import Footage, Words
from cozebatch.synthesis.compose.styles import Style
from cozebatch.synthesis.compose.timeline import SECOND, Source
from cozebatch.synthesis.failures import clean, failure
from cozebatch.synthesis.options import Pick, SynthesisOptions
from cozebatch.synthesis.process.ffmpeg import Ffmpeg

LONGEST = 3 * 3600 * SECOND
"""A longer source is a mistake: these are short videos, and rendering it would block a worker for hours."""
_STANDS, _STANDS_SHARE = 5 * SECOND, 0.2
"""How long the last picture stands at most while speech goes on: µs, and share of the picture's length."""
_STANDS_ALWAYS = SECOND // 10
_ONE_WORD = 3 * SECOND // 10
"""Speech beyond a video's own sound that counts: µs."""


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
    found, loudness = await _listen(ffmpeg, options, found)
    found = replace(
        found,
        music=await _music(ffmpeg, options),
        music_volume=options.background_music_volume,
        cover=await _cover(ffmpeg, style),
        speech=loudness.speech,
        gain_db=loudness.gain_db,
    )
    _need_picture(found)
    return found


async def _listen(ffmpeg: Ffmpeg, options: SynthesisOptions, footage: Footage) -> tuple[Footage, Loudness]:
    """The loudness of what is heard: of the audio beside a video whose own sound is silent, or ends while somebody
    still speaks in the audio."""
    timeout = max(120.0, options.timeout)
    own, audio = footage.sound, footage.audio
    assert own is not None
    if footage.video is None or audio is None or own is audio:
        return footage, await measure_loudness(ffmpeg, own, timeout=timeout)
    muted = replace(footage, video=replace(footage.video, has_audio=False))
    if audio.duration_us > own.duration_us + _ONE_WORD:
        beside = await measure_loudness(ffmpeg, audio, timeout=timeout)
        if beside.speech and beside.speech[-1].end > own.duration_us + _ONE_WORD:
            return muted, beside
    try:
        return footage, await measure_loudness(ffmpeg, own, timeout=timeout)
    except StepError as silent:
        if silent.info.category is not Category.MEDIA:
            raise
    return muted, await measure_loudness(ffmpeg, audio, timeout=timeout)


def _need_picture(footage: Footage) -> None:
    """Raise `media` where the speech lasts so much longer than the picture that a standing picture would not do."""
    short = footage.heard_until - footage.length
    if short <= _STANDS_ALWAYS or short <= min(_STANDS, _STANDS_SHARE * footage.length):
        return
    picture, speech = footage.length / SECOND, footage.heard_until / SECOND
    raise failure(
        Category.MEDIA,
        f"画面只有 {picture:.1f} 秒，语音有 {speech:.1f} 秒：画面不够，做出来会缺话",
        f"the picture lasts {picture:.1f} s, the speech {speech:.1f} s: too little picture for all words",
        hint=Text(
            "检查工作流：视频和语音要一样长，改好后付费重做。audio 不是配音就把 outputs.audio 设为 null，再免费重试。",
            "Check the workflow: video and speech must be of one length; then rerun it (paid). If 'audio' is no "
            "speech, set outputs.audio to null and retry (free).",
        ),
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
        f"扣子给的字幕读不懂（开头是：{seen}），已按文案排字幕",
        f"Coze's captions cannot be read (they begin: {seen}); the script is laid over the speech instead",
    )


async def _moving(ffmpeg: Ffmpeg, path: Any) -> Source | None:
    if not isinstance(path, str):
        return None
    found, measured = await _whole(ffmpeg, path)
    if found.video is None or measured.still:
        raise failure(Category.MEDIA, "视频素材里没有画面", "the video has no moving picture")
    if measured.video_us <= 0:
        raise failure(Category.MEDIA, "视频长度为零", "the video has no length")
    video, sound = found.video, _sound_us(found, measured)
    return Source(
        "video",
        path,
        "video",
        measured.video_us,
        video.width,
        video.height,
        has_audio=sound > 0,
        sound_us=sound,
        sound_track=found.audio.index if found.audio is not None else 0,
        hdr=video.hdr,
    )


async def _sound(ffmpeg: Ffmpeg, path: Any, name: str) -> Source | None:
    if not isinstance(path, str):
        return None
    found, measured = await _whole(ffmpeg, path)
    length = _sound_us(found, measured)
    if found.audio is None or length <= 0:
        raise failure(Category.MEDIA, "音频素材里没有声音", "the audio has no sound in it")
    width, height = (found.video.width, found.video.height) if found.video is not None else (0, 0)
    return Source(name, path, "audio", length, width, height, has_audio=True, sound_track=found.audio.index)


async def _whole(ffmpeg: Ffmpeg, path: str) -> tuple[Probe, Measured]:
    """What is in a file. Raises `media` for what is no media, `download` for a file that was cut off."""
    found, measured = await probe(ffmpeg, Path(path)), await measure(ffmpeg, Path(path))
    if (cut := await judge(Path(path), measured)) is not None:
        raise cut
    return found, measured


def _sound_us(found: Probe, measured: Measured) -> int:
    index = found.audio.index if found.audio is not None else len(measured.audio_us)
    return measured.audio_us[index] if index < len(measured.audio_us) else 0


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
