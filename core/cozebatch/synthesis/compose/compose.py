"""From a task, Coze's output and a style to the timeline; pure.

The talking head is the main track, or the images shown one after the other over the audio. Whatever is laid on it
is snapped to frames and kept inside it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from cozebatch.model.text import Text
from cozebatch.synthesis.compose import captions as captions_
from cozebatch.synthesis.compose.captions import Caption
from cozebatch.synthesis.compose.styles import Style
from cozebatch.synthesis.compose.text_layout import balanced, bare, highlight, shortened, width
from cozebatch.synthesis.compose.timeline import (
    SECOND,
    Clip,
    Line,
    Music,
    Role,
    Run,
    Source,
    Span,
    TextClip,
    TextLook,
    Timeline,
    frame_time,
    nearest_frame,
    whole_frames,
)

UNITS_PER_SHORT_SIDE = 150.0
"""JianYing's type size in canvases: about so many units make the shorter side (JianYing documents no figure)."""
_SMALLEST = 0.5
"""A title that does not fit is made smaller down to this share of its size, then shortened."""
_FADE = SECOND
_KEEP_PAUSE = 80_000
"""µs of quiet left on either side of speech when a pause is cut, so that no consonant is."""
AFTER_SPEECH = 300_000
"""µs kept after the last speech that was found: a word dies away below the level that counts as speech."""


@dataclass(frozen=True, slots=True)
class Words:
    """Everything that is written or said. `captions` are timed to the source, `keywords` highlighted in them."""

    title: str = ""
    script: str = ""
    cover_title: str = ""
    cover_subtitle: str = ""
    captions: tuple[Caption, ...] = ()
    keywords: tuple[str, ...] = ()
    warning: Text | None = None
    """What a person should know of them."""


@dataclass(frozen=True, slots=True)
class Footage:
    """The sources. `speech` is where somebody speaks in `sound`, in order; `gain_db` what evens its loudness."""

    video: Source | None
    audio: Source | None
    images: tuple[Source, ...] = ()
    music: Source | None = None
    music_volume: float = 0.3
    cover: Source | None = None
    speech: tuple[Span, ...] = ()
    gain_db: float = 0.0

    @property
    def sound(self) -> Source | None:
        """The source that is heard: the video's own sound if it has any."""
        return self.video.own_sound if self.video is not None and self.video.has_audio else self.audio

    @property
    def length(self) -> int:
        """Of the whole film before pauses are removed, in µs."""
        if self.video is not None:
            return self.video.duration_us
        return self.audio.duration_us if self.audio is not None else 0

    @property
    def heard_until(self) -> int:
        """When the last word has ended, in µs. The film lasts at least so long: no word is cut."""
        sound = self.sound
        if sound is None:
            return 0
        return min(sound.duration_us, self.speech[-1].end + AFTER_SPEECH) if self.speech else sound.duration_us


def compose(footage: Footage, words: Words, style: Style, *, width: int, height: int, fps: int) -> Timeline:
    """Compose the film. Lengths of the sources are believed: measure them first."""
    total = _frames(footage, fps)
    kept = _kept(footage, style, total, fps)
    frames = sum(end - start for start, end in kept)
    duration = frame_time(frames, fps)
    timeline = Timeline(
        width=width,
        height=height,
        fps=fps,
        frames=frames,
        picture=_picture(footage, kept, frames, fps),
        voice=_voice(footage, kept, fps),
        gain_db=footage.gain_db,
    )
    if footage.music is not None and footage.music_volume > 0:
        fade = min(_FADE, duration // 4)
        timeline = replace(timeline, music=Music(footage.music, footage.music_volume, fade, 2 * fade))
    canvas = _Canvas(width, height)
    cover_end = 0
    texts: list[TextClip] = []
    if style.cover_enabled and words.cover_title.strip():
        cover_end = frame_time(min(style.cover_frames, frames), fps)
        span = Span(0, cover_end)
        texts += canvas.block("cover_title", words.cover_title, span, style.cover_title, 3, style.title_words)
        texts += canvas.block("cover_subtitle", words.cover_subtitle, span, style.cover_subtitle, 2, style.title_words)
        if footage.cover is not None:
            timeline = replace(timeline, cover=Clip(footage.cover, span))
    if duration > cover_end:
        span = Span(cover_end, duration - cover_end)
        title = canvas.block("title", words.title, span, style.title, style.title_lines, style.title_words)
        texts += [_with_middle_line(clip) for clip in title] if style.highlight_title_line else title
    texts += _captions(footage, words, style, canvas, kept, frames, fps, cover_end)
    return replace(timeline, texts=tuple(texts))


def _frames(footage: Footage, fps: int) -> int:
    """The picture's whole frames, and as many more as the speech needs."""
    frames = whole_frames(footage.length, fps)
    if footage.length < SECOND // fps:
        return frames
    while frame_time(frames, fps) < footage.heard_until:
        frames = max(frames + 1, footage.heard_until * fps // SECOND)
    return frames


def _picture(footage: Footage, kept: Sequence[tuple[int, int]], frames: int, fps: int) -> tuple[Clip, ...]:
    if footage.video is not None:
        return _pieces(footage.video, kept, fps)
    count = min(len(footage.images), frames)
    cuts = [number * frames // count for number in range(count + 1)] if count else []
    return tuple(
        Clip(image, Span(frame_time(a, fps), frame_time(b, fps) - frame_time(a, fps)))
        for image, a, b in zip(footage.images, cuts, cuts[1:], strict=False)
    )


def _voice(footage: Footage, kept: Sequence[tuple[int, int]], fps: int) -> tuple[Clip, ...]:
    sound = footage.sound
    return () if sound is None else _pieces(sound, kept, fps)


def _pieces(source: Source, kept: Sequence[tuple[int, int]], fps: int) -> tuple[Clip, ...]:
    """The kept frame ranges of `source`, one after the other, cut off where the source ends."""
    found: list[Clip] = []
    at = 0
    for start, end in kept:
        begin, until = frame_time(start, fps), frame_time(at + end - start, fps)
        target = frame_time(at, fps)
        length = min(until - target, source.duration_us - begin)
        if length > 0:
            found.append(Clip(source, Span(target, length), begin))
        at += end - start
    return tuple(found)


def _kept(footage: Footage, style: Style, total: int, fps: int) -> list[tuple[int, int]]:
    """Which frames of the source are shown, as ranges: all, or without the long pauses between speech."""
    if not style.remove_pauses or not footage.speech or footage.video is None:
        return [(0, total)]
    keep = max(int(style.longest_pause * SECOND), 2 * _KEEP_PAUSE)
    ranges: list[tuple[int, int]] = []
    at = 0
    for before, after in zip(footage.speech, footage.speech[1:], strict=False):
        pause = after.start - before.end
        if pause > keep + 2 * SECOND // fps:
            cut = nearest_frame(before.end + keep // 2, fps)
            resume = nearest_frame(after.start - keep // 2, fps)
            if at < cut < resume < total:
                ranges.append((at, cut))
                at = resume
    return [*ranges, (at, total)]


def _moved(time: int, kept: Sequence[tuple[int, int]], fps: int) -> int:
    """Map a moment of the source to the film; a moment that was cut out becomes the moment of the cut."""
    at = 0
    for start, end in kept:
        begin, until = frame_time(start, fps), frame_time(end, fps)
        if time < begin:
            return frame_time(at, fps)
        if time < until:
            return frame_time(at, fps) + time - begin
        at += end - start
    return frame_time(at, fps)


def _captions(
    footage: Footage,
    words: Words,
    style: Style,
    canvas: _Canvas,
    kept: Sequence[tuple[int, int]],
    frames: int,
    fps: int,
    cover_end: int,
) -> list[TextClip]:
    line_em = canvas.line_em(style.subtitle)
    if words.captions:
        timed = captions_.fitted(words.captions, line_em)
    else:
        timed = captions_.from_script(words.script, footage.speech, line_em)
    shown: list[TextClip] = []
    english: list[TextClip] = []
    last = nearest_frame(cover_end, fps)
    for caption in timed:
        start = max(last, nearest_frame(_moved(caption.start, kept, fps), fps))
        end = min(frames, nearest_frame(_moved(caption.end, kept, fps), fps))
        text = bare(caption.text)
        if end <= start or not text:
            continue
        last = end
        span = Span(frame_time(start, fps), frame_time(end, fps) - frame_time(start, fps))
        marked = (*style.subtitle_words, *words.keywords, *caption.keywords)
        shown.append(TextClip("caption", span, (highlight(text, marked),), style.subtitle))
        if style.english_enabled and caption.english.strip():
            _add_english(english, caption.english, span, style, canvas)
    return shown + english


def _add_english(english: list[TextClip], text: str, span: Span, style: Style, canvas: _Canvas) -> None:
    """The translation of a sentence that was shared out over several captions stays in one piece."""
    [clip] = canvas.block("english", text, span, style.english, 2, ())
    if english and english[-1].lines == clip.lines and english[-1].target.end == span.start:
        whole = Span(english[-1].target.start, english[-1].target.duration + span.duration)
        english[-1] = replace(clip, target=whole)
    else:
        english.append(clip)


def _with_middle_line(title: TextClip) -> TextClip:
    """A title of two or three lines none of whose words is highlighted gets its middle (or last) line highlighted."""
    if len(title.lines) < 2 or any(run.highlighted for line in title.lines for run in line):
        return title
    middle = 1
    lines = (
        tuple(Run(run.text, highlighted=number == middle) for run in line) for number, line in enumerate(title.lines)
    )
    return replace(title, lines=tuple(lines))


def _without_comma(line: str) -> str:
    """Drop the comma at the end of a title's line: the line break is pause enough."""
    return line.rstrip("，、,；;：:") or line


@dataclass(frozen=True, slots=True)
class _Canvas:
    width: int
    height: int

    def line_em(self, look: TextLook) -> float:
        """How many em fit on a line of that look."""
        size = look.size * min(self.width, self.height) / UNITS_PER_SHORT_SIDE
        return max(2.0, self.width * look.max_width / size)

    def block(
        self, role: Role, text: str, span: Span, look: TextLook, max_lines: int, words: Sequence[str]
    ) -> list[TextClip]:
        """`text` broken into lines that fit, the type made smaller where they do not; none for an empty text."""
        text = shortened(text.strip().lstrip("，、,；;：:。"), 4 * max_lines * self.line_em(look))
        lines = balanced(text, max_lines, self.line_em(look))
        if not lines or span.duration <= 0:
            return []
        widest = max(width(line) for line in lines)
        shrink = min(1.0, self.line_em(look) / widest)
        if shrink < 1.0:
            look = replace(
                look,
                size=look.size * max(shrink, _SMALLEST),
                highlight_size=look.highlight_size and look.highlight_size * max(shrink, _SMALLEST),
            )
        if shrink < _SMALLEST:
            flat = shortened("".join(lines), 0.98 * max_lines * self.line_em(look))
            lines = [shortened(line, self.line_em(look)) for line in balanced(flat, max_lines, self.line_em(look))]
        broken: tuple[Line, ...] = tuple(highlight(line, words) for line in map(_without_comma, lines) if line)
        return [TextClip(role, span, broken, look)]
