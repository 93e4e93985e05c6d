"""The command line: which subcommand is meant, and its options. Imports nothing heavy."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping, Sequence

from cozebatch_tui.commands import subcommand_options as of
from cozebatch_tui.commands.new_parser import SUBCOMMANDS, Command
from cozebatch_tui.commands.parser import CommandParser, mended
from cozebatch_tui.commands.run_options import check_run, run_parser


def parse(arguments: Sequence[str], lang: str) -> argparse.Namespace:
    """The options as a namespace with `command`. Exits with status 2 if they are invalid."""
    place = _subcommand(arguments)
    command: Command = "run" if place is None else next(name for name in SUBCOMMANDS if name == arguments[place])
    rest = [argument for number, argument in enumerate(arguments) if number != place]
    parser = parser_of(command, lang)
    options: argparse.Namespace = parser.parse_args(mended(rest, parser.known_options))
    options.command = command
    if command == "run":
        check_run(parser, options, lang)
    return options


def parser_of(command: Command, lang: str) -> CommandParser:
    return _PARSERS[command](lang)


def _subcommand(arguments: Sequence[str]) -> int | None:
    """The position of the subcommand: first, or after general options. None if there is none."""
    place = 0
    while place < len(arguments):
        argument = arguments[place]
        if argument in SUBCOMMANDS:
            return place
        if argument == "--lang":
            place += 2
        elif argument.startswith("--lang=") or argument in ("-v", "--verbose"):
            place += 1
        else:
            return None
    return None


def wanted_lang(arguments: Sequence[str]) -> str | None:
    """The value of `--lang`, read before parsing, so that errors of the parser come in the right language."""
    wanted = None  # argparse, too, takes the last one
    for position, argument in enumerate(arguments):
        if argument == "--lang" and position + 1 < len(arguments):
            wanted = arguments[position + 1]
        if argument.startswith("--lang="):
            wanted = argument.removeprefix("--lang=")
    return wanted


_PARSERS: Mapping[Command, Callable[[str], CommandParser]] = {
    "run": run_parser,
    "init": of.init_parser,
    "check": of.check_parser,
    "runs": of.runs_parser,
    "report": of.report_parser,
    "attach": of.attach_parser,
    "serve": of.serve_parser,
    "worker": of.worker_parser,
}
