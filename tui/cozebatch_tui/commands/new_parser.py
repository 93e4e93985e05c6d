"""What every subcommand's parser has: language, version, help, and the list of the subcommands."""

from __future__ import annotations

import argparse
import re
import shutil
import sys
from collections.abc import Iterable
from functools import partial
from typing import Any, Literal, get_args

from cozebatch_tui.commands.parser import CommandParser
from cozebatch_tui.presentation.invocation import command as started_as

Command = Literal["run", "init", "check", "runs", "report", "attach", "serve", "worker"]
SUBCOMMANDS: tuple[Command, ...] = get_args(Command)


WIDEST = 100
"""Cells of a line of the help, on a terminal that has more."""


class _Help(argparse.HelpFormatter):
    """Lines that fit the terminal, by cells: argparse counts a Chinese character as one."""

    def __init__(self, prog: str, lang: str) -> None:
        super().__init__(prog, max_help_position=30, width=min(WIDEST, shutil.get_terminal_size().columns))
        self._lang = lang

    def add_usage(
        self,
        usage: str | None,
        actions: Iterable[argparse.Action],
        groups: Iterable[argparse._MutuallyExclusiveGroup],
        prefix: str | None = None,
    ) -> None:
        super().add_usage(usage, actions, groups, prefix or said(self._lang, "用法：", "usage: "))

    def format_help(self) -> str:
        shown = super().format_help()
        return re.sub(r"(?m)(?<=[^\x00-\xff]):$", "：", shown)  # argparse's own colon, after a Chinese title

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        return "\n".join(indent + part for line in text.split("\n") for part in _fitted(line, width - len(indent)))

    def _split_lines(self, text: str, width: int) -> list[str]:
        return _fitted(text, width)


def _fitted(line: str, width: int) -> list[str]:
    from cozebatch_tui.headless.styled import fitted

    return fitted(line, width, 0)


def new_parser(command: Command, zh: str, en: str, lang: str, words: str = "") -> CommandParser:
    """The parser of a subcommand, or of a batch (`run`). `zh`, `en`: what it does. `words`: what follows options."""
    parser = CommandParser(
        lang=lang,
        subcommands=SUBCOMMANDS,
        prog=started_as([] if command == "run" else [command]),
        usage=f"%(prog)s {said(lang, '[选项]', '[OPTIONS]')} {words}".rstrip(),
        description=zh if lang == "zh" else en,
        formatter_class=partial(_Help, lang=lang),
        add_help=False,
        allow_abbrev=False,
    )
    parser.name_groups(said(lang, "参数", "arguments"), said(lang, "选项", "options"))
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
