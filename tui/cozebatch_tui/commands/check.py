"""`cozebatch-tui check`: prints one line per item and what to do about it; submits nothing."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable
from pathlib import Path

import anyio

from cozebatch.batch.preflight import check_all, check_tasks
from cozebatch.model.check_item import CheckItem, Level
from cozebatch.model.default_paths import CONFIG_FILE
from cozebatch.model.errors import UsageError
from cozebatch.model.sanitize import clean
from cozebatch.model.text import Lang, Text
from cozebatch.settings import Settings, load_settings
from cozebatch.settings.stored_secrets import stored_secret
from cozebatch_tui.commands.prompts import agrees
from cozebatch_tui.commands.trust import require_trusted_hosts
from cozebatch_tui.exit_codes import Exit
from cozebatch_tui.headless.streams import Output
from cozebatch_tui.headless.styled import fitted
from cozebatch_tui.locale.headless import NO_CONFIGURATION
from cozebatch_tui.presentation.invocation import typed


def check(options: argparse.Namespace, lang: Lang) -> Exit:
    """Check everything and print each item. Raises `UsageError` if there is no configuration."""
    path = Path(options.config)
    if options.config == CONFIG_FILE and not path.exists():
        raise UsageError(typed(NO_CONFIGURATION))
    out = Output(sys.stdout)

    def report(item: CheckItem) -> None:
        colon = "：" if lang == "zh" else ": "
        line = f"{item.level.value:<4}  {clean(item.subject.in_(lang), 60)}{colon}{clean(item.text.in_(lang), 1000)}"
        for part in fitted(line, out.columns, 6) if out.is_terminal else (line,):
            out.line(part)

    try:
        need_feishu = None if options.tasks is None else False
        settings, warnings = load_settings(path, env=os.environ, need_feishu=need_feishu, stored=stored_secret)
        require_trusted_hosts(settings, yes=options.yes, ask=lambda question: agrees(question, lang))
    except UsageError as error:
        for complaint in error.complaints:
            report(CheckItem(Level.FAIL, Text("配置文件", "configuration"), complaint))
        return Exit.USAGE
    good = _check_tasks(Path(options.tasks), settings, report) if options.tasks is not None else True

    async def run() -> bool:
        return await check_all(settings, warnings, report, state_dir=Path(options.state_dir), lang=lang)

    return Exit.OK if anyio.run(run) and good else Exit.USAGE


def _check_tasks(path: Path, settings: Settings, report: Callable[[CheckItem], None]) -> bool:
    from cozebatch.batch.adapters import field_names, used_columns
    from cozebatch.files.rows import Reading
    from cozebatch.files.source import read_tasks

    subject = Text("任务文件", "task file")
    reading = Reading(used_columns(settings), names=field_names(settings))
    try:
        tasks = read_tasks(path, reading)
    except UsageError as error:
        for complaint in error.complaints:
            report(CheckItem(Level.FAIL, subject, complaint))
        return False
    report(CheckItem(Level.OK, subject, Text("{count} 个任务", "{count} task(s)").filled(count=len(tasks))))
    for note in reading.notes(path.name):
        report(CheckItem(Level.WARN, subject, note))
    wrong = check_tasks(settings, tasks)
    for item in wrong:
        report(item)
    return not wrong
