"""`cozebatch-tui runs --prune`: deletes old logs, state and media that no unfinished task needs."""

from __future__ import annotations

import argparse
import os
import sys
import time
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path

import anyio

from cozebatch.batch.state_cleanup import DAY, Kind, Pruned, prune_state
from cozebatch.journal.lock import state_lock
from cozebatch.journal.opening import wal_of
from cozebatch.journal.sqlite import FILE_NAME, open_journal, read_journal
from cozebatch.model.errors import unwrapped_groups
from cozebatch.model.sanitize import clean
from cozebatch.model.text import Lang
from cozebatch_tui.commands.configure import delete_old_logs, find_config, old_logs
from cozebatch_tui.commands.errors import complain
from cozebatch_tui.exit_codes import Exit
from cozebatch_tui.headless.streams import Output
from cozebatch_tui.locale import pruning as texts
from cozebatch_tui.presentation.cells import fit
from cozebatch_tui.presentation.formatting import size_of

DAYS = 30
"""The age limit if neither an option nor a configuration gives one."""


def prune(options: argparse.Namespace, lang: Lang) -> Exit:
    """Delete what is older than `--older-than` (else `log_retention_days`) days; `--dry-run` only prints it.

    Raises `UsageError` for a wrong configuration and while another process uses the state, `JournalError` for a
    journal that cannot be used.
    """
    out = Output(sys.stdout)
    state_dir, log_dir = Path(options.state_dir), Path(options.log_dir)
    days = _days(options, lang)
    if not state_dir.is_dir():
        out.line(texts.NO_STATE.in_(lang).format(state_dir=clean(str(state_dir), 400)))
        return Exit.OK
    now = time.time()
    with ExitStack() as stack:
        stack.enter_context(unwrapped_groups())
        if not options.dry_run:
            stack.enter_context(state_lock(state_dir))
        found = anyio.run(_prune_state, state_dir, now - days * DAY, options.dry_run)
        _prune_logs(log_dir, days, now, found, dry=options.dry_run)
    _print_summary(out, found, days, now, lang, dry=options.dry_run)
    return Exit.OK


def _days(options: argparse.Namespace, lang: Lang) -> int:
    if options.older_than is not None:
        return int(options.older_than)
    config = find_config(options)
    if config is None:
        return DAYS
    from cozebatch.settings import load_settings
    from cozebatch.settings.stored_secrets import stored_secret

    settings, warnings = load_settings(config, env=os.environ, need_feishu=False, stored=stored_secret)
    complain(warnings, lang)
    return settings.log_retention_days


async def _prune_state(state_dir: Path, before: float, dry: bool) -> Pruned:
    path = state_dir / FILE_NAME
    if not (path.exists() or wal_of(path).exists()):
        return await prune_state(None, state_dir, before, dry=dry)
    async with read_journal(path) if dry else open_journal(path) as journal:
        return await prune_state(journal, state_dir, before, dry=dry, compact=True)


def _prune_logs(folder: Path, days: int, now: float, found: Pruned, *, dry: bool) -> None:
    """Delete old log files, as every start does, and count them."""
    old = old_logs(folder, now - days * DAY)
    if not dry:
        delete_old_logs(folder, days)
    for path, size in old.items():
        if dry or not path.exists():
            found.went(Kind.LOG, size)


def _print_summary(out: Output, found: Pruned, days: int, now: float, lang: Lang, *, dry: bool) -> None:
    before = datetime.fromtimestamp(max(0.0, now - days * DAY)).strftime("%Y-%m-%d %H:%M")
    out.line((texts.WOULD_DROP if dry else texts.DROPPED).filled(before=before, days=days).in_(lang))
    for kind in Kind:
        name, amount = fit(texts.KINDS[kind].in_(lang), 24), fit(str(found.gone[kind]), 8, right=True)
        size = fit(size_of(found.freed[kind]), 10, right=True)
        out.line(texts.LINE.in_(lang).format(kind=name, count=amount, size=size))
    kept = [
        texts.KEPT_KIND.in_(lang).format(kind=texts.KINDS[kind].in_(lang), count=found.kept[kind])
        for kind in Kind
        if found.kept[kind]
    ]
    what = texts.KEPT.in_(lang).format(kinds=("、" if lang == "zh" else ", ").join(kept))
    out.line(what if kept else texts.NOTHING_KEPT.in_(lang))
    if found.saved:
        out.line(texts.SAVED.in_(lang).format(size=size_of(found.saved)))
    for trouble in found.troubles:
        out.line(clean(trouble.in_(lang), 1000))
