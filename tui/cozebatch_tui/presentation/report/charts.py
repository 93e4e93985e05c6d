"""The report's charts as SVG. Colours are variables of the page, so that they follow its light or dark ground."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from html import escape

from cozebatch.model.rows import Row
from cozebatch_tui.presentation.cells import fit
from cozebatch_tui.presentation.formatting import duration

MOST_ROWS = 300
"""Tasks that the timeline draws: beyond that nobody sees a single one, and the page grows."""

_STEPS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 28_800, 86_400)
_NAME, _WIDE, _ROW, _FOOT = 200, 1120, 18, 22
_NAME_CELLS = 32
"""Cells that fit beside the bars; a Chinese character takes two and is 11 px wide."""
_WIDTH, _HEIGHT, _LEFT = 460, 150, 34


def ticks(span: float, most: int = 8) -> list[float]:
    """Round times from 0 to `span` seconds, at most so many steps."""
    step = next((step for step in _STEPS if span / step <= most), math.ceil(span / most / 86_400) * 86_400)
    return [number * step for number in range(int(span // step) + 1)]


def timeline(rows: Iterable[Row], span: float) -> str:
    """What each task did when, over the run's own clock."""
    shown = [row for row in rows if row.submit_clock is not None][:MOST_ROWS]
    span = max(span, 1.0)
    height = _ROW * len(shown) + _FOOT
    scale = (_WIDE - _NAME - 10) / span
    parts = [f'<svg viewBox="0 0 {_WIDE} {height}" role="img">']
    for at in ticks(span):
        x = _NAME + at * scale
        parts.append(f'<path class="grid" d="M{x:.1f} 0V{height - _FOOT}"/>')
        parts.append(f'<text x="{x:.1f}" y="{height - 6}" text-anchor="middle">{duration(at)}</text>')
    for number, row in enumerate(shown):
        y = number * _ROW
        name = escape(fit(row.title or row.task_id, _NAME_CELLS).rstrip())
        parts.append(f'<text class="name" x="0" y="{y + 13}">{name}</text>')
        for colour, start, end in spans(row, span):
            parts.append(
                f'<rect x="{_NAME + start * scale:.1f}" y="{y + 3}" width="{max(1.0, (end - start) * scale):.1f}" '
                f'height="12" rx="2" fill="var(--{colour})"><title>{duration(end - start)}</title></rect>'
            )
    return "".join([*parts, "</svg>"])


def spans(row: Row, span: float) -> list[tuple[str, float, float]]:
    """What the task waited for or did, with begin and end in seconds of the run's clock."""
    assert row.submit_clock is not None
    found = [("wait", 0.0, row.submit_clock)]
    coze_end = row.coze_end_clock
    if coze_end is None and row.state.in_flight:
        coze_end = span
    if coze_end is not None:
        found.append(("coze", row.submit_clock, coze_end))
        if row.synthesis_clock is not None:
            found.append(("queue", coze_end, row.synthesis_clock))
            film_end = row.synthesis_end_clock if row.synthesis_end_clock is not None else span
            found.append(("film", row.synthesis_clock, film_end))
    return [(colour, start, end) for colour, start, end in found if end > start]


def histogram(values: Sequence[float], colour: str) -> str:
    """How many tasks took how long; at most 20 bars, each a round number of seconds wide."""
    if not values:
        return ""
    step = next((step for step in _STEPS if max(values) / step <= 20), _STEPS[-1])
    counts = [0] * (int(max(values) // step) + 1)
    for value in values:
        counts[int(value // step)] += 1
    first = next(number for number, count in enumerate(counts) if count)
    return _bars(counts[first:], [duration((first + n) * step) for n in range(len(counts) - first + 1)], colour)


def pace(ends: Sequence[float], span: float) -> tuple[str, float]:
    """Films finished in each stretch of time, and the stretch in seconds."""
    step = next((step for step in _STEPS if step >= 10 and span / step <= 30), _STEPS[-1])
    counts = [0] * (int(span // step) + 1)
    for end in ends:
        counts[min(len(counts) - 1, int(end // step))] += 1
    return _bars(counts, [duration(n * step) for n in range(len(counts) + 1)], "film"), step


def slots(rows: Iterable[Row], span: float, limit: int) -> str:
    """How many executions ran at Coze at once, and the limit; of tasks that were retried the latest execution."""
    changes = []
    for row in rows:
        if row.submit_clock is not None:
            end = span if row.coze_end_clock is None else row.coze_end_clock
            changes += [(row.submit_clock, 1), (max(end, row.submit_clock), -1)]
    changes.sort()
    span = max(span, 1.0)
    most = max(limit, _highest(changes), 1)
    x, y = (_WIDTH - _LEFT - 6) / span, (_HEIGHT - 10) / most
    path, at_once = [f"M{_LEFT} {_HEIGHT}"], 0
    for at, change in changes:
        path.append(f"H{_LEFT + at * x:.1f}")
        at_once += change
        path.append(f"V{_HEIGHT - at_once * y:.1f}")
    path.append(f"H{_LEFT + span * x:.1f}V{_HEIGHT}Z")
    line = _HEIGHT - limit * y
    return (
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT + _FOOT}" role="img"><path d="{"".join(path)}" fill="var(--coze)"/>'
        f'<path class="grid" stroke-dasharray="4 3" d="M{_LEFT} {line:.1f}H{_WIDTH - 6}"/>'
        f'<text x="{_LEFT - 5}" y="{line + 4:.1f}" text-anchor="end">{limit}</text>'
        + _axis([_LEFT + at * x for at in ticks(span, 5)], [duration(at) for at in ticks(span, 5)])
        + "</svg>"
    )


def _highest(changes: Sequence[tuple[float, int]]) -> int:
    highest = at_once = 0
    for _, change in changes:
        at_once += change
        highest = max(highest, at_once)
    return highest


def _bars(counts: Sequence[int], edges: Sequence[str], colour: str) -> str:
    most = max(1, *counts)
    width = (_WIDTH - _LEFT - 6) / len(counts)
    parts = [f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT + _FOOT}" role="img">']
    for number, count in enumerate(counts):
        height = count / most * (_HEIGHT - 14)
        x = _LEFT + number * width
        parts.append(
            f'<rect x="{x + 0.5:.1f}" y="{_HEIGHT - height:.1f}" width="{max(1.0, width - 1):.1f}" '
            f'height="{height:.1f}" fill="var(--{colour})"><title>{edges[number]}–{edges[number + 1]}: {count}</title>'
            "</rect>"
        )
    parts.append(f'<path class="grid" d="M{_LEFT} {_HEIGHT}H{_WIDTH - 6}"/>')
    parts.append(f'<text x="{_LEFT - 5}" y="18" text-anchor="end">{most}</text>')
    every = math.ceil(len(edges) / 6)
    places = range(0, len(edges), every)
    parts.append(_axis([_LEFT + n * width for n in places], [edges[n] for n in places]))
    return "".join([*parts, "</svg>"])


def _axis(places: Sequence[float], names: Sequence[str]) -> str:
    return "".join(
        f'<text x="{min(max(x, _LEFT), _WIDTH - 20):.1f}" y="{_HEIGHT + 15}" text-anchor="middle">{name}</text>'
        for x, name in zip(places, names, strict=True)
    )
