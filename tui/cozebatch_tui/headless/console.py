"""Prints a run for people: plain lines into a pipe; on a terminal short coloured lines above a bar of the batch.

The bar is drawn anew in its place. Lines and bar go out in one write each time, so that none of them is torn.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import assert_never

from cozebatch.model import events
from cozebatch.model.board import Board
from cozebatch.model.sanitize import clean
from cozebatch.model.statistics import Remaining
from cozebatch.model.task import State
from cozebatch.model.text import Lang
from cozebatch_tui.headless.batch_bar import batch_bar
from cozebatch_tui.headless.compact import INDENT, compact
from cozebatch_tui.headless.streams import Output
from cozebatch_tui.headless.styled import Span, cells, painted, wrapped
from cozebatch_tui.headless.terminal import Terminal
from cozebatch_tui.locale import headless as texts
from cozebatch_tui.presentation.describe import describe
from cozebatch_tui.presentation.end_estimate import EndEstimate

_QUIET = frozenset({State.SUBMITTING, State.DOWNLOADING, State.QUEUED, State.WRITING_BACK})
"""Intermediate states: they are in the log; the console leaves them out."""
_MANY = 500
"""Tasks from which on the remaining time is worked out less often; each time goes through all of them."""
_EVERY = 5.0
"""Seconds, then."""
_ECHO = 2
"""Cells right of the bar for the `^C` that a terminal shows when it is typed."""


class ConsolePrinter:
    """Prints the events worth a line and, on a terminal, keeps the bar below them. Any thread may call it."""

    def __init__(self, output: Output, terminal: Terminal | None, lang: Lang, *, verbose: bool) -> None:
        """`terminal` is None for a pipe or a file."""
        self._output = output
        self._terminal = terminal
        self._lang: Lang = lang
        self._verbose = verbose
        self._lock = threading.RLock()
        self.board = Board()
        self.estimate = EndEstimate()
        self.draining = False
        """Shown on the bar."""
        self._left: Remaining | None = None
        self._estimated_at: float | None = None
        self._bar: list[Span] = []

    def event(self, event: events.Event) -> None:
        with self._lock:
            self.board.apply(event)
            if not self._worth_a_line(event):
                return
            if self._terminal is not None:
                self._print_compact(event)
            else:
                described = describe(event, self._lang, brief=not self._verbose)
                assert described is not None
                _, task_id, text = described
                at = f"{datetime.fromtimestamp(event.wall):%H:%M:%S}"
                self.say(f"{at}  {self._name(task_id)}{text}{self._way_on(event)}")

    def say(self, text: str) -> None:
        """Print one line, above the bar; on a terminal it is broken into as many as it needs."""
        line = clean(text, 4000)
        if self._terminal is None:
            self._output.line(line)
            return
        indent = len(line) - len(line.lstrip(" ")) + 2
        self._print([(line, None)], indent)

    def elsewhere(self, write: Callable[[], object]) -> None:
        """Let `write` print to another output that may be the same terminal; the bar makes room."""
        with self._lock:
            self._output.write(self._erasing())
            bar, self._bar = self._bar, []
            write()
            if bar:
                self.refresh()

    def refresh(self) -> None:
        """Redraw the bar."""
        with self._lock:
            if self._terminal is None or not self._terminal.moves or self.board.run_id is None:
                return
            bar = self._figures(self._terminal)
            if bar != self._bar:
                drawn = painted(bar, colour=self._terminal.colour)
                self._output.write(f"\r{drawn}\x1b[K" if self._rows() == 1 else f"{self._erasing()}{drawn}")
                self._bar = bar

    def close(self) -> None:
        """Take the bar away for good."""
        with self._lock:
            self._output.write(self._erasing())
            self._bar = []

    def _print_compact(self, event: events.Event) -> None:
        assert self._terminal is not None
        row = self.board.rows.get(getattr(event, "task_id", None) or "-")
        line = compact(event, row, self._lang, self._terminal.glyphs, verbose=self._verbose)
        if line is not None:
            self._print(line, INDENT)

    def _print(self, line: Sequence[Span], indent: int) -> None:
        """Print above the bar, which is drawn again, all in one write."""
        assert self._terminal is not None
        with self._lock:
            colour = self._terminal.colour
            lines = wrapped(line, max(20, self._output.columns - 1), indent)
            shown = "".join(f"{painted(part, colour=colour)}\n" for part in lines)
            erasing = self._erasing()
            if self._bar and self._rows() > 1:
                self._bar = self._figures(self._terminal)
            self._output.write(f"{erasing}{shown}{painted(self._bar, colour=colour)}")

    def _erasing(self) -> str:
        """What takes the bar away; a terminal that was made narrower has broken it into several rows."""
        if not self._bar:
            return ""
        rows = self._rows()
        up = f"\x1b[{rows - 1}A" if rows > 1 else ""
        return f"\r{up}\x1b[J"

    def _rows(self) -> int:
        return max(1, -(-cells(self._bar) // self._output.columns))

    def _figures(self, terminal: Terminal) -> list[Span]:
        board = self.board
        stale = self._estimated_at is None or board.clock - self._estimated_at >= _EVERY
        if stale or len(board.rows) <= _MANY:
            self._estimated_at = board.clock
            self._left = self.estimate.remaining(board, is_over=board.unfinished == 0)
        width = max(1, self._output.columns - _ECHO - 1)
        return batch_bar(board, self._left, self._lang, terminal, width, draining=self.draining)

    def _worth_a_line(self, event: events.Event) -> bool:
        match event:
            case events.TaskState():
                return self._verbose or event.error is not None or event.after not in _QUIET
            case events.Loaded() | events.TaskProgress() | events.Gauges() | events.Allowed():
                return False
            case events.Noted():
                return self._verbose or event.level in ("warning", "error")
            case (
                events.RunStarted()
                | events.Retrying()
                | events.LimitChanged()
                | events.Throttled()
                | events.Paused()
                | events.Resumed()
                | events.RunFinished()
            ):
                return True
            case _:
                assert_never(event)

    def _way_on(self, event: events.Event) -> str:
        """What a person may do about a task that failed or is held."""
        if not isinstance(event, events.TaskState) or event.after not in (State.FAILED, State.HELD):
            return ""
        way = texts.way_on(event.row, self._lang)
        return "" if way is None else f"  [{way}]"

    def _name(self, task_id: str) -> str:
        if task_id == "-":
            return ""
        row = self.board.rows.get(task_id)
        title = clean(row.title, 24) if row is not None else ""
        return f"{clean(task_id, 40)}  {title}  " if title else f"{clean(task_id, 40)}  "
