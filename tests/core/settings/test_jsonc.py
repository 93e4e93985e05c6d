from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cozebatch.model.errors import UsageError
from cozebatch.settings import jsonc

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


def complaint(document: str) -> str:
    with pytest.raises(UsageError) as caught:
        jsonc.loads(document, place="c.json")
    (only,) = caught.value.complaints
    return only.en


@given(values)
def test_plain_json_is_left_alone(value: Any) -> None:
    document = json.dumps(value, ensure_ascii=False, indent=1)
    assert jsonc.blank(document) == document
    assert jsonc.loads(document, place="x") == value


def test_comments_and_trailing_commas_are_allowed() -> None:
    document = """{ // the guide's own style
      "a": 1,     // Coze最大并发数
      /* several
         lines, with a " quote */
      "url": "https://x/*no comment*/ // neither,]", "list": [1, 2, /* end */ ], }"""
    assert jsonc.loads(document, place="x") == {
        "a": 1,
        "url": "https://x/*no comment*/ // neither,]",
        "list": [1, 2],
    }


@given(st.text(alphabet='"\\/*, \n{}[]a:'))
def test_blanking_moves_nothing(document: str) -> None:
    try:
        blanked = jsonc.blank(document)
    except ValueError:
        return
    assert len(blanked) == len(document)
    assert [i for i, c in enumerate(blanked) if c == "\n"] == [i for i, c in enumerate(document) if c == "\n"]


@pytest.mark.parametrize(
    ("document", "place", "sign"),
    [
        ('{“a": 1}', "column 2", '“ is a full-width sign, write "'),
        ('{"a"：1}', "column 5", "： is a full-width sign, write :"),
        ('{"a": 1，"b": 2}', "column 8", "， is a full-width sign, write ,"),
        ('{"a": “x”}', "column 7", "“ is a full-width sign"),
        ('｛"a": 1}', "column 1", "｛ is a full-width sign, write {"),
    ],
)
def test_a_sign_of_a_chinese_input_method_is_named_as_that(document: str, place: str, sign: str) -> None:
    text = complaint(document)
    assert place in text
    assert sign in text


def test_a_file_that_is_not_there_names_the_nearest_one(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}", encoding="utf-8")
    with pytest.raises(UsageError) as caught:
        jsonc.load(tmp_path / "conifg.json")
    assert f"did you mean {tmp_path / 'config.json'}?" in caught.value.complaints[0].en


def test_an_error_names_the_line_and_column_of_the_file() -> None:
    assert complaint('{\n  // comment\n  "a": 1\n  "b": 2\n}').startswith("c.json: line 4, column 3: a comma")


def test_an_unescaped_windows_path_is_explained() -> None:
    assert "backslash" in complaint(r'{"draft_folder_path": "C:\Users\me"}')


@pytest.mark.parametrize(
    "document",
    [
        "",
        "{",
        '{"a": "secret-1',
        '{"a": "secret-1\n"}',
        '{"a": secret-1}',
        "/* secret-1",
        "[NaN]",
        "[" * 100_000,
        "[" + "1" * 5000 + "]",
    ],
)
def test_a_broken_document_is_a_complaint_without_the_document(document: str) -> None:
    with pytest.raises(UsageError) as caught:
        jsonc.loads(document, place="c.json")
    error: BaseException | None = caught.value
    assert error is not None
    assert error.__context__ is None
    assert error.__cause__ is None
    assert "secret-1" not in str(error)


def test_a_key_that_stands_twice_is_told() -> None:
    twice: list[str] = []
    assert jsonc.loads('{"a": 1, "a": 2}', place="x", on_duplicate=twice.append) == {"a": 2}
    assert twice == ["a"]


def test_a_byte_order_mark_is_no_part_of_the_document(tmp_path: Path) -> None:
    path = tmp_path / "c.json"
    path.write_bytes('{"标题": 1}'.encode("utf-8-sig"))
    assert jsonc.load(path) == {"标题": 1}


@pytest.mark.parametrize(("encoding", "name"), [("gb18030", "GBK"), ("utf-16", "UTF-16")])
def test_another_encoding_is_named_with_the_cure(tmp_path: Path, encoding: str, name: str) -> None:
    path = tmp_path / "c.json"
    path.write_bytes('{\n"token": "秘密一"}'.encode(encoding))
    with pytest.raises(UsageError) as caught:
        jsonc.load(path)
    assert name in str(caught.value)
    assert "UTF-8" in str(caught.value)
    assert caught.value.__context__ is None


def test_a_file_that_is_not_there_or_a_folder_is_a_complaint(tmp_path: Path) -> None:
    for path in (tmp_path / "none.json", tmp_path):
        with pytest.raises(UsageError, match=r"no file|folder"):
            jsonc.load(path)


def test_a_hostile_document_takes_no_time() -> None:
    began = time.perf_counter()
    for document in ('"' + '\\"' * 500_000, "/*" * 500_000, "," * 500_000, ("," + " " * 50) * 10_000):
        with pytest.raises(UsageError):
            jsonc.loads(document, place="x")
    assert time.perf_counter() - began < 5
