"""Brings a film's media into the folder of its draft, in forms that JianYing opens.

A still picture that is no PNG or plain JPEG is converted. Where the sound lasts longer than the picture, the last
picture is added as a still, and a video's own sound as a file of its own: JianYing shows nothing after a video's end,
and cuts its sound there.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import anyio
import anyio.to_thread

from cozebatch.model.errors import Category, StepError
from cozebatch.synthesis.analyse import pictures
from cozebatch.synthesis.analyse.hdr import tone_map
from cozebatch.synthesis.compose.timeline import SECOND, Clip, Source, Span, Timeline, whole_frames
from cozebatch.synthesis.failures import failure, from_os_error
from cozebatch.synthesis.process.ffmpeg import Ffmpeg, input_of

_PIECE = 8 * 1024 * 1024
_UNSEEN = 70_000
"""µs: as much as AAC lasts longer than what was coded, at most; nobody wants a still of that length."""
_BEFORE_END = (SECOND // 2, 5 * SECOND)
"""µs before a video's end from which on its last picture is looked for, before all of it is read."""


@dataclass(frozen=True, slots=True)
class DraftMedia:
    """The film as the draft shows it, and the files it is made of: source path → file name in the folder, or the whole
    path of a file that stays where it is."""

    timeline: Timeline
    files: dict[str, str]


async def bring_media(
    ffmpeg: Ffmpeg, timeline: Timeline, folder: Path, *, media_dir: Path, in_place: bool, timeout: float
) -> DraftMedia:
    """Make `folder` and bring every source into it. Raises `StepError`.

    What lies in `media_dir` was downloaded for this film and is linked where the file system can, which takes no time
    and no space. The user's own files are copied, so that the draft stays as it is whatever happens to them, or with
    `in_place` stay where they are.
    """
    files: dict[str, str] = {}
    try:
        await anyio.Path(folder).mkdir()
        timeline = await _lengthened(ffmpeg, timeline, folder, timeout)
        for source in _sources(timeline):
            if source.path in files:
                continue
            if Path(source.path).parent == folder:  # made above
                files[source.path] = Path(source.path).name
            else:
                files[source.path] = await _bring(ffmpeg, source, folder, media_dir, in_place, timeout)
        sizes = await anyio.to_thread.run_sync(_sizes, timeline, folder, files)
    except OSError as error:
        raise from_os_error(error, Category.DRAFT_FOLDER, folder) from error
    return DraftMedia(_sized(timeline, sizes), files)


def _sizes(timeline: Timeline, folder: Path, files: Mapping[str, str]) -> dict[str, tuple[int, int]]:
    """Width and height of each still: source path → size."""
    found: dict[str, tuple[int, int]] = {}
    for source in _sources(timeline):
        if source.kind == "image" and source.path not in found:
            shape = pictures.look(folder / files[source.path])
            found[source.path] = shape.width, shape.height
    return found


def _sized(timeline: Timeline, sizes: Mapping[str, tuple[int, int]]) -> Timeline:
    def sized(clip: Clip) -> Clip:
        width, height = sizes.get(clip.source.path, (clip.source.width, clip.source.height))
        return replace(clip, source=replace(clip.source, width=width, height=height))

    cover = sized(timeline.cover) if timeline.cover is not None else None
    return replace(timeline, picture=tuple(sized(clip) for clip in timeline.picture), cover=cover)


def _sources(timeline: Timeline) -> list[Source]:
    clips: Sequence[Clip] = (*timeline.picture, *timeline.voice, *((timeline.cover,) if timeline.cover else ()))
    return [clip.source for clip in clips] + ([timeline.music.source] if timeline.music else [])


async def _lengthened(ffmpeg: Ffmpeg, timeline: Timeline, folder: Path, timeout: float) -> Timeline:
    """The film with its standing picture as a still. One that would stand for a frame or two is left out."""
    picture = timeline.picture[-1]
    if timeline.standing < max(_UNSEEN, 2 * SECOND // timeline.fps):
        return timeline.shortened(max(1, whole_frames(picture.target.end, timeline.fps)))
    last = Source("last", str(folder / "last.png"), "image", 0)
    await _last_picture(ffmpeg, picture.source, Path(last.path), timeout)
    standing = Clip(last, Span(picture.target.end, timeline.standing))
    voice = timeline.voice
    if voice and voice[-1].source.name == picture.source.name and voice[-1].target.end > picture.target.end:
        sound = replace(voice[-1].source, name="sound", path=str(folder / "sound.m4a"), sound_track=0)
        await _extract_sound(ffmpeg, voice[-1].source, Path(sound.path), timeout)
        voice = tuple(replace(clip, source=sound) for clip in voice)
    return replace(timeline, picture=(*timeline.picture, standing), voice=voice)


async def _last_picture(ffmpeg: Ffmpeg, video: Source, target: Path, timeout: float) -> None:
    filters = tone_map(video.hdr)
    shown = ["-vf", ",".join(filters)] if filters else []
    for start in (*(max(0, video.duration_us - before) for before in _BEFORE_END), 0):
        arguments = ["-y", "-ss", f"{start / SECOND:.6f}", *input_of(video.path)]
        arguments += ["-map", "0:V:0", *shown, "-update", "1", target.name]
        done = await ffmpeg.ask(arguments, cwd=target.parent, timeout=timeout)
        if done.returncode == 0 and await anyio.Path(target).exists():
            return
    raise failure(Category.MEDIA, "视频的最后一帧无法解码", "the video's last picture cannot be decoded")


async def _extract_sound(ffmpeg: Ffmpeg, source: Source, target: Path, timeout: float) -> None:
    even = "aresample=async=1:first_pts=0"
    arguments = ["-y", *input_of(source.path), "-map", f"0:a:{source.sound_track}", "-af", even]
    try:
        await ffmpeg.run([*arguments, "-c:a", "aac", "-b:a", "192k", target.name], cwd=target.parent, timeout=timeout)
    except StepError as error:
        told = error.info.message
        raise failure(
            error.info.category, f"视频的声音无法取出：{told.zh}", f"the video's sound cannot be taken out: {told.en}"
        ) from error


async def _bring(ffmpeg: Ffmpeg, source: Source, folder: Path, media_dir: Path, in_place: bool, timeout: float) -> str:
    """Bring one file and return its name in the folder, or its path if it stays."""
    path = Path(source.path)
    if source.kind == "image":
        shape = await anyio.to_thread.run_sync(pictures.look, path)
        if not shape.plain:
            name = f"{source.name}{shape.suffix}"
            await pictures.convert(ffmpeg, path, folder / name, timeout=timeout)
            return name
    if source.kind == "audio" and source.width:  # JianYing takes no film for a sound
        name = f"{source.name}.m4a"
        await _extract_sound(ffmpeg, source, folder / name, timeout)
        return name
    name = f"{source.name}{path.suffix or '.bin'}"
    if in_place and not path.is_relative_to(media_dir):
        return source.path
    ours = path.is_relative_to(media_dir)
    if not (ours and await anyio.to_thread.run_sync(_linked, source.path, folder / name)):
        await _copy(source.path, folder / name)
    return name


def _linked(source: str, target: Path) -> bool:
    try:
        os.link(source, target)
    except OSError:
        return False
    return True


async def _copy(source: str, target: Path) -> None:
    """Copy piece by piece, so that a cancellation does not wait for gigabytes."""
    async with await anyio.open_file(source, "rb") as reader, await anyio.open_file(target, "wb") as writer:
        while piece := await reader.read(_PIECE):
            await writer.write(piece)
