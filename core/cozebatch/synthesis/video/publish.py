"""Puts a finished film in its place: one rename, the same name at every try, never over another film.

The small JSON beside a film says whose it is. Creating it exclusively claims the name; a name that something
else bears already is passed over for `NAME_2`, `NAME_3`, …
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from cozebatch.bounds.json_values import read_json
from cozebatch.disk.places import is_link
from cozebatch.disk.removing import remove_file
from cozebatch.disk.writing import EVERYBODY, make_folder, open_new, read_own, replace, write_whole
from cozebatch.ports import Job
from cozebatch.synthesis.names import fitting_name, is_of_the_same_execution, owner_of

_MAX_NAMES = 10_000
_ENDING = len("_9999_9999.json")
_MOST_BYTES = 4_000_000
"""Of the JSON beside a film that is read."""


def publish(job: Job, output_dir: Path, files: Mapping[str, Path], recipe: Mapping[str, Any]) -> dict[str, Path]:
    """Move `files` (suffix → finished file) into `output_dir/PROJECT/`, with `PROJECT.json` saying what was made.

    Returns suffix → absolute path. `.mp4` is moved last: when it is there, all is there. Raises `OSError`.
    """
    root = output_dir.absolute()
    project = _project(job, root)
    folder = _folder(root, project)
    owner = owner_of(job)
    name = _claim(root, folder, project, owner, files)
    side = folder / f"{name}.json"
    placed: dict[str, Path] = {}
    try:
        for suffix in sorted(files, key=lambda s: s == ".mp4"):
            placed[suffix] = folder / f"{name}{suffix}"
            if suffix == ".mp4":
                write_whole(side, _text({"schema_version": 1, "made_for": owner, **recipe}), root, mode=EVERYBODY)
            replace(files[suffix], placed[suffix], root)
    except OSError:
        if not (folder / f"{name}.mp4").exists():
            for path in (*placed.values(), side):
                with suppress(OSError):
                    remove_file(path, root)
        raise
    return placed


def find_published(job: Job, output_dir: Path, recipe: Mapping[str, Any]) -> tuple[Path, tuple[str, ...]] | None:
    """The film that an earlier try published for this execution by this very recipe, and its warnings; None for
    anything else. It was verified before it was published, and has its size still."""
    root = output_dir.absolute()
    folder = root / _project(job, root)
    wanted, owner = read_json(_text(recipe)), owner_of(job)
    if is_link(folder) or not folder.is_dir():
        return None
    for side in sorted(folder.glob("*.json")):
        made = _made(side, root)
        if not is_of_the_same_execution(made.get("made_for"), owner):
            continue
        if any(name not in made or made[name] != value for name, value in wanted.items()):
            continue
        film = side.with_suffix(".mp4")
        try:
            if not is_link(film) and film.stat().st_size == made["measured"]["size"]:
                return film, tuple(str(warning) for warning in made["warnings"])
        except (OSError, KeyError, TypeError):
            continue
    return None


def _project(job: Job, root: Path) -> str:
    return fitting_name(job.task.project_name or job.task.task_id, str(root), room=_ENDING, copies=2)


def _folder(output_dir: Path, project: str) -> Path:
    """The film's folder. A link of that name leads out of the output folder and is passed over like a taken name."""
    for number in range(1, _MAX_NAMES):
        folder = output_dir / (project if number == 1 else f"{project}_{number}")
        if is_link(folder):
            continue
        make_folder(folder, output_dir)
        return folder
    raise FileExistsError(17, "no name is free", str(output_dir))


def _claim(root: Path, folder: Path, project: str, owner: Mapping[str, Any], files: Mapping[str, Path]) -> str:
    for number in range(1, _MAX_NAMES):
        name = project if number == 1 else f"{project}_{number}"
        side = folder / f"{name}.json"
        taken = any(os.path.lexists(folder / f"{name}{suffix}") for suffix in files)
        if os.path.lexists(side):
            if _made(side, root).get("made_for") == owner:
                return name
            continue
        if taken:
            continue
        try:
            with open_new(side, root, EVERYBODY) as file:
                file.write(_text({"schema_version": 1, "made_for": dict(owner)}).encode())
        except FileExistsError:
            continue
        return name
    raise FileExistsError(17, "no name is free", str(folder))


def _made(side: Path, root: Path) -> dict[str, Any]:
    """What the JSON says of its film; nothing for a link and for what cannot be read."""
    try:
        found = read_json(read_own(side, root, _MOST_BYTES))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _text(value: Mapping[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2) + "\n"
