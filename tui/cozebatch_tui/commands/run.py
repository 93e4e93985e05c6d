"""Runs a batch: on the terminal UI if stdout is a terminal, else without a screen. Both fronts get the same session.

The screen paints first; a worker thread then imports the heavy modules and opens the session.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from cozebatch.model.errors import UsageError, unwrapped_groups
from cozebatch.model.text import Lang, Text
from cozebatch_tui.commands.configure import find_config
from cozebatch_tui.commands.garbage import collect_rarely
from cozebatch_tui.commands.prompts import confirm
from cozebatch_tui.commands.sessions import headless_runner, make_session, title_of
from cozebatch_tui.presentation.invocation import typed

if TYPE_CHECKING:
    from cozebatch.batch.preview import Preview
    from cozebatch_tui.screen.startup import AppStart
    from cozebatch_tui.session.session import Session
    from cozebatch_tui.session.signals import Interrupts


def run(options: argparse.Namespace, lang: Lang) -> int:
    """The exit code of docs/contract.md §1. Raises `UsageError` and `JournalError`."""
    collect_rarely()
    if options.handover:
        return _run_handed_over()
    if options.detach:
        from cozebatch_tui.commands.detach import detach

        return detach(options, lang)
    if "TEXTUAL_DRIVER" in os.environ and not (options.no_ui or options.dry_run or sys.stdin.isatty()):
        from cozebatch_tui.locale.serve import NOT_LIKE_THIS

        raise UsageError(typed(NOT_LIKE_THIS))  # started for a browser, it would run a batch that nobody sees
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
    from cozebatch_tui.session.preferences import detaches, load_user_settings

    confirm(options, lang)
    if not detaches(load_user_settings()):
        return run_app(_app_start(options, lang))
    confirmed: list[tuple[argparse.Namespace, Preview | None]] = []
    if _begins_at_once(options):
        confirmed.append((options, None))
    else:
        code = run_app(_app_start(options, lang, lambda *agreed: confirmed.append(agreed)))
        if not confirmed:
            return code
    return _run_in_background(*confirmed[0], lang)


def _run_in_background(options: argparse.Namespace, preview: Preview | None, lang: Lang) -> int:
    """Start the batch in a process of its own, and show its screen."""
    from cozebatch_tui.commands.attach import show
    from cozebatch_tui.commands.detach import attach_arguments, handover_of, start
    from cozebatch_tui.headless.streams import Output
    from cozebatch_tui.locale.attach import STARTING

    Output(sys.stdout).line(STARTING.in_(lang))
    code, place, _ = start(handover_of(options, lang, preview=preview, expected=True), lang)
    return show(options.state_dir, attach_arguments(options), lang, demo=options.demo) if place is not None else code


def _begins_at_once(options: argparse.Namespace) -> bool:
    return bool(options.demo or (options.yes and find_config(options) is not None))


def _app_start(
    options: argparse.Namespace,
    lang: Lang,
    on_confirmed: Callable[[argparse.Namespace, Preview], None] | None = None,
    told: Sequence[Text] = (),
) -> AppStart:
    """`on_confirmed`: the batch runs in another process; this gets what is to run there. `told`: notes for the start
    screen."""
    from cozebatch_tui.screen.startup import AppStart, Ask, Chosen

    config = find_config(options)
    notes: list[Text] = list(told)

    @contextmanager
    def session_for_screen(ask: Ask) -> Iterator[Session]:
        with make_session(options, lang, warn=notes.append, ask=ask) as (session, log_file):
            log_file.on_failed = lambda text: _note(session, text)
            yield session

    def after_setup(chosen: Chosen, lang: Lang) -> AppStart:
        tasks = chosen.tasks_file or options.tasks
        also = ["--tasks", chosen.tasks_file] if chosen.tasks_file not in (None, options.tasks) else []
        new = argparse.Namespace(**{**vars(options), "demo": chosen.demo, "tasks": tasks, "also": also})
        return _app_start(new, lang, on_confirmed, chosen.notes)

    return AppStart(
        make_session=session_for_screen,
        lang=lang,
        title=title_of(options),
        setup_needed=config is None and not options.demo,
        begin_at_once=options.yes or options.demo,
        notes=notes,
        after_setup=after_setup,
        hand_over=None if on_confirmed is None else lambda preview: on_confirmed(options, preview),
        answers={"source": "file", "tasks_file": options.tasks} if options.tasks else {},
        set_up=not options.demo and hasattr(options, "also"),
        also=getattr(options, "also", ()),
    )


def _note(session: Session, text: Text) -> None:
    with suppress(RuntimeError):  # the session's thread may have ended
        session.note(text)
