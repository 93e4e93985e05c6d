"""The timeline: when each task waited, ran at Coze, queued and was synthesized, on one axis of running time."""

from __future__ import annotations

from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from cozebatch.model.board import Board
from cozebatch.model.rows import Row, Stage
from cozebatch.model.task import State
from cozebatch.model.text import Lang
from cozebatch_tui.locale import screen as texts
from cozebatch_tui.presentation.cells import fit
from cozebatch_tui.presentation.formatting import duration
from cozebatch_tui.screen.host import host_of
from cozebatch_tui.screen.widgets.task_list import TaskList

NAME_WIDTH = 26


class Timeline(TaskList):
    """A Gantt chart of the tasks in the table's order."""

    DEFAULT_CSS = "Timeline { height: 1fr; min-height: 4; }"

    def __init__(self, board: Board, lang: Lang, **more: str) -> None:
        super().__init__(**more)
        self.board = board
        self.lang: Lang = lang

    def heading(self, width: int) -> Strip:
        style = self.ground("background") + self.colour("muted") + Style(bold=True, underline=True)
        coze, synthesis = self.board.limits[Stage.COZE], self.board.limits[Stage.SYNTHESIS]
        lanes = f"Coze {self._in_flight()}/{coze.in_force}  {texts.COLUMNS['synthesis'].in_(self.lang)} "
        lanes += f"{self.board.counts[State.SYNTHESIZING]}/{synthesis.in_force}"
        left = fit(f"  {lanes}", NAME_WIDTH + 2)
        room = max(1, width - NAME_WIDTH - 2)
        end = duration(self._span())
        half = duration(self._span() / 2)
        axis = "0:00" + half.center(max(0, room - 4 - len(end))) + end
        return Strip([Segment(left, style), Segment(fit(axis, room), style)]).adjust_cell_length(width, style)

    def line(self, task_id: str, width: int, style: Style) -> Strip:
        row = self.board.rows[task_id]
        room = max(1, width - NAME_WIDTH - 2)
        segments = [
            Segment(
                f"{host_of(self).look.glyphs.states[row.state]} " + fit(row.title or row.task_id, NAME_WIDTH), style
            )
        ]
        previous, run = "", 0
        for letter in [*bar(row, self._span(), self.board.clock, room), "end"]:
            if letter != previous and run:
                segments.append(Segment(previous * run, style + self._paint(previous)))
                run = 0
            previous, run = letter, run + 1
        return Strip(segments)

    def empty(self) -> str:
        return texts.EMPTY.in_(self.lang)

    def _paint(self, letter: str) -> Style:
        match letter:
            case "=":
                return self.background("primary") + self.colour("background")
            case "-":
                return self.colour("warning")
            case "#":
                return self.background("success") + self.colour("background")
            case _:
                return self.colour("text-disabled")

    def _span(self) -> float:
        return max(self.board.clock, 1.0)

    def _in_flight(self) -> int:
        return sum(self.board.counts[state] for state in State if state.in_flight)


def bar(row: Row, span: float, now: float, width: int) -> list[str]:
    """`width` letters from 0 to `span` seconds: `.` waiting, `=` Coze, `-` queue, `#` synthesis, blank nothing."""
    cells = [" "] * width

    def paint(letter: str, start: float | None, end: float | None) -> None:
        if start is None:
            return
        first = int(start / span * width)
        last = int((now if end is None else end) / span * width)
        for place in range(max(0, first), min(width, max(first + 1, last))):
            cells[place] = letter

    running = row.state.in_flight
    ended = now if row.end_clock is None else row.end_clock
    if row.submit_clock is None:
        paint(".", 0.0, ended)
        return cells
    paint(".", 0.0, row.submit_clock)
    if running or row.coze_end_clock is not None:
        paint("=", row.submit_clock, row.coze_end_clock)
    if row.coze_end_clock is not None and not running:
        paint("-", row.coze_end_clock, row.synthesis_clock if row.synthesis_clock is not None else ended)
    if row.synthesis_clock is not None:
        paint("#", row.synthesis_clock, None if row.state is State.SYNTHESIZING else row.synthesis_end_clock)
    return cells
