"""Emoji are drawn where a font can draw them, and left out where none can; they fail no task."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import features

from cozebatch.synthesis.compose.emoji import EMOJI, SIGN, is_emoji
from cozebatch.synthesis.compose.text_layout import balanced, caption_pieces, shortened, width
from cozebatch.synthesis.subtitles.fonts import Fonts
from cozebatch.synthesis.subtitles.opentype import Face, faces
from cozebatch.synthesis.subtitles.pictures import layers
from support.emoji_fonts import Kind, emoji_font

SEQUENCES = [
    "1️⃣",
    "#⃣",
    "🔟",
    "👨\u200d👩\u200d👧",
    "👩🏽\u200d💻",
    "❤️\u200d🔥",
    "🏳️\u200d🌈",
    "🇨🇳",
    "🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f",
    "👍🏽",
    "☎️",
    "⏰",
    "⏳",
    "✂️",
    "✔️",
    "❤️",
    "❤",
    "😀",
    "ℹ️",
    "‼️",
    "㊙️",
    "⭐",
    "🫨",
]


@pytest.fixture(scope="module")
def noto() -> tuple[Face, ...]:
    package = pytest.importorskip("noto_cjk_sans_otc")
    return faces(Path(str(package.FONT_PATH)))


@pytest.mark.parametrize("sign", SEQUENCES)
def test_an_emoji_is_one_sign_whatever_it_is_made_of(sign: str) -> None:
    assert SIGN.findall(f"字{sign}{sign}a") == ["字", sign, sign, "a"]
    assert is_emoji(sign)


def test_letters_digits_and_punctuation_are_no_emoji() -> None:
    assert not EMOJI.search("买房 abc 123 #1 *？！……“”①②③½€→√")


@pytest.mark.parametrize("sign", SEQUENCES)
def test_without_an_emoji_font_nothing_fails(noto: tuple[Face, ...], sign: str) -> None:
    fonts = Fonts(noto)
    text, gone = fonts.drawable(f"买{sign}房")
    assert text.startswith("买")
    assert text.endswith("房")
    assert gone == ([sign] if text == "买房" else [])
    choice = fonts.choose("", text)
    assert all(face.covers(piece) for face, piece in choice.pieces(text))


def test_keycaps_and_letters_in_fancy_dress_are_drawn_plainly(noto: tuple[Face, ...]) -> None:
    assert Fonts(noto).drawable("1️⃣买2️⃣房🔟#️⃣") == ("①买②房⑩#", [])
    assert Fonts(noto).drawable("𝓗𝓮𝓵𝓵𝓸") == ("Hello", [])


def test_odd_spaces_marks_and_controls_fail_nothing(noto: tuple[Face, ...]) -> None:
    fonts = Fonts(noto)
    assert fonts.drawable("买\u202f房\u2009省\u00a0钱 e\u0301")[0].replace("\u00a0", " ") == "买 房 省 钱 é"
    text, gone = fonts.drawable("z\u0336\u0489a\ufff9b")
    assert (text.replace("\u0336", ""), gone[-1]) == ("zab", "\u0489")
    assert all(face.covers(piece) for face, piece in fonts.choose("", text).pieces(text))


def test_words_are_never_left_out(noto: tuple[Face, ...]) -> None:
    assert Fonts(noto).drawable("字ب😀") == ("字ب", ["😀"])


def test_of_two_spaces_around_an_emoji_one_is_left(noto: tuple[Face, ...]) -> None:
    assert Fonts(noto).drawable("买 😀 房  子") == ("买 房  子", ["😀"])


def test_an_emoji_font_draws_sequences_whole(noto: tuple[Face, ...], tmp_path: Path) -> None:
    fonts = Fonts([*noto, *emoji_font(tmp_path / "e.ttf", "outlines")])
    text = "买1️⃣👨‍👩‍👧房❤️🇨🇳👍🏽1"
    assert fonts.drawable(text) == (text, [])
    pieces = [(face.family, piece) for face, piece in fonts.choose("", text).pieces(text)]
    assert pieces == [
        ("Noto Sans CJK SC", "买"),
        ("Test Emoji", "1️⃣👨‍👩‍👧"),
        ("Noto Sans CJK SC", "房"),
        ("Test Emoji", "❤️🇨🇳👍🏽"),
        ("Noto Sans CJK SC", "1"),
    ]


def test_what_the_font_lacks_is_drawn_simpler(noto: tuple[Face, ...], tmp_path: Path) -> None:
    fonts = Fonts([*noto, *emoji_font(tmp_path / "e.ttf", "outlines")])
    assert fonts.drawable("👨🏿👨‍🚀❤️‍🔥🇯🇵") == ("👨👨❤", ["🇯🇵"])


def test_a_font_of_pictures_draws_what_it_has_as_one_sign(noto: tuple[Face, ...], tmp_path: Path) -> None:
    fonts = Fonts([*noto, *emoji_font(tmp_path / "e.ttf", "pictures")])
    assert fonts.drawable("买😀房👩👍🏽❤️⏳") == ("买😀房👩👍❤️", ["⏳"])
    pieces = [(face.pictures, piece) for face, piece in fonts.choose("", "买😀房☎").pieces("买😀房☎")]
    assert pieces == [(False, "买"), (True, "😀"), (False, "房☎")]  # the telephone has a form as text
    [face] = faces(tmp_path / "e.ttf")
    assert {"#FF0000", "#0000FF"} <= {layer.color for layer in layers(face.path, face.index, "😀")}
    assert layers(face.path, face.index, "😀👩") == ()


@pytest.mark.skipif(not features.check("raqm"), reason="Pillow joins signs only with Raqm")
def test_a_font_of_pictures_draws_sequences_that_it_joins(noto: tuple[Face, ...], tmp_path: Path) -> None:
    fonts = Fonts([*noto, *emoji_font(tmp_path / "e.ttf", "pictures")])
    assert fonts.drawable("🇨🇳👨‍👩‍👧") == ("🇨🇳👨", [])


@pytest.mark.parametrize("kind", ["damaged pictures", "empty colours"])
def test_a_font_that_cannot_be_drawn_is_none(noto: tuple[Face, ...], tmp_path: Path, kind: Kind) -> None:
    fonts = Fonts([*noto, *emoji_font(tmp_path / "e.ttf", kind)])
    assert fonts.drawable("买😀房") == ("买房", ["😀"])


def test_a_line_breaks_around_an_emoji_and_never_in_it() -> None:
    family = "👨‍👩‍👧"
    assert width(family) == width("🇨🇳") == width("1️⃣") == width("👍🏽") == 1.0
    assert balanced(family * 6, 3, 2.0) == [family * 2] * 3
    assert shortened(family * 5, 3.0) == family * 2 + "…"
    for piece in caption_pieces(f"大家好{family}今天讲收纳{family}再见", 4.0):
        assert all(sign == family or len(sign) == 1 for sign in SIGN.findall(piece))


@given(st.lists(st.sampled_from([*SEQUENCES, "字", "a", " ", "\u200d", "\ufe0f", "\u20e3", "🏽", "🇨"]), max_size=12))
def test_any_mixture_can_be_drawn(noto: tuple[Face, ...], signs: list[str]) -> None:
    fonts = Fonts(noto)
    text, _ = fonts.drawable("".join(signs))
    pieces = list(fonts.choose("", text).pieces(text))
    assert all(face.covers(piece) for face, piece in pieces)
    assert not re.search("[\u200d\ufe0f\u20e3🏽🇨]", "".join(piece for _, piece in pieces))
