"""argparse, answering in the reader's language: one sentence, with the nearest option, subcommand or value.

argparse's own complaints are English and name no cure. Their wordings are read here, and only here; a wording that is
not known is passed on as it is.
"""

from __future__ import annotations

import argparse
import difflib
import re
import sys
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any, NoReturn

from cozebatch.model.id_list import ids_of
from cozebatch.model.sanitize import clean
from cozebatch_tui.presentation.allowed import next_clock_time

_LONG_DASHES = "—–―−‒－﹣"
"""What word processors and Chinese input methods make of `-` and `--`."""
_PATTERNS: Sequence[tuple[str, str, str]] = (
    (r"expected one argument", "{name} 后面要写一个值", "{name} needs a value"),
    (r"expected at least one argument", "{name} 后面要写至少一个值", "{name} needs at least one value"),
    (r"ignored explicit argument .*", "{name} 后面不用写值", "{name} takes no value"),
    (
        r"not allowed with argument (?P<other>\S+)",
        "{name} 不能和 {other} 一起用",
        "{name} and {other} exclude each other",
    ),
)


class Complaint(argparse.ArgumentTypeError):
    """What is wrong with a value, in both languages, worded to follow the option's name."""

    def __init__(self, zh: str, en: str) -> None:
        super().__init__(f"{zh}\0{en}")


class CommandParser(argparse.ArgumentParser):
    """`subcommands`: the words that may come first; `lang`: of the complaints."""

    def __init__(self, *, lang: str, subcommands: Iterable[str] = (), **more: Any) -> None:
        super().__init__(**more)
        self._lang = lang
        self._subcommands = tuple(subcommands)

    @property
    def known_options(self) -> list[str]:
        return list(self._option_string_actions)

    def name_groups(self, words: str, options: str) -> None:
        """The titles of what stands in no group of its own."""
        self._positionals.title, self._optionals.title = words, options

    def parse_args(self, args: Sequence[str] | None = None, namespace: Any = None) -> Any:  # type: ignore[override]
        options, unknown = self.parse_known_args(args, namespace)
        if unknown:
            self._reject(unknown[0])
        self._require_words(options)
        return options

    def _require_words(self, options: argparse.Namespace) -> None:
        """Refuse an option with nothing after it, as `--include "$IDS"` is where the variable is not set: taken for not
        given, it would start every task there is."""
        for action in self._actions:
            given = getattr(options, action.dest, None)
            values = given if isinstance(given, list) else [given]
            words = [value for value in values if isinstance(value, str)]
            if action.option_strings and words and (not all(map(str.strip, words)) or not ids_of(words)):
                name = action.option_strings[-1]
                self.error(self._say(f"{name} 后面写的是空的。", f"{name} is followed by nothing but blanks."))

    def error(self, message: str) -> NoReturn:
        """Print one sentence and where more is to be read; exit with 2."""
        sys.stderr.write(f"cozebatch-tui: {clean(self._worded(message), 500)}\n")
        sys.stderr.write(self._say(f"全部选项：{self.prog} --help\n", f"All options: {self.prog} --help\n"))
        raise SystemExit(2)

    def _reject(self, word: str) -> NoReturn:
        option = word.partition("=")[0]
        if option.startswith("-"):
            near = _nearest(option, self._option_string_actions)
            zh, en = f"没有 {option} 这个选项", f"There is no option {option}"
        elif word in self._subcommands:
            self.error(self._say(f"子命令 {word} 要写在最前面。", f"The subcommand {word} comes first."))
        else:
            near = _nearest(word, self._subcommands)
            if not near:
                known = " ".join(self._subcommands)
                self.error(
                    self._say(
                        f"多了一个词：{word}。子命令有：{known}。", f"One word too many: {word}. Subcommands: {known}."
                    )
                )
            zh, en = f"没有 {word} 这个子命令", f"There is no subcommand {word}"
        if near:
            self.error(self._say(f"{zh}，是不是 {near}？", f"{en}; did you mean {near}?"))
        self.error(self._say(f"{zh}。", f"{en}."))

    def _worded(self, message: str) -> str:
        found = re.fullmatch(r"argument (?P<name>[^:]+): (?P<what>.*)", message, re.DOTALL)
        if found is None:
            required = re.fullmatch(r"the following arguments are required: (.*)", message)
            return self._say(f"还要写 {required[1]}。", f"{required[1]} is missing.") if required else message
        name, what = found["name"].split("/")[-1], found["what"]
        if "\0" in what:
            zh, _, en = what.partition("\0")
            return self._say(f"{name} {zh}。", f"{name} {en}.")
        choice = re.fullmatch(r"invalid choice: '?(?P<given>.*?)'? \(choose from (?P<choices>.*)\)", what)
        if choice is not None:
            choices = re.findall(r"[\w.-]+", choice["choices"])
            near = _nearest(choice["given"], choices)
            zh, en = f"{name} 只能是 {'、'.join(choices)}", f"{name} takes {' or '.join(choices)}"
            return self._say(
                f"{zh}，是不是 {near}？" if near else f"{zh}。", f"{en}; did you mean {near}?" if near else f"{en}."
            )
        for pattern, zh, en in _PATTERNS:
            if (match := re.fullmatch(pattern, what)) is not None:
                values = {"name": name, "other": "", **match.groupdict()}
                return self._say(f"{zh.format(**values)}。", f"{en.format(**values)}.")
        return f"{name}: {what}"

    def _say(self, zh: str, en: str) -> str:
        return zh if self._lang == "zh" else en


def mended(arguments: Sequence[str], options: Iterable[str]) -> list[str]:
    """What was typed, with long dashes before a known option understood as `--`, and full-width `＝` as `=`."""
    known = set(options)
    found = []
    for argument in arguments:
        name = argument.lstrip(_LONG_DASHES + "-")
        if argument[:1] and argument[0] in _LONG_DASHES + "-" and name:
            option, sign, value = name.replace("＝", "=", 1).partition("=")
            if f"--{option}" in known:
                argument = f"--{option}{sign}{value}"
        found.append(argument)
    return found


def whole_number(least: int, most: int) -> Callable[[str], int]:
    """For `type=`: a whole number between the two."""

    def read(text: str) -> int:
        try:
            value = int(text)
        except ValueError:
            value = least - 1
        if not least <= value <= most:
            raise Complaint(
                f"要填 {least} 到 {most} 的整数，不是 {text}",
                f"takes a whole number from {least} to {most}, not {text}",
            )
        return value

    return read


def next_time(text: str) -> float:
    """For `type=`: the next time that the clock on the wall shows HH:MM, in Unix seconds."""
    found = next_clock_time(text, datetime.now())
    if found is None:
        raise Complaint(f"要写成时间，如 06:30，不是 {text}", f"takes HH:MM, such as 06:30, not {text}")
    return found


def seconds(most: float) -> Callable[[str], float]:
    """For `type=`: seconds, fractions allowed."""

    def read(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            value = 0.0
        if not 0 < value <= most:
            raise Complaint(
                f"要填大于 0、不超过 {most:g} 的秒数，不是 {text}",
                f"takes seconds above 0 and up to {most:g}, not {text}",
            )
        return value

    return read


def _nearest(word: str, known: Iterable[str]) -> str | None:
    close = difflib.get_close_matches(word, list(known), n=1, cutoff=0.6)
    if close:
        return close[0]
    plain = {name.replace("-", ""): name for name in known if name.startswith("--")}
    return plain.get(word.replace("-", ""))
