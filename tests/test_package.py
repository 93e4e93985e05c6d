"""What an index shows of the package, built by hatchling with and without the repository's public address."""

from __future__ import annotations

import tarfile
import zipfile
from email.message import Message
from email.parser import Parser
from pathlib import Path

import pytest
from hatchling.builders.sdist import SdistBuilder
from hatchling.builders.wheel import WheelBuilder
from markdown_it import MarkdownIt

from public_address import ADDRESS, REF, Repository, from_environment, with_absolute_links

ROOT = Path(__file__).resolve().parents[1]
READMES = ("README.md", "README.zh.md")
GITHUB = Repository("https://github.com/somebody/somewhere", "v1.2.3")
GITEE = Repository("https://gitee.com/somebody/somewhere", "main")


@pytest.fixture(autouse=True)
def no_address(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (ADDRESS, REF):
        monkeypatch.delenv(name, raising=False)


def wheel_metadata(root: Path, target: Path) -> Message:
    """Builds the wheel and returns its METADATA; the payload is the long description."""
    wheel = next(WheelBuilder(str(root)).build(directory=str(target), versions=["standard"]))
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        return Parser().parsestr(archive.read(name).decode("utf-8"))


def description(metadata: Message) -> str:
    text = metadata.get_payload()
    assert isinstance(text, str)
    return text.strip("\n")


def page(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8").strip("\n")


def project_urls(metadata: Message) -> dict[str, str]:
    return dict(str(line).split(", ", 1) for line in metadata.get_all("Project-URL", []))


def targets(markdown: str) -> list[tuple[bool, str]]:
    """Every link and picture as a Markdown parser sees them: whether it is a picture, and where it leads."""
    found: list[tuple[bool, str]] = []
    for block in MarkdownIt("commonmark").enable("table").parse(markdown):
        for token in block.children or ():
            if token.type == "image":
                found.append((True, str(token.attrs["src"])))
            elif token.type == "link_open":
                found.append((False, str(token.attrs["href"])))
    return found


def relative(links: list[tuple[bool, str]]) -> list[tuple[bool, str]]:
    return [(is_picture, target) for is_picture, target in links if "://" not in target]


def test_without_an_address_the_metadata_names_none(tmp_path: Path) -> None:
    metadata = wheel_metadata(ROOT, tmp_path)
    assert metadata.get_all("Project-URL") is None
    assert metadata.get_all("Dynamic") is None
    assert metadata["Description-Content-Type"] == "text/markdown"
    assert description(metadata) == page("README.md")


def test_a_release_names_the_repository_and_keeps_it_through_the_sdist(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(ADDRESS, GITHUB.address)
    monkeypatch.setenv(REF, GITHUB.ref)
    sdist = next(SdistBuilder(str(ROOT)).build(directory=str(tmp_path), versions=["standard"]))
    monkeypatch.delenv(ADDRESS)
    monkeypatch.delenv(REF)
    with tarfile.open(sdist) as archive:
        archive.extractall(tmp_path, filter="data")
    (unpacked,) = (path for path in tmp_path.iterdir() if path.is_dir())
    metadata = wheel_metadata(unpacked, tmp_path)
    assert project_urls(metadata) == {
        "Homepage": "https://github.com/somebody/somewhere",
        "Documentation": "https://github.com/somebody/somewhere/blob/v1.2.3/README.zh.md",
        "Changelog": "https://github.com/somebody/somewhere/blob/v1.2.3/CHANGELOG.md",
        "Issues": "https://github.com/somebody/somewhere/issues",
        "Source": "https://github.com/somebody/somewhere/tree/v1.2.3",
    }
    assert description(metadata) == with_absolute_links(page("README.zh.md"), GITHUB)


@pytest.mark.parametrize("repository", [GITHUB, GITEE], ids=["github", "gitee"])
@pytest.mark.parametrize("readme", READMES)
def test_every_link_of_a_released_page_is_absolute_and_leads_to_a_file(readme: str, repository: Repository) -> None:
    """Links and pictures keep their order, and each leads to the file that it led to before, which exists."""
    raw = {
        GITHUB: "https://raw.githubusercontent.com/somebody/somewhere/v1.2.3/",
        GITEE: "https://gitee.com/somebody/somewhere/raw/main/",
    }[repository]
    before, after = targets(page(readme)), targets(with_absolute_links(page(readme), repository))
    assert len(relative(before)) > 10
    assert relative(after) == []
    assert after == [
        (is_picture, target if "://" in target else (raw if is_picture else repository.page("")) + target)
        for is_picture, target in before
    ]
    assert [target for _, target in relative(before) if not (ROOT / target.partition("#")[0]).is_file()] == []


@pytest.mark.parametrize(
    "untouched",
    [
        "`[a](b.md)`",
        "``[`a`](b.md)``",
        "```\n[a](b.md)\n```",
        "[a](https://example.org/b.md)",
        "[a](mailto:a@example.org)",
        "[a](#places)",
    ],
)
def test_code_other_sites_and_places_in_the_page_stay(untouched: str) -> None:
    assert with_absolute_links(f"{untouched} [x](y.md#z) {untouched}", GITEE) == (
        f"{untouched} [x](https://gitee.com/somebody/somewhere/blob/main/y.md#z) {untouched}"
    )


def test_a_picture_that_is_a_link_gets_both_addresses() -> None:
    assert with_absolute_links("[![`a`](b.png)](c.md)", GITEE) == (
        "[![`a`](https://gitee.com/somebody/somewhere/raw/main/b.png)](https://gitee.com/somebody/somewhere/blob/main/c.md)"
    )


@pytest.mark.parametrize(
    "address",
    [
        "http://github.com/somebody/somewhere",
        "https://somebody:secret@github.com/somebody/somewhere",
        "https://github.com",
        "https://github.com/somebody/somewhere/",
        "https://github.com/somebody/somewhere.git",
        "https://github.com/some body/somewhere",
        "https://github.com/somebody/somewhere\nSummary: another",
        "https://github.com/somebody/somewhere?tab=readme",
        "git@github.com:somebody/somewhere",
        "secret",
    ],
)
def test_an_address_that_is_none_ends_the_build_with_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    monkeypatch.setenv(ADDRESS, address)
    with pytest.raises(SystemExit, match=r"^COZEBATCH_REPOSITORY must be the https address [^\n]*\.$") as ended:
        wheel_metadata(ROOT, tmp_path)
    assert "secret" not in str(ended.value)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("ref", ["a b", "../x", "a/../b", "/x", "x/", "v1)"])
def test_a_ref_that_is_none_ends_the_build_with_a_sentence(ref: str) -> None:
    with pytest.raises(SystemExit, match=r"^COZEBATCH_REPOSITORY_REF must be [^\n]*\.$"):
        from_environment({ADDRESS: GITHUB.address, REF: ref})


def test_a_ref_without_an_address_ends_the_build_with_a_sentence() -> None:
    with pytest.raises(SystemExit, match=r"^COZEBATCH_REPOSITORY_REF says [^\n]* is not set\.$"):
        from_environment({REF: "v1.2.3"})


def test_an_empty_address_is_none() -> None:
    assert from_environment({ADDRESS: "", REF: ""}) is None
    assert from_environment({ADDRESS: GITEE.address}) == GITEE
