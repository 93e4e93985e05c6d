"""The font for a text is known to have its characters before anything is drawn."""

from __future__ import annotations

from pathlib import Path

import pytest

from cozebatch.model.errors import Category, StepError
from cozebatch.synthesis.subtitles.fonts import CHINESE_SAMPLE, Fonts, installed
from cozebatch.synthesis.subtitles.opentype import Face, faces


@pytest.fixture(scope="module")
def noto() -> tuple[Face, ...]:
    package = pytest.importorskip("noto_cjk_sans_otc")
    return faces(Path(str(package.FONT_PATH)))


def test_a_collection_lists_its_faces_with_their_characters(noto: tuple[Face, ...]) -> None:
    [chinese] = [face for face in noto if face.family == "Noto Sans CJK SC"]
    assert chinese.covers(CHINESE_SAMPLE)
    assert chinese.covers("abcXYZ 123，。！“”")
    assert chinese.covers("𠮷")
    assert chinese.missing("字😀ب字") == "😀ب"


@pytest.mark.parametrize("content", [b"", b"x", b"ttcf" + b"\xff" * 40, b"OTTO\x00\xff" + b"\0" * 300])
def test_a_broken_font_is_an_empty_one(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "f.ttf").write_bytes(content)
    assert faces(tmp_path / "f.ttf") == ()


def test_this_machine_has_a_chinese_font() -> None:
    assert installed().chinese is not None


def test_a_font_that_is_not_installed_gives_a_warning_that_names_both(noto: tuple[Face, ...]) -> None:
    choice = Fonts(noto).choose("阳华体", "你好")
    assert choice.face.family == "Noto Sans CJK SC"
    assert choice.warning is not None
    assert "阳华体" in choice.warning.en
    assert "Noto Sans CJK SC" in choice.warning.en


@pytest.mark.parametrize("wanted", ["Noto Sans CJK SC", "noto sans cjk sc", "思源黑体", "Source Han Sans SC"])
def test_a_font_is_found_by_any_of_its_names_without_a_warning(noto: tuple[Face, ...], wanted: str) -> None:
    choice = Fonts(noto).choose(wanted, "你好")
    assert choice.face.family == "Noto Sans CJK SC"
    assert choice.warning is None


def test_a_character_no_font_has_is_an_error_that_names_it(noto: tuple[Face, ...]) -> None:
    with pytest.raises(StepError) as caught:
        Fonts(noto).choose("", "你好 ب")
    assert caught.value.info.category is Category.SYNTHESIS
    assert "U+0628" in caught.value.info.message.en


def test_a_machine_without_a_chinese_font_is_told_how_to_get_one() -> None:
    with pytest.raises(StepError) as caught:
        Fonts([]).choose("阳华体", "你好")
    assert "noto-cjk-sans-otc" in caught.value.info.hint.en


def test_only_emoji_that_cannot_be_drawn_are_left_out(noto: tuple[Face, ...]) -> None:
    assert Fonts(noto).drawable("买房😀省钱 ب") == ("买房省钱 ب", ["😀"])
