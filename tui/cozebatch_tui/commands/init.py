"""`cozebatch-tui init`: the set-up as questions on stdout and answers, line by line, from stdin."""

from __future__ import annotations

import argparse
import getpass
import io
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import anyio

from cozebatch.model.check_item import CheckItem, Level
from cozebatch.model.default_paths import CONFIG_FILE
from cozebatch.model.errors import UsageError
from cozebatch.model.sanitize import clean
from cozebatch.model.text import Lang, Text
from cozebatch.setup.flow import END, ask, back, group_of, groups_of, reply, title_of
from cozebatch.setup.question import Option, Question, WrongAnswer, masked
from cozebatch.setup.state import State, World
from cozebatch_tui.exit_codes import Exit
from cozebatch_tui.headless.streams import Output
from cozebatch_tui.headless.styled import wrapped
from cozebatch_tui.locale import setup as texts
from cozebatch_tui.presentation.invocation import command
from cozebatch_tui.session import setup

BACK = ("<", "＜", "《")
MOST_COLUMNS = 80
_MOST_SHOWN = 15


def init(options: argparse.Namespace, lang: Lang) -> Exit:
    """Ask, look, and write the file. An interrupt, or the end of stdin, keeps what was answered.

    Raises `UsageError` if stdin ends, or if the file cannot be written.
    """
    if isinstance(sys.stdin, io.TextIOWrapper):
        sys.stdin.reconfigure(errors="replace")  # a wrong answer is asked again
    out = Output(sys.stdout)
    state, world = setup.begin(Path(options.config), lang, {})
    dialogue = Dialogue(out, state, world, writes_unasked=options.yes)
    dialogue.say(texts.INTRO)
    try:
        dialogue.to_the_end()
        written = setup.finish(dialogue.state, world)
    except (KeyboardInterrupt, EOFError, UsageError) as end:
        out.line()
        kept = setup.keep(dialogue.state, world)
        again = command(["init", *([] if options.config == CONFIG_FILE else ["--config", options.config])])
        told = (texts.STOPPED if kept else texts.STOPPED_EMPTY).filled(command=again)
        if isinstance(end, KeyboardInterrupt):
            out.line(told.in_(dialogue.lang))
            return Exit.INTERRUPTED
        raise UsageError(*(end.complaints if isinstance(end, UsageError) else ()), told) from None
    _tell(out, written, dialogue.lang)
    return Exit.OK


def _tell(out: Output, written: setup.Written, lang: Lang) -> None:
    """What was written, and the two commands that come next."""
    out.line(texts.WRITTEN.in_(lang).format(path=written.path))
    if written.backup is not None:
        out.line(texts.BACKED_UP.in_(lang).format(path=written.backup))
    for note in written.notes:
        out.line(note.in_(lang))
    where = [] if written.path == Path(CONFIG_FILE) else ["--config", str(written.path)]
    tasks = ["--tasks", written.tasks_file] if written.tasks_file else []
    out.line(texts.NEXT_CHECK.in_(lang).format(command=command(["check", *where, *tasks])))
    out.line(texts.NEXT_TRIAL.in_(lang).format(command=command([*where, *tasks, "--limit", "1"])))


class Dialogue:
    """Shows one question after the other, and reads an answer for each. `state` is how far it has come."""

    def __init__(
        self,
        out: Output,
        state: State,
        world: World,
        *,
        read: Callable[[bool], str] | None = None,
        writes_unasked: bool = False,
    ) -> None:
        """`read` gets whether the answer is a secret, and gives a line; `EOFError` when there are no more."""
        self.state = state
        self._out = out
        self._world = world
        self._read = read or _read_line
        self._group = ""
        self._writes_unasked = writes_unasked

    @property
    def lang(self) -> Lang:
        return self.state.answers.lang

    def to_the_end(self) -> None:
        """Raises `EOFError` and `KeyboardInterrupt`; the state is then that of the latest good answer."""
        while self.state.at != END:
            question = ask(self.state, self._world)
            self._head(question)
            if question.id == "check":
                self._check()
            if question.id == "check" and self._writes_unasked:
                self.state = anyio.run(reply, self.state, self._world, "")
                continue
            self._show(question)
            self._answer(question)

    def say(self, text: Text) -> None:
        self._line(text.in_(self.lang))

    def _answer(self, question: Question) -> None:
        """Take lines until one of them is an answer, or leads back."""
        shown = list(question.options)[:_MOST_SHOWN]
        while True:
            self._prompt(question)
            line = self._read(question.secret).strip()
            if not sys.stdin.isatty():
                self._out.line()  # whoever types ends the line himself
            if line in BACK:
                self.state = back(self.state)
                return
            if question.secret and line and sys.stdin.isatty():
                self._line(f"  {masked(line)}")
            value, shown = self._chosen(question, shown, line)
            if value is None:
                continue
            try:
                self.state = anyio.run(reply, self.state, self._world, value)
            except WrongAnswer as wrong:
                self._line(f"  ! {wrong.text.in_(self.lang)}")
                continue
            setup.keep(self.state, self._world)
            return

    def _chosen(self, question: Question, shown: list[Option], line: str) -> tuple[str | None, list[Option]]:
        """The answer that a line stands for, and the options that have numbers now; None if it asks for more."""
        if not question.options or not line:
            return line, shown
        if line.isascii() and line.isdigit() and 1 <= int(line) <= len(shown):
            return shown[int(line) - 1].value, shown
        named = [o for o in question.options if line.casefold() == o.label.in_(self.lang).casefold() or line == o.value]
        if named:
            return named[0].value, shown
        found = [o for o in question.options if line.casefold() in o.label.in_(self.lang).casefold()]
        if len(found) == 1 and not question.takes_text:
            return found[0].value, shown
        if found and len(question.options) > _MOST_SHOWN:
            self._line(texts.FOUND.in_(self.lang).format(count=len(found)))
            self._list(found)
            return None, found[:_MOST_SHOWN]
        if question.takes_text:
            return line, shown
        self._line("  " + texts.CHOOSE.in_(self.lang).format(count=len(shown)))
        return None, shown

    def _head(self, question: Question) -> None:
        """The name of the step, where a new one begins; and what the answer before has brought."""
        group = group_of(self.state)
        if group != self._group:
            self._group = group
            groups = groups_of(self.state)
            title = title_of(group, self.state).in_(self.lang)
            self._line()
            self._line(texts.STEP.in_(self.lang).format(number=groups.index(group) + 1, count=len(groups), title=title))
        for note in question.notes:
            self._line(f"  {note.in_(self.lang)}")

    def _show(self, question: Question) -> None:
        self._line(question.title.in_(self.lang))
        if question.hint:
            self._line(f"  {question.hint.in_(self.lang)}")
        self._list(question.options)

    def _list(self, options: Sequence[Option]) -> None:
        for number, option in enumerate(options[:_MOST_SHOWN], 1):
            mark = "! " if option.good is False else ""
            self._line(f"  {number:>2}  {mark}{option.label.in_(self.lang)}")
            if option.detail:
                self._line(f"      {option.detail.in_(self.lang)}")
        if len(options) > _MOST_SHOWN:
            self._line(texts.MORE.in_(self.lang).format(count=len(options) - _MOST_SHOWN))

    def _prompt(self, question: Question) -> None:
        default = clean(question.shown_default().in_(self.lang), 200)
        name = ""
        if question.options:
            name = (texts.NUMBER_OR_TEXT if question.takes_text else texts.NUMBER).in_(self.lang)
        self._out.write(f"{name}{f' [{default}]' if default else ''}> ".lstrip())

    def _check(self) -> None:
        """All that `check` looks at, before the file is written."""
        from cozebatch_tui.session.setup_check import look_at_everything

        worst = Level.OK

        def tell(item: CheckItem) -> None:
            nonlocal worst
            worst = max(worst, item.level, key=list(Level).index)
            subject, text = clean(item.subject.in_(self.lang), 60), clean(item.text.in_(self.lang), 400)
            self._line(
                f"  {item.level:<4}  {subject}: {text}"
                if self.lang == "en"
                else f"  {item.level:<4}  {subject}：{text}"
            )

        self._line(texts.CHECKING.in_(self.lang))
        look_at_everything(self.state, tell)
        told = {Level.OK: texts.LOOKS_GOOD, Level.WARN: texts.WARNED, Level.FAIL: texts.NOT_IN_ORDER}
        self._line(f"  {told[worst].in_(self.lang)}")

    def _line(self, text: str = "") -> None:
        """One line, broken where the terminal ends; what follows stands under its first word."""
        whole = clean(text, 1000)
        indent = len(whole) - len(whole.lstrip())
        width = min(max(40, self._out.columns), MOST_COLUMNS) - 1
        for line in wrapped([(whole.lstrip(), None)], width - indent, 0):
            self._out.line(f"{' ' * indent}{''.join(part for part, _ in line)}".rstrip())


def _read_line(secret: bool) -> str:
    """A line of stdin; a secret that is typed on a terminal is not shown. Raises `EOFError`."""
    if secret and sys.stdin.isatty():
        return getpass.getpass("")
    line = sys.stdin.readline()
    if not line:
        raise EOFError
    return line
