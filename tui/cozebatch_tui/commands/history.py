"""`cozebatch-tui runs` and `cozebatch-tui report`: the results of earlier runs, read from the journal."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Awaitable, Callable, Iterable
from datetime import datetime
from pathlib import Path
from typing import TypeVar

import anyio

from cozebatch.disk.writing import write_named
from cozebatch.journal.lock import is_locked
from cozebatch.journal.sqlite import FILE_NAME, SqliteJournal, read_journal
from cozebatch.model.board import Board, seeded
from cozebatch.model.default_paths import DEMO_DIR
from cozebatch.model.errors import UsageError, unwrapped_groups
from cozebatch.model.os_reason import os_reason
from cozebatch.model.prices import NO_PRICES, Prices
from cozebatch.model.rows import Row
from cozebatch.model.sanitize import clean
from cozebatch.model.statistics import compute
from cozebatch.model.task import State
from cozebatch.model.text import Lang, Text
from cozebatch.ports import RunRecord
from cozebatch_tui.commands.configure import find_config
from cozebatch_tui.commands.errors import complain
from cozebatch_tui.exit_codes import Exit
from cozebatch_tui.headless.streams import Output
from cozebatch_tui.locale import commands as texts
from cozebatch_tui.locale.names import STATES
from cozebatch_tui.presentation.cells import fit
from cozebatch_tui.presentation.csv_report import table
from cozebatch_tui.presentation.describe import error_line
from cozebatch_tui.presentation.report import page
from cozebatch_tui.presentation.report.posters import posters
from cozebatch_tui.presentation.summary import summary
from cozebatch_tui.presentation.workbook_report import workbook

T = TypeVar("T")


def list_runs(options: argparse.Namespace, lang: Lang) -> Exit:
    """Print one line per run, newest first. Raises `JournalError`."""
    out = Output(sys.stdout)

    async def read(journal: SqliteJournal) -> list[tuple[RunRecord, list[Row]]]:
        return [(run, list(await journal.rows(run.run_id))) for run in await journal.runs()]

    found = []
    running = set()
    for place in _places(options):
        kept = _with_journal(place, lang, read) or []
        running |= _running(place, [run for run, _ in kept])
        found += kept
    if not found:
        out.line(texts.NO_RUNS.in_(lang))
    for run, rows in sorted(found, key=lambda kept: -kept[0].started_at):
        line = texts.RUN_PRUNED_LINE if run.pruned and not rows else texts.RUN_LINE
        counts = {state: sum(row.state is state for row in rows) for state in State}
        demo = texts.DEMO.in_(lang) if run.source_kind == "demo" else ""
        out.line(
            line.in_(lang).format(
                run_id=run.run_id,
                started=datetime.fromtimestamp(run.started_at).strftime("%Y-%m-%d %H:%M"),
                status=texts.STATUS["running" if run.run_id in running else run.status].in_(lang),
                done=counts[State.DONE],
                failed=counts[State.FAILED],
                held=counts[State.HELD],
                total=len(rows),
            )
            + demo
        )
    return Exit.OK


def show_report(options: argparse.Namespace, lang: Lang) -> Exit:
    """Print a run's figures and tasks, or write them as a page. Raises `UsageError` if there is no such run, and for a
    configuration named that cannot be read."""
    out = Output(sys.stdout)

    run, rows, is_running = _chosen(options, lang)
    prices = _prices(options, run, lang)
    board = board_of(run, rows)
    statistics = compute(
        board, elapsed=run.clock, max_coze=max(1, run.max_coze), max_synthesis=max(1, run.max_synthesis)
    ).to_json()
    written = False
    in_excels_own = str(options.csv).lower().endswith(".xlsx")
    makers: tuple[tuple[str | None, Callable[[], str | bytes]], ...] = (
        (options.html, lambda: page(run, rows, statistics, lang, posters(rows), prices)),
        (options.csv, lambda: workbook(rows, lang) if in_excels_own else table(rows, lang)),
    )
    for name, make in makers:
        if name:
            path = Path(name)
            try:
                write_named(path, make())
            except OSError as error:
                why = texts.IN_USE if isinstance(error, PermissionError) else texts.NOT_WRITTEN
                raise UsageError(why.filled(path=path, reason=os_reason(error))) from error
            out.line(texts.FILE_WRITTEN.in_(lang).format(path=path))
            written = True
    if written:
        return Exit.OK
    status = "running" if is_running else run.status if run.status in ("finished", "stopped") else "interrupted"
    spent = prices.spent(sum(row.attempts for row in rows), sum(row.tokens for row in rows))
    for line in summary(status, statistics, lang, spent):
        out.line(line)
    for row in rows:
        what = row.video_path or row.draft_path or ""
        if row.error is not None:
            what = error_line(row.error, lang)
        elif row.note is not None:
            what = row.note.in_(lang)
        state = fit(STATES[row.state].in_(lang), 12)
        out.line(f"  {fit(row.task_id, 16)}  {state}  {fit(row.title, 30)}  {clean(what, 400)}")
    return Exit.OK


def _chosen(options: argparse.Namespace, lang: Lang) -> tuple[RunRecord, list[Row], bool]:
    """The run that was named, or the latest, its rows, and whether it goes on now. Raises `UsageError` if there is no
    such run."""

    async def list_them(journal: SqliteJournal) -> list[RunRecord]:
        return list(await journal.runs())

    running: set[str] = set()
    places: dict[str, tuple[RunRecord, Path]] = {}
    for folder in _places(options):
        kept = _with_journal(folder, lang, list_them) or []
        running |= _running(folder, kept)
        places |= {run.run_id: (run, folder) for run in kept}
    if not places:
        raise UsageError(texts.NO_RUNS)
    newest = sorted((run for run, _ in places.values()), key=lambda run: -run.started_at)
    run_id = newest[0].run_id if options.run == "last" else options.run
    if run_id not in places:
        known = Text.listed(run.run_id for run in newest[:5])
        raise UsageError(texts.UNKNOWN_RUN.filled(run=clean(options.run, 80), known=known))
    run, place = places[run_id]

    async def read(journal: SqliteJournal) -> list[Row]:
        return list(await journal.rows(run.run_id))

    return run, _with_journal(place, lang, read) or [], run_id in running


def _running(folder: Path, newest_first: Iterable[RunRecord]) -> set[str]:
    """The run that a process works on in `folder` now: an open one is else broken off."""
    first = next((run.run_id for run in newest_first if run.status == "open"), None)
    return {first} if first is not None and is_locked(folder) else set()


def _prices(options: argparse.Namespace, run: RunRecord, lang: Lang) -> Prices:
    """As the configuration says now. A demo costs nothing. Where none was named, a wrong one is told and spoils no
    report. Raises `UsageError`."""
    from cozebatch.settings.prices import read_prices  # heavy, and `runs` has no use for it

    config = find_config(options)
    if config is None or run.source_kind == "demo":
        return NO_PRICES
    try:
        return read_prices(config, os.environ)
    except UsageError as error:
        if options.config:
            raise
        complain(error.complaints, lang)
        return NO_PRICES


def _places(options: argparse.Namespace) -> list[Path]:
    """The state folder, and in it what demos did."""
    return [Path(options.state_dir), Path(options.state_dir) / DEMO_DIR]


def board_of(run: RunRecord, rows: list[Row]) -> Board:
    """The board at the end of that run."""
    board = seeded(run.counters, {row.task_id: row for row in rows})
    board.clock = run.clock
    return board


def _with_journal(folder: Path, lang: Lang, read: Callable[[SqliteJournal], Awaitable[T]]) -> T | None:
    """The value of `read` on a folder's journal; None if there is none. A run may be writing to it meanwhile."""
    path = folder / FILE_NAME
    if not path.exists():
        return None

    async def run() -> T:
        async with read_journal(path) as journal:
            if journal.note is not None:
                complain([journal.note], lang)
            return await read(journal)

    with unwrapped_groups():
        return anyio.run(run)
