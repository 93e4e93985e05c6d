"""Still pictures as the film's picture: how many may be decoded at once, and what is done with more or larger ones.

ffmpeg decodes the first frame of every input before it draws anything, so a film of many stills, or of large ones,
would hold them all. Small ones are drawn in the one pass of the film. Others, and those that must be converted, are
scaled to the film's size first, one process after the other, and the film reads the scaled ones in turn.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import anyio.to_thread

from cozebatch.synthesis.analyse import pictures
from cozebatch.synthesis.compose.timeline import Timeline
from cozebatch.synthesis.process.ffmpeg import Ffmpeg

MOST_AT_ONCE = 24
PIXELS_AT_ONCE = 64_000_000
SCALED = "still-%05d.jpg"


def most_pixels(timeline: Timeline) -> int:
    """How many pixels each still of the film may have to be drawn with all others in one pass; 0 if they are too
    many."""
    count = len(timeline.picture)
    return PIXELS_AT_ONCE // count if 0 < count <= MOST_AT_ONCE else 0


async def fit_one_pass(timeline: Timeline) -> bool:
    """Whether all stills can be drawn in the one pass of the film: few, small, and none to be converted."""
    if not most_pixels(timeline):
        return False
    shapes = [await anyio.to_thread.run_sync(pictures.look, Path(path)) for path in dict.fromkeys(_paths(timeline))]
    return all(shape.plain for shape in shapes)


async def scale_each(ffmpeg: Ffmpeg, timeline: Timeline, filters: str, folder: Path, *, timeout: float) -> None:
    """Write every still of the film into `folder` under the names of `SCALED`, counted from 0, the last one twice.

    Raises `StepError`.
    """
    done: dict[str, Path] = {}
    paths = _paths(timeline)
    for number, path in enumerate([*paths, paths[-1]]):
        target = folder / (SCALED % number)
        if path in done:
            await anyio.to_thread.run_sync(shutil.copyfile, done[path], target)
            continue
        await pictures.convert(ffmpeg, Path(path), target, filters=filters, timeout=timeout)
        done[path] = target


def _paths(timeline: Timeline) -> list[str]:
    """Absolute: ffmpeg runs in the scratch folder."""
    return [str(Path(clip.source.path).absolute()) for clip in timeline.picture]
