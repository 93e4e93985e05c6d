"""Template files as people have them, read into styles."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from cozebatch.model.errors import UsageError
from cozebatch.synthesis.compose.styles import Style, parse

CONFIGS = Path(__file__).parents[4] / "configs"


def test_nothing_configured_is_the_default_style() -> None:
    style, warning = parse({}).choose("")
    assert style == Style(name="default")
    assert warning is None


def test_the_known_keys_are_read_with_numbers_as_text() -> None:
    style, _ = parse(
        {
            "title_color": "#ff0000",
            "title_highlight_color": "0f0",
            "title_bg_enabled": True,
            "title_font": "思源黑体",
            "title_font_size": "16",
            "title_scale": "1.5",
            "title_line_spacing": "6",
            "title_line_count": "2",
            "title_shadow_enabled": "true",
            "subtitle_font_size": 8,
            "subtitle_highlight_size": 10,
            "subtitle_bg_enabled": "false",
            "subtitle_english_color": "#FFFF00",
            "subtitle_english_enabled": False,
            "cover_background": "c.jpg",
            "cover_title_size": "30",
            "cover_subtitle_color": "#00ffff",
            "some_other_tool": 1,
        }
    ).choose("")
    assert style.title.color == "#FF0000"
    assert style.title.highlight_color == "#00FF00"
    assert style.title.background == "#000000"
    assert style.title.font == "思源黑体"
    assert style.title.size == 24
    assert style.title.line_spacing == 6
    assert style.title.shadow
    assert style.title_lines == 2
    assert (style.subtitle.size, style.subtitle.highlight_size, style.subtitle.background) == (8, 10, None)
    assert style.english.color == "#FFFF00"
    assert not style.english_enabled
    assert style.cover_background == "c.jpg"
    assert style.cover_title.size == 30
    assert style.cover_subtitle.color == "#00FFFF"


def test_a_task_chooses_a_template_by_key_or_name_and_common_keys_hold_for_all() -> None:
    styles = parse(
        {"title_font_size": 20, "a": {"name": "红色", "title_color": "#FF0000"}, "b": {"title_font_size": 10}}
    )
    assert styles.choose("红色")[0].title.color == "#FF0000"
    assert styles.choose("a")[0].title.size == 20
    assert styles.choose(" b ")[0].title.size == 10
    assert styles.choose("")[0].name == "红色"


def test_an_unknown_template_falls_back_with_a_warning_that_names_the_nearest() -> None:
    style, warning = parse({"warm_red": {}, "default": {}}).choose("warm_rad")
    assert style.name == "default"
    assert warning is not None
    assert "warm_red" in warning.en


def test_a_mistyped_key_is_told_with_the_nearest_and_a_foreign_one_is_left_alone() -> None:
    styles = parse({"a": {"title_colr": "#fff", "some_other_tools_key": 1}, "b": {}})
    (warning,) = styles.warnings
    assert warning.en == "template_config.a.title_colr: there is no such style; did you mean title_color?"
    assert parse({"title_color": "#fff"}).warnings == ()


def test_every_wrong_value_is_told_at_once() -> None:
    with pytest.raises(UsageError) as caught:
        parse(
            {
                "a": {
                    "title_color": "reddish",
                    "title_font_size": "big",
                    "title_bg_enabled": "maybe",
                    "title_align": "up",
                }
            }
        )
    said = [complaint.en for complaint in caught.value.complaints]
    assert len(said) == 4
    assert all(text.startswith("template_config.a.title_") for text in said)


def test_the_commented_configuration_names_the_keys_there_are() -> None:
    """Each is read: a wrong value of it is told, but for those that take any text."""
    lines = (CONFIGS / "config.template.jsonc").read_text(encoding="utf-8").splitlines()
    first = next(n for n, line in enumerate(lines) if "// 前缀" in line)
    last = next(n for n, line in enumerate(lines) if line.startswith('  "template_config"'))
    named = re.findall(r"\b[a-z]+(?:_[a-z]+)*_?", " ".join(lines[first:last]))
    prefixes = [word for word in named if word.endswith("_")]
    split = named.index("and")
    endings = [word for word in named[:split] if word not in (*prefixes, "prefixes", "followed", "by")]
    keys = {prefix + ending for prefix in prefixes for ending in endings} | set(named[split + 1 :])
    assert len(keys) > 80
    any_text = {key for key in keys if key.endswith(("_font", "_words", "cover_background"))}
    told = set()
    for switches in ("no such value", True):  # a background's colour is read where there is one
        wrong = {key: switches if key.endswith("_bg_enabled") else "no such value" for key in keys}
        with pytest.raises(UsageError) as caught:
            parse(wrong)
        told |= {complaint.en.split(":")[0].removeprefix("template_config.") for complaint in caught.value.complaints}
    assert told == keys - any_text
