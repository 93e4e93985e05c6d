"""Asks yes-or-no questions on the terminal, before anything costs money a second time."""

from __future__ import annotations

import argparse
import sys

from cozebatch.model.errors import UsageError
from cozebatch.model.text import Lang, Text
from cozebatch_tui.headless.streams import Output


def confirm(options: argparse.Namespace, lang: Lang) -> None:
    """Ask before `--fresh` and `--rerun` pay again. Raises `UsageError` if the answer is no or nobody can answer."""
    from cozebatch_tui.locale import headless as texts

    asked = []
    if options.fresh:
        asked.append(texts.CONFIRM_FRESH.in_(lang))
    if options.rerun:
        asked.append(texts.CONFIRM_RERUN.filled(count=len(set(options.rerun))).in_(lang))
    if not asked or options.yes or options.dry_run:
        return
    what = "\n".join(asked)
    if not can_ask():
        raise UsageError(Text(texts.NEEDS_YES.zh.format(what=what), texts.NEEDS_YES.en.format(what=what)))
    if not agrees(Text.same(what), lang):
        raise UsageError(texts.NOT_CONFIRMED)


def agrees(what: Text, lang: Lang) -> bool:
    """True if the operator at the terminal answers yes; False if there is no terminal."""
    from cozebatch_tui.locale import headless as texts

    if not can_ask():
        return False
    err = Output(sys.stderr)
    err.line(what.in_(lang))
    err.write(texts.QUESTION.in_(lang))
    return sys.stdin.readline().strip().lower() in ("y", "yes", "是")


def can_ask() -> bool:
    """Whether somebody sits at a terminal."""
    return sys.stdin.isatty() and sys.stderr.isatty()
