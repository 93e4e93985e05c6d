"""The `cozebatch-tui` command: reads what was typed, and imports only what that needs."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from cozebatch.model.errors import CozebatchError, JournalError, UsageError
from cozebatch.model.text import Lang, Text
from cozebatch_tui.commands.options import parse, wanted_lang
from cozebatch_tui.headless.streams import Output, prepare_streams
from cozebatch_tui.locale.choose import choose_lang

if TYPE_CHECKING:
    from cozebatch_tui.session.signals import Interrupts

USAGE, INTERRUPTED = 2, 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns its exit code (docs/contract.md §1)."""
    typed = sys.argv[1:] if arguments is None else list(arguments)
    prepare_streams()
    lang = choose_lang(wanted_lang(typed))
    options = parse(typed, lang)
    try:
        return _COMMANDS[options.command](options, lang)
    except UsageError as error:
        complain(error.complaints, lang)
    except JournalError as error:
        complain([error.text], lang)
    except KeyboardInterrupt:
        return INTERRUPTED
    return USAGE


def complain(complaints: Sequence[Text], lang: Lang) -> None:
    """Say what is wrong on stderr, a complaint a paragraph."""
    from cozebatch_tui.presentation.sanitize import clean_lines

    err = Output(sys.stderr)
    for complaint in complaints:
        err.line(f"cozebatch-tui: {clean_lines(complaint.in_(lang))}")


def _run(options: argparse.Namespace, lang: Lang) -> int:
    if not (options.no_ui or options.dry_run) and sys.stdout.isatty():
        from cozebatch_tui.commands.run import run_ui

        return run_ui(options, lang)
    from cozebatch_tui.session.signals import Interrupts

    with Interrupts() as interrupts:
        return _run_headless(options, lang, interrupts)


def _run_headless(options: argparse.Namespace, lang: Lang, interrupts: Interrupts) -> int:
    from cozebatch_tui.commands.configure import configure, open_log_file
    from cozebatch_tui.locale.headless import NO_CONFIGURATION

    if find_config(options) is None and not options.demo:
        raise UsageError(NO_CONFIGURATION)
    from cozebatch_tui.headless.runner import HeadlessOptions, HeadlessRunner
    from cozebatch_tui.session.session import Session

    with ExitStack() as stack:
        settings, request = configure(
            options, lang, stack, warn=lambda text: complain([text], lang), ask=lambda told: agrees(told, lang)
        )
        confirm(options, lang)
        session = stack.enter_context(Session(settings, request))
        log_file = open_log_file(options, lang, session.mask, days=settings.log_retention_days)
        stack.callback(log_file.close)
        how = HeadlessOptions(lang=lang, json=options.json, dry_run=options.dry_run, verbose=options.verbose)
        try:
            return HeadlessRunner(session, log_file, how, interrupts).run()
        except ExceptionGroup as several:
            raise first_known(several) from several


def find_config(options: argparse.Namespace) -> Path | None:
    """The configuration file to read; None when there is none."""
    if options.config:
        return Path(options.config)
    usual = Path("configs/config.json")
    return usual if usual.exists() else None


def confirm(options: argparse.Namespace, lang: Lang) -> None:
    """Ask before anything that pays again. Raises `UsageError` when the answer is no, or nobody can be asked."""
    from cozebatch_tui.locale import headless as texts

    asked = []
    if options.fresh:
        asked.append(texts.CONFIRM_FRESH.in_(lang))
    if options.rerun:
        asked.append(texts.CONFIRM_RERUN.in_(lang).format(count=len(set(options.rerun))))
    if not asked or options.yes or options.dry_run:
        return
    what = "\n".join(asked)
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise UsageError(Text(texts.NEEDS_YES.zh.format(what=what), texts.NEEDS_YES.en.format(what=what)))
    if not agrees(Text.same(what), lang):
        raise UsageError(texts.NOT_CONFIRMED)


def agrees(what: Text, lang: Lang) -> bool:
    """Whether the person at the terminal says yes; False when there is none."""
    from cozebatch_tui.locale import headless as texts

    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        return False
    err = Output(sys.stderr)
    err.line(what.in_(lang))
    err.write(texts.QUESTION.in_(lang))
    return sys.stdin.readline().strip().lower() in ("y", "yes", "是")


def first_known(several: ExceptionGroup) -> Exception:
    """The exception of ours inside a group; the group itself when there is none."""
    for error in several.exceptions:
        found = first_known(error) if isinstance(error, ExceptionGroup) else error
        if isinstance(found, CozebatchError):
            return found
    return several


def _init(options: argparse.Namespace, lang: Lang) -> int:
    from cozebatch_tui.commands.init import init

    return init(options, lang)


def _check(options: argparse.Namespace, lang: Lang) -> int:
    from cozebatch_tui.commands.check import check

    return check(options, lang)


def _runs(options: argparse.Namespace, lang: Lang) -> int:
    if options.prune:
        from cozebatch_tui.commands.prune import prune

        return prune(options, lang)
    if options.import_files:
        from cozebatch_tui.commands.import_results import import_results

        return import_results(options, lang)
    from cozebatch_tui.commands.history import list_runs

    return list_runs(options, lang)


def _report(options: argparse.Namespace, lang: Lang) -> int:
    from cozebatch_tui.commands.history import show_report

    return show_report(options, lang)


_COMMANDS = {"run": _run, "init": _init, "check": _check, "runs": _runs, "report": _report}

if __name__ == "__main__":
    sys.exit(main())
