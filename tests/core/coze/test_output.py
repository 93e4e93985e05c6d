"""Whatever a workflow hands out is read as far as it can be."""

from __future__ import annotations

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cozebatch.bounds.json_values import mend, read_json
from cozebatch.coze.output import parse_output, pick
from support.nestings import LAYERS, RESULT, is_found, text


def test_the_end_nodes_result_is_found_in_the_string_within_the_string() -> None:
    assert parse_output(text({"Output": text(RESULT)})) == RESULT


def test_an_answering_end_nodes_envelope_is_opened() -> None:
    envelope = {"content_type": 1, "data": text(RESULT), "original_result": None, "type_for_model": 2}
    assert parse_output(text({"Output": text(envelope)})) == RESULT


def test_an_envelope_around_plain_text_leaves_the_text() -> None:
    envelope = {"content_type": 1, "data": "做好了", "original_result": None, "type_for_model": 2}
    assert parse_output(text({"Output": text(envelope)})) == {"text": "做好了"}


def test_a_bare_object_is_taken_as_it_is() -> None:
    assert parse_output(text(RESULT)) == RESULT


def test_a_string_that_holds_the_object_once_more_is_opened() -> None:
    assert parse_output(text(text(text(RESULT)))) == RESULT


def test_output_nodes_stand_under_their_own_titles() -> None:
    parsed = parse_output(text({"Output": text(RESULT), "封面": text({"shortTitle": "方法"}), "说明": "好"}))
    assert parsed == {**RESULT, "封面": {"shortTitle": "方法"}, "说明": "好"}


def test_the_end_node_wins_over_an_output_node_of_the_same_name() -> None:
    assert parse_output(text({"title": "other", "Output": text(RESULT)}))["title"] == "三个方法"


def test_plain_text_is_kept_as_text() -> None:
    for raw in ("视频：https://v/1.mp4", text({"Output": "视频：https://v/1.mp4"})):
        assert parse_output(raw) == {"text": "视频：https://v/1.mp4"}
        assert pick(parse_output(raw), "Output") == pick(parse_output(raw), "text") == "视频：https://v/1.mp4"


def test_nothing_gives_nothing() -> None:
    assert parse_output("") == parse_output("  \n") == parse_output("null") == parse_output('{"Output": ""}') == {}


def test_a_list_is_kept_under_the_end_nodes_name() -> None:
    assert parse_output("[1, 2]") == {"Output": [1, 2]}


def test_a_script_that_looks_like_json_stays_a_script() -> None:
    assert parse_output(text({"Output": text({"content": "[1]", "captions": "[]"})})) == {
        "content": "[1]",
        "captions": "[]",
    }


def test_cut_off_json_is_text() -> None:
    raw = text({"Output": text(RESULT)})[:-5]
    assert parse_output(raw) == {"text": raw}


def test_numbers_and_letters_that_could_not_be_written_again_are_replaced() -> None:
    parsed = parse_output('{"a": NaN, "b": 1e999, "c": "\\ud800!", "\\udfff": 1.5}')
    assert parsed == {"a": None, "b": None, "c": "?!", "?": 1.5}


def test_nesting_beyond_reason_is_text() -> None:
    for raw in ("[" * 100_000, '{"a":' * 500 + "1" + "}" * 500):
        assert parse_output(raw) == {"text": raw}


@pytest.mark.parametrize(
    ("key", "found"),
    [
        ("videoUrl", "https://v/1.mp4"),
        ("node.url", "https://n/1.mp4"),
        ("node.scenes.1.url", "b"),
        ("a.b", "dotted"),
        ("packed.url", "p"),
        ("Output.videoUrl", "https://v/1.mp4"),
        ("scenes", [{"url": "a"}, {"url": "b"}]),
        ("nowhere", None),
        ("node.nowhere", None),
        ("node.scenes.7.url", None),
        ("empty", None),
        ("twice", None),
        ("", None),
    ],
)
def test_a_key_or_a_path_picks_a_value(key: str, found: Any) -> None:
    output = {
        "videoUrl": "https://v/1.mp4",
        "node": {"url": "https://n/1.mp4", "scenes": [{"url": "a"}, {"url": "b"}], "twice": 1},
        "other": {"twice": 2},
        "a.b": "dotted",
        "packed": '{"url": "p"}',
        "empty": None,
    }
    assert pick(output, key) == found


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text() | st.just("Output"), inner, max_size=4),
    max_leaves=12,
)


def layered(value: Any, layers: int) -> str:
    for _ in range(layers):
        value = json.dumps({"Output": json.dumps(value)})
    return value if isinstance(value, str) else json.dumps(value)


@given(
    raw=st.text(st.characters(codec=None))
    | st.builds(json.dumps, JSON)
    | st.builds(layered, JSON, st.integers(0, 9))
    | st.text('{}[]":,\\ud800Output 1e', max_size=60),
    key=st.text(".aOutput01", max_size=12),
)
def test_no_text_is_too_strange(raw: str, key: str) -> None:
    parsed = parse_output(raw)
    assert isinstance(parsed, dict)
    assert json.loads(json.dumps(parsed, allow_nan=False, ensure_ascii=False).encode()) == parsed
    pick(parsed, key)


@given(st.binary())
def test_reading_json_raises_value_errors_only(body: bytes) -> None:
    with contextlib.suppress(ValueError):
        read_json(body)


@given(st.text(st.characters(codec=None)))
def test_mended_text_can_be_written(raw: str) -> None:
    mend(raw).encode()


def test_the_result_is_found_beside_the_status_of_nodes() -> None:
    inner = text({"output": text({"videoUrl": "https://v/1.mp4"})})
    raw = text({"node_status": "{}", "Output": inner})
    assert pick(parse_output(raw, ["videoUrl"]), "videoUrl") == "https://v/1.mp4"


def test_the_result_is_found_behind_a_fence_and_words() -> None:
    for told in ("\n```json\n{}\n```", "好的，结果如下：\n{}\n希望有用！", "\ufeff{}", "```\n[{}]\n```"):
        raw = text({"Output": text({"output": told.replace("{}", text(RESULT))})})
        assert parse_output(raw, ["videoUrl"])["title"] == "三个方法"


def test_words_with_braces_stay_words() -> None:
    told = '用 {name} 和 {"k": 1} 打招呼'
    assert parse_output(text({"Output": told}), ["videoUrl"]) == {"text": told}


def test_rows_of_a_list_are_not_the_result() -> None:
    raw = text({"Output": text({"clips": [{"videoUrl": "https://v/1.mp4"}, {"videoUrl": "https://v/2.mp4"}]})})
    assert pick(parse_output(raw, ["videoUrl"]), "videoUrl") is None


def test_a_dotted_name_is_found_through_the_layers() -> None:
    raw = text({"Output": [text({"data": {"film": {"url": "https://v/1.mp4"}}})]})
    assert pick(parse_output(raw, ["film.url"]), "film.url") == "https://v/1.mp4"


@given(st.lists(st.sampled_from(sorted(LAYERS)), max_size=7))
def test_any_nesting_of_layers_around_a_result_gives_the_result(names: list[str]) -> None:
    assert is_found(names)


@given(st.text(alphabet='[]{}"\\`,: \ufeffa1', max_size=200))
def test_no_text_is_too_strange_to_look_through(raw: str) -> None:
    assert isinstance(parse_output(raw, ["videoUrl"]), dict)


def test_a_text_full_of_beginnings_is_given_up_soon() -> None:
    for raw in ("[" * 200_000, '{"a":' * 50_000, '{"' * 500_000, "{" * 3_000_000):
        assert parse_output(raw, ["videoUrl"]) == {"text": raw}
