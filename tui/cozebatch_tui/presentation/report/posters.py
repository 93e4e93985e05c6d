"""A frame of each film of a batch, for the report page. ffmpeg takes them, a few films at a time."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from cozebatch.model.rows import Row
from cozebatch.model.task import State
from cozebatch.synthesis.options import without_secrets
from cozebatch.synthesis.process.frame import jpeg_of

MOST = 48
"""Films whose frame is shown: the page stays small, and is there within seconds."""
SIZE = (180, 320)
"""Pixels, at most."""
_AT_ONCE = 4


def posters(rows: Iterable[Row]) -> Mapping[str, bytes]:
    """Task id → JPEG, for the first `MOST` films that are still where they were made. Blocks."""
    films = [(row.task_id, Path(row.video_path)) for row in rows if row.state is State.DONE and row.video_path]
    here = [(task_id, path) for task_id, path in films if _is_film(path)][:MOST]
    environment = without_secrets(os.environ)
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        frames = pool.map(lambda film: jpeg_of(film[1], *SIZE, environment=environment), here)
        return {task_id: frame for (task_id, _), frame in zip(here, frames, strict=True) if frame is not None}


def _is_film(path: Path) -> bool:
    try:
        return path.suffix.lower() == ".mp4" and path.is_file() and not path.is_symlink()
    except OSError:
        return False
