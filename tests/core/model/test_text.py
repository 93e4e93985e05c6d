"""Filling a text: values at their places, in either language, and what English counts."""

from __future__ import annotations

import pytest

from cozebatch.model.text import Text


@pytest.mark.parametrize(
    ("count", "said"),
    [(0, "0 tasks"), (1, "1 task"), (2, "2 tasks"), ("1", "1 task"), ("50+", "50+ tasks"), ("1.2k", "1.2k tasks")],
)
def test_english_counts(count: object, said: str) -> None:
    assert Text("{count} 个任务", "{count} task(s)").filled(count=count) == Text(f"{count} 个任务", said)


def test_every_number_counts_what_stands_behind_it() -> None:
    text = Text("{a} {b}", "{a} paid execution(s) and {b} film(s) of {name}").filled(a=1, b=2, name="one")
    assert text.en == "1 paid execution and 2 films of one"


def test_what_is_filled_in_stays_as_it_is() -> None:
    outside = "{count} 1 row(s) {"
    assert Text("{title}", "{title}").filled(title=outside) == Text.same(outside)


def test_a_text_is_filled_in_in_its_language() -> None:
    assert Text("{why}。", "{why}.").filled(why=Text("已满", "full")) == Text("已满。", "full.")


def test_names_are_parted_as_each_language_parts_them() -> None:
    listed = Text.listed(["a", "b"])
    assert (listed.zh, listed.en) == ("a、b", "a, b")
    assert not Text.listed([])
