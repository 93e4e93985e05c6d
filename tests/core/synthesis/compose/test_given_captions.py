"""Captions in the forms in which people, model nodes and speech services give them."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest

from cozebatch.synthesis.compose.given_captions import read
from cozebatch.synthesis.compose.timeline import SECOND

LENGTH = 10 * SECOND

TEAMS = """WEBVTT

NOTE duration:"00:00:10.0000000"

5b0c-0
00:00:00.500 --> 00:00:02.000
大家早

NOTE Confidence: 0.91

5b0c-1
00:00:02.500 --> 00:00:04.000
今天讲泡茶
"""
INLINE = """WEBVTT
Kind: captions
Language: zh-Hans

STYLE
::cue { color: red }

00:00:00.000 --> 00:00:02.000 align:start position:0%
\x20
今天<00:00:00.500><c>我们</c><00:00:01.000><c.yellow>来讲</c>

00:02.000 --> 00:03.000
<v 老陈>A &amp; B &lt;3&gt; &nbsp;对比</v>
"""
TWO_LANGUAGES = """1
00:00:00,000 --> 00:00:02,000
Hello everyone

2
00:00:00,000 --> 00:00:02,000
大家早

3
00:00:02,000 --> 00:00:04,000
今天讲泡茶

4
00:00:02,000 --> 00:00:04,000
Today: tea
"""
ASS = """[Events]
Format: Layer, Start, End, Style, Text
Dialogue: 0,0:00:00.50,0:00:02.00,Default,{\\an8}大家早
Dialogue: 0,0:00:02.50,0:00:04.00,Default,今天，讲\\N泡茶
"""
LRC = "[ti:x]\n[00:00.50]大家早\n[00:02.00]今天讲泡茶\n"
TENCENT = "[0:0.500,0:2.000,0]  大家早\n\n[0:2.500,0:4.000,0]  今天讲泡茶\n"


def shown(value: Any) -> list[tuple[float, float, str, str]]:
    return [(c.start / SECOND, c.end / SECOND, c.text, c.english) for c in read(value, LENGTH)]


TWO = [(0.5, 2.0, "大家早", ""), (2.5, 4.0, "今天讲泡茶", "")]
OBJECTS = [
    {"start": 0.5, "end": 2.0, "text": "大家早"},
    {"start": 2.5, "end": 4.0, "text": "今天讲泡茶"},
    {"start": -1, "end": -1, "text": " "},
]


def timed(start: str, end: str, text: str, unit: float) -> list[dict[str, Any]]:
    return [{start: o["start"] * unit, end: o["end"] * unit, text: o["text"], "words": [{}]} for o in OBJECTS]  # type: ignore[operator]


@pytest.mark.parametrize(
    "value",
    [
        TEAMS,
        ASS.replace("，", "").replace("\\N", ""),
        TENCENT,
        f"```vtt\n{TEAMS}\n```",
        "\ufeff" + json.dumps(TEAMS),
        {"text": "大家早今天讲泡茶", "segments": OBJECTS},
        json.dumps({"result": {"utterances": timed("start_time", "end_time", "text", 1000)}}),
        {"Sentences": timed("BeginTime", "EndTime", "Text", 1000)},
        {"transcripts": [{"sentences": timed("begin_time", "end_time", "text", 1000)}]},
        {"ResultDetail": timed("StartMs", "EndMs", "FinalSentence", 1000)},
        {"Result": TENCENT},
        [{"start": o["start"], "duration": 1.5, "text": o["text"]} for o in OBJECTS[:2]],
        {"captions": "```json\n" + json.dumps(OBJECTS) + "\n```"},
        {"utterances": [{**OBJECTS[0], "words": [{"start": 0.5, "end": 1.0, "text": "大"}]}, OBJECTS[1]]},
    ],
    ids=lambda value: repr(value)[:24],
)  # fmt: skip
def test_whatever_made_them_the_captions_are_the_same(value: Any) -> None:
    assert shown(value) == TWO


def test_inline_times_tags_and_entities_are_read() -> None:
    assert shown(INLINE) == [(0.0, 2.0, "今天我们来讲", ""), (2.0, 3.0, "A & B <3> 对比", "")]


def test_two_cues_of_one_moment_become_a_sentence_and_its_translation() -> None:
    assert shown(TWO_LANGUAGES) == [(0.0, 2.0, "大家早", "Hello everyone"), (2.0, 4.0, "今天讲泡茶", "Today: tea")]


def test_nothing_of_one_moment_is_lost() -> None:
    cue = "00:00:00,000 --> 00:00:02,000\n"
    assert shown(f"{cue}左边\n\n{cue}右边\n") == [(0.0, 2.0, "左边 右边", "")]


def test_a_lyric_line_stands_until_the_next() -> None:
    assert shown(LRC) == [(0.5, 2.0, "大家早", ""), (2.0, 7.0, "今天讲泡茶", "")]


def test_words_are_captions_only_where_there_is_nothing_longer() -> None:
    assert shown({"words": [{"start": 0.5, "end": 2.0, "word": "大家早"}]}) == [(0.5, 2.0, "大家早", "")]


def test_ten_thousand_damaged_files_are_borne() -> None:
    rng = random.Random(14)
    texts = [TEAMS, INLINE, TWO_LANGUAGES, ASS, LRC, TENCENT, json.dumps(OBJECTS), json.dumps({"a": {"b": OBJECTS}})]
    pieces = [
        "-->",
        "[",
        "{",
        '"',
        "<",
        "9" * 400,
        "1e999",
        "\x00",
        "\ud800",
        "\n\n",
        "```",
        "NOTE",
        "&#x110000;",
        "٣:٣",
    ]
    for _ in range(10_000):
        letters = list(rng.choice(texts))
        for _ in range(rng.randint(1, 8)):
            at = rng.randrange(len(letters))
            match rng.randrange(3):
                case 0:
                    letters[at : at + rng.randint(1, 9)] = []
                    letters = letters or ["x"]
                case 1:
                    letters[at:at] = rng.choice(pieces)
                case _:
                    letters[at] = chr(rng.randrange(0x3000))
        for caption in read("".join(letters), LENGTH):
            assert 0 <= caption.start < caption.end <= LENGTH
