"""Prints a run as plain lines for people; on a terminal it keeps a line of figures at the bottom."""

from __future__ import annotations

import shutil
from datetime import datetime
from typing import assert_never

from cozebatch.model import events
from cozebatch.model.board import Board
from cozebatch.model.rows import Stage
from cozebatch.model.sanitize import clean
from cozebatch.model.statistics import estimate_remaining
from cozebatch.model.task import State
from cozebatch.model.text import Lang
from cozebatch_tui.headless.streams import Output
from cozebatch_tui.locale import headless as texts
from cozebatch_tui.presentation.describe import describe
from cozebatch_tui.presentation.formatting import duration

_QUIET = frozenset({State.SUBMITTING, State.DOWNLOADING, State.QUEUED, State.WRITING_BACK})
"""Intermediate states: they are in the log; the console leaves them out."""


class ConsolePrinter:
    """Prints the events worth a line and keeps the status line below them."""

    def __init__(self, output: Output, lang: Lang, *, verbose: bool) -> None:
        self._output = output
        self._lang: Lang = lang
        self._verbose = verbose
        self._live = output.is_terminal
        self._board = Board()
        self._status = ""

    def event(self, event: events.Event) -> None:
        self._board.apply(event)
        if self._worth_a_line(event):
            described = describe(event, self._lang, brief=not self._verbose)
            assert described is not None
            _, task_id, text = described
            self.say(f"{datetime.fromtimestamp(event.wall):%H:%M:%S}  {self._name(task_id)}{text}{self._way_on(event)}")

    def say(self, text: str) -> None:
        """Print one line above the status line."""
        self._erase()
        self._output.line(clean(text, 4000))

    def refresh(self) -> None:
        """Redraw the status line."""
        if not self._live or self._board.run_id is None:
            return
        status = self._figures()
        if status != self._status:
            self._erase()
            self._status = status[: max(20, shutil.get_terminal_size().columns - 1)]
            self._output.write(self._status)

    def close(self) -> None:
        self._erase()

    def _worth_a_line(self, event: events.Event) -> bool:
        match event:
            case events.TaskState():
                return self._verbose or event.error is not None or event.after not in _QUIET
            case events.Loaded() | events.TaskProgress() | events.Gauges():
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
        row = self._board.rows.get(task_id)
        title = clean(row.title, 24) if row is not None else ""
        return f"{clean(task_id, 40)}  {title}  " if title else f"{clean(task_id, 40)}  "

    def _figures(self) -> str:
        board = self._board
        coze, synthesis = board.limits[Stage.COZE].in_force, board.limits[Stage.SYNTHESIS].in_force
        left = estimate_remaining(board, coze_limit=coze, synthesis_limit=synthesis)
        return texts.STATUS_LINE.in_(self._lang).format(
            done=board.counts[State.DONE],
            total=len(board.rows),
            failed=board.counts[State.FAILED] + board.counts[State.HELD],
            coze=sum(count for state, count in board.counts.items() if state.in_flight),
            coze_limit=coze,
            busy=board.counts[State.SYNTHESIZING],
            workers=synthesis,
            left=duration(left.seconds) if left is not None else "?",
        )

    def _erase(self) -> None:
        if self._status:
            self._output.write("\r" + " " * min(shutil.get_terminal_size().columns - 1, 2 * len(self._status)) + "\r")
            self._status = ""
