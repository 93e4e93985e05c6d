"""`attach`: the screen of a batch that runs elsewhere on this machine."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

from cozebatch.model.errors import UsageError
from cozebatch.model.text import Lang
from cozebatch_tui.commands.detach import attach_arguments, attach_folders
from cozebatch_tui.commands.garbage import collect_rarely
from cozebatch_tui.locale import attach as texts
from cozebatch_tui.presentation.invocation import typed


def attach(options: argparse.Namespace, lang: Lang) -> int:
    """The exit code: 0 when the screen was left and the batch goes on, the batch's own where its end was seen, 130
    after a stop. Raises `UsageError` when there is no terminal, or no batch to show."""
    from cozebatch_tui.attach.place import read_place

    if not (sys.stdout.isatty() or "TEXTUAL_DRIVER" in os.environ):
        raise UsageError(typed(texts.NEEDS_TERMINAL))
    folders = attach_folders(options.state_dir)
    if all(read_place(folder) is None for folder in folders):
        raise UsageError(texts.NO_BATCH.filled(folder=folders[0]))
    return show(options.state_dir, attach_arguments(options), lang)


def show(state_dir: str | None, arguments: Sequence[str], lang: Lang, *, demo: bool = False) -> int:
    """Show the batch that runs in this state folder, the demo's first if it is meant. `arguments`: after `attach`, to
    come back. Raises `UsageError` when there is none."""
    from cozebatch_tui.screen.app import run_to_the_end
    from cozebatch_tui.screen.attached_app import AttachedApp
    from cozebatch_tui.screen.look.questions import ask_terminal

    collect_rarely()
    folders = attach_folders(state_dir)
    app = AttachedApp(folders[::-1] if demo else folders, arguments, lang, ask_terminal(os.environ))
    code = run_to_the_end(app)
    if app.refusal is not None:
        raise app.refusal
    return code
