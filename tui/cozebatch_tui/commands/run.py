"""Starts the terminal UI: only what the first paint needs is imported here, the rest behind it."""

from __future__ import annotations

import argparse
from contextlib import ExitStack, suppress
from typing import TYPE_CHECKING

from cozebatch.model.text import Lang, Text
from cozebatch_tui.cli import confirm, find_config
from cozebatch_tui.screen.app import run_app
from cozebatch_tui.screen.startup import AppStart, Ask

if TYPE_CHECKING:
    from cozebatch_tui.session.session import Session


def run_ui(options: argparse.Namespace, lang: Lang) -> int:
    """The exit code of docs/contract.md §1. Raises `UsageError` when a confirmation is refused."""
    confirm(options, lang)
    notes: list[Text] = []
    config = find_config(options)
    with ExitStack() as stack:

        def make_session(ask: Ask) -> Session:
            from cozebatch_tui.commands.configure import configure, open_log_file
            from cozebatch_tui.session.session import Session

            settings, request = configure(options, lang, stack, warn=notes.append, ask=ask)
            session = Session(settings, request)
            log_file = open_log_file(options, lang, session.mask, days=settings.log_retention_days)
            stack.callback(log_file.close)
            log_file.on_failed = lambda text: tell(session, text)
            log_file.follow(session.subscribe(log_file.wake))
            return session

        def tell(session: Session, text: Text) -> None:
            with suppress(RuntimeError):  # its thread may have ended
                session.note(text)

        return run_app(
            AppStart(
                make_session=make_session,
                lang=lang,
                title="demo" if options.demo else config.stem if config is not None else "",
                setup_needed=config is None and not options.demo,
                begin_at_once=options.yes or options.demo,
                notes=notes,
            )
        )
