"""What every subcommand's parser has: language, version, help, and the list of the subcommands."""

from __future__ import annotations

import argparse
import sys
from typing import Any, Literal, get_args

from cozebatch_tui.commands.parser import CommandParser

Command = Literal["run", "init", "check", "runs", "report", "attach", "serve", "worker"]
SUBCOMMANDS: tuple[Command, ...] = get_args(Command)


class _Help(argparse.RawDescriptionHelpFormatter):
    def __init__(self, prog: str) -> None:
        super().__init__(prog, max_help_position=30, width=100)


def new_parser(prog: str, zh: str, en: str, lang: str, **more: Any) -> CommandParser:
    parser = CommandParser(
        lang=lang,
        subcommands=SUBCOMMANDS,
        prog=prog,
        description=zh if lang == "zh" else en,
        formatter_class=_Help,
        add_help=False,
        allow_abbrev=False,
        **more,
    )
    general = parser.add_argument_group("通用" if lang == "zh" else "general")
    general.add_argument("-h", "--help", action="help", help=said(lang, "显示帮助", "show this help"))
    general.add_argument(
        "--lang", choices=("zh", "en"), help=said(lang, "界面语言（默认随系统）", "language (the system's)")
    )
    general.add_argument("-v", "--verbose", action="store_true", help=said(lang, "更详细的日志", "a more detailed log"))
    general.add_argument("--version", action=_Version, nargs=0, help=said(lang, "显示版本", "show the version"))
    return parser


class _Version(argparse.Action):
    """Looks up the version only for `--version`."""

    def __call__(self, parser: argparse.ArgumentParser, *_: Any) -> None:
        from importlib.metadata import version

        sys.stdout.write(f"cozebatch-tui {version('cozebatch-tui')}\n")
        parser.exit()


def said(lang: str, zh: str, en: str) -> str:
    return zh if lang == "zh" else en
