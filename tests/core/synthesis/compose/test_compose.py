"""The timeline: everything on a frame, inside its source and inside the film."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cozebatch.synthesis.compose.captions import Caption
from cozebatch.synthesis.compose.compose import Footage, Words, compose
from cozebatch.synthesis.compose.styles import Style
from cozebatch.synthesis.compose.text_layout import width
from cozebatch.synthesis.compose.timeline import SECOND, Source, Span, Timeline, frame_time, nearest_frame, whole_frames


def video(duration: int = 10 * SECOND, has_audio: bool = True) -> Source:
    return Source("video", "v.mp4", "video", duration, 1080, 1920, has_audio)


def audio(duration: int = 10 * SECOND) -> Source:
    return Source("audio", "a.mp3", "audio", duration, has_audio=True)


def image(number: int) -> Source:
    return Source(f"images-{number}", f"{number}.png", "image", 0, 640, 480)


def film(footage: Footage, words: Words | None = None, style: Style | None = None, fps: int = 30) -> Timeline:
    return compose(footage, words or Words(), style or Style(), width=1080, height=1920, fps=fps)


FPS = st.sampled_from([24, 25, 30, 50, 60])


@given(st.integers(0, 40_000_000_000), FPS)
def test_whole_frames_are_the_most_that_fit(duration: int, fps: int) -> None:
    frames = whole_frames(duration, fps)
    assert frame_time(frames, fps) <= duration < frame_time(frames + 1, fps)


@given(st.integers(0, 10**7), FPS)
def test_a_frames_time_is_nearest_to_itself(frame: int, fps: int) -> None:
    assert nearest_frame(frame_time(frame, fps), fps) == frame


def test_a_talking_head_with_its_own_sound() -> None:
    made = film(Footage(video(10_010_000), audio(3 * SECOND), speech=(Span(0, 9 * SECOND),)))
    assert made.faults() == []
    assert made.frames == 300
    assert [clip.source.name for clip in (*made.picture, *made.voice)] == ["video", "video"]


def test_a_mute_video_takes_the_separate_audio_as_far_as_either_goes() -> None:
    made = film(Footage(video(4 * SECOND, has_audio=False), audio(2_345_678)))
    assert made.faults() == []
    assert made.duration == 4 * SECOND
    assert made.voice[0].target == Span(0, 2_345_678)


def test_a_word_after_the_pictures_end_lengthens_the_film() -> None:
    made = film(Footage(video(4 * SECOND, has_audio=False), audio(4_500_000), speech=(Span(0, 4_500_000),)))
    assert made.faults() == []
    assert (made.duration, made.standing) == (4_500_000, 500_000)
    assert made.voice[0].target == Span(0, 4_500_000)
    own = replace(video(4 * SECOND), sound_us=4_710_000)
    made = film(Footage(own, None, speech=(Span(0, 2 * SECOND), Span(3 * SECOND, 1_710_000))))
    assert made.faults() == []
    assert own.own_sound.duration_us <= made.duration < own.own_sound.duration_us + SECOND // 30 + 1
    assert made.picture[-1].target.end == 4 * SECOND
    assert made.voice[-1].target.end == own.own_sound.duration_us


def test_silence_after_the_pictures_end_does_not_lengthen_the_film() -> None:
    made = film(Footage(video(4 * SECOND, has_audio=False), audio(9 * SECOND), speech=(Span(0, 3_500_000),)))
    assert made.faults() == []
    assert (made.duration, made.standing) == (4 * SECOND, 0)


def test_a_shortened_film_is_sound() -> None:
    speech = (Span(0, 4_500_000),)
    whole = film(Footage(video(4 * SECOND, False), audio(4_500_000), speech=speech), Words("标题", "一。二。三。"))
    made = whole.shortened(120)
    assert made.faults() == []
    assert (made.duration, made.standing) == (4 * SECOND, 0)
    assert max(text.target.end for text in made.texts) == 4 * SECOND


def test_images_are_shown_evenly_over_the_audio() -> None:
    made = film(Footage(None, audio(7 * SECOND), tuple(image(n) for n in range(4))))
    assert made.faults() == []
    assert made.duration == 7 * SECOND
    lengths = [clip.target.duration for clip in made.picture]
    assert max(lengths) - min(lengths) <= 2 * SECOND // 30
    assert made.voice[0].source.name == "audio"


def test_more_images_than_frames_are_not_all_shown() -> None:
    made = film(Footage(None, audio(100_000), tuple(image(n) for n in range(9))))
    assert made.faults() == []
    assert len(made.picture) == 3


def test_music_is_looped_and_faded_inside_the_film() -> None:
    music = Source("music", "m.mp3", "audio", 3_333_333)
    made = film(Footage(video(), None, music=music, music_volume=0.4))
    assert made.music is not None
    loops = list(made.music.loops(made.duration))
    assert [clip.target.start for clip in loops] == [0, 3_333_333, 6_666_666, 9_999_999]
    assert loops[-1].target.end == made.duration
    assert all(clip.source_end <= 3_333_333 for clip in loops)
    assert made.music.fade_in + made.music.fade_out < made.duration


def test_the_cover_comes_first_and_the_title_after_it() -> None:
    cover = Source("cover", "c.png", "image", 0)
    made = film(
        Footage(video(), None, cover=cover), Words("买房字到底怎么买", cover_title="封面", cover_subtitle="副标题")
    )
    assert made.faults() == []
    end = frame_time(3, 30)
    assert [clip.target for clip in (*made.of_role("cover_title"), *made.of_role("cover_subtitle"))] == [
        Span(0, end)
    ] * 2
    assert made.cover is not None
    assert made.cover.target == Span(0, end)
    [title] = made.of_role("title")
    assert (title.target.start, title.target.end) == (end, made.duration)


def test_a_title_without_highlight_words_has_its_middle_line_highlighted() -> None:
    words = Words("一二三四五六七八九十甲乙丙丁戊己庚辛壬癸子丑寅卯")
    [title] = film(Footage(video(), None), words).of_role("title")
    assert [[run.highlighted for run in line] for line in title.lines] in (
        [[False], [True], [False]],
        [[False], [True]],
    )
    [title] = film(Footage(video(), None), words, Style(title_words=("甲乙",))).of_role("title")
    assert [run.text for line in title.lines for run in line if run.highlighted] == ["甲乙"]


@pytest.mark.parametrize("text", ["很" * 500, "W" * 500, "a b " * 125, "😀" * 60, "\u202eabc" * 30])
def test_a_title_of_any_length_fits_on_the_screen(text: str) -> None:
    [title] = film(Footage(video(), None), Words(text)).of_role("title")
    assert 1 <= len(title.lines) <= 3
    unit = 1080 / 150 * title.look.size
    assert all(width(line) * unit <= 1080 * 0.9 for line in title.text.split("\n"))
    assert title.look.size >= Style().title.size * 0.5


def test_given_captions_win_over_the_script_and_keep_their_translation() -> None:
    given_ = (Caption(0, SECOND, "第一句，", "First"), Caption(SECOND, 2 * SECOND, "第二句省钱", "Second", ("省钱",)))
    made = film(Footage(video(), None, speech=(Span(0, 10 * SECOND),)), Words(script="别的话。", captions=given_))
    assert [clip.text for clip in made.of_role("caption")] == ["第一句", "第二句省钱"]
    assert [clip.text for clip in made.of_role("english")] == ["First", "Second"]
    assert made.of_role("caption")[1].lines[0][-1].highlighted


def test_long_pauses_are_removed_by_source_ranges() -> None:
    speech = (Span(500_000, 2 * SECOND), Span(6 * SECOND, 2 * SECOND), Span(8_300_000, SECOND))
    style = Style(remove_pauses=True, longest_pause=0.5)
    caption = Caption(6 * SECOND, 8 * SECOND, "第二句")
    made = film(Footage(video(), None, speech=speech), Words(captions=(caption,)), style)
    assert made.faults() == []
    assert len(made.picture) == len(made.voice) == 2
    removed = 3_500_000 - 500_000
    assert made.duration == pytest.approx(10 * SECOND - removed, abs=70_000)
    assert made.of_role("caption")[0].target.start == pytest.approx(6 * SECOND - removed, abs=70_000)


SPANS = st.lists(st.tuples(st.integers(0, 4_000_000), st.integers(1, 4_000_000)), max_size=6)
CAPTIONS = st.lists(
    st.tuples(st.integers(0, 30_000_000), st.integers(0, 9_000_000), st.text("买房字，。a1 😀", max_size=30)),
    max_size=8,
)


@given(
    duration=st.integers(40_000, 30_000_000),
    fps=FPS,
    gaps=SPANS,
    raw=CAPTIONS,
    title=st.text(max_size=80),
    own_sound=st.booleans(),
    sound=st.integers(1, 40_000_000),
    remove=st.booleans(),
)
def test_no_timeline_ever_leaves_its_sources_or_itself(
    duration: int, fps: int, gaps: list[tuple[int, int]], raw: list[tuple[int, int, str]], title: str,
    own_sound: bool, sound: int, remove: bool,
) -> None:  # fmt: skip
    speech: list[Span] = []
    at = 0
    for gap, length in gaps:
        if at + gap + length <= duration:
            speech.append(Span(at + gap, length))
            at += gap + length
    captions = tuple(Caption(start, start + length, text) for start, length, text in sorted(raw))
    footage = Footage(video(duration, own_sound), audio(sound), speech=tuple(speech))
    if whole_frames(duration, fps) == 0:
        return
    words = Words(title, "今天说三件事。第一件，省钱！第二件……", title, title, captions if len(raw) % 2 else ())
    made = film(
        replace(footage, music=Source("music", "m", "audio", 1_234_567)), words, Style(remove_pauses=remove), fps
    )
    assert made.faults() == []
    for text in made.texts:
        for edge in (text.target.start, text.target.end):
            assert edge == frame_time(nearest_frame(edge, fps), fps)
