"""Project names for films and drafts: unique, and safe as a folder name on every system.

The default is `{account}_{title, at most 30 characters}_{YYYYMMDD_HHMMSS}` (docs/contract.md §3). A name from the
source is kept as far as a folder name allows.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from cozebatch.model.task import Task

MAX_CHARACTERS = 80
"""Windows allows 260 characters per path; the draft folder's own path takes about 100 of them."""
MAX_BYTES = 180
"""Linux allows 255 bytes per name; the endings (`_2`, `.mp4`, `.part`) must fit too."""
TITLE_CHARACTERS = 30

_UNSAFE = re.compile(r'[<>:"/\\|?*]')
_STAMP = re.compile(r"(?:^|_)[0-9]{8}_[0-9]{6}(?:_[0-9]+)?$")
_ANY_STAMP = "20000101_000000"
_SPACES = re.compile(r"\s+")
_RESERVED = re.compile(r"(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin\$|conout\$)\s*(\..*)?", re.IGNORECASE)
"""Device names of Windows; they are reserved with any ending too."""
_INVISIBLE = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})


def assign_project_names(tasks: Iterable[Task], now: datetime) -> list[Task]:
    """The same tasks, each with a safe project name; the names differ even if case is ignored."""
    stamp = now.strftime("%Y%m%d_%H%M%S")
    taken: set[int] = set()  # hashes; after a collision a name only gets a needless number
    next_number: dict[int, int] = {}
    named = list(tasks)
    del tasks
    for place, task in enumerate(named):
        given = safe_name(task.project_name)
        name = given or _default(task, stamp)
        key = hash(_alike(name))
        if key in taken:
            number = next_number.get(key, 2)
            while hash(_alike(numbered := _cut(name, f"_{number}"))) in taken:
                number += 1
            next_number[key] = number + 1
            name = numbered
        taken.add(hash(_alike(name)))
        named[place] = task.with_project_name(name, default=not given)
    return named


def differ_in_time_only(name: str, other: str) -> bool:
    """Whether both are default names of the same task, made at different starts."""
    return _STAMP.search(name) is not None and _STAMP.sub("", name) == _STAMP.sub("", other)


def retitled(task: Task, title: str, taken: Iterable[str]) -> str:
    """The task's project name with another title in it, if it is a default name; else the same. It differs from the
    `taken` ones."""
    stamp = _STAMP.search(task.project_name)
    if stamp is None or _STAMP.sub("", task.project_name) != _STAMP.sub("", _default(task, _ANY_STAMP)):
        return task.project_name
    name = _default(replace(task, title=title), "_".join(stamp[0].lstrip("_").split("_")[:2]))
    others = {_alike(other) for other in taken}
    numbered, number = name, 2
    while _alike(numbered) in others:
        numbered = _cut(name, f"_{number}")
        number += 1
    return numbered


def safe_name(text: str, *, characters: int = MAX_CHARACTERS, size: int = MAX_BYTES) -> str:
    """`text` as a valid folder name on Windows, macOS and Linux; empty if nothing is left."""
    if not text:
        return text
    # The text can have 100 MB; only its beginning can get into the name.
    text = text[: characters * 20]
    if not text.isprintable():
        text = "".join(
            " " if character.isspace() else character
            for character in text
            if character.isspace() or unicodedata.category(character) not in _INVISIBLE
        )
    text = unicodedata.normalize("NFC", text)
    text = _SPACES.sub(" ", _UNSAFE.sub("_", text)).strip(" .")
    if _RESERVED.fullmatch(text):
        text = f"_{text}"
    return _within(text, characters, size)


def _default(task: Task, stamp: str) -> str:
    title = safe_name(task.title, characters=TITLE_CHARACTERS) or (
        "" if task.account_id else safe_name(task.task_id, characters=TITLE_CHARACTERS)
    )
    ending = "_".join(part for part in (title, stamp) if part)
    room = MAX_BYTES - len(ending.encode()) - 1
    account = safe_name(task.account_id, characters=MAX_CHARACTERS - len(ending) - 1, size=room)
    return "_".join(part for part in (account, ending) if part)


def _cut(name: str, ending: str) -> str:
    """`name` with `ending`; `name` is shortened if both do not fit."""
    return _within(name, MAX_CHARACTERS - len(ending), MAX_BYTES - len(ending.encode())) + ending


def _within(text: str, characters: int, size: int) -> str:
    text = text[:characters].encode()[:size].decode(errors="ignore")
    return text.rstrip(" .")


def _alike(name: str) -> str:
    """A key that is equal for names that some file system treats as the same."""
    return unicodedata.normalize("NFKC", name.casefold())
