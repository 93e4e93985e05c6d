"""Decides whether a film that failed on a worker failed because of that worker.

A worker that has lost the shared folder, or whose disk is full, fails every film at once and so draws the next ones:
it would use up the tries of a whole batch. Its films are made elsewhere, which costs them no try.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import anyio.to_thread

from cozebatch.model.errors import Category, ErrorInfo, StepError
from cozebatch.synthesis.cluster.link import Connected, Link
from cozebatch.synthesis.cluster.work import UNWANTED
from cozebatch.synthesis.failures import failure
from cozebatch.synthesis.subtitles.fonts import NO_GLYPH

MOST_MOVES = 10
"""Times a film is given to another worker before its error costs a try, should workers fail and come back by turns."""


@dataclass(slots=True)
class Tried:
    """Where one film has failed so far, for what its worker is to blame for."""

    lacking: set[str] = field(default_factory=set)
    """Workers that lack the room or a font for this very film."""
    moves: int = 0
    last: StepError | None = None
    """What was wrong with the worker that was left out last."""


async def judge(error: ErrorInfo, worker: str | None, link: Link, connected: Connected, tried: Tried) -> None:
    """Return if the worker is to blame and the film can be made elsewhere, now or when a machine comes back. Raises
    `StepError` otherwise.

    A full disk that is everybody's stays `disk_full`, which pauses the batch.
    """
    if worker is None or error.code == UNWANTED:
        raise StepError(error)
    unfit = await anyio.to_thread.run_sync(link.review, worker, connected.number, abandon_on_cancel=True)
    lacks = error.category is Category.DISK_FULL or error.code == NO_GLYPH
    if not lacks and unfit is None:
        raise StepError(error)
    tried.moves += 1
    if lacks:
        tried.lacking.add(worker)
        now = link.now
        if now is None or now.films.keys() <= tried.lacking:
            raise StepError(error if unfit is None else error.with_message(unfit))
    tried.last = None if unfit is None else failure(Category.WORKER_CRASHED, unfit.zh, unfit.en, code="worker")
    if tried.moves > MOST_MOVES:
        raise tried.last or StepError(error)
