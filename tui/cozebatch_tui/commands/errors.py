"""Prints what is wrong with a command, a configuration or the state, on stderr."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from cozebatch.model.text import Lang, Text
from cozebatch_tui.headless.streams import Output


def complain(complaints: Sequence[Text], lang: Lang) -> None:
    """Print one paragraph per complaint."""
    from cozebatch.model.sanitize import clean_lines

    err = Output(sys.stderr)
    for complaint in complaints:
        err.line(f"cozebatch-tui: {clean_lines(complaint.in_(lang))}")
