"""Both READMEs: the same sections, pictures and commands, and nothing that one can type or meet is left out."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

import pytest

from cozebatch.model.text import Lang
from cozebatch_tui.commands.new_parser import SUBCOMMANDS
from cozebatch_tui.commands.options import parser_of
from cozebatch_tui.locale.names import CATEGORIES
from cozebatch_tui.screen.action_keys import shown_key
from cozebatch_tui.screen.action_registry import SPECS

ROOT = Path(__file__).parents[1]
PAGES: dict[Lang, str] = {
    "zh": (ROOT / "README.zh.md").read_text(encoding="utf-8"),
    "en": (ROOT / "README.md").read_text(encoding="utf-8"),
}
BOTH = pytest.mark.parametrize("lang", get_args(Lang))


def _blocks(page: str) -> list[str]:
    """Its blocks of commands and code, without what is said beside them."""
    code = re.findall(r"(?s)```(?:bash|powershell|python)\n(.*?)```", page)
    return [re.sub(r"(?m) *#.*$", "", block) for block in code]


def test_both_languages_have_the_same_sections_commands_and_pictures() -> None:
    zh, en = PAGES["zh"], PAGES["en"]
    assert re.findall(r"(?m)^(#+) ", zh) == re.findall(r"(?m)^(#+) ", en)
    assert _blocks(zh) == _blocks(en)
    pictures = [
        re.sub(r"-(zh|en)\.png", ".png", " ".join(re.findall(r"!\[[^\]]*\]\((\S+)\)", page))) for page in (zh, en)
    ]
    assert set(pictures[0].split()) == set(pictures[1].split())


@pytest.mark.parametrize("name", ["schedules", "cluster"])
def test_a_recipe_is_the_same_in_both_languages(name: str) -> None:
    pages = [(ROOT / "docs" / f"{name}{ending}").read_text(encoding="utf-8") for ending in (".md", ".zh.md")]
    zh, en = (re.findall(r"(?s)```\w*\n(.*?)```", re.sub(r"(?m)^# .*\n", "", page)) for page in pages)
    assert zh == en


def test_the_chinese_page_leads_to_chinese_pages() -> None:
    led = re.findall(r"\]\((docs/[\w.]+\.md)\)", PAGES["zh"])
    assert [page for page in led if not page.endswith(".zh.md") and (ROOT / page).with_suffix(".zh.md").exists()] == []


@BOTH
def test_every_subcommand_and_every_option_is_there(lang: Lang) -> None:
    page = PAGES[lang]
    assert [c for c in SUBCOMMANDS if c != "run" and f"| `{c}" not in page] == []
    options = {option for command in SUBCOMMANDS for option in parser_of(command, lang).known_options}
    options.discard("--handover")  # of a batch that begins to run in the background, between its two processes
    assert sorted(option for option in options if not re.search(rf"`{option}[ `\\]", page)) == []


@BOTH
def test_every_kind_of_error_has_a_line_of_its_own(lang: Lang) -> None:
    assert [name for text in CATEGORIES.values() if f"\n| {(name := text.in_(lang))} |" not in PAGES[lang]] == []


@BOTH
def test_every_key_is_there(lang: Lang) -> None:
    start = PAGES[lang].index("## 按键和偏好" if lang == "zh" else "## Keys and preferences")
    section = PAGES[lang][start:].partition("\n## ")[0]
    named = {key.lower() for key in re.findall(r"`([^`]+)`", section)}
    if "`1`–`9`" in section:
        named |= set("123456789")
    specs = [spec for specs in SPECS.values() for spec in specs if spec.keys]
    keys = {shown_key(spec.keys.partition(",")[0], lang).lower() for spec in specs}
    assert sorted(keys - named) == []


def test_the_first_commands_stand_to_the_letter() -> None:
    for page in PAGES.values():
        assert "pip install uv && uv run cozebatch-tui --demo" in page
        assert "pip install uv && uv run pytest" in page
