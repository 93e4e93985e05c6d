"""The window's title, the bell and the notification of a batch."""

from __future__ import annotations

from cozebatch.model import events
from cozebatch.model.board import Board
from cozebatch.model.rows import Row
from cozebatch.model.task import State
from cozebatch_tui.presentation.glyphs import UNICODE
from cozebatch_tui.presentation.terminal_signals import (
    Bell,
    TerminalSignals,
    notification,
    takes_signals,
    title,
    title_text,
)
from cozebatch_tui.session.preferences import bell_of


def board(*states: State) -> Board:
    made = Board()
    rows = tuple(Row(f"t{n}", n, state=state) for n, state in enumerate(states))
    made.apply(events.Loaded(wall=0, clock=0, rows=rows))
    return made


def test_the_title_tells_what_is_done_and_what_needs_a_person() -> None:
    states = [State.DONE, State.DONE, State.FAILED, State.RUNNING, State.SKIPPED]
    assert title_text(board(*states), UNICODE) == "2/4 ✖1 cozebatch"
    assert title_text(board(*states, State.HELD), UNICODE) == "2/5 ✖1 !1 cozebatch"


def test_no_text_can_end_a_sequence_or_begin_another() -> None:
    assert title("a\x1b\\\x07b\x9cc") == "\x1b]2;a \\ b c\x1b\\"
    assert notification("x;y\x07") == "\x07\x1b]9;x,y \x1b\\\x1b]777;notify;cozebatch;x,y \x1b\\"


def test_the_bell_rings_when_the_operator_wants_it() -> None:
    def rung(bell: Bell) -> list[bool]:
        written: list[str] = []
        signals = TerminalSignals(written.append, UNICODE, bell)
        signals.start()
        found = []
        for shown, is_over in ((board(State.HELD, State.RUNNING), False), (board(State.DONE), True)):
            written.clear()
            signals.show(shown, "en", is_over=is_over)
            found.append("\x07" in "".join(written))
        return found

    assert rung("never") == [False, False]
    assert rung("end") == [False, True]
    assert rung("attention") == [True, True]
    assert bell_of({"bell": "end"}, configured=True) == "end"
    assert bell_of({"bell": "end"}, configured=False) == "never"
    assert bell_of({"bell": 3}, configured=True) == "attention"


def test_a_title_is_written_when_it_changes_and_given_back_at_the_end() -> None:
    written: list[str] = []
    signals = TerminalSignals(written.append, UNICODE, "never")
    signals.show(board(State.DONE), "en", is_over=False)
    assert written == [], "not begun"
    signals.start()
    assert written == ["\x1b[22;2t"]
    for _ in range(2):
        signals.show(board(State.DONE, State.RUNNING), "en", is_over=False)
    assert written[1:] == [title("1/2 cozebatch")]
    signals.end()
    signals.end()
    assert len(written) == 3


def test_terminals_that_would_show_the_sequences_get_none() -> None:
    assert takes_signals({"TERM": "xterm-256color"})
    assert takes_signals({})
    assert not takes_signals({"TERM": "dumb"})
    assert not takes_signals({"TERM": "linux"})
