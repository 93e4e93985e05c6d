"""The columns of the task table: text, width and sort key of each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from cozebatch.model.rows import Row
from cozebatch.model.task import State
from cozebatch.model.text import Lang
from cozebatch_tui.locale.names import CATEGORIES, STATES
from cozebatch_tui.presentation.formatting import duration_or_blank

GLYPHS = {
    State.PENDING: ".",
    State.SUBMITTING: ">",
    State.RUNNING: "*",
    State.DOWNLOADING: "v",
    State.QUEUED: "=",
    State.SYNTHESIZING: "#",
    State.WRITING_BACK: "<",
    State.DONE: "+",
    State.FAILED: "x",
    State.HELD: "!",
    State.CANCELLED: "-",
    State.SKIPPED: "~",
}
"""One character per state, for readers who cannot see the colours."""

COLOURS = {
    State.PENDING: "text-muted",
    State.SUBMITTING: "primary",
    State.RUNNING: "primary",
    State.DOWNLOADING: "accent",
    State.QUEUED: "accent",
    State.SYNTHESIZING: "accent",
    State.WRITING_BACK: "accent",
    State.DONE: "success",
    State.FAILED: "error",
    State.HELD: "warning",
    State.CANCELLED: "text-muted",
    State.SKIPPED: "text-muted",
}
"""The theme variable of each state."""

_ORDER = {state: position for position, state in enumerate(State)}


@dataclass(frozen=True, slots=True)
class Column:
    """`width` in cells; 0 takes what is left. `least` is the width of the table below which it is left out."""

    name: str
    width: int
    text: Callable[[Row, float, Lang], str]
    sort_key: Callable[[Row], Any]
    right: bool = False
    least: int = 0


COLUMNS: Sequence[Column] = (
    Column(
        "state",
        14,
        lambda row, now, lang: f"{GLYPHS[row.state]} {STATES[row.state].in_(lang)}",
        lambda r: _ORDER[r.state],
    ),
    Column("progress", 10, lambda row, now, lang: "", lambda row: row.fraction or 0.0),
    Column("title", 0, lambda row, now, lang: row.title or row.task_id, lambda row: row.title),
    Column("account", 12, lambda row, now, lang: row.account_id, lambda row: row.account_id, least=100),
    Column(
        "coze",
        8,
        lambda row, now, lang: duration_or_blank(coze_seconds(row, now)),
        lambda row: row.coze_seconds,
        right=True,
    ),
    Column(
        "synthesis",
        7,
        lambda row, now, lang: duration_or_blank(synthesis_seconds(row, now)),
        lambda r: r.synthesis_seconds,
        right=True,
    ),
    Column(
        "attempts", 6, lambda row, now, lang: str(row.attempts or ""), lambda row: row.attempts, right=True, least=90
    ),
    Column(
        "error", 16, lambda row, now, lang: problem(row, lang), lambda row: row.error.category if row.error else "~"
    ),
    Column("id", 14, lambda row, now, lang: row.task_id, lambda row: row.task_id, least=130),
)


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
        return CATEGORIES[row.error.category].in_(lang)
    return row.note.in_(lang) if row.note is not None else ""


def shown_columns(width: int) -> list[tuple[Column, int]]:
    """The columns that fit into `width` cells and their widths; the flexible column takes the rest."""
    kept = [column for column in COLUMNS if width >= column.least]
    taken = sum(column.width for column in kept) + len(kept) + 2
    return [(column, column.width or max(8, width - taken)) for column in kept]
