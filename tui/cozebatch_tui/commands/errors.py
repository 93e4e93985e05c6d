"""Prints what is wrong with a command, a configuration or the state, on stderr."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Sequence

from cozebatch.model.text import Lang, Text
from cozebatch_tui.headless.streams import Output


def complain(complaints: Sequence[Text], lang: Lang) -> None:
    """Print one paragraph per complaint; on a terminal in lines that fit it."""
    from cozebatch.model.sanitize import clean_lines

    err = Output(sys.stderr)
    for complaint in complaints:
        paragraph = f"cozebatch-tui: {clean_lines(complaint.in_(lang))}"
        for line in _fitted(paragraph) if sys.stderr.isatty() else [paragraph]:
            err.line(line)


def _fitted(paragraph: str) -> list[str]:
    from cozebatch_tui.headless.styled import fitted

    width = min(100, shutil.get_terminal_size().columns)
    return [part for line in paragraph.split("\n") for part in fitted(line, width, 2)]
