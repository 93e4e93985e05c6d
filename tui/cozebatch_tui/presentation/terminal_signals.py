"""What a terminal tells a person who looks at something else: its window's title, a bell, a notification.

The sequences are xterm's (OSC 2, title stack), iTerm2's (OSC 9) and urxvt's (OSC 777); a terminal that knows one of
them not ignores it. Only ever written to a terminal, never into a pipe.
https://invisible-island.net/xterm/ctlseqs/ctlseqs.html
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from typing import Literal

from cozebatch.model.board import Board
from cozebatch.model.sanitize import clean
from cozebatch.model.task import State
from cozebatch.model.text import Lang
from cozebatch.notify.news import News, NewsWatch
from cozebatch_tui.locale import signals as texts
from cozebatch_tui.presentation.glyphs import Glyphs

Bell = Literal["never", "end", "attention"]
"""When to ring: never, when the batch ends or stops itself, or also when it first needs a person."""

_END = "\x1b\\"
_LONGEST = 200


def title(text: str) -> str:
    """Sets the window's title."""
    return f"\x1b]2;{clean(text, _LONGEST)}{_END}"


def notification(text: str) -> str:
    """A bell and a notification of the desktop."""
    shown = clean(text, _LONGEST).replace(";", ",")  # a semicolon separates the fields
    return f"\x07\x1b]9;{shown}{_END}\x1b]777;notify;cozebatch;{shown}{_END}"


def takes_signals(environment: Mapping[str, str]) -> bool:
    """Whether the terminal knows such sequences at all; the others would show them."""
    return environment.get("TERM") not in ("dumb", "linux")


class TerminalSignals:
    """Keeps the title of one terminal and rings."""

    def __init__(self, write: Callable[[str], object], glyphs: Glyphs, bell: Bell) -> None:
        self._write = write
        self._glyphs = glyphs
        self._watch = NewsWatch()
        self._bell: Bell = bell
        self._before = ""
        """What restores the title; empty before `start`."""
        self._shown = ""

    def start(self) -> None:
        self._before = _restoring()
        self._write("\x1b[22;2t")

    def show(self, board: Board, lang: Lang, *, is_over: bool) -> None:
        """Set the title as the batch stands, and ring if there is news."""
        if not self._before or not board.rows:
            return
        shown = title(title_text(board, self._glyphs))
        news = self._watch.look(board, is_over=is_over)
        ring = notification(news_text(news, board, lang)) if news is not None and _rings(news, self._bell) else ""
        if shown != self._shown or ring:
            self._shown = shown
            self._write(shown + ring)

    def end(self) -> None:
        """Give the window its title back."""
        if self._before:
            self._write(self._before)
            self._before = ""


def _rings(news: News, bell: Bell) -> bool:
    return bell == "attention" or (bell == "end" and news != "held")


def title_text(board: Board, glyphs: Glyphs) -> str:
    """`11/60 ✖2 cozebatch`: done of all, and what needs a person."""
    counts = board.counts
    total = len(board.rows) - counts[State.SKIPPED] - counts[State.CANCELLED]
    bad = "".join(f" {glyphs.states[state]}{counts[state]}" for state in (State.FAILED, State.HELD) if counts[state])
    return f"{counts[State.DONE]}/{total}{bad} cozebatch"


def news_text(news: News, board: Board, lang: Lang) -> str:
    counts = board.counts
    values = {"done": counts[State.DONE], "failed": counts[State.FAILED], "held": counts[State.HELD]}
    return texts.NEWS[news].in_(lang).format(**values)


def _restoring() -> str:
    """The sequence that restores the title; Windows' own console has no stack of titles."""
    if sys.platform != "win32":
        return "\x1b[23;2t"
    import ctypes

    held = ctypes.create_unicode_buffer(1024)
    ctypes.windll.kernel32.GetConsoleTitleW(held, len(held))
    return title(held.value)
