"""The film as a neutral, pure description that both renderers read: clips with source ranges, sound, texts.

All times are integer microseconds. Times on the film lie on its frames: frame `n` begins at `frame_time(n, fps)`.
Nothing in here reads a file; what a source can give is stated by whoever builds the timeline and checked by
`Timeline.faults`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

SECOND = 1_000_000

Role = Literal["title", "caption", "english", "cover_title", "cover_subtitle"]
Align = Literal["left", "center", "right"]


def frame_time(frame: int, fps: int) -> int:
    """When frame number `frame` begins."""
    return frame * SECOND // fps


def whole_frames(duration_us: int, fps: int) -> int:
    """How many whole frames fit into `duration_us`; the last of them ends inside it."""
    frames = duration_us * fps // SECOND
    while frame_time(frames + 1, fps) <= duration_us:
        frames += 1
    return frames


def nearest_frame(time_us: int, fps: int) -> int:
    return max(0, (2 * time_us * fps + SECOND) // (2 * SECOND))


@dataclass(frozen=True, slots=True)
class Source:
    """One file: `name` as in the `outputs` mapping (`video`, `audio`, `images-0`, `music`, `cover`), and what it
    can give. A still picture's `duration_us` is 0: it lasts as long as it is shown. A sound has a size where its file
    shows a picture, too."""

    name: str
    path: str
    kind: Literal["video", "image", "audio"]
    duration_us: int
    width: int = 0
    height: int = 0
    has_audio: bool = False
    sound_us: int = 0
    """When a video's own sound ends, which may be after its picture."""
    sound_track: int = 0
    """Which of the file's sound tracks is heard, from 0."""
    hdr: Literal["", "hlg", "pq"] = ""
    """How light is coded; empty for an ordinary picture."""

    @property
    def own_sound(self) -> Source:
        """A video's sound as a source of its own, under the same name."""
        return replace(self, kind="audio", duration_us=self.sound_us or self.duration_us)


@dataclass(frozen=True, slots=True)
class Span:
    """From `start` (inclusive) for `duration`."""

    start: int
    duration: int

    @property
    def end(self) -> int:
        return self.start + self.duration

    def until(self, end: int) -> Span:
        """Cut off at `end`."""
        return Span(self.start, min(self.duration, end - self.start))


@dataclass(frozen=True, slots=True)
class Clip:
    """A piece of `source` on a track: shown at `target`, taken from `source_start` on, at normal speed."""

    source: Source
    target: Span
    source_start: int = 0

    @property
    def source_end(self) -> int:
        return self.source_start + self.target.duration


@dataclass(frozen=True, slots=True)
class Music:
    """Background music, looped from its beginning as often as needed to last as long as the film."""

    source: Source
    volume: float
    fade_in: int
    fade_out: int

    def loops(self, duration: int) -> Iterator[Clip]:
        """The pieces that fill `duration`, each inside the source."""
        start = 0
        while start < duration:
            piece = min(self.source.duration_us, duration - start)
            yield Clip(self.source, Span(start, piece))
            start += piece


@dataclass(frozen=True, slots=True)
class TextLook:
    """How a text looks. An empty `font` is the renderer's own default.

    `size` and `line_spacing` are in JianYing's units. `x` and `y` are where the text's middle is, as JianYing
    counts: -1 left/bottom … 1 right/top of the canvas. Colours are `#RRGGBB`.
    """

    font: str
    size: float
    color: str = "#FFFFFF"
    highlight_color: str = "#FFD700"
    highlight_size: float | None = None
    bold: bool = True
    align: Align = "center"
    x: float = 0.0
    y: float = 0.0
    max_width: float = 0.86
    line_spacing: float = 4.0
    background: str | None = None
    background_alpha: float = 0.6
    outline: str | None = "#000000"
    outline_width: float = 40.0
    shadow: bool = False


@dataclass(frozen=True, slots=True)
class Run:
    text: str
    highlighted: bool = False


Line = tuple[Run, ...]


@dataclass(frozen=True, slots=True)
class TextClip:
    """A text of one or several lines, already broken; lines are never wrapped by a renderer."""

    role: Role
    target: Span
    lines: tuple[Line, ...]
    look: TextLook

    @property
    def text(self) -> str:
        return "\n".join("".join(run.text for run in line) for line in self.lines)


@dataclass(frozen=True, slots=True)
class Timeline:
    """A whole film. `gain_db` brings the voice to the loudness all films of a batch have."""

    width: int
    height: int
    fps: int
    frames: int
    picture: tuple[Clip, ...]
    voice: tuple[Clip, ...]
    gain_db: float = 0.0
    music: Music | None = None
    cover: Clip | None = None
    texts: tuple[TextClip, ...] = ()

    @property
    def duration(self) -> int:
        return frame_time(self.frames, self.fps)

    @property
    def standing(self) -> int:
        """How long the last picture of a video stands at the end, because the sound lasts longer, in µs."""
        return self.duration - self.picture[-1].target.end if self.picture else 0

    def shortened(self, frames: int) -> Timeline:
        """The film's first `frames` frames."""
        end = frame_time(frames, self.fps)

        def cut(clips: tuple[Clip, ...]) -> tuple[Clip, ...]:
            kept = [clip for clip in clips if clip.target.start < end]
            return tuple(replace(clip, target=clip.target.until(end)) for clip in kept)

        texts = [text for text in self.texts if text.target.start < end]
        return replace(
            self,
            frames=frames,
            picture=cut(self.picture),
            voice=cut(self.voice),
            texts=tuple(replace(text, target=text.target.until(end)) for text in texts),
        )

    def of_role(self, role: Role) -> tuple[TextClip, ...]:
        return tuple(text for text in self.texts if text.role == role)

    def faults(self) -> list[str]:
        """What is wrong with it: nothing may leave its source or the film, the picture has no gap, and texts of
        one role never overlap. Empty when it is sound."""
        found: list[str] = []
        if self.frames < 1 or not self.picture:
            found.append("the film has no picture")
        clips = (*self.picture, *self.voice, *((self.cover,) if self.cover else ()))
        for clip in clips:
            found += _clip_faults(clip, self.duration)
        for track, name in ((self.picture, "picture"), (self.voice, "voice")):
            found += _gaps(track, name)
        if self.picture and self.standing and self.picture[-1].source.kind != "video":
            found.append("the picture does not last to the film's end")
        if self.music is not None and self.music.source.duration_us < SECOND // 10:
            found.append("the music is too short to be looped")
        for role in {text.role for text in self.texts}:
            found += _overlaps([text.target for text in self.of_role(role)], self.duration, role)
        return found


def _clip_faults(clip: Clip, duration: int) -> list[str]:
    found: list[str] = []
    where = f"{clip.source.name} at {clip.target.start}"
    if clip.target.duration <= 0 or clip.target.start < 0 or clip.target.end > duration:
        found.append(f"{where} leaves the film")
    if clip.source_start < 0 or (clip.source.kind != "image" and clip.source_end > clip.source.duration_us):
        found.append(f"{where} leaves its source")
    return found


def _gaps(track: tuple[Clip, ...], name: str) -> list[str]:
    end = 0
    for clip in track:
        if clip.target.start != end:
            return [f"the {name} has a gap or overlap at {end}"]
        end = clip.target.end
    return []


def _overlaps(spans: list[Span], duration: int, role: str) -> list[str]:
    found: list[str] = []
    end = 0
    for span in spans:
        if span.start < end:
            found.append(f"{role}s overlap at {span.start}")
        if span.duration <= 0 or span.end > duration:
            found.append(f"a {role} at {span.start} leaves the film")
        end = span.end
    return found
