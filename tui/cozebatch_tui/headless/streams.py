"""Output that survives its reader: if a pipe or terminal is closed, the batch continues without printing."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from typing import TextIO

_INSTEAD = {"¥": ("\uffe5", "CNY "), "…": ("...",)}
"""What stands for a sign that an encoding lacks: code page 936 has a wide one for yuan, others none."""


class Output:
    """Writes lines to a text stream; after the first failure it writes nothing."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._gathering = False
        self._instead = str.maketrans(_lacking(self.encoding or "utf-8"))
        self.gone = False

    def write(self, text: str) -> None:
        if self.gone:
            return
        try:
            self._stream.write(text.translate(self._instead) if self._instead else text)
            if not self._gathering:
                self._stream.flush()
        except (OSError, ValueError):
            self.gone = True
            self._to_nowhere()

    @contextlib.contextmanager
    def gathering(self) -> Iterator[None]:
        """What is written within is flushed together at the end: a start may print 100,000 lines."""
        self._gathering = True
        try:
            yield
        finally:
            self._gathering = False
            self.write("")

    def line(self, text: str = "") -> None:
        self.write(text + "\n")

    @property
    def is_terminal(self) -> bool:
        return not self.gone and self._stream.isatty()

    @property
    def encoding(self) -> str | None:
        return getattr(self._stream, "encoding", None)

    @property
    def columns(self) -> int:
        """The terminal's width now; 80 where it does not say."""
        try:
            return os.get_terminal_size(self._stream.fileno()).columns or 80
        except (OSError, ValueError):
            return 80

    def fileno(self) -> int:
        """Raises `OSError` or `ValueError` where there is none."""
        return self._stream.fileno()

    def _to_nowhere(self) -> None:
        """Send buffered text to the null device: the interpreter's last flush would raise again."""
        with contextlib.suppress(OSError, ValueError):
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, self._stream.fileno())
            os.close(nowhere)


def _lacking(encoding: str) -> dict[str, str]:
    """The signs that this encoding lacks, with what stands for each."""
    return {
        sign: next(other for other in others if _has(encoding, other))
        for sign, others in _INSTEAD.items()
        if not _has(encoding, sign)
    }


def _has(encoding: str, text: str) -> bool:
    try:
        text.encode(encoding)
    except UnicodeError:
        return False
    except LookupError:
        return text.isascii()
    return True


def prepare_streams() -> None:
    """Replace characters that the terminal's encoding lacks; write UTF-8 to pipes and files."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            if stream.isatty():
                reconfigure(errors="replace")
            else:
                reconfigure(encoding="utf-8", errors="replace")
