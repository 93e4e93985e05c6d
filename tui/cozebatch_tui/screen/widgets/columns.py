"""The columns of the task table: text, width and sort key of each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from cozebatch.model.rows import Row
from cozebatch.model.task import State
from cozebatch.model.text import Lang
from cozebatch_tui.locale.names import CATEGORIES
from cozebatch_tui.presentation.formatting import duration_or_blank
from cozebatch_tui.presentation.tones import urgency
from cozebatch_tui.screen.view_model import Pace

WIDEST_TITLE = 48
"""Cells; what is left over goes to the problem, never to blank."""
LEAST_PROBLEM = (16, 20)
"""In Chinese and in English."""
_LEAST_TITLE = 8
_EDGE = 2
"""Cells before the first column: the cursor and the mark."""
_TICKING = frozenset({"progress", "coze", "synthesis"})


@dataclass(frozen=True, slots=True)
class Column:
    """`width` in cells, in Chinese and in English; 0: it takes what is left. Below a table of `least` cells it is left
    out. Sorted is by what is shown at the moment: `sort_key` and `text` get the run's clock."""

    name: str
    width: tuple[int, int]
    sort_key: Callable[[Row, float, Pace | None], Any]
    text: Callable[[Row, float, Lang], str] = lambda row, now, lang: ""
    right: bool = False
    least: int = 0

    @property
    def ticks(self) -> bool:
        """Whether what it shows changes as time passes."""
        return self.name in _TICKING

    def cells(self, lang: Lang, table: int) -> int:
        return self.width[0 if lang == "zh" else 1] - (2 if self.name == "progress" and table < 100 else 0)


COLUMNS: Sequence[Column] = (
    Column("state", (10, 14), lambda row, now, pace: urgency(row.state)),
    Column("progress", (11, 11), lambda row, now, pace: progress(row, now, pace) or 0.0),
    Column(
        "title",
        (0, 0),
        lambda row, now, pace: row.title or row.task_id,
        lambda row, now, lang: row.title or row.task_id,
    ),
    Column(
        "account", (14, 14), lambda row, now, pace: row.account_id, lambda row, now, lang: row.account_id, least=100
    ),
    Column(
        "coze",
        (6, 6),
        lambda row, now, pace: coze_seconds(row, now),
        lambda row, now, lang: duration_or_blank(coze_seconds(row, now)),
        right=True,
    ),
    Column(
        "synthesis",
        (6, 6),
        lambda row, now, pace: synthesis_seconds(row, now),
        lambda row, now, lang: duration_or_blank(synthesis_seconds(row, now)),
        right=True,
    ),
    Column(
        "attempts",
        (4, 5),
        lambda row, now, pace: row.attempts,
        lambda row, now, lang: str(row.attempts or ""),
        right=True,
        least=112,
    ),
    Column(
        "error",
        (0, 0),
        lambda row, now, pace: row.error.category if row.error else "~",
        lambda row, now, lang: problem(row, lang),
    ),
    Column("id", (14, 14), lambda row, now, pace: row.task_id, lambda row, now, lang: row.task_id, least=140),
)


def progress(row: Row, now: float, pace: Pace | None) -> float | None:
    """The part that is done of the step under way, as measured, or of a usual execution: above 1.0 when it takes
    longer. None where nothing is under way."""
    if row.state.is_end or row.state is State.PENDING:
        return None
    if row.state is State.RUNNING and row.submit_clock is not None and pace is not None:
        return (now - row.submit_clock) / pace.coze_seconds
    return row.fraction


def coze_seconds(row: Row, now: float) -> float:
    """Seconds at Coze of the latest execution, also while it runs; `now` on the run's clock."""
    if row.state.in_flight and row.submit_clock is not None:
        return now - row.submit_clock
    return row.coze_seconds


def synthesis_seconds(row: Row, now: float) -> float:
    if row.state is State.SYNTHESIZING and row.synthesis_clock is not None:
        return now - row.synthesis_clock
    return row.synthesis_seconds


def problem(row: Row, lang: Lang) -> str:
    if row.error is not None:
        name = CATEGORIES[row.error.category].in_(lang)
        return f"{name} {row.error.code}" if row.error.code else name
    return row.note.in_(lang) if row.note is not None else ""


def shown_columns(width: int, lang: Lang) -> list[tuple[Column, int]]:
    """The columns that fit into a table of `width` cells, and their widths."""
    kept = [column for column in COLUMNS if width >= column.least]
    rest = width - sum(column.cells(lang, width) for column in kept) - (len(kept) - 1) - _EDGE
    title = max(_LEAST_TITLE, min(WIDEST_TITLE, rest - LEAST_PROBLEM[0 if lang == "zh" else 1]))
    flexible = {"title": title, "error": max(0, rest - title)}
    return [(column, flexible.get(column.name) or column.cells(lang, width)) for column in kept]


def column_at(x: int, width: int, lang: Lang) -> int | None:
    """The number, from 1, of the shown column `x` cells from the left; None before the first and after the last."""
    start = _EDGE
    for number, (_, cells) in enumerate(shown_columns(width, lang), start=1):
        if start <= x < start + cells + 1:
            return number
        start += cells + 1
    return None
