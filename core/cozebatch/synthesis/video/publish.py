"""Puts a finished film in its place: one rename, the same name at every try, never over another film.

The small JSON beside a film says whose it is. Creating it exclusively claims the name; a name that something
else bears already is passed over for `NAME_2`, `NAME_3`, …
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cozebatch.ports import Job
from cozebatch.synthesis.names import is_link, owner_of, safe_name

_MAX_NAMES = 10_000


def publish(job: Job, output_dir: Path, files: Mapping[str, Path], recipe: Mapping[str, Any]) -> dict[str, Path]:
    """Move `files` (suffix → finished file) into `output_dir/PROJECT/`, with `PROJECT.json` saying what was made.

    Returns suffix → absolute path. `.mp4` is moved last: when it is there, all is there. Raises `OSError`.
    """
    project = safe_name(job.task.project_name or job.task.task_id)
    folder = _folder(output_dir.absolute(), project)
    owner = owner_of(job)
    name = _claim(folder, project, owner, files)
    side = folder / f"{name}.json"
    placed: dict[str, Path] = {}
    try:
        for suffix in sorted(files, key=lambda s: s == ".mp4"):
            placed[suffix] = folder / f"{name}{suffix}"
            if suffix == ".mp4":
                _write_whole(side, {"schema_version": 1, "made_for": owner, **recipe})
            os.replace(files[suffix], placed[suffix])
    except OSError:
        if not (folder / f"{name}.mp4").exists():
            for path in (*placed.values(), side):
                path.unlink(missing_ok=True)
        raise
    return placed


def _folder(output_dir: Path, project: str) -> Path:
    """The film's folder. A link of that name leads out of the output folder and is passed over like a taken name."""
    output_dir.mkdir(parents=True, exist_ok=True)
    for number in range(1, _MAX_NAMES):
        folder = output_dir / (project if number == 1 else f"{project}_{number}")
        if is_link(folder):
            continue
        folder.mkdir(exist_ok=True)
        return folder
    raise FileExistsError(17, "no name is free", str(output_dir))


def _claim(folder: Path, project: str, owner: Mapping[str, Any], files: Mapping[str, Path]) -> str:
    for number in range(1, _MAX_NAMES):
        name = project if number == 1 else f"{project}_{number}"
        side = folder / f"{name}.json"
        taken = any(os.path.lexists(folder / f"{name}{suffix}") for suffix in files)
        if os.path.lexists(side):
            if not is_link(side) and _owner(side) == owner:
                return name
            continue
        if taken:
            continue
        try:
            with open(side, "x", encoding="utf-8") as file:
                json.dump({"schema_version": 1, "made_for": dict(owner)}, file, ensure_ascii=False)
        except FileExistsError:
            continue
        return name
    raise FileExistsError(17, "no name is free", str(folder))


def _owner(side: Path) -> Any:
    try:
        return json.loads(side.read_text(encoding="utf-8"))["made_for"]
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _write_whole(path: Path, value: Mapping[str, Any]) -> None:
    handle, new = tempfile.mkstemp(prefix=f"{path.stem[:60]}.", suffix=".new", dir=path.parent)  # follows no link
    try:
        with open(handle, "w", encoding="utf-8", newline="\n") as file:
            file.write(json.dumps(value, ensure_ascii=False, indent=2) + "\n")
        os.chmod(new, 0o644)
        os.replace(new, path)
    except OSError:
        Path(new).unlink(missing_ok=True)
        raise
