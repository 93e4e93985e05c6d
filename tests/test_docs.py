"""The pages in `docs/`: whatever the code, the tests and other pages cite exists, down to the section."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
FOLDERS = ("core", "tui", "tests", "screenshots", "docs")
_PAGE = re.compile(r"docs/[\w/.-]+\.md")
_CITATION = re.compile(r"(docs/[\w/.-]+\.md)((?:,? (?:and |to )?§\d+)+)")
_LINK = re.compile(r"\]\(([^)#:]+)(?:#[^)]*)?\)")


def texts() -> Iterator[tuple[Path, str]]:
    """Every file that may cite a page, with its text."""
    for path in [*ROOT.glob("*.md"), ROOT / "pyproject.toml"]:
        yield path, path.read_text(encoding="utf-8")
    for folder in FOLDERS:
        for path in (ROOT / folder).rglob("*"):
            if path.suffix in (".py", ".md"):
                yield path, path.read_text(encoding="utf-8")


def cited_sections() -> set[tuple[str, str]]:
    return {
        (page, number)
        for _, text in texts()
        for page, numbers in _CITATION.findall(text)
        for number in re.findall(r"\d+", numbers)
    }


def test_every_page_that_is_named_exists() -> None:
    named = {(page, str(path.relative_to(ROOT))) for path, text in texts() for page in _PAGE.findall(text)}
    assert len({page for page, _ in named}) >= 3
    assert [where for where in sorted(named) if not (ROOT / where[0]).is_file()] == []


def test_sections_are_cited() -> None:
    assert {number for page, number in cited_sections() if page == "docs/contract.md"} == set("123456")


@pytest.mark.parametrize(("page", "number"), sorted(cited_sections()))
def test_every_section_that_is_cited_exists(page: str, number: str) -> None:
    assert re.search(rf"^## {number}\. ", (ROOT / page).read_text(encoding="utf-8"), re.MULTILINE)


def test_every_link_between_pages_leads_somewhere() -> None:
    broken = [
        (str(path.relative_to(ROOT)), target)
        for path, text in texts()
        if path.suffix == ".md"
        for target in _LINK.findall(text)
        if not (path.parent / target).exists()
    ]
    assert broken == []


def test_no_page_is_cited_that_lies_outside_the_repository() -> None:
    elsewhere = ("CONTRACT" + " §", "reference" + "/coze", "reference" + "/feishu")
    assert [str(path) for path, text in texts() if any(word in text for word in elsewhere)] == []
