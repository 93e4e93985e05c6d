"""Opens a configured session, for the screen or for a run without one."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from cozebatch.model.text import Lang, Text
from cozebatch_tui.commands.configure import configure, find_config, open_log_file
from cozebatch_tui.commands.errors import complain
from cozebatch_tui.commands.prompts import agrees
from cozebatch_tui.presentation.invocation import going_on

if TYPE_CHECKING:
    from cozebatch_tui.commands.handover import Handover
    from cozebatch_tui.headless.runner import HeadlessRunner
    from cozebatch_tui.session.log_file import LogFile
    from cozebatch_tui.session.session import Session
    from cozebatch_tui.session.signals import Interrupts


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


@contextmanager
def headless_runner(
    options: argparse.Namespace, lang: Lang, interrupts: Interrupts, handover: Handover | None = None
) -> Iterator[HeadlessRunner]:
    """A runner on a session that is open inside the block. Raises `UsageError`."""
    from cozebatch_tui.headless.runner import Background, HeadlessOptions, HeadlessRunner

    how = HeadlessOptions(
        lang=lang,
        json=options.json,
        dry_run=options.dry_run,
        verbose=options.verbose,
        title=title_of(options),
        command=handover.command if handover is not None else going_on(),
        demo=options.demo,
        background=None
        if handover is None
        else Background(
            handover.agreed, handover.trial, frozenset(handover.left_out), handover.expected, handover.ticket
        ),
    )
    opened = make_session(
        options, lang, warn=lambda text: complain([text], lang), ask=lambda question: agrees(question, lang)
    )
    with opened as (session, log_file):
        yield HeadlessRunner(session, log_file, how, interrupts)


def title_of(options: argparse.Namespace) -> str:
    """The name of the batch."""
    config = find_config(options)
    return "demo" if options.demo else config.stem if config is not None else ""
