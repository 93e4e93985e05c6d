"""What the terminal behind an output can do: move its cursor, show colours, draw signs of Unicode."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass

from cozebatch_tui.headless.streams import Output
from cozebatch_tui.presentation.glyphs import ASCII, UNICODE, Glyphs, glyphs_for, wide_on_windows

_VIRTUAL_TERMINAL = 0x0004
"""ENABLE_VIRTUAL_TERMINAL_PROCESSING: a Windows console obeys escape sequences.
https://learn.microsoft.com/windows/console/setconsolemode"""


@dataclass(frozen=True, slots=True)
class Terminal:
    """`moves`: it obeys escape sequences, so that a line can be drawn anew in its place."""

    moves: bool = True
    colour: bool = True
    glyphs: Glyphs = UNICODE


PLAIN = Terminal(moves=False, colour=False, glyphs=ASCII)
"""Nothing but lines of text."""


def terminal_of(
    environment: Mapping[str, str], encoding: str | None, *, obeys: bool = True, code_page: int | None = None
) -> Terminal:
    """What can be told from the environment. `code_page`: that of a Windows console."""
    dumb = environment.get("TERM") == "dumb" or not obeys
    wide = code_page is not None and wide_on_windows(environment, code_page)
    return Terminal(
        moves=not dumb,
        colour=not dumb and not environment.get("NO_COLOR"),
        glyphs=glyphs_for(environment, encoding, simple=dumb or wide),
    )


def terminal_behind(output: Output) -> Terminal | None:
    """The terminal that `output` is written to; None if it is none."""
    if not output.is_terminal:
        return None
    if sys.platform != "win32":
        return terminal_of(os.environ, output.encoding)
    import ctypes

    code_page = ctypes.windll.kernel32.GetConsoleOutputCP()
    return terminal_of(os.environ, output.encoding, obeys=_obeys(output.fileno()), code_page=code_page)


def _obeys(fileno: int) -> bool:
    """Whether a Windows console obeys escape sequences, from now on; those before Windows 10 never do."""
    if sys.platform != "win32":
        return True
    import ctypes
    import msvcrt
    from ctypes import wintypes

    kernel = ctypes.WinDLL("kernel32", use_last_error=True)
    handle = wintypes.HANDLE(msvcrt.get_osfhandle(fileno))
    mode = wintypes.DWORD()
    if not kernel.GetConsoleMode(handle, ctypes.byref(mode)):
        return False
    return bool(mode.value & _VIRTUAL_TERMINAL or kernel.SetConsoleMode(handle, mode.value | _VIRTUAL_TERMINAL))
