"""Asks the terminal two things before Textual takes it: its background colour, and how wide it draws `●`.

The answers come as if they were typed. The question about the width is asked last and every terminal answers it, so its
answer ends the waiting; a terminal that answers nothing costs 100 ms. An answer that comes later is kept away from the
screen's keys by `LateAnswer`: among its characters are digits, which are keys here.

Background: OSC 11 (xterm's control sequences, "Operating System Commands"); tmux answers for itself. Width: a cursor
position report (CSI 6 n) after the sign was printed in the first column. The line is cleared afterwards.
"""

from __future__ import annotations

import os
import re
import select
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass

from cozebatch_tui.presentation.glyphs import wide_on_windows

LONGEST = 0.1
"""Seconds to wait for the answers."""
QUESTIONS = "\x1b]11;?\x1b\\" + "\x1b7\r●\x1b[6n\r\x1b[K\x1b8"
_BACKGROUND = re.compile(
    rb"\x1b\]11;rgba?:([0-9a-fA-F]{1,4})/([0-9a-fA-F]{1,4})/([0-9a-fA-F]{1,4})[^\x07\x1b]*(?:\x07|\x1b\\)"
)
_POSITION = re.compile(rb"\x1b\[\d+;(\d+)R")
_LONGEST_ANSWER = 40
"""Characters."""


@dataclass(frozen=True, slots=True)
class Answers:
    """None where the terminal did not say. `may_come_late`: it was asked for its background and has not answered."""

    light: bool | None = None
    wide_signs: bool | None = None
    may_come_late: bool = False


def ask_terminal(environment: Mapping[str, str]) -> Answers:
    """Ask if there is a terminal that can be asked. On Windows nothing is asked: the old console answers nothing."""
    if sys.platform == "win32":
        import ctypes

        return Answers(wide_signs=wide_on_windows(environment, ctypes.windll.kernel32.GetOEMCP()))
    else:  # noqa: RET505 - mypy reads this branch for the other systems alone
        return _asked(environment)


def answers_in(heard: bytes) -> Answers:
    """What the terminal's answers say."""
    background, position = _BACKGROUND.search(heard), _POSITION.search(heard)
    light = None
    if background is not None:
        red, green, blue = (int(part, 16) / (16 ** len(part) - 1) for part in background.groups())
        light = 0.299 * red + 0.587 * green + 0.114 * blue > 0.5
    wide = None if position is None else int(position.group(1)) > 2
    return Answers(light, wide, may_come_late=background is None)


if sys.platform != "win32":

    def _asked(environment: Mapping[str, str]) -> Answers:
        if environment.get("TERM") in (None, "dumb", "linux"):
            return Answers()
        try:
            source, target = sys.__stdin__.fileno(), sys.__stdout__.fileno()  # type: ignore[union-attr]
            if not (os.isatty(source) and os.isatty(target)) or os.tcgetpgrp(source) != os.getpgrp():
                return Answers()
            return answers_in(_ask(source, target))
        except (OSError, ValueError, AttributeError):  # no terminal, or none any more
            return Answers()

    def _ask(source: int, target: int) -> bytes:
        """All that comes back until the last answer is there or time is up. Raises OSError."""
        import termios
        import tty

        heard = b""
        try:
            before = termios.tcgetattr(source)
            try:
                tty.setcbreak(source, termios.TCSANOW)
                os.write(target, QUESTIONS.encode())
                end = time.monotonic() + LONGEST
                while _POSITION.search(heard) is None and (left := end - time.monotonic()) > 0:
                    if select.select([source], [], [], left)[0]:
                        piece = os.read(source, 1024)
                        if not piece:
                            break
                        heard += piece
            finally:
                termios.tcsetattr(source, termios.TCSANOW, before)
        except termios.error as error:
            raise OSError(str(error)) from error
        return heard


class LateAnswer:
    """Recognises an answer about the background among the keys.

    Textual takes such an answer apart: `^` or escape, then `]`, `1`, `1`, … up to a bell or a backslash.
    """

    def __init__(self, expected: bool) -> None:
        self._expected = expected
        self._so_far = 0

    def takes(self, key: str, character: str | None) -> bool:
        """Whether this key belongs to it, and is none that somebody pressed."""
        if not self._expected:
            return False
        if self._so_far == 0:
            begins = key in ("circumflex_accent", "alt+right_square_bracket")
            self._so_far = {"circumflex_accent": 1, "alt+right_square_bracket": 2}.get(key, 0)
            return begins
        if self._so_far == 1 and character != "]":
            self._so_far = 0
            return False
        self._so_far += 1
        if key in ("alt+backslash", "ctrl+g") or character in ("\\", "\x07") or self._so_far > _LONGEST_ANSWER:
            self._so_far, self._expected = 0, False
        return True
