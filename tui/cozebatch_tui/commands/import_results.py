"""`cozebatch-tui runs --import`: imports what the older tool, or a lost state directory, already paid for.

Reads and checks everything before it touches the journal; sends nothing anywhere.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from contextlib import ExitStack
from pathlib import Path

import anyio

from cozebatch.importing.merge import Standing, Takeover, Target, decide, survey, write
from cozebatch.importing.reading import read_results
from cozebatch.journal.lock import state_lock
from cozebatch.journal.sqlite import FILE_NAME, open_journal, read_journal
from cozebatch.model.default_paths import STATE_DIR
from cozebatch.model.errors import UsageError, unwrapped_groups
from cozebatch.model.redact import Masker
from cozebatch.model.rows import Row
from cozebatch.model.sanitize import clean
from cozebatch.model.task import State
from cozebatch.model.text import Lang, Text
from cozebatch.settings import Settings, load_settings
from cozebatch.settings.stored_secrets import stored_secret
from cozebatch_tui.commands.configure import find_config
from cozebatch_tui.commands.errors import complain
from cozebatch_tui.exit_codes import Exit
from cozebatch_tui.headless.streams import Output
from cozebatch_tui.locale import importing as texts
from cozebatch_tui.presentation.invocation import typed

_KINDS = (
    (State.RUNNING, texts.ADOPTED),
    (State.DOWNLOADING, texts.TO_GO_ON),
    (State.DONE, texts.DONE),
    (State.FAILED, texts.FAILED),
    (State.CANCELLED, texts.CANCELLED),
    (State.HELD, texts.HELD),
)


def import_results(options: argparse.Namespace, lang: Lang) -> Exit:
    """Import the results files, or with `--dry-run` print what would be imported. Raises `UsageError` if a file, the
    configuration or the state directory cannot be used, and `JournalError`."""
    config = find_config(options)
    if config is None:
        raise UsageError(typed(texts.NO_CONFIGURATION))
    settings, warnings = load_settings(config, env=os.environ, need_feishu=options.tasks is None, stored=stored_secret)
    complain(warnings, lang)
    target = _target(settings, options)
    now = time.time()
    files = [path for name in options.import_files for path in _matching_files(name)]
    mask = Masker(settings.secrets()).mask
    results = read_results(files, feishu=target.source_kind == "feishu", mask=mask, now=now)
    path = Path(options.state_dir) / FILE_NAME

    async def preview() -> Takeover:
        standing = Standing()
        if path.exists():
            async with read_journal(path) as journal:
                standing = await survey(journal, target.source_key)
        return decide(results.findings, standing, target, digest=results.digest, now=now)

    async def take_over() -> Takeover:
        async with open_journal(path) as journal:
            standing = await survey(journal, target.source_key)
            takeover = decide(results.findings, standing, target, digest=results.digest, now=now)
            await write(journal, takeover)
            return takeover

    with ExitStack() as stack:
        stack.enter_context(unwrapped_groups())
        if not options.dry_run:
            stack.enter_context(state_lock(path.parent))
        takeover = anyio.run(preview if options.dry_run else take_over)
    _print_summary(takeover, options, lang, now)
    return Exit.OK


def _matching_files(name: str) -> list[Path]:
    """The file itself, or all files that match a name with wildcards: Windows' shells do not expand those."""
    path = Path(name)
    if not any(sign in path.name for sign in "*?") or path.exists():
        return [path]
    return sorted(path.parent.glob(path.name)) or [path]


def _target(settings: Settings, options: argparse.Namespace) -> Target:
    """The task source under the journal's name for it; works offline."""
    workflow_id = settings.coze.workflow_id
    if options.tasks is not None:
        from cozebatch.files import FileSource

        if not Path(options.tasks).is_file():
            zh, en = (t.format(path=options.tasks) for t in (texts.NO_TASKS_FILE.zh, texts.NO_TASKS_FILE.en))
            raise UsageError(Text(zh, en))
        return Target(FileSource(options.tasks).key, "file", workflow_id)
    from cozebatch.batch.adapters import feishu_base, feishu_client, feishu_layout
    from cozebatch.feishu.source import FeishuSource

    base = feishu_base(settings, feishu_client(settings, Masker(settings.secrets()).mask))
    return Target(FeishuSource(base, feishu_layout(settings)[0]).key, "feishu", workflow_id)


def _print_summary(takeover: Takeover, options: argparse.Namespace, lang: Lang, now: float) -> None:
    out = Output(sys.stdout)
    rows = takeover.rows
    if rows:
        out.line((texts.WOULD_TAKE_OVER if options.dry_run else texts.TAKEN_OVER).in_(lang))
    else:
        out.line(texts.NOTHING_NEW.in_(lang))
    counts = [(text, sum(row.state is state for row in rows)) for state, text in _KINDS]
    counts += [(texts.NOT_STARTED, takeover.not_started), (texts.KNOWN, takeover.known)]
    for text, count in counts:
        if count:
            out.line(text.in_(lang).format(count=count))
    held = [row for row in rows if row.state is State.HELD]
    for row in held:
        why = clean(row.error.message.in_(lang), 300) if row.error is not None else ""
        out.line(texts.HELD_LINE.in_(lang).format(why=why, **_named(row)))
    for row in takeover.expired(now):
        out.line(texts.EXPIRED_LINE.in_(lang).format(execute_id=row.execute_id, **_named(row)))
    if not rows:
        return
    if options.dry_run:
        out.line(texts.NEXT_AFTER_DRY_RUN.in_(lang))
    else:
        following = texts.NEXT_WITH_HELD if held else texts.NEXT
        out.line(following.in_(lang).format(command=_usual_command(options)))


def _named(row: Row) -> dict[str, str]:
    return {"task_id": clean(row.task_id, 200), "title": clean(row.title, 40)}


def _usual_command(options: argparse.Namespace) -> str:
    parts = ["cozebatch-tui"]
    for option, value in (("--config", options.config), ("--tasks", options.tasks)):
        if value:
            parts += [option, clean(value, 200)]
    if options.state_dir != STATE_DIR:
        parts += ["--state-dir", clean(options.state_dir, 200)]
    return " ".join(parts)
