"""Runs a batch: on the terminal UI if stdout is a terminal, else without a screen. Both fronts get the same session.

The screen paints first; a worker thread then imports the heavy modules and opens the session.
"""

from __future__ import annotations

import argparse
import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from cozebatch.model.errors import UsageError, unwrapped_groups
from cozebatch.model.text import Lang, Text
from cozebatch_tui.commands.configure import find_config
from cozebatch_tui.commands.prompts import confirm
from cozebatch_tui.commands.sessions import headless_runner, make_session, title_of
from cozebatch_tui.presentation.invocation import typed

if TYPE_CHECKING:
    from cozebatch_tui.screen.startup import AppStart
    from cozebatch_tui.session.session import Session
    from cozebatch_tui.session.signals import Interrupts

GARBAGE_AT = 50_000
"""New objects for which the process looks for circles among them. With Python's 700, a tenth of the start of 100,000
tasks goes into that, and their rows form none."""


def run(options: argparse.Namespace, lang: Lang) -> int:
    """The exit code of docs/contract.md §1. Raises `UsageError` and `JournalError`."""
    gc.set_threshold(GARBAGE_AT)
    if options.handover:
        return _run_handed_over()
    if options.detach:
        from cozebatch_tui.commands.detach import detach

        return detach(options, lang)
    if not (options.no_ui or options.dry_run) and sys.stdout.isatty():
        return _run_screen(options, lang)
    from cozebatch_tui.session.signals import Interrupts

    with Interrupts() as interrupts:
        return _run_headless(options, lang, interrupts)


def _run_headless(options: argparse.Namespace, lang: Lang, interrupts: Interrupts) -> int:
    if find_config(options) is None and not options.demo:
        from cozebatch_tui.locale.headless import NO_CONFIGURATION

        raise UsageError(typed(NO_CONFIGURATION))
    confirm(options, lang)
    with unwrapped_groups(), headless_runner(options, lang, interrupts) as runner:
        return runner.run()


def _run_handed_over() -> int:
    """Run what the process that was started by hand has asked about."""
    from cozebatch_tui.commands.handover import receive
    from cozebatch_tui.session.signals import Interrupts

    handover = receive()
    with (
        Interrupts() as interrupts,
        unwrapped_groups(),
        headless_runner(handover.namespace, handover.lang, interrupts, handover) as runner,
    ):
        return runner.run()


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
        title=title_of(options),
        setup_needed=config is None and not options.demo,
        begin_at_once=options.yes or options.demo,
        notes=notes,
        after_setup=after_setup,
        answers={"source": "file", "tasks": options.tasks} if options.tasks else {},
    )


def _note(session: Session, text: Text) -> None:
    with suppress(RuntimeError):  # the session's thread may have ended
        session.note(text)
