"""What an action could act on now, and what applies then."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cozebatch.model.task import State

if TYPE_CHECKING:
    from cozebatch.model.rows import Row
    from cozebatch.planning.price import Price


@dataclass(frozen=True, slots=True)
class Situation:
    """What an action could act on now."""

    chosen: Sequence[Row] = ()
    """The marked tasks, or the one under the cursor."""
    current: Row | None = None
    failed_shown: Sequence[Row] = ()
    """The tasks that are shown and have failed."""
    unfinished: bool = False
    """The batch still has work."""
    waiting: int = 0
    """Tasks that a trial left for later."""
    timeline: bool = False
    """The timeline is shown."""
    has_films: bool = False
    """Something was made in this batch."""
    in_browser: bool = False
    """The screen is drawn in a browser: nothing is opened on the machine of the batch."""


NOTHING = Situation()


def price_of(rows: Sequence[Row]) -> Price:
    from cozebatch.planning.price import price

    return price(rows)


def chosen(situation: Situation) -> Sequence[Row]:
    return situation.chosen


def failed_shown(situation: Situation) -> Sequence[Row]:
    return situation.failed_shown


def retriable(situation: Situation) -> bool:
    found = price_of(situation.chosen)
    return bool(found.free or found.paid)


def ended(situation: Situation) -> bool:
    return any(row.state.is_end for row in situation.chosen)


def cancellable(situation: Situation) -> bool:
    return any(not row.state.is_end or row.state is State.HELD for row in situation.chosen)


def has_link(situation: Situation) -> bool:
    row = situation.current
    return row is not None and (row.debug_url or "").startswith("https://")


def has_file(situation: Situation) -> bool:
    row = situation.current
    return row is not None and (row.video_path or row.draft_path) is not None and not situation.in_browser


def has_task(situation: Situation) -> bool:
    return situation.current is not None


def unfinished(situation: Situation) -> bool:
    return situation.unfinished


def has_film(situation: Situation) -> bool:
    row = situation.current
    return row is not None and row.video_path is not None and not situation.in_browser


def may_be_edited(situation: Situation) -> bool:
    row = situation.current
    return row is not None and row.state.is_end


def waits(situation: Situation) -> bool:
    row = situation.current
    return row is not None and row.waits


def sees_timeline(situation: Situation) -> bool:
    return situation.timeline
