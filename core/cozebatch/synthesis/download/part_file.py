"""What a download leaves on disk while it comes: `NAME.part`, and beside it `NAME.part.json`, which says what it is the
beginning of. A file under its final name is complete. Headers are read tolerantly: an odd one counts as absent."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from cozebatch.bounds.json_values import read_json
from cozebatch.bounds.numbers import count
from cozebatch.disk.places import is_link
from cozebatch.disk.removing import remove_file
from cozebatch.disk.writing import open_own, read_own, replace, write_whole
from cozebatch.model.errors import Category, StepError
from cozebatch.network.httpx_library import httpx
from cozebatch.synthesis.download.file_type import file_type
from cozebatch.synthesis.failures import failure

_MOST_FACTS = 4096
"""Bytes of the JSON beside a `.part`."""


@dataclass(frozen=True, slots=True)
class Beginning:
    """What a `.part` file is the beginning of. Without a validator a beginning is worth nothing."""

    validator: str
    total: int | None


def extent(response: httpx.Response, have: int) -> tuple[int, int | None]:
    """The offset at which this answer begins, and the length of the whole file."""
    if response.status_code == 206:
        span, _, whole = response.headers.get("Content-Range", "").removeprefix("bytes ").partition("/")
        if count(span.partition("-")[0]) == have:
            return have, count(whole)
        raise failure(Category.DOWNLOAD, "服务器返回了错误的片段", "the server sent another part than was asked for")
    return 0, count(response.headers.get("Content-Length", ""))


def open_part(part: Path, below: Path, start: int) -> BinaryIO:
    """The file at its byte `start`, cut off there. Raises `OSError`: for a link, or a file with a second name."""
    file = open_own(part, below)
    try:
        file.truncate(start)
        file.seek(start)
    except OSError:
        file.close()
        raise
    return file


def read_beginning(part: Path, below: Path) -> Beginning | None:
    try:
        facts = read_json(read_own(_side(part), below, _MOST_FACTS))
        total = facts["total"]
        return Beginning(str(facts["validator"]), total if isinstance(total, int) else None)
    except (OSError, ValueError, KeyError, TypeError):
        return None


def write_beginning(part: Path, below: Path, response: httpx.Response, total: int | None) -> None:
    side = _side(part)
    etag = response.headers.get("ETag", "")
    validator = etag if etag and not etag.startswith("W/") else response.headers.get("Last-Modified", "")
    if not validator or not validator.isascii() or not validator.isprintable() or len(validator) > 500:
        remove_file(side, below)
        return
    facts: dict[str, Any] = {"validator": validator, "total": total}
    write_whole(side, json.dumps(facts), below)


def complete(folder: Path, stem: str) -> Path | None:
    if not folder.is_dir():
        return None
    for path in folder.iterdir():
        if path.stem == stem and path.suffix not in (".part", ".json") and path.is_file() and not is_link(path):
            return path
    return None


def finish(part: Path, below: Path, stem: str) -> Path:
    """Check the file and give it its final name. Delete an unusable one, so that downloading again can help."""
    with open_own(part, below) as file:  # Windows syncs only what was opened for writing
        head = file.read(4096)
        os.fsync(file.fileno())
    try:
        extension = file_type(head)
    except StepError:
        drop(part, below)
        raise
    final = part.with_name(f"{stem}.{extension}")
    replace(part, final, below)
    remove_file(_side(part), below)
    return final


def size_of(path: Path) -> int:
    try:
        return path.lstat().st_size
    except FileNotFoundError:
        return 0


def drop(part: Path, below: Path) -> None:
    """Remove what came so far. Never raises: it can be fetched again."""
    with suppress(OSError):
        remove_file(part, below)
        remove_file(_side(part), below)


def _side(part: Path) -> Path:
    return part.with_name(part.name + ".json")
