"""ASS as libass reads it, whatever the text says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cozebatch.synthesis.compose.timeline import Clip, Run, Source, Span, TextClip, TextLook, Timeline
from cozebatch.synthesis.subtitles.ass import color, escape, stamp, write
from cozebatch.synthesis.subtitles.fonts import Choice
from cozebatch.synthesis.subtitles.opentype import Face

FACE = Face(Path("f.otf"), 0, "Noto Sans, {CJK}", frozenset(), bold=False)


def written(*lines: str, look: TextLook | None = None) -> str:
    source = Source("video", "v.mp4", "video", 2_000_000, has_audio=True)
    clip = Clip(source, Span(0, 2_000_000))
    text = TextClip("caption", Span(0, 1_000_000), tuple((Run(line),) for line in lines), look or TextLook("F", 15))
    timeline = Timeline(1080, 1920, 30, 60, (clip,), (clip,), texts=(text,))
    return write(timeline, lambda _: Choice(FACE, ()))


@pytest.mark.parametrize(
    ("time", "text"), [(0, "0:00:00.00"), (33_333, "0:00:00.03"), (3_661_999_999, "1:01:01.99"), (-5, "0:00:00.00")]
)
def test_times_are_cut_to_hundredths(time: int, text: str) -> None:
    assert stamp(time) == text


def test_colours_are_written_backwards_with_transparency() -> None:
    assert color("#FF8000") == "&H000080FF"
    assert color("#000000", 0.6) == "&H66000000"


def test_codes_in_a_text_are_drawn_not_obeyed() -> None:
    assert escape("{\\pos(1,1)}a\\Nb\tc\n\x1b\u202ed") == "\\{\\\u2060pos(1,1)\\}a\\\u2060Nb c d"


@given(st.text(max_size=40))
def test_no_text_gets_out_of_its_event(text: str) -> None:
    body = escape(text)
    assert "\n" not in body
    assert "\r" not in body
    assert not re.search(r"(?<!\\)[{}]", body)
    assert not re.search(r"\\[^\u2060{}]", body)


def test_lines_are_events_of_their_own_around_their_middle() -> None:
    made = written("一", "二", look=TextLook("F", 15, y=0.0))
    ys = [float(y) for y in re.findall(r"\\pos\(540\.0,([\d.]+)\)", made)]
    assert len(ys) == 2
    assert sum(ys) / 2 == 960
    assert ys[1] - ys[0] == pytest.approx(15 * 7.2 * 1.42, abs=0.2)


def test_a_font_name_cannot_break_the_style() -> None:
    style = next(line for line in written("一").splitlines() if line.startswith("Style: S0"))
    assert style.count(",") == 22
