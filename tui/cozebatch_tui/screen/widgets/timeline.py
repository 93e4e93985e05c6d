"""The timeline: when each task waited, ran at Coze, queued and was synthesized. Now is at the right edge.

It shows a window of running time, and only the tasks of which something is in it. Above them stand clock times and two
lanes: the slots of both limits that were used.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import groupby
from typing import ClassVar, Literal

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.content import Content
from textual.strip import Strip

from cozebatch.model.board import Board
from cozebatch.model.rows import Row, Stage
from cozebatch.model.task import State
from cozebatch.model.text import Lang
from cozebatch_tui.locale import timeline as texts
from cozebatch_tui.presentation.cells import fit
from cozebatch_tui.presentation.tones import TONE_OF, Tone
from cozebatch_tui.screen.action_keys import live_keys, text_with_keys
from cozebatch_tui.screen.error_boundary import guarded
from cozebatch_tui.screen.host import host_of
from cozebatch_tui.screen.widgets.task_list import TaskList

Part = Literal["", "waits", "coze", "queue", "film", "end"]
"""What stands in one cell of a task's line."""

WINDOWS = (300.0, 900.0, 1800.0, 3600.0, 3 * 3600.0, 12 * 3600.0)
"""Seconds of running time that can be seen at once, beside all of it."""
FIRST_WINDOW = 1
_LEAST = 60.0
"""Seconds of the shortest axis."""
WIDEST_NAME = 28
_EDGE = 2
"""Cells before the name: the cursor, and a blank."""
_TICKS = (60, 120, 300, 600, 1200, 1800, 3600, 7200, 14400, 21600, 43200)
"""Seconds between two clock times on the axis."""
_LABEL = 8
"""Cells that a clock time needs, with a gap."""
_TONES: dict[str, str] = {
    "waits": "line",
    "coze": Tone.COZE,
    "queue": Tone.FILM,
    "film": Tone.FILM,
}


class Timeline(TaskList):
    """A Gantt chart. Redrawn a few times a second; the cost depends on what is seen."""

    DEFAULT_CSS = "Timeline { height: 1fr; min-height: 6; }"
    HEADING: ClassVar[int] = 3

    def __init__(self, board: Board, lang: Lang, **more: str) -> None:
        super().__init__(**more)
        self.board = board
        self.lang: Lang = lang
        self._window: int | None = FIRST_WINDOW
        """The place in `WINDOWS`; None: all of it."""
        self._total = 0
        """Tasks inside the window and outside."""

    def show(self, order: Sequence[str], *, by_time: bool) -> None:
        """Of these tasks those inside the window; `by_time`: the newest submissions first."""
        start, rows = self.start, self.board.rows
        inside = [task_id for task_id in order if _is_inside(rows[task_id], start)]
        if by_time:
            inside.sort(key=lambda task_id: -(rows[task_id].submit_clock or 0.0))
        self.show_tasks(inside)
        self._total = len(order)
        self._tell()

    def zoom(self, step: int) -> None:
        """A longer window, or a shorter one for -1."""
        last = len(WINDOWS) - 1
        before = last + 1 if self._window is None else self._window
        self._window = None if before + step > last else max(0, before + step)

    def zoom_all(self) -> None:
        self._window = None

    def take_over(self, other: Timeline) -> None:
        self._window, self.cursor_id = other._window, other.cursor_id

    @property
    def span(self) -> float:
        """Seconds from edge to edge: no more than the batch has run, at least a minute."""
        passed = max(self.board.clock, _LEAST)
        return passed if self._window is None else min(passed, WINDOWS[self._window])

    @property
    def start(self) -> float:
        """The left edge, on the run's clock; now is at the right one. Below 0 nothing has been."""
        return self.board.clock - self.span

    def heading(self, width: int, number: int = 0) -> Strip:
        plain = self.ground("background")
        name, room = _shares(width)
        if number == 0:
            axis = Segment(self._axis(room), plain + self.colour("muted"))
            return Strip([Segment(" " * (width - room), plain), axis]).adjust_cell_length(width, plain)
        label = (texts.COZE if number == 1 else texts.SYNTHESIS).in_(self.lang)
        counts, limits = self.board.counts, self.board.limits
        used = sum(counts[state] for state in State if state.in_flight) if number == 1 else counts[State.SYNTHESIZING]
        limit = limits[Stage.COZE if number == 1 else Stage.SYNTHESIS].in_force
        segments = [Segment(" " * _EDGE + fit(f"{label} {used}/{limit}", name) + " ", plain + self.colour("muted"))]
        segments.extend(self._lane(number == 1, room, plain))
        return Strip(segments).adjust_cell_length(width, plain)

    def line(self, task_id: str, width: int, style: Style) -> Strip:
        row, glyphs = self.board.rows[task_id], host_of(self).look.glyphs
        name, room = _shares(width)
        tone = style + self.colour(TONE_OF[row.state])
        edge = glyphs.cursor if task_id == self.cursor_id else " "
        segments = [
            Segment(edge, style + self.colour(Tone.COZE)),
            Segment(f"{glyphs.states[row.state]} ", tone),
            Segment(fit(row.title or row.task_id, name - 1) + " ", style),
        ]
        signs = {
            "": " ",
            "waits": glyphs.waits,
            "coze": glyphs.at_coze,
            "queue": glyphs.queue,
            "film": glyphs.film,
            "end": glyphs.states[row.state],
        }
        for part, cells in groupby(parts(row, self.start, self.span, self.board.clock, room)):
            colour = tone if part == "end" else style + self.colour(_TONES[part]) if part else style
            segments.append(Segment(signs[part] * len(list(cells)), colour))
        return Strip(segments)

    def empty(self) -> str:
        return text_with_keys(texts.NOTHING, self.lang, live_keys(self.screen))

    def _axis(self, room: int) -> str:
        """Clock times where they belong, and `now` at the right edge."""
        now = texts.NOW.in_(self.lang)
        second = self.span / max(1, room)
        step = next((tick for tick in _TICKS if tick / second >= _LABEL), _TICKS[-1])
        wall = self.board.wall - self.board.clock + self.start
        shift = datetime.fromtimestamp(wall).astimezone().utcoffset()
        local = wall + (shift.total_seconds() if shift is not None else 0.0)
        text, at = "", step - local % step
        while (cell := int(at / second)) + 5 < room - cell_len(now):
            text = f"{text.ljust(cell)}{datetime.fromtimestamp(wall + at):%H:%M}"
            at += step
        return text + now.rjust(room - cell_len(text) - cell_len(now) + len(now))

    def _lane(self, coze: bool, room: int, plain: Style) -> Iterator[Segment]:
        """In each cell the most slots that were used then, of those that the operator wants; amber where there were
        fewer."""
        usage, levels = host_of(self).view_model.usage, host_of(self).look.glyphs.levels
        second = self.span / max(1, room)
        cells: list[tuple[str, str]] = []
        for cell in range(room):
            begin = self.start + cell * second
            used = usage.between(begin, begin + second) if begin <= self.board.clock else None
            if used is None:
                cells.append((" ", Tone.WAITING))
                continue
            number, limit, wanted = (
                (used.coze, used.coze_limit, used.coze_wanted)
                if coze
                else (used.synthesis, used.synthesis_limit, used.synthesis_wanted)
            )
            most = max(wanted, number, 1)
            sign = levels[-(-len(levels) * number // most) - 1] if number else " "
            tone = Tone.ATTENTION if limit < wanted else Tone.COZE if coze else Tone.FILM
            cells.append((sign, tone))
        for tone, run in groupby(cells, key=lambda cell: cell[1]):
            yield Segment("".join(sign for sign, _ in run), plain + self.colour(tone))

    @guarded
    def on_resize(self) -> None:
        self._tell()

    def _tell(self) -> None:
        """The window in the border's title, the legend and the keys in its subtitle."""
        lang, glyphs = self.lang, host_of(self).look.glyphs
        shown = texts.SHOWN.filled(shown=len(self.order), total=self._total).in_(lang)
        self.border_title = Content(f" {glyphs.dot} ".join((texts.TITLE.in_(lang), self._window_name(), shown)))
        signs = {"waits": glyphs.waits, "coze": glyphs.at_coze, "queue": glyphs.queue, "film": glyphs.film}
        legend = [
            Content.assemble((signs[part] * 2, f"${_TONES[part]}"), f" {name.in_(lang)}")
            for part, name in texts.LEGEND.items()
        ]
        keys = Content(text_with_keys(texts.KEYS, lang, live_keys(self.screen)))
        whole = Content("  ").join([*legend, keys])
        self.border_subtitle = whole if whole.cell_length <= self.size.width - 4 else Content("  ").join(legend)

    def _window_name(self) -> str:
        if self._window is None:
            return texts.ALL.in_(self.lang)
        minutes = int(WINDOWS[self._window] // 60)
        if minutes > 60:
            return texts.LAST_HOURS.in_(self.lang).format(count=minutes // 60)
        return texts.LAST_MINUTES.in_(self.lang).format(count=minutes)


def _shares(width: int) -> tuple[int, int]:
    """Cells for the name and for the chart."""
    name = max(8, min(WIDEST_NAME, width // 4))
    return name, max(1, width - name - _EDGE - 1)


def _is_inside(row: Row, start: float) -> bool:
    """Whether something of it happened after `start`; what only waits is on no timeline."""
    if row.state is State.PENDING or (row.submit_clock is None and row.synthesis_clock is None):
        return False
    return not row.state.is_end or row.end_clock is None or row.end_clock >= start


def parts(row: Row, start: float, span: float, now: float, width: int) -> list[Part]:
    """`width` cells that show `span` seconds from `start` on. What is shorter than a cell still fills one, and the
    sign of how it ended stands in the last one, unless it is done."""
    cells: list[Part] = [""] * width

    def fill(part: Part, begin: float | None, end: float | None) -> None:
        until = now if end is None else end
        if begin is None or until < start:
            return
        first = min(width - 1, max(0, int((begin - start) / span * width)))
        last = max(first + 1, round((until - start) / span * width))
        for place in range(first, min(width, last)):
            cells[place] = part

    ended = row.end_clock if row.state.is_end else None
    fill("waits", 0.0, row.submit_clock if row.submit_clock is not None else ended)
    if row.state.in_flight or row.coze_end_clock is not None:
        fill("coze", row.submit_clock, row.coze_end_clock)
    if not row.state.in_flight:
        fill("queue", row.coze_end_clock, row.synthesis_clock if row.synthesis_clock is not None else ended)
    fill("film", row.synthesis_clock, None if row.state is State.SYNTHESIZING else row.synthesis_end_clock)
    if ended is not None and row.state is not State.DONE:
        fill("end", ended, ended)
    return cells
