"""A terminal is asked for its background and for the width of signs; its answers never become keys."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Sequence

import pytest
from textual._xterm_parser import XTermParser
from textual.events import Key

from cozebatch_tui.screen.look.questions import QUESTIONS, Answers, LateAnswer, answers_in, ask_terminal

DARK = b"\x1b]11;rgb:1414/1717/1c1c\x1b\\"
LIGHT = b"\x1b]11;rgb:ffff/ffff/dddd\x07"
NARROW, WIDE = b"\x1b[7;2R", b"\x1b[7;3R"
ASK = """
import os, sys, time
from cozebatch_tui.screen.look.questions import ask_terminal
began = time.monotonic()
answers = ask_terminal(os.environ)
print("answers", answers.light, answers.wide_signs, answers.may_come_late, time.monotonic() - began < 2)
print("textual" in sys.modules)
"""


@pytest.mark.parametrize(
    ("heard", "answers"),
    [
        (DARK + NARROW, Answers(light=False, wide_signs=False)),
        (LIGHT + WIDE, Answers(light=True, wide_signs=True)),
        (b"\x1b]11;rgba:f0/f0/f0/ff\x07" + NARROW, Answers(light=True, wide_signs=False)),
        (b"x" + DARK + b"y" + NARROW, Answers(light=False, wide_signs=False)),
        (NARROW, Answers(wide_signs=False, may_come_late=True)),
        (b"", Answers(may_come_late=True)),
        (b"\x1b]11;rgb:1414/17", Answers(may_come_late=True)),
    ],
)
def test_answers_are_read(heard: bytes, answers: Answers) -> None:
    assert answers_in(heard) == answers


@pytest.mark.skipif(sys.platform == "win32", reason="pseudo-terminals are POSIX's")
def test_a_terminal_that_is_gone_answers_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    if sys.platform == "win32":
        return
    ours, theirs = os.openpty()
    monkeypatch.setattr(os, "isatty", lambda _: True)  # as it was a moment ago
    monkeypatch.setattr(os, "tcgetpgrp", lambda _: os.getpgrp())
    with open(theirs, "r+b", buffering=0) as terminal:
        monkeypatch.setattr(sys, "__stdin__", terminal)
        monkeypatch.setattr(sys, "__stdout__", terminal)
        os.close(ours)
        assert ask_terminal({"TERM": "xterm-256color"}) == Answers()


def ask_over_pty(reply: bytes | None) -> list[str]:
    """What a program in a terminal that answers like this is told, and what stands on the terminal afterwards."""
    ours, theirs = os.openpty()  # type: ignore[attr-defined, unused-ignore]
    environment = {**os.environ, "TERM": "xterm-256color"}
    with subprocess.Popen(
        [sys.executable, "-c", ASK],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env=environment,
        preexec_fn=lambda: os.login_tty(theirs),  # type: ignore[attr-defined, unused-ignore]
    ) as program:
        os.close(theirs)
        heard, answered = b"", False
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            try:
                piece = os.read(ours, 4096)
            except OSError:  # the program has ended
                break
            if not piece:
                break
            heard += piece
            if QUESTIONS.encode() in heard and not answered and reply is not None:
                os.write(ours, reply)
                answered = True
        program.wait(timeout=30)
    os.close(ours)
    return heard.decode().partition(QUESTIONS)[2].split()


@pytest.mark.skipif(sys.platform == "win32", reason="nothing is asked there")
@pytest.mark.parametrize(
    ("reply", "told"),
    [
        (LIGHT + WIDE, ["answers", "True", "True", "False", "True", "False"]),
        (DARK + NARROW, ["answers", "False", "False", "False", "True", "False"]),
        (None, ["answers", "None", "None", "True", "True", "False"]),
    ],
)
def test_a_terminal_is_asked_its_answers_are_not_echoed_and_silence_does_not_hang(
    reply: bytes | None, told: Sequence[str]
) -> None:
    assert ask_over_pty(reply) == told


def test_nothing_is_asked_where_there_is_no_terminal() -> None:
    done = subprocess.run(
        [sys.executable, "-c", ASK], capture_output=True, text=True, stdin=subprocess.DEVNULL, check=True
    )
    assert done.stdout.split()[:4] == ["answers", "None", "None", "False"]


def keys_of(late: LateAnswer, *pieces: bytes) -> list[str]:
    """The keys that reach the screen."""
    parser = XTermParser()
    events = [event for piece in pieces for event in [*parser.feed(piece.decode()), *parser.tick()]]
    return [event.key for event in events if isinstance(event, Key) and not late.takes(event.key, event.character)]


@pytest.mark.parametrize("answer", [DARK, LIGHT])
def test_a_late_answer_presses_no_key(answer: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("textual.constants.ESCAPE_DELAY", 0.001)
    assert "1" in keys_of(LateAnswer(expected=False), answer, b"\x1b[C"), "it would have"
    assert keys_of(LateAnswer(expected=True), answer, b"\x1b[C", b"1") == ["right", "1"]


def test_ordinary_keys_pass_while_an_answer_may_come() -> None:
    late = LateAnswer(expected=True)
    assert keys_of(late, b"12", b"]", b"q") == ["1", "2", "right_square_bracket", "q"]
