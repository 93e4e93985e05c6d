"""Lines break where a Chinese reader expects them to."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from cozebatch.synthesis.compose.text_layout import (
    NO_END,
    NO_START,
    atoms,
    balanced,
    bare,
    caption_pieces,
    highlight,
    sentences,
    shortened,
    width,
)

ANY_TEXT = st.text(st.sampled_from("买房字到底该怎么说实话，。！？、“”（）《》abc XYZ 123.5%\n😀-"), max_size=60)


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("买房子到底该怎么买，过来人说句真话", ["买房子到底该怎么买，", "过来人说句真话"]),
        ("短标题", ["短标题"]),
        ("一二三四五六七八九十甲乙丙丁戊己庚辛", ["一二三四五六七八九", "十甲乙丙丁戊己庚辛"]),
        ("第一行\n第二行", ["第一行", "第二行"]),
        ("iPhone 15 Pro 到底值不值得买", ["iPhone 15 Pro", "到底值不值得买"]),
        ("", []),
    ],
)
def test_a_title_breaks_evenly_and_at_punctuation(text: str, lines: list[str]) -> None:
    assert balanced(text, 3, 10) == lines


@example("“ “““", 2, 4)
@given(ANY_TEXT, st.integers(1, 3), st.integers(4, 14))
def test_breaking_keeps_every_character_and_never_begins_a_line_wrongly(text: str, most: int, em: int) -> None:
    lines = balanced(text, most, em)
    assert len(lines) <= most
    assert "".join("".join(lines).split()) == "".join(text.split())
    if "\n" in text.strip():
        return  # an author's own breaks are kept
    for line in lines[1:]:
        cut_atom = any(width(atom) > em for atom in atoms(text))
        assert cut_atom or line[0] not in NO_START
    for line in lines[:-1]:
        assert any(width(atom) > em for atom in atoms(text)) or line[-1] not in NO_END


@given(st.text("买房字到底该怎么说", min_size=1, max_size=30))
def test_lines_of_equal_characters_differ_by_one_at_most(text: str) -> None:
    lengths = [len(line) for line in balanced(text, 3, 10)]
    assert max(lengths) - min(lengths) <= 1


@pytest.mark.parametrize(
    ("script", "found"),
    [
        ("你好。今天讲三点！第一，省钱；第二……", ["你好。", "今天讲三点！", "第一，省钱；", "第二……"]),
        ("涨了3.5%。很多。", ["涨了3.5%。", "很多。"]),
        ("他说：“走。”然后走了。", ["他说：“走。”", "然后走了。"]),
        ("One. Two v1.2 here. 三", ["One.", "Two v1.2 here.", "三"]),
        ("没有标点\n\n第二段", ["没有标点", "第二段"]),
        ("。。。！", []),
    ],
)
def test_sentences_end_where_they_end(script: str, found: list[str]) -> None:
    assert sentences(script) == found


@given(ANY_TEXT)
def test_sentences_lose_no_word(script: str) -> None:
    kept = [c for c in "".join(sentences(script)) if c.isalnum()]
    assert kept == [c for c in script if c.isalnum()]


@given(ANY_TEXT, st.integers(5, 14))
def test_caption_pieces_fit_on_a_line_and_lose_no_word(text: str, em: int) -> None:
    pieces = caption_pieces(text, em)
    assert all(width(bare(piece)) <= em for piece in pieces)
    assert [c for c in "".join(pieces) if c.isalnum()] == [c for c in text if c.isalnum()]


def test_captions_leave_out_their_last_comma_but_keep_a_question() -> None:
    assert bare("今天讲三点，") == "今天讲三点"
    assert bare("真的吗？") == "真的吗？"


def test_a_text_too_long_is_shortened_with_an_ellipsis() -> None:
    assert shortened("一" * 500, 10) == "一" * 9 + "…"
    assert shortened("刚好", 2) == "刚好"


def test_highlight_words_are_found_longest_first() -> None:
    runs = highlight("省钱省大钱", ["省", "省大钱", "(.*", ""])
    assert [(run.text, run.highlighted) for run in runs] == [("省", True), ("钱", False), ("省大钱", True)]


@given(ANY_TEXT, st.lists(ANY_TEXT, max_size=4))
def test_highlighting_changes_no_character(text: str, words: list[str]) -> None:
    assert "".join(run.text for run in highlight(text, words)) == text
