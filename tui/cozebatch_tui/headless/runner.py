"""Runs a batch without a screen, for cron, CI and pipes: JSON or plain lines on stdout, the result as exit code."""

from __future__ import annotations

import os
import sys
import threading
from concurrent.futures import CancelledError, Future
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from cozebatch.batch.preview import Preview
from cozebatch.engine.engine import Outcome
from cozebatch.engine.event_bus import Subscription
from cozebatch.model.check_item import Level
from cozebatch.model.errors import UsageError
from cozebatch.model.events import Event, Noted, Paused, Resumed
from cozebatch.model.id_list import typed_id
from cozebatch.model.prices import Prices, yuan
from cozebatch.model.sanitize import clean
from cozebatch.model.text import Lang, Text
from cozebatch.planning.leftovers import DEFAULTS, Left
from cozebatch.planning.planned import Action
from cozebatch_tui.exit_codes import Exit, exit_of
from cozebatch_tui.headless.console import ConsolePrinter
from cozebatch_tui.headless.json_lines import JsonLines
from cozebatch_tui.headless.streams import Output
from cozebatch_tui.headless.terminal import Terminal, terminal_behind
from cozebatch_tui.locale import attach as attach_texts
from cozebatch_tui.locale import farewell as farewell_texts
from cozebatch_tui.locale import headless as texts
from cozebatch_tui.presentation.allowed import allowed
from cozebatch_tui.presentation.invocation import after_the_demo
from cozebatch_tui.presentation.summary import summary
from cozebatch_tui.presentation.terminal_signals import Bell, TerminalSignals, takes_signals
from cozebatch_tui.session.log_file import LogFile
from cozebatch_tui.session.session import Session
from cozebatch_tui.session.signals import Interrupts

T = TypeVar("T")


class Interrupted(Exception):
    """Raised by an interrupt before anything was submitted."""


@dataclass(frozen=True, slots=True)
class Background:
    """What the operator agreed to before the batch went into the background. `agreed`: new executions; None where he
    was not asked. `trial`, `left_out`: as in `Preview`. `expected`: a screen will attach; `ticket`: of this start."""

    agreed: int | None = None
    trial: int | None = None
    left_out: frozenset[str] = frozenset()
    expected: bool = False
    ticket: str = ""


@dataclass(frozen=True, slots=True)
class HeadlessOptions:
    """`title` is for screens that attach. `command`: how the batch is gone on with."""

    lang: Lang
    json: bool
    dry_run: bool
    verbose: bool
    title: str = ""
    command: str = ""
    demo: bool = False
    background: Background | None = None


class HeadlessRunner:
    """Runs one session and prints what happens. The caller closes the session and has `interrupts` installed."""

    def __init__(self, session: Session, log_file: LogFile, options: HeadlessOptions, interrupts: Interrupts) -> None:
        self._session = session
        self._log_file = log_file
        self._options = options
        self._lang: Lang = options.lang
        self._out = Output(sys.stdout)
        self._err = Output(sys.stderr)
        shown_on = self._err if options.json else self._out
        terminal = terminal_behind(shown_on)
        if options.json and self._out.is_terminal:
            terminal = None  # the bar would be torn by the JSON beside it
        self._printer = ConsolePrinter(shown_on, terminal, self._lang, verbose=options.verbose)
        self._signals = _signals(shown_on, terminal, session.rings)
        self._json = JsonLines(self._lang, session.mask) if options.json else None
        self._wake = threading.Event()
        self._interrupts = interrupts

    def run(self) -> Exit:
        """Run the batch; returns the exit code. Raises `UsageError` and `JournalError` if it cannot begin."""
        shown = self._session.subscribe(self._wake.set)
        self._log_file.on_failed = self._complain
        self._interrupts.on_first = self._interrupted
        try:
            return self._run(shown)
        except Interrupted:
            self._say(texts.INTERRUPTED_EARLY)
            return Exit.INTERRUPTED
        finally:
            self._interrupts.on_first = lambda: None  # the run is over; its exit code stands
            self._printer.close()
            if self._signals is not None:
                self._signals.end()

    def plan(self) -> Preview | None:
        """Load and plan the batch, and show that; None if there is nothing to do. Raises as `run` does."""
        try:
            self._session.open()
            preview = self._wait(self._session.prepare())
            self._show_plan(preview, every_task=False)
            return preview if preview.has_work else None
        finally:
            self._printer.close()

    def _run(self, shown: Subscription) -> Exit:
        self._session.open()
        preview = self._agreed(self._wait(self._session.prepare()))
        if self._options.dry_run:
            self._wait(self._session.check_named())
            self._show_plan(preview, every_task=True)
            self._say(texts.DRY_RUN)
            return Exit.OK
        self._say(texts.LOG_AT, path=str(self._log_file.path))
        self._show_plan(preview, every_task=False)
        if preview.has_work:
            found = self._wait(self._session.preflight())
            for item in dict.fromkeys(found):
                if item.level is Level.WARN:
                    self._complain(
                        Text(f"{item.subject.zh}：{item.text.zh}", f"{item.subject.en}: {item.text.en}"),
                    )
        self._printer.estimate.usual = self._wait(self._session.usual_seconds())
        if self._signals is not None:
            self._signals.start()
        from cozebatch_tui.attach.host import Host

        background = self._options.background or Background()
        host = Host(
            self._session,
            self._options.title,
            self._options.command,
            expected=background.expected,
            ticket=background.ticket,
        )
        self._session.add_service(host.serving())
        outcome = self._follow(self._session.run(preview, keep_open=host.keeps_open), shown)
        host.end(exit_of(outcome))
        self._printer.close()
        for line in summary(outcome.status, outcome.statistics.to_json(), self._lang, self._spent()):
            self._printer.say(line)
        if outcome.results_path is not None:
            self._say(texts.RESULTS_AT, path=outcome.results_path)
        if self._options.demo:
            for line in after_the_demo(self._lang):
                self._printer.say(line)
        elif outcome.status != "finished":
            self._say(farewell_texts.GO_ON, command=clean(self._options.command, 2000))
        return exit_of(outcome)

    def _agreed(self, preview: Preview) -> Preview:
        """What the operator agreed to. Raises `UsageError` where more would be paid by now."""
        background = self._options.background
        if background is None:
            return preview
        preview = preview.without(background.left_out)
        if background.trial is not None:
            preview = preview.canary(background.trial)
        if background.agreed is not None and preview.new_executions > background.agreed:
            raise UsageError(
                attach_texts.MORE_THAN_AGREED.filled(count=preview.new_executions, agreed=background.agreed)
            )
        return preview

    def _follow(self, running: Future[Outcome], shown: Subscription) -> Outcome:
        while not running.done():
            self._wake.wait(0.5)
            self._wake.clear()
            self._print(shown.take())
            if self._interrupts.seen and not self._printer.draining:
                self._printer.draining = True
                self._say(texts.DRAINING)
            self._printer.refresh()
            self._signal(is_over=False)
        outcome = running.result()
        self._print(shown.take())
        self._signal(is_over=True)
        return outcome

    def _signal(self, *, is_over: bool) -> None:
        if self._signals is not None:
            self._signals.show(self._printer.board, self._lang, is_over=is_over)

    def _print(self, found: list[Event]) -> None:
        with self._out.gathering(), self._err.gathering():
            for event in found:
                if self._json is not None and (line := self._json.line(event)) is not None:
                    self._out.line(line)
                if self._json is None or _needs_attention(event):
                    self._printer.event(event)

    def _spent(self) -> float | None:
        rows = self._printer.board.rows.values()
        return self._session.prices.spent(sum(row.attempts for row in rows), sum(row.tokens for row in rows))

    def _show_plan(self, preview: Preview, *, every_task: bool) -> None:
        if preview.continuing:
            self._say(texts.CONTINUING, run_id=preview.run.run_id)
        self._show_leftovers(preview)
        if every_task:
            for task in preview.tasks:
                what = texts.what(task).in_(self._lang)
                line = f"  {clean(task.task_id, 40)}  {clean(task.title, 40)}  {what}"
                if task.action is Action.WATCH:
                    line += f"  {task.execute_id}"
                self._printer.say(f"{line}  {task.reason.in_(self._lang)}" if task.reason else line)
        if not preview.tasks and not preview.owed:
            self._say(texts.NOTHING_TO_DO)
            return
        for warning in (preview.misnamed, preview.expiring):
            if warning is not None:
                self._complain(warning)
        if preview.recognized is not None:
            self._printer.say(preview.recognized.in_(self._lang))
        if preview.same_script is not None:
            self._printer.say(preview.same_script.in_(self._lang))
            if not preview.reuse:
                self._say(texts.REUSE_THEM)
        if preview.edited is not None:
            self._printer.say(preview.edited.in_(self._lang))
        self._say(texts.PLAN, total=len(preview.tasks), parts=planned(preview, self._lang, self._session.prices))
        if (most := allowed(preview.run.allowance)) is not None:
            self._printer.say(most.in_(self._lang))

    def _show_leftovers(self, preview: Preview) -> None:
        """Print what earlier runs left, one line per kind, and log one line per task."""
        found = preview.leftovers
        for kind in Left:
            of_kind = [left for left in found if left.kind is kind]
            if of_kind:
                self._say(texts.LEFT, kind=texts.LEFT_KINDS[kind].in_(self._lang), count=len(of_kind))
                self._printer.say(f"    {DEFAULTS[kind].in_(self._lang)}")
                ways = {Left.HELD: texts.WAY_ON_HELD, Left.ASKED: texts.WAY_ON_ASKED}
                if kind in ways:  # the command line names its options, which the screen does not have
                    way = ways[kind].in_(self._lang).format(task_id=typed_id(of_kind[0].task_id))
                    self._printer.say(f"    {way}")
        for left in found:
            since = datetime.fromtimestamp(left.since).strftime("%Y-%m-%d %H:%M") if left.since is not None else "-"
            values = {"execute_id": left.execute_id or "-", "since": since}
            what, default = texts.LEFT_KINDS[left.kind], DEFAULTS[left.kind]
            zh = texts.LEFT_IN_LOG.zh.format(kind=what.zh, default=default.zh, **values)
            en = texts.LEFT_IN_LOG.en.format(kind=what.en, default=default.en, **values)
            self._log_file.say("info", Text(zh, en), left.task_id)

    def _wait(self, future: Future[T]) -> T:
        """Wait for the future's result. Raises `Interrupted` if an interrupt comes first."""
        future.add_done_callback(lambda _: self._wake.set())
        while not future.done():
            self._wake.wait(0.5)
            self._wake.clear()
            if self._interrupts.seen:
                future.cancel()
        try:
            result = future.result()
        except CancelledError:
            raise Interrupted from None
        if self._interrupts.seen:
            raise Interrupted
        return result

    def _interrupted(self) -> None:
        self._session.stop()
        self._wake.set()
        self._log_file.say("warning", texts.DRAINING)

    def _complain(self, text: Text) -> None:
        """Print to stderr, in any thread."""
        self._printer.elsewhere(lambda: self._err.line(text.in_(self._lang)))

    def _say(self, text: Text, **values: object) -> None:
        self._printer.say(text.filled(**values).in_(self._lang))


def _signals(output: Output, terminal: Terminal | None, bell: Bell) -> TerminalSignals | None:
    if terminal is None or not terminal.moves or not takes_signals(os.environ):
        return None
    return TerminalSignals(output.write, terminal.glyphs, bell)


def _needs_attention(event: Event) -> bool:
    """True for events that go to stderr even if stdout carries JSON."""
    return isinstance(event, Paused | Resumed) or (isinstance(event, Noted) and event.level == "error")


def planned(preview: Preview, lang: Lang, prices: Prices) -> str:
    """How many tasks each thing is done with, free or paid: always what is paid, of the rest what there is."""
    counts = {text: preview.actions.get(action, 0) for action, text in texts.PLANNED.items()}
    counts[texts.OWED] = preview.owed
    paid = texts.PLANNED[Action.SUBMIT]
    parts = [text.filled(count=count).in_(lang) for text, count in counts.items() if count or text is paid]
    if counts[paid] and (expected := prices.expected(counts[paid])) is not None:
        parts[0] += texts.COSTS.in_(lang).format(cost=yuan(expected))
    return ("，" if lang == "zh" else ", ").join(parts)
