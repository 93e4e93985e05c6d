"""The `cozebatch-tui` command: parses what was typed and hands over to one command.

Each command's module is imported only when it is called, so that `--help` and each command import only what they need.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from typing import assert_never

from cozebatch.model.errors import JournalError, UsageError
from cozebatch.model.text import Lang
from cozebatch_tui.commands.errors import complain
from cozebatch_tui.commands.new_parser import Command
from cozebatch_tui.commands.options import parse, wanted_lang
from cozebatch_tui.exit_codes import Exit
from cozebatch_tui.headless.streams import prepare_streams
from cozebatch_tui.locale.choose import choose_lang

Handler = Callable[[argparse.Namespace, Lang], int]
"""Runs one command and returns the exit code. May raise `UsageError` and `JournalError`."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns its exit code (docs/contract.md §1)."""
    typed = sys.argv[1:] if arguments is None else list(arguments)
    try:
        prepare_streams()
        lang = choose_lang(wanted_lang(typed))
        options = parse(typed, lang)
        try:
            return int(_handler_of(options.command, options)(options, lang))
        except UsageError as error:
            complain(error.complaints, lang)
        except JournalError as error:
            complain([error.text], lang)
    except KeyboardInterrupt:
        return Exit.INTERRUPTED
    return Exit.USAGE


def _handler_of(command: Command, options: argparse.Namespace) -> Handler:
    match command:
        case "run":
            from cozebatch_tui.commands.run import run

            return run
        case "init":
            from cozebatch_tui.commands.init import init

            return init
        case "check":
            from cozebatch_tui.commands.check import check

            return check
        case "runs":
            return _runs_handler(options)
        case "report":
            from cozebatch_tui.commands.history import show_report

            return show_report
        case "attach":
            from cozebatch_tui.commands.attach import attach

            return attach
        case "serve":
            from cozebatch_tui.commands.serve import serve

            return serve
        case "worker":
            from cozebatch_tui.commands.worker import worker

            return worker
        case _:
            assert_never(command)


def _runs_handler(options: argparse.Namespace) -> Handler:
    if options.prune:
        from cozebatch_tui.commands.prune import prune

        return prune
    if options.import_files:
        from cozebatch_tui.commands.import_results import import_results

        return import_results
    from cozebatch_tui.commands.history import list_runs

    return list_runs


if __name__ == "__main__":
    sys.exit(main())
