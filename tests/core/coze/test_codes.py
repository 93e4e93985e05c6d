"""The table of Coze's codes says what the reference says (docs/coze.md), with what to do in both languages."""

from __future__ import annotations

import pytest

from cozebatch.coze.codes import CODES, category_of
from cozebatch.model.errors import Category

REFERENCE = {
    Category.THROTTLED: [4009, 4020],
    Category.SERVER: [5000, 4013, 720701001, 720701002, 4102],
    Category.AUTH: [4100, 4101, 700012006],
    Category.QUOTA: [4008, 4011, 4019, 4022],
    Category.INVALID_REQUEST: [4000, 4010, 4012, 4015, 4200, 6003, 6031, 720702002, 720702004, 720702011],
    Category.CONTENT_REJECTED: [4105, 4014],
    Category.WORKFLOW_INTERRUPTED: [777777777],
    Category.EXECUTION_LOST: [4314],
}


def test_every_code_of_the_reference_has_its_category() -> None:
    assert {code: meaning.category for code, meaning in CODES.items()} == {
        code: category for category, codes in REFERENCE.items() for code in codes
    }


@pytest.mark.parametrize("code", sorted(CODES))
def test_a_code_says_what_it_means_and_what_to_do_in_both_languages(code: int) -> None:
    meaning = CODES[code]
    for text in (meaning.text, meaning.hint):
        assert text.en.isascii()
        assert any("\u4e00" <= character <= "\u9fff" for character in text.zh)


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (4010, ["script"]),
        (4200, ["base_url", "published", "workflow_id"]),
        (720702004, ["deleted"]),
        (720702011, ["publish"]),
        (4012, ["model"]),
        (4015, ["API"]),
    ],
)
def test_a_hint_names_its_causes_in_the_order_in_which_to_look(code: int, words: list[str]) -> None:
    said = CODES[code].hint.en.lower()
    places = [said.index(word.lower()) for word in words]
    assert places == sorted(places)


@pytest.mark.parametrize("code", [None, 0, 99_999, *CODES])
def test_http_429_is_over_a_limit_whatever_the_code(code: int | None) -> None:
    assert category_of(429, code) is Category.THROTTLED
