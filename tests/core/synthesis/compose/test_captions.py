"""Captions as Coze gives them, and as the script gives them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cozebatch.synthesis.compose.captions import Caption, fitted, from_script
from cozebatch.synthesis.compose.given_captions import read
from cozebatch.synthesis.compose.text_layout import bare, width
from cozebatch.synthesis.compose.timeline import SECOND, Span

SRT = """\ufeff1\r
00:00:00,000 --> 00:00:01,500\r
你好\r
世界\r
\r
2
00:00:01.500 --> 00:00:03,000 position:50%
<i>第二句</i>{\\an8}
Second one

3
00:00:03,000 --> 00:00:04,000

"""


def spans(captions: list[Caption]) -> list[tuple[int, int, str]]:
    return [(c.start, c.end, c.text) for c in captions]


@pytest.mark.parametrize("unit", [1, 1_000, 1_000_000])
@pytest.mark.parametrize("as_text", [False, True])
def test_a_list_is_read_in_whatever_unit_it_comes(unit: int, as_text: bool) -> None:
    value: Any = [{"start": 0, "end": 2 * unit, "text": "一"}, {"start": 2 * unit, "end": 59 * unit, "text": "二"}]
    found = read(json.dumps(value) if as_text else value, 60 * SECOND)
    assert spans(found) == [(0, 2 * SECOND, "一"), (2 * SECOND, 59 * SECOND, "二")]


def test_srt_is_read_leniently_with_its_translation() -> None:
    for value in (SRT, json.dumps(SRT)):
        found = read(value, 4 * SECOND)
        assert spans(found) == [(0, 1_500_000, "你好世界"), (1_500_000, 3_000_000, "第二句")]
        assert found[1].english == "Second one"


NO_CAPTIONS: list[Any] = [None, "", "none here", [], {}, [1, "x", None], [{"start": 1}], 7, "[broken", "[" * 100_000]


@pytest.mark.parametrize(
    "value", [*NO_CAPTIONS, "9" * 5000 + ":00:00 --> 1:2:3\n一"], ids=lambda value: repr(value)[:12]
)
def test_what_is_no_captions_gives_none(value: Any) -> None:
    assert read(value, SECOND) == []


def test_stamps_keywords_and_english_in_a_list() -> None:
    item = {"start": "00:00:01,000", "end": "00:00:02,000", "text": "很省钱", "keyword": "省钱", "en": "Saves"}
    assert read([item], 2 * SECOND) == [Caption(SECOND, 2 * SECOND, "很省钱", "Saves", ("省钱",))]


@pytest.mark.parametrize("end", [5e-324, 1e308, float("inf"), float("nan"), "1e400"])
def test_absurd_times_do_no_harm(end: Any) -> None:
    assert read([{"start": 0, "end": end, "text": "一"}], SECOND) == []


@given(
    st.lists(
        st.fixed_dictionaries(
            {"start": st.floats(-5, 100), "end": st.one_of(st.floats(), st.integers()), "text": st.text(max_size=5)}
        ),
        max_size=8,
    )
)
def test_captions_are_always_in_order_and_inside_the_media(items: list[dict[str, Any]]) -> None:
    end = 0
    for caption in read(items, 10 * SECOND):
        assert end <= caption.start < caption.end <= 10 * SECOND
        assert caption.text.strip()
        end = caption.end


SCRIPTS = st.lists(st.text("买房字到底该怎么说实话", min_size=1, max_size=25), min_size=1, max_size=8).map(
    lambda parts: "。".join(parts) + "。"
)
SPEECH = st.lists(st.tuples(st.integers(1, 3_000_000), st.integers(100_000, 3_000_000)), min_size=1, max_size=6)


@given(SCRIPTS, SPEECH)
def test_the_script_lies_over_the_speech_in_order(script: str, gaps: list[tuple[int, int]]) -> None:
    speech: list[Span] = []
    at = 0
    for gap, length in gaps:
        speech.append(Span(at + gap, length))
        at = speech[-1].end
    found = from_script(script, speech, 12)
    assert "".join(c.text for c in found).replace("。", "") in script.replace("。", "")
    end = speech[0].start
    for caption in found:
        assert end <= caption.start < caption.end <= speech[-1].end
        assert width(bare(caption.text)) <= 12
        end = caption.end


def test_sentences_are_drawn_to_the_pauses() -> None:
    # Spoken at 5 characters a second with a pause after each sentence.
    script = "今天讲三件重要的事。第一件是省钱。最后一件我放在评论区里说给你听。"
    speech = [Span(200_000, 1_800_000), Span(2_400_000, 1_200_000), Span(4_100_000, 3_200_000)]
    found = from_script(script, speech, 20)
    assert [(c.start, c.end) for c in found] == [(s.start, s.end) for s in speech]


def test_no_speech_or_no_script_gives_no_captions() -> None:
    assert from_script("", [Span(0, SECOND)], 12) == []
    assert from_script("你好。", [], 12) == []


def test_a_caption_too_long_is_shared_out_over_its_time() -> None:
    text = "这是一条非常非常长的字幕，手机屏幕上一行放不下，所以要分开"
    found = fitted([Caption(0, 10 * SECOND, text, "long")], 12)
    assert len(found) >= 3
    assert found[0].start == 0
    assert found[-1].end == 10 * SECOND
    assert all(width(c.text) <= 12 for c in found)
    assert {c.english for c in found} == {"long"}
