"""Captions as people, models, programs and services write them, each with what a player shows of it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pysubs2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cozebatch.synthesis.compose.given_captions import read
from cozebatch.synthesis.compose.timeline import SECOND

Shown = list[tuple[int, int, str, str]]


def shown(value: Any, seconds: float = 10) -> Shown:
    """(start ms, end ms, text, translation)"""
    found = read(value, round(seconds * SECOND))
    return [(c.start // 1000, c.end // 1000, c.text, c.english) for c in found]


FIXTURES = Path(__file__).parents[3] / "fixtures" / "captions"
FILES = json.loads((FIXTURES / "files.json").read_text(encoding="utf-8"))
SERVICES = json.loads((FIXTURES / "services.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", FILES)
def test_a_file_is_read_as_a_player_shows_it(name: str) -> None:
    assert shown("\n".join(FILES[name]["lines"])) == [tuple(caption) for caption in FILES[name]["shown"]]


@pytest.mark.parametrize("name", SERVICES)
def test_whatever_service_gave_them_the_captions_are_the_same(name: str) -> None:
    assert shown(SERVICES[name], 4.2) == [(100, 2000, "大家好", ""), (2000, 4000, "今天讲收纳", "")]


def test_single_words_become_lines() -> None:
    words = ["大", "家", "好", "。", "今", "天"]
    timed = [{"word": word, "start": n * 0.2, "end": n * 0.2 + 0.2} for n, word in enumerate(words)]
    assert shown({"words": timed}, 1.2) == [(0, 800, "大家好。", ""), (800, 1200, "今天", "")]
    english = [
        {"word": word, "start": n * 0.2, "end": n * 0.2 + 0.2} for n, word in enumerate(["Hello", "big", "world", "."])
    ]
    assert shown({"words": english}, 1) == [(0, 800, "Hello big world.", "")]
    paused = [{"word": "一", "start": 0, "end": 0.2}, {"word": "二", "start": 1.0, "end": 1.2}]
    assert [text for _, _, text, _ in shown({"words": paused}, 1.2)] == ["一", "二"]


@pytest.mark.parametrize(
    "value",
    ["没有时间的一段话。", "{", {"a": [1, 2]}, [{"start": "x", "end": 1, "text": "a"}], [], "[]", 7, {"text": {"a": 1}},
     [{"start": 0, "end": 1, "text": {"a": 1}}], "WEBVTT\n\nNOTE nothing", "[ti:歌]\n[ar:人]\n"],
    ids=repr,
)  # fmt: skip
def test_what_holds_no_captions_gives_none(value: Any) -> None:
    assert shown(value) == []


LINE = "Dialogue: 0,0:00:00.00,0:00:01.00,D,,0,0,0,,"
SLOW: dict[str, Callable[[], Any]] = {
    "drawings": lambda: LINE + "{\\p1}a" * 60_000,
    "braces": lambda: LINE + "{" * 400_000,
    "lines of one moment": lambda: "[00:01.00]a\n" * 30_000,
    "rows of one moment": lambda: "start\tend\ttext\n" + "1\t2\t3\n" * 60_000,
    "fences": lambda: "```\n" * 100_000,
    "tags": lambda: "WEBVTT\n\n00:00.000 --> 00:01.000\n" + "<rt>" * 100_000,
    "brackets": lambda: "[0:0," * 80_000,
    "words": lambda: {"words": [{"word": "a", "start": n, "end": n + 1} for n in range(50_000)]},
}


@pytest.mark.parametrize("name", SLOW)
@pytest.mark.timeout(20)
def test_what_is_built_to_be_slow_is_not(name: str) -> None:
    read(SLOW[name](), 10 * SECOND)


plain = st.text(st.sampled_from("大家好今天讲收纳abc ABC 12,.!?，。！？<>&-"), min_size=1, max_size=20).filter(
    lambda text: text.strip() == text and "<" not in text and "&" not in text and "  " not in text
)


@given(
    st.lists(st.tuples(plain, st.integers(200, 3000)), min_size=1, max_size=8), st.sampled_from(["srt", "vtt", "ass"])
)
def test_what_a_known_program_writes_is_read_back(lines: list[tuple[str, int]], form: str) -> None:
    subs = pysubs2.SSAFile()
    at = 0
    for text, length in lines:
        subs.append(pysubs2.SSAEvent(start=at, end=at + length // 10 * 10, text=text))
        at += length // 10 * 10
    written = [(event.start, event.end, event.text, "") for event in subs]
    assert shown(subs.to_string(form), at / 1000) == written
