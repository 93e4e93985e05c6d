from __future__ import annotations

import json
import time
import traceback
from collections.abc import Callable
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cozebatch.model.redact import Masker

TOKEN = 'pat_Ab3/x+"y\\z=0123456789'
plain = st.text(alphabet=st.characters(min_codepoint=33, max_codepoint=126), min_size=6, max_size=60)


@pytest.mark.parametrize(
    "spelling",
    [
        TOKEN,
        quote(TOKEN),
        quote(TOKEN, safe=""),
        quote(TOKEN, safe="").lower().replace("pat_ab3", "pat_Ab3"),
        quote_plus(TOKEN),
        json.dumps(TOKEN)[1:-1],
        json.dumps(json.dumps({"t": TOKEN})),
        json.dumps(TOKEN)[1:-1].replace("/", "\\/"),
    ],
)
def test_every_usual_spelling_of_a_secret_is_found(spelling: str) -> None:
    masked = Masker([TOKEN]).mask(f"before {spelling} after")
    assert "Ab3" not in masked
    assert masked.startswith("before ")
    assert masked.endswith(" after")


@pytest.mark.parametrize(
    "spell",
    [
        lambda char: f"\\u{ord(char):04x}",
        lambda char: f"\\\\u{ord(char):04X}",
        lambda char: f"\\x{ord(char):02x}",
        lambda char: f"%{ord(char):02X}",
        lambda char: f"%25{ord(char):02x}",
        lambda char: f"&#{ord(char)};",
        lambda char: f"&#x{ord(char):x};",
        lambda char: f"&amp;#{ord(char)};",
    ],
)
@pytest.mark.parametrize("step", [1, 3])
def test_a_secret_spelt_character_by_character_is_found(spell: Callable[[str], str], step: int) -> None:
    spelt = "".join(spell(char) if i % step == 0 else char for i, char in enumerate(TOKEN))
    assert Masker([TOKEN]).mask(f"before {spelt} after") == "before ***6789 after"


def test_a_title_escaped_inside_nested_json_does_not_give_it_away() -> None:
    inner = json.dumps({"title": "".join(f"\\u{ord(char):04x}" for char in TOKEN)}).replace("\\\\u", "\\u")
    output = json.dumps({"Output": inner})
    title = json.loads(json.loads(Masker([TOKEN]).mask(output))["Output"])["title"]
    assert title == "***6789"


def test_at_most_four_characters_are_left_and_none_of_a_short_secret() -> None:
    assert Masker(["abcdefghijklmnopqrst"]).mask("xabcdefghijklmnopqrstx") == "x***qrstx"
    assert Masker(["short_12"]).mask("short_12") == "***"


def test_the_longer_of_two_secrets_wins_where_one_holds_the_other() -> None:
    masker = Masker(["secret", "secret-and-more-of-it"])
    assert masker.mask("secret-and-more-of-it secret") == "***f-it ***"


def test_json_is_masked_all_through_and_not_changed_in_place() -> None:
    value = {"a": [TOKEN, 1, None, {"b": (f"x{TOKEN}",)}], TOKEN: True}
    masked = Masker([TOKEN]).mask_json(value)
    assert masked == {"a": ["***6789", 1, None, {"b": ("x***6789",)}], "***6789": True}
    assert TOKEN in value


def test_empty_secrets_mask_nothing() -> None:
    assert Masker([]).mask("text") == "text"
    assert Masker([""]).mask("text") == "text"


@given(plain, st.text())
def test_no_text_keeps_the_secret(secret: str, around: str) -> None:
    masked = Masker([secret]).mask(around + secret + around)
    assert masked.count(secret) <= around.count(secret) or secret in "***"


def test_neither_repr_nor_a_traceback_shows_a_secret() -> None:
    masker = Masker([TOKEN])
    assert TOKEN not in repr(masker)
    with pytest.raises(TypeError) as caught:
        masker.mask(5)  # type: ignore[arg-type]
    assert TOKEN not in "".join(traceback.format_exception(caught.value))


def test_big_texts_are_masked_fast() -> None:
    text = "pat_ is the beginning of a token, " * 600_000 + TOKEN
    began = time.perf_counter()
    masked = Masker([TOKEN, "another_secret_value"]).mask(text)
    assert time.perf_counter() - began < 5
    assert masked.endswith("***6789")


def test_an_absurdly_long_secret_costs_nothing() -> None:
    secret = "x" * 50_000
    masker = Masker([secret, TOKEN])
    assert masker.mask(f"{secret} \\u0070 {TOKEN}") == "***xxxx \\u0070 ***6789"
