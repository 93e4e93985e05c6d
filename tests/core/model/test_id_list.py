"""Ids as they are typed after an option."""

from __future__ import annotations

import shlex
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cozebatch.model.id_list import ids_of, typed_id


@pytest.mark.parametrize(
    ("words", "ids"),
    [
        (["a", "b"], ["a", "b"]),
        (["a,b，c、d;e；f"], ["a", "b", "c", "d", "e", "f"]),
        (["a, b", " c "], ["a", "b", "c"]),
        (['"a,b"'], ["a,b"]),
        (['"a,b",c, "d，e" '], ["a,b", "c", "d，e"]),
        (["“早安，广州”、c"], ["早安，广州", "c"]),
        (['"say ""hi"", you"'], ['say "hi", you']),
        (['5" tall'], ['5" tall']),
        (['"a,b'], ['"a', "b"]),
        (['"a"b,c'], ['"a"b', "c"]),
        (["", ",", " , ", '""', '" "'], ['""']),
    ],
)
def test_commas_part_ids_and_quotes_keep_them_whole(words: list[str], ids: list[str]) -> None:
    assert ids_of(words) == ids


@pytest.mark.parametrize(
    ("task_id", "typed"), [("row-1", "row-1"), ("早安", "早安"), ("a,b", """'"a,b"'"""), ("早安 广州", "'早安 广州'")]
)
@pytest.mark.skipif(sys.platform == "win32", reason="another shell quotes in its own way")
def test_an_id_is_shown_as_it_is_typed(task_id: str, typed: str) -> None:
    assert typed_id(task_id) == typed


@given(st.text(st.characters(exclude_categories=("C", "Z")), min_size=1))
@pytest.mark.skipif(sys.platform == "win32", reason="another shell quotes in its own way")
def test_what_is_shown_names_the_id_when_it_is_typed(task_id: str) -> None:
    assert ids_of(shlex.split(typed_id(task_id))) == [task_id]
