"""Turns options into a configured batch: reads the configuration or starts the demo, and opens the log file.

The screen calls `find_config` before its first paint. The heavy imports therefore stand inside the functions.
"""

from __future__ import annotations

import argparse
import os
import stat
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from cozebatch.model.default_paths import CONFIG_FILE, DEMO_DIR, STATE_DIR
from cozebatch.model.errors import UsageError
from cozebatch.model.os_reason import os_reason
from cozebatch.model.stamped_files import LOG_FILES, OUTPUT_FILES
from cozebatch.model.task import State
from cozebatch.model.text import Lang, Text
from cozebatch_tui.commands.trust import require_trusted_hosts
from cozebatch_tui.session.operator_name import operator_name

if TYPE_CHECKING:
    from cozebatch.batch.request import Request
    from cozebatch.settings import Settings
    from cozebatch_tui.session.log_file import LogFile


def find_config(options: argparse.Namespace) -> Path | None:
    """The configuration file to read: the one named, else the usual one; None if there is none."""
    if options.config:
        return Path(options.config)
    usual = Path(CONFIG_FILE)
    return usual if usual.exists() else None


def configure(
    options: argparse.Namespace,
    lang: Lang,
    stack: ExitStack,
    *,
    warn: Callable[[Text], None],
    ask: Callable[[Text], bool],
) -> tuple[Settings, Request]:
    """Read the configuration, or start the demo's servers for as long as `stack` lasts.

    `warn` gets each warning about the configuration, `ask` each question that only an operator can answer. Raises
    `UsageError`.
    """
    from cozebatch.batch.request import Request
    from cozebatch.planning.selection import Selection

    settings, warnings = _settings(options, stack)
    for warning in warnings:
        warn(warning)
    require_trusted_hosts(settings, yes=options.yes, ask=ask)
    state_dir = options.state_dir or (stack.enter_context(_scratch()) if options.demo else STATE_DIR)
    secrets = set(settings.secrets())
    request = Request(
        kind="demo" if options.demo else "file" if options.tasks else "feishu",
        tasks_file=Path(options.tasks) if options.tasks else None,
        selection=Selection(frozenset(options.include), frozenset(options.exclude), options.limit),
        fresh=options.fresh,
        rerun=frozenset(options.rerun),
        adopt=options.adopt,
        reuse=options.reuse,
        answers=options.answer,
        operator=operator_name(),
        max_executions=options.max_executions,
        until=options.until,
        dry_run=options.dry_run,
        fleeting=options.demo,
        kept_in=Path(STATE_DIR) / DEMO_DIR if options.demo and not options.state_dir else None,
        save_results=not options.no_save,
        may_sleep=options.allow_sleep,
        metrics=Path(options.metrics) if options.metrics else None,
        state_dir=Path(state_dir),
        results_dir=Path(options.results_dir),
        lang=lang,
        secret_variables=("COZE_API_TOKEN", "FEISHU_APP_SECRET", *(k for k, v in os.environ.items() if v in secrets)),
        on_note=warn,
        log_dir=Path(options.log_dir),
        log_words=state_words(),
        accept_rebuilt=lambda question: options.yes or ask(question),
    )
    return settings, request


def _settings(options: argparse.Namespace, stack: ExitStack) -> tuple[Settings, list[Text]]:
    from cozebatch.settings import load_settings, parse_settings
    from cozebatch.settings.stored_secrets import stored_secret

    overrides: dict[str, object] = {
        key: value
        for key, value in (
            ("max_coze_concurrent", options.max_coze),
            ("max_synthesis_workers", options.max_synthesis),
            ("poll_interval", options.poll_interval),
        )
        if value is not None
    }
    need_feishu = options.tasks is None
    if options.demo:
        from cozebatch.demo.environment import demo_environment

        raw, _, _ = stack.enter_context(demo_environment())
        settings, warnings = parse_settings(raw, overrides=overrides, need_feishu=need_feishu)
    else:
        config = find_config(options)
        assert config is not None
        settings, warnings = load_settings(
            config, env=os.environ, overrides=overrides, need_feishu=need_feishu, stored=stored_secret
        )
    return settings, list(warnings)


def open_log_file(options: argparse.Namespace, lang: Lang, mask: Callable[[str], str], *, days: int) -> LogFile:
    """Delete log files older than `days`, then begin a new one. Raises `UsageError` if it cannot be made."""
    from cozebatch_tui.session.log_file import LogFile

    try:
        delete_old_logs(Path(options.log_dir), days)
        return LogFile(Path(options.log_dir), mask=mask, lang=lang, verbose=options.verbose)
    except OSError as error:
        raise UsageError(_log_folder_trouble(options, error)) from error


def _log_folder_trouble(options: argparse.Namespace, error: OSError) -> Text:
    return Text(
        "日志文件夹 {folder} 无法写入（{why}）：请换一个 --log-dir。",
        "The log folder {folder} cannot be written ({why}): choose another --log-dir.",
    ).filled(folder=options.log_dir, why=os_reason(error))


def old_logs(folder: Path, before: float) -> dict[Path, int]:
    """Log files of this program, and files with what it printed in the background, that were last written before
    `before` (Unix seconds), with their sizes in bytes.

    A file with another name, a link and a folder are none.
    """
    found: dict[Path, int] = {}
    for path in (*LOG_FILES.in_folder(folder), *OUTPUT_FILES.in_folder(folder)):
        with suppress(OSError):
            info = path.lstat()
            if stat.S_ISREG(info.st_mode) and info.st_mtime < before:
                found[path] = info.st_size
    return found


def delete_old_logs(folder: Path, days: int) -> None:
    """Delete log files of this program, and nothing else, that were last written more than `days` ago."""
    from cozebatch.disk.removing import remove_file

    for path in old_logs(folder, time.time() - days * 86400):
        with suppress(OSError):
            remove_file(path, folder)


def new_output_file(options: argparse.Namespace) -> tuple[Path, BinaryIO]:
    """A new file in the log folder for what a batch in the background prints. Raises `UsageError`."""
    from cozebatch.disk.writing import PRIVATE, make_folder, open_new
    from cozebatch.model.timestamps import compact

    folder, stamp = Path(options.log_dir).absolute(), compact(time.time())
    try:
        make_folder(folder, folder, PRIVATE)
        for name in OUTPUT_FILES.names(stamp):
            path = folder / name
            with suppress(FileExistsError):
                return path, open_new(path, folder)
        raise FileExistsError(str(folder))
    except OSError as error:
        raise UsageError(_log_folder_trouble(options, error)) from error


def state_words() -> dict[str, State]:
    """The names of the states in log files of any language and version."""
    from cozebatch_tui.locale.names import EARLIER_STATES, STATES

    return {**EARLIER_STATES, **{name: state for state, text in STATES.items() for name in (text.zh, text.en)}}


def _scratch() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="cozebatch-demo-", ignore_cleanup_errors=True)
