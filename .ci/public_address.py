"""Puts the public address of the repository into a release: the project's links, and those of its page on an index.

The repository has no public address of its own, so no file names one. Who releases says it to the build, in the
environment:

- `COZEBATCH_REPOSITORY`: the https address of the repository's page, such as `https://github.com/OWNER/NAME`
- `COZEBATCH_REPOSITORY_REF`: the branch or tag that links lead to, `main` where it is not set

With an address the metadata has `project.urls`, and the long description is the Chinese README (its first link leads to
the English one) with all links and pictures absolute. Without one the metadata has no urls, and the long description is
`README.md` as it stands.

hatchling runs this file for every build (`tool.hatch.metadata.hooks.custom` in `pyproject.toml`). A wheel that is built
from an sdist takes over what the sdist's PKG-INFO says, so the address is needed only once.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from hatchling.metadata.plugin.interface import MetadataHookInterface

ADDRESS = "COZEBATCH_REPOSITORY"
REF = "COZEBATCH_REPOSITORY_REF"
PLAIN_PAGE = "README.md"
RELEASED_PAGE = "README.zh.md"
PICTURES = (".png", ".svg", ".jpg", ".gif")

_ADDRESS = re.compile(r"https://[\w.-]+(:\d+)?(/[\w.~-]+)+")
_REF = re.compile(r"[\w.-]+(/[\w.-]+)*")
_CODE = re.compile(r"(?<!`)(`+)(?!`).*?(?<!`)\1(?!`)", re.DOTALL)
_TARGET = re.compile(r"(?<=\]\()[^()\s]+")


class Repository(NamedTuple):
    """The public repository: the address of its page, and the branch or tag that links lead to."""

    address: str
    ref: str

    def page(self, path: str) -> str:
        """Where a person reads a file; GitHub and Gitee share this form."""
        return f"{self.address}/blob/{self.ref}/{path}"

    def raw(self, path: str) -> str:
        """Where a page loads a picture from: GitHub serves files from another host, Gitee and others below `/raw/`."""
        host, _, name = self.address.removeprefix("https://").partition("/")
        if host == "github.com":
            return f"https://raw.githubusercontent.com/{name}/{self.ref}/{path}"
        return f"{self.address}/raw/{self.ref}/{path}"

    def urls(self) -> dict[str, str]:
        """The project's links, under the labels that package indexes know."""
        return {
            "Homepage": self.address,
            "Documentation": self.page(RELEASED_PAGE),
            "Changelog": self.page("CHANGELOG.md"),
            "Issues": f"{self.address}/issues",
            "Source": f"{self.address}/tree/{self.ref}",
        }


def from_environment(environment: Mapping[str, str]) -> Repository | None:
    """Reads the two variables; None where none of them is set.

    Ends the build with one sentence (SystemExit) for a value that is no such address. The sentence does not repeat the
    value, which may hold a password.
    """
    address, ref = environment.get(ADDRESS, ""), environment.get(REF, "")
    if not address:
        if ref:
            raise SystemExit(f"{REF} says which branch or tag of {ADDRESS}, and {ADDRESS} is not set.")
        return None
    if not _ADDRESS.fullmatch(address) or address.endswith(".git"):
        raise SystemExit(
            f"{ADDRESS} must be the https address of the repository's page, such as https://github.com/OWNER/NAME,"
            " without a user, a slash or .git at the end, or anything after it."
        )
    if ref and (not _REF.fullmatch(ref) or ".." in ref):
        raise SystemExit(f"{REF} must be the name of a branch or tag, such as main or v0.1.0.")
    return Repository(address, ref or "main")


def with_absolute_links(markdown: str, repository: Repository) -> str:
    """The page with its relative links and pictures made absolute; code, other links and places in the page stay."""

    def absolute(match: re.Match[str]) -> str:
        target = match[0]
        parts = urlsplit(target)
        if parts.scheme or parts.netloc or not parts.path:
            return target
        return repository.raw(target) if parts.path.lower().endswith(PICTURES) else repository.page(target)

    pieces: list[str] = []
    end = 0
    for code in _CODE.finditer(markdown):
        pieces += _TARGET.sub(absolute, markdown[end : code.start()]), code[0]
        end = code.end()
    return "".join([*pieces, _TARGET.sub(absolute, markdown[end:])])


class PublicAddress(MetadataHookInterface):
    """What hatchling calls, with the `project` table to fill in."""

    def update(self, metadata: dict[str, Any]) -> None:
        repository = from_environment(os.environ)
        metadata["urls"] = repository.urls() if repository else {}
        metadata["readme"] = PLAIN_PAGE
        if repository:
            text = (Path(self.root) / RELEASED_PAGE).read_text(encoding="utf-8")
            text = with_absolute_links(text, repository)
            metadata["readme"] = {"content-type": "text/markdown", "text": text}
