from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cozebatch.feishu.cells import cell_text, related_records

anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["text", "type", "value", "link", "name", "id", "link_record_ids", "record_ids", "x"]),
            inner,
        )
    ),
    max_leaves=10,
)


@pytest.mark.parametrize(
    ("shape", "cell", "text"),
    [
        ("empty", None, ""),
        ("text", [{"text": "早安", "type": "text"}, {"text": "，世界", "type": "text"}], "早安，世界"),
        (
            "text with a mention and a link",
            [
                {"text": "问 ", "type": "text"},
                {"text": "@小满", "type": "mention", "token": "ou_1", "name": "小满", "mentionType": "User"},
                {"text": " 看 ", "type": "text"},
                {"text": "这里", "type": "url", "link": "https://example.com"},
            ],
            "问 @小满 看 这里",
        ),
        ("text of an older table", "早安\n世界", "早安\n世界"),
        ("number", 7.0, "7"),
        ("number", 0.1, "0.1"),
        ("number", 1e21, "1000000000000000000000"),
        ("number", 1e-7, "0.0000001"),
        ("single select", "视频草稿生成", "视频草稿生成"),
        ("multi select", ["甲", "乙"], "甲, 乙"),
        ("date", 1763942400000, "1763942400000"),
        ("checkbox", True, "true"),
        (
            "person",
            [{"id": "ou_1", "name": "张三", "en_name": "San", "email": "a@b.c"}, {"id": "ou_2", "name": "李四"}],
            "张三, 李四",
        ),
        ("link", {"text": "看看", "link": "https://example.com/a"}, "https://example.com/a"),
        (
            "attachment",
            [{"file_token": "x", "name": "a.mp4", "size": 1, "type": "video/mp4", "url": "u", "tmp_url": "t"}],
            "a.mp4",
        ),
        ("relation", {"link_record_ids": ["rec1", "rec2"]}, "rec1, rec2"),
        ("empty relation", {"link_record_ids": []}, ""),
        (
            "relation of an older table",
            [{"record_ids": ["rec1"], "table_id": "tbl", "text": "小满", "text_arr": ["小满"], "type": "text"}],
            "小满",
        ),
        ("formula", {"type": 1, "value": [{"text": "甲", "type": "text"}, {"text": "乙", "type": "text"}]}, "甲乙"),
        ("formula", {"type": 2, "value": [3.0]}, "3"),
        ("look-up", {"type": 3, "value": ["甲", "乙"]}, "甲, 乙"),
        (
            "look-up of links",
            {"type": 15, "value": [{"text": "一", "link": "https://a.cn"}, {"text": "二", "link": "https://b.cn"}]},
            "https://a.cn, https://b.cn",
        ),
        ("look-up of numbers", {"type": 2, "value": [3, 1, 2]}, "3, 1, 2"),
        ("look-up of people", {"type": 11, "value": [{"id": "ou_1", "name": "张三"}]}, "张三"),
        ("auto number", "0007", "0007"),
        ("place", {"full_address": "上海市", "location": "1,2", "name": ""}, "上海市"),
        ("group", [{"id": "oc_1", "name": "群", "avatar_url": "u"}], "群"),
        ("e-mail", [{"text": "a@b.c", "type": "url", "link": "mailto:a@b.c"}], "a@b.c"),
        ("something new", {"x": 1}, '{"x": 1}'),
    ],
)
def test_a_cell_of_every_kind_becomes_the_text_a_person_sees(shape: str, cell: Any, text: str) -> None:
    assert cell_text(cell) == text, shape


def plain(*texts: str) -> list[dict[str, str]]:
    return [{"text": text, "type": "text"} for text in texts]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (plain("乙", "甲", "丙"), "乙, 甲, 丙"),
        (plain("泡一杯热茶，看看窗外。", "一天的从容"), "泡一杯热茶，看看窗外。\n一天的从容"),
        (plain("One. Two", "Three"), "One. Two\nThree"),
        (plain("v1.5", "v2.0"), "v1.5, v2.0"),
        (plain("甲", "", "  ", "乙"), "甲, 乙"),
        ([{"text": "甲"}, {"text": "乙"}], "甲, 乙"),
        ([*plain("问 "), {"text": "@小满", "type": "mention"}, *plain(" 吧"), *plain("好")], "问 @小满 吧, 好"),
        ([{"text": "这里", "type": "url", "link": "https://a.cn"}, *plain(" 看"), *plain("好")], "这里 看, 好"),
        (plain("甲"), "甲"),
    ],
)
def test_texts_that_are_looked_up_stay_apart_in_their_order(value: list[dict[str, str]], text: str) -> None:
    assert cell_text({"type": 1, "value": value}, values_apart=True) == text


@pytest.mark.parametrize("cell", [None, "甲", plain("甲", "乙"), {"type": 3, "value": ["甲", "乙"]}, {"link": "x"}])
def test_what_says_itself_what_it_is_is_read_as_ever(cell: Any) -> None:
    assert cell_text(cell, values_apart=True) == cell_text(cell)


def test_a_cell_of_a_hundred_thousand_characters_comes_whole() -> None:
    long = "字" * 100_000
    assert cell_text([{"text": long, "type": "text"}]) == long


def test_related_records_are_found_in_either_shape() -> None:
    assert related_records({"link_record_ids": ["rec1", "rec2", "rec1"]}) == ("rec1", "rec2")
    assert related_records([{"record_ids": ["rec3"], "text": "x"}]) == ("rec3",)
    assert related_records("rec4") == ()


@given(anything)
def test_no_cell_raises(cell: Any) -> None:
    assert isinstance(cell_text(cell), str)
    assert isinstance(cell_text(cell, values_apart=True), str)
    assert all(isinstance(name, str) for name in related_records(cell))
