"""The MP4 renderer: a timeline to H.264 + AAC in one pass of ffmpeg, texts burnt in by libass.

Sources are read where they are; everything written lies in the folder given. Filters only name files relative to
that folder, because a drive's colon breaks a filter string on Windows.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import anyio.to_thread

from cozebatch.model.errors import Category
from cozebatch.synthesis.analyse import pictures
from cozebatch.synthesis.analyse.hdr import tone_map
from cozebatch.synthesis.compose.timeline import SECOND, Clip, Music, Source, Timeline
from cozebatch.synthesis.failures import failure
from cozebatch.synthesis.options import SynthesisOptions
from cozebatch.synthesis.process.ffmpeg import SAFE_INPUT, Ffmpeg, TooManyPixels, safe_input
from cozebatch.synthesis.subtitles.prepare import ASS_NAME, FONTS_NAME
from cozebatch.synthesis.video import encoders, stills

RATE = 48_000
_PEAK = 0.84  # -1.5 dB: room for what AAC adds
_TOFU = "failed to find any fallback with glyph"


async def render(
    ffmpeg: Ffmpeg,
    options: SynthesisOptions,
    timeline: Timeline,
    folder: Path,
    progress: Callable[[float], None],
    *,
    encoder: str = "libx264",
    threads: int = 0,
) -> Path:
    """Render into `folder`/film.mp4, where `prepare_subtitles` has laid the texts. Raises `StepError`."""

    async def run(arguments: list[str]) -> str:
        return await ffmpeg.run(
            arguments, cwd=folder, timeout=options.timeout, seconds=timeline.duration / SECOND, progress=progress
        )

    timeline = await _with_plain_cover(ffmpeg, timeline, folder, options.timeout)
    log: str | None = None
    if timeline.picture[0].source.kind == "video" or await stills.fit_one_pass(timeline):
        try:
            log = await run(arguments(timeline, options, encoder, threads))
        except TooManyPixels:
            if timeline.picture[0].source.kind == "video":
                raise
    if log is None:
        filters = ",".join(_fitted(timeline.picture[0].source, timeline))
        await stills.scale_each(ffmpeg, timeline, filters, folder, timeout=options.timeout)
        log = await run(arguments(timeline, options, encoder, threads, scaled=True))
    if _TOFU in log:
        raise failure(
            Category.SYNTHESIS, "有字符没有字形，画面会出现方框", "a character had no glyph, boxes were drawn"
        )
    return folder / "film.mp4"


async def _with_plain_cover(ffmpeg: Ffmpeg, timeline: Timeline, folder: Path, timeout: float) -> Timeline:
    """A cover that must be converted is, into `folder`."""
    cover = timeline.cover
    if cover is None or (await anyio.to_thread.run_sync(pictures.look, Path(cover.source.path))).plain:
        return timeline
    plain = folder / "cover.png"
    await pictures.convert(ffmpeg, Path(cover.source.path), plain, timeout=timeout)
    return replace(timeline, cover=replace(cover, source=replace(cover.source, path=str(plain))))


async def draw_poster(ffmpeg: Ffmpeg, film: Path, target: Path) -> None:
    """The film's first frame, which is its cover, as a picture. Raises `StepError`."""
    await ffmpeg.run(
        ["-y", "-i", film.name, "-frames:v", "1", "-update", "1", "-q:v", "3", target.name], cwd=film.parent, timeout=60
    )


def arguments(
    timeline: Timeline, options: SynthesisOptions, encoder: str, threads: int = 0, *, scaled: bool = False
) -> list[str]:
    """ffmpeg's arguments for the whole film. `scaled`: its stills lie scaled in the folder (see `stills`)."""
    graph = _Graph(timeline, scaled)
    picture = graph.picture()
    sound = graph.sound()
    seconds = f"{timeline.duration / SECOND:.6f}"
    return [
        "-y", *graph.inputs, "-filter_complex", ";".join(graph.chains),
        "-map", f"[{picture}]", "-map", f"[{sound}]", "-t", seconds, "-r", str(timeline.fps),
        *encoders.arguments(encoder, options, threads),
        "-g", str(timeline.fps * 2), "-color_primaries", "bt709", "-color_trc", "bt709", "-colorspace", "bt709",
        "-c:a", "aac", "-b:a", "160k", "-ar", str(RATE), "-ac", "2",
        "-map_metadata", "-1", "-map_chapters", "-1", "-movflags", "+faststart", "film.mp4",
    ]  # fmt: skip


@dataclass(slots=True)
class _Graph:
    """Collects inputs and filter chains."""

    timeline: Timeline
    scaled: bool = False
    inputs: list[str] = field(default_factory=list)
    chains: list[str] = field(default_factory=list)
    _numbers: dict[str, int] = field(default_factory=dict)

    def number(self, source: Source, *options: str) -> int:
        """The number of the input for `source`, which is added at its first use."""
        if source.path not in self._numbers:
            self._numbers[source.path] = len(self._numbers)
            self.inputs += [*options, *SAFE_INPUT, "-i", str(Path(source.path).absolute())]
        return self._numbers[source.path]

    def picture(self) -> str:
        timeline = self.timeline
        moving = timeline.picture[0].source.kind == "video"
        label = self._talking_head() if moving else self._scaled_slides() if self.scaled else self._slides()
        if timeline.cover is not None:
            label = self._covered(label, timeline.cover)
        if timeline.texts:
            self.chains.append(f"[{label}]ass=f={ASS_NAME}:fontsdir={FONTS_NAME}[subtitled]")
            label = "subtitled"
        return label

    def _talking_head(self) -> str:
        timeline = self.timeline
        source = timeline.picture[0].source
        chain = [f"fps={timeline.fps}:start_time=0"]
        ranges = [(self._frame(clip.source_start), self._frame(clip.source_end)) for clip in timeline.picture]
        if len(ranges) > 1 or ranges[0][0] > 0:
            kept = "+".join(f"between(n,{start},{end - 1})" for start, end in ranges)
            chain.append(f"select='{kept}'")
        # The last picture stands where the sound lasts longer, or the source ends a frame early.
        chain += ["setpts=N", *_fitted(source, timeline), "tpad=stop=-1:stop_mode=clone"]
        chain.append(f"trim=end_frame={timeline.frames}")
        self.chains.append(f"[{self.number(source)}:V:0]{','.join(chain)}[picture]")
        return "picture"

    def _slides(self) -> str:
        """Every picture is decoded and scaled once, then repeated."""
        timeline = self.timeline
        labels = ""
        limited = safe_input(stills.most_pixels(timeline))
        for number, clip in enumerate(timeline.picture):
            count = self._frame(clip.target.end) - self._frame(clip.target.start)
            chain = [
                "trim=end_frame=1",
                *_fitted(clip.source, timeline),
                f"loop=loop={count - 1}:size=1",
                f"settb=1/{timeline.fps}",
                "setpts=N",
            ]
            # The same picture may come twice: every use is an input of its own.
            self._numbers[f"{number}:{clip.source.path}"] = index = len(self._numbers)
            self.inputs += [*limited, "-i", str(Path(clip.source.path).absolute())]
            self.chains.append(f"[{index}:V:0]{','.join(chain)}[slide{number}]")
            labels += f"[slide{number}]"
        if len(timeline.picture) == 1:
            return "slide0"
        self.chains.append(f"{labels}concat=n={len(timeline.picture)}:v=1:a=0,settb=1/{timeline.fps},setpts=N[picture]")
        return "picture"

    def _scaled_slides(self) -> str:
        """One input brings the scaled pictures in turn; each is given its first frame's time and stands until the next.

        `fps` drops the last one, which has no next: it is there twice (`stills.scale_each`).
        """
        timeline = self.timeline
        self._numbers[stills.SCALED] = index = len(self._numbers)
        self.inputs += ["-f", "image2", "-framerate", "1", "-start_number", "0", *SAFE_INPUT, "-i", stills.SCALED]
        starts = [self._frame(clip.target.start) for clip in timeline.picture] + [timeline.frames]
        steps = "+".join(
            f"{after - before}*gte(N,{number})"
            for number, (before, after) in enumerate(itertools.pairwise(starts), start=1)
        )
        chain = [f"settb=1/{timeline.fps}", f"setpts='{steps}'", f"fps={timeline.fps}:start_time=0"]
        chain += ["setsar=1", "format=yuv420p", "tpad=stop=-1:stop_mode=clone", f"trim=end_frame={timeline.frames}"]
        self.chains.append(f"[{index}:v:0]{','.join(chain)}[picture]")
        return "picture"

    def _covered(self, label: str, cover: Clip) -> str:
        timeline = self.timeline
        size = f"{timeline.width}:{timeline.height}"
        fill = f"trim=end_frame=1,scale={size}:force_original_aspect_ratio=increase,crop={size},setsar=1,format=yuv420p"
        self.chains.append(f"[{self.number(cover.source)}:V:0]{fill}[cover]")
        frames = self._frame(cover.target.end)
        self.chains.append(f"[{label}][cover]overlay=enable='lt(n,{frames})'[covered]")
        return "covered"

    def sound(self) -> str:
        timeline = self.timeline
        seconds = f"{timeline.duration / SECOND:.6f}"
        label = self._voice(timeline.voice)
        self.chains.append(f"[{label}]volume={timeline.gain_db:.2f}dB,{_limit()}[even]")
        label = "even"
        if timeline.music is not None:
            self._music(timeline.music, seconds)
            self.chains.append(f"[{label}][music]amix=inputs=2:duration=longest:normalize=0,{_limit()}[mixed]")
            label = "mixed"
        self.chains.append(f"[{label}]apad,atrim=end={seconds}[sound]")
        return "sound"

    def _voice(self, voice: Sequence[Clip]) -> str:
        source = voice[0].source
        even = f"aresample={RATE}:async=1:first_pts=0,aformat=sample_fmts=fltp:channel_layouts=stereo"
        head = f"[{self.number(source)}:a:{source.sound_track}]{even}"
        cuts = [
            f"atrim=start={clip.source_start / SECOND:.6f}:end={clip.source_end / SECOND:.6f},asetpts=N/SR/TB"
            for clip in voice
        ]
        if len(cuts) == 1:
            self.chains.append(f"{head},{cuts[0]}[voice]")
            return "voice"
        ways = "".join(f"[way{number}]" for number in range(len(cuts)))
        self.chains.append(f"{head},asplit={len(cuts)}{ways}")
        self.chains += [f"[way{number}]{cut}[part{number}]" for number, cut in enumerate(cuts)]
        parts = "".join(f"[part{number}]" for number in range(len(cuts)))
        self.chains.append(f"{parts}concat=n={len(cuts)}:v=0:a=1[voice]")
        return "voice"

    def _music(self, music: Music, seconds: str) -> None:
        fade_in, fade_out = music.fade_in / SECOND, music.fade_out / SECOND
        out_at = self.timeline.duration / SECOND - fade_out
        self.chains.append(
            f"[{self.number(music.source, '-stream_loop', '-1')}:a:{music.source.sound_track}]aresample={RATE}:async=1,"
            f"aformat=sample_fmts=fltp:channel_layouts=stereo,atrim=end={seconds},volume={music.volume:.4f},"
            f"afade=t=in:d={fade_in:.3f},afade=t=out:st={out_at:.3f}:d={fade_out:.3f}[music]"
        )

    def _frame(self, time_us: int) -> int:
        return (2 * time_us * self.timeline.fps + SECOND) // (2 * SECOND)


def _limit() -> str:
    return f"alimiter=limit={_PEAK}:level=0"


def _fitted(source: Source, timeline: Timeline) -> list[str]:
    """Filters that show the whole of `source` on the canvas, black where it has another shape, as JianYing does."""
    w, h = timeline.width, timeline.height
    if source.width and source.height:
        scale = min(w / source.width, h / source.height)
        size = (_even(source.width * scale, w), _even(source.height * scale, h))
        fit = [f"scale={size[0]}:{size[1]}"]
        if size != (w, h):
            fit.append(f"pad={w}:{h}:(ow-iw)/2:(oh-ih)/2")
    else:
        fit = [
            f"scale={w}:{h}:force_original_aspect_ratio=decrease:force_divisible_by=2",
            f"pad={w}:{h}:(ow-iw)/2:(oh-ih)/2",
        ]
    return [*fit, *tone_map(source.hdr), "setsar=1", "format=yuv420p"]


def _even(value: float, most: int) -> int:
    return max(2, min(most, 2 * round(value / 2)))
