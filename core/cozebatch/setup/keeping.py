"""Keeps the answers of an unfinished set-up, so that the next start can go on with them. Secrets are never kept.

The file lies in the state folder, readable by its owner only, and is removed once a configuration is written.
"""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import asdict, fields, replace
from pathlib import Path
from typing import Any, get_args

from cozebatch.bounds.json_values import read_json
from cozebatch.disk.removing import remove_file
from cozebatch.disk.writing import make_folder, read_own, write_whole
from cozebatch.model.default_paths import SETUP_FILE
from cozebatch.model.text import Lang
from cozebatch.setup.state import SECRETS, Answers, Keep, Mode, Source

_MOST_BYTES = 1024 * 1024
_VERSION = 1
_CHOICES: dict[str, tuple[str, ...]] = {
    "lang": get_args(Lang),
    "source": (*get_args(Source), ""),
    "mode": (*get_args(Mode), ""),
    "keep": (*get_args(Keep), ""),
    "relations": ("yes", "no", ""),
    "detach": ("yes", "no", ""),
}


def keep_answers(folder: Path, answers: Answers, config: Path) -> bool:
    """Keep them in this state folder for the set-up of this configuration; False if that could not be done. The set-up
    goes on without it."""
    kept = {name: value for name, value in asdict(_without_secrets(answers)).items() if value}
    text = json.dumps({"version": _VERSION, "config": str(config), "answers": kept}, ensure_ascii=False, indent=2)
    try:
        make_folder(folder, folder, 0o700)
        write_whole(folder / SETUP_FILE, text, folder)
    except OSError:
        return False
    return True


def kept_answers(folder: Path, config: Path) -> Answers | None:
    """The answers of an earlier set-up of this configuration; None if there are none that can be read."""
    try:
        found = read_json(read_own(folder / SETUP_FILE, folder, _MOST_BYTES))
    except (OSError, ValueError):
        return None
    answers = found.get("answers") if isinstance(found, dict) and found.get("version") == _VERSION else None
    if not isinstance(answers, dict) or not answers or found.get("config", str(config)) != str(config):
        return None
    known: dict[str, Any] = {}
    for field in fields(Answers):
        value = answers.get(field.name)
        if isinstance(field.default, str):
            if isinstance(value, str) and value in _CHOICES.get(field.name, (value,)):
                known[field.name] = value
        elif isinstance(value, dict):
            known[field.name] = {str(key): inner for key, inner in value.items() if isinstance(inner, str)}
    return _without_secrets(Answers(**known))


def forget_answers(folder: Path) -> None:
    """The set-up is finished."""
    with suppress(OSError):
        remove_file(folder / SETUP_FILE, folder)


def has_something(answers: Answers) -> bool:
    """Whether anything beside language and secrets was answered."""
    return _without_secrets(replace(answers, lang="zh", columns=dict(answers.columns))) != Answers()


def _without_secrets(answers: Answers) -> Answers:
    nothing: dict[str, Any] = dict.fromkeys(SECRETS, "")
    return replace(answers, **nothing)
