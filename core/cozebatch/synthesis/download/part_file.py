"""What a download leaves on disk while it comes: `NAME.part`, and beside it `NAME.part.json`, which says what it is the
beginning of. A file under its final name is complete. Headers are read tolerantly: an odd one counts as absent."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from cozebatch.model.errors import Category, StepError
from cozebatch.synthesis.download.file_type import file_type
from cozebatch.synthesis.failures import failure

_MOST_DIGITS = 18


@dataclass(frozen=True, slots=True)
class Beginning:
    """What a `.part` file is the beginning of. Without a validator a beginning is worth nothing."""

    validator: str
    total: int | None


def extent(response: httpx.Response, have: int) -> tuple[int, int | None]:
    """The offset at which this answer begins, and the length of the whole file."""
    if response.status_code == 206:
        span, _, whole = response.headers.get("Content-Range", "").removeprefix("bytes ").partition("/")
        if _count(span.partition("-")[0]) == have:
            return have, _count(whole)
        raise failure(Category.DOWNLOAD, "服务器返回了错误的片段", "the server sent another part than was asked for")
    return 0, _count(response.headers.get("Content-Length", ""))


def _count(text: str) -> int | None:
    """A number of bytes in a header; None for everything else."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS else None


def read_beginning(part: Path) -> Beginning | None:
    try:
        facts = json.loads(part.with_name(part.name + ".json").read_text(encoding="utf-8"))
        return Beginning(str(facts["validator"]), facts["total"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def write_beginning(part: Path, response: httpx.Response, total: int | None) -> None:
    side = part.with_name(part.name + ".json")
    etag = response.headers.get("ETag", "")
    validator = etag if etag and not etag.startswith("W/") else response.headers.get("Last-Modified", "")
    if not validator or not validator.isascii() or not validator.isprintable() or len(validator) > 500:
        side.unlink(missing_ok=True)
        return
    facts: dict[str, Any] = {"validator": validator, "total": total}
    side.write_text(json.dumps(facts), encoding="utf-8")


def complete(folder: Path, stem: str) -> Path | None:
    if not folder.is_dir():
        return None
    found = (path for path in folder.iterdir() if path.stem == stem and path.suffix not in (".part", ".json"))
    return next(found, None)


def finish(part: Path, stem: str) -> Path:
    """Check the file and give it its final name. Delete an unusable one, so that downloading again can help."""
    with open(part, "r+b") as file:  # Windows syncs only what was opened for writing
        head = file.read(4096)
        os.fsync(file.fileno())
    try:
        extension = file_type(head)
    except StepError:
        part.unlink()
        part.with_name(part.name + ".json").unlink(missing_ok=True)
        raise
    final = part.with_name(f"{stem}.{extension}")
    part.replace(final)
    part.with_name(part.name + ".json").unlink(missing_ok=True)
    return final


def size_of(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def drop(part: Path) -> None:
    with suppress(OSError):
        part.unlink(missing_ok=True)
        part.with_name(part.name + ".json").unlink(missing_ok=True)
