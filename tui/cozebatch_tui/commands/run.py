"""Runs a batch: on the terminal UI if stdout is a terminal, else without a screen. Both fronts get the same session.

The screen paints first; a worker thread then imports the heavy modules and opens the session.
"""

from __future__ import annotations

import argparse
import gc
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import TYPE_CHECKING

from cozebatch.model.errors import UsageError, unwrapped_groups
from cozebatch.model.text import Lang, Text
from cozebatch_tui.commands.configure import configure, find_config, open_log_file
from cozebatch_tui.commands.errors import complain
from cozebatch_tui.commands.prompts import agrees, confirm
from cozebatch_tui.presentation.invocation import typed

if TYPE_CHECKING:
    from cozebatch_tui.screen.startup import AppStart
    from cozebatch_tui.session.log_file import LogFile
    from cozebatch_tui.session.session import Session
    from cozebatch_tui.session.signals import Interrupts

GARBAGE_AT = 50_000
"""New objects for which the process looks for circles among them. With Python's 700, a tenth of the start of 100,000
tasks goes into that, and their rows form none."""


def run(options: argparse.Namespace, lang: Lang) -> int:
    """The exit code of docs/contract.md §1. Raises `UsageError` and `JournalError`."""
    gc.set_threshold(GARBAGE_AT)
    if not (options.no_ui or options.dry_run) and sys.stdout.isatty():
        return _run_screen(options, lang)
    from cozebatch_tui.session.signals import Interrupts

    with Interrupts() as interrupts:
        return _run_headless(options, lang, interrupts)


@contextmanager
def make_session(
    options: argparse.Namespace, lang: Lang, *, warn: Callable[[Text], None], ask: Callable[[Text], bool]
) -> Iterator[tuple[Session, LogFile]]:
    """The configured session, its thread started, and the log file that follows it until the session is closed.

    `warn` gets each warning about the configuration, `ask` each question that only an operator can answer. Raises
    `UsageError`.
    """
    from cozebatch_tui.session.session import Session

    with ExitStack() as stack:
        settings, request = configure(options, lang, stack, warn=warn, ask=ask)
        session = Session(settings, request)
        log_file = open_log_file(options, lang, session.mask, days=settings.log_retention_days)
        session.log_path = log_file.path
        stack.callback(log_file.close)  # closed after the session, whose last events belong in the log
        stack.enter_context(session)
        log_file.follow(session.subscribe(log_file.wake))
        yield session, log_file


def _run_headless(options: argparse.Namespace, lang: Lang, interrupts: Interrupts) -> int:
    if find_config(options) is None and not options.demo:
        from cozebatch_tui.locale.headless import NO_CONFIGURATION

        raise UsageError(typed(NO_CONFIGURATION))
    confirm(options, lang)
    from cozebatch_tui.headless.runner import HeadlessOptions, HeadlessRunner

    how = HeadlessOptions(lang=lang, json=options.json, dry_run=options.dry_run, verbose=options.verbose)
    opened = make_session(
        options, lang, warn=lambda text: complain([text], lang), ask=lambda question: agrees(question, lang)
    )
    with unwrapped_groups(), opened as (session, log_file):
        return HeadlessRunner(session, log_file, how, interrupts).run()


def _run_screen(options: argparse.Namespace, lang: Lang) -> int:
    from cozebatch_tui.screen.app import run_app

    confirm(options, lang)
    return run_app(_app_start(options, lang))


def _app_start(options: argparse.Namespace, lang: Lang) -> AppStart:
    from cozebatch_tui.screen.startup import AppStart, Ask, Chosen

    config = find_config(options)
    notes: list[Text] = []

    @contextmanager
    def session_for_screen(ask: Ask) -> Iterator[Session]:
        with make_session(options, lang, warn=notes.append, ask=ask) as (session, log_file):
            log_file.on_failed = lambda text: _note(session, text)
            yield session

    def after_setup(chosen: Chosen, lang: Lang) -> AppStart:
        tasks = chosen.tasks_file or options.tasks
        return _app_start(argparse.Namespace(**{**vars(options), "demo": chosen.demo, "tasks": tasks}), lang)

    return AppStart(
        make_session=session_for_screen,
        lang=lang,
        title="demo" if options.demo else config.stem if config is not None else "",
        setup_needed=config is None and not options.demo,
        begin_at_once=options.yes or options.demo,
        notes=notes,
        after_setup=after_setup,
        answers={"source": "file", "tasks": options.tasks} if options.tasks else {},
    )


def _note(session: Session, text: Text) -> None:
    with suppress(RuntimeError):  # the session's thread may have ended
        session.note(text)
