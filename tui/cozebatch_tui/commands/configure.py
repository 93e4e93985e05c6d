"""From options to a configured session: configuration or demo, what was asked for, the log file."""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from pathlib import Path

from cozebatch.batch.wiring import Request
from cozebatch.model.errors import UsageError
from cozebatch.model.task import State
from cozebatch.model.text import Lang, Text
from cozebatch.planning.selection import Selection
from cozebatch.settings import Settings, load_settings, parse_settings
from cozebatch_tui.locale.names import STATES
from cozebatch_tui.session.log_file import LogFile

STATE_DIR = ".cozebatch"


def configure(
    options: argparse.Namespace,
    lang: Lang,
    stack: ExitStack,
    *,
    warn: Callable[[Text], None],
    ask: Callable[[Text], bool] | None = None,
) -> tuple[Settings, Request]:
    """Read the configuration, or start the demo's servers for as long as `stack` lasts. `ask` is put questions that
    only a person can answer. Raises `UsageError`."""
    from cozebatch_tui.cli import find_config

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
        state_dir = Path(options.state_dir or stack.enter_context(_scratch()))
    else:
        config = find_config(options)
        assert config is not None
        settings, warnings = load_settings(config, env=os.environ, overrides=overrides, need_feishu=need_feishu)
        state_dir = Path(options.state_dir or STATE_DIR)
    for warning in warnings:
        warn(warning)
    secrets = set(settings.secrets())
    request = Request(
        kind="demo" if options.demo else "file" if options.tasks else "feishu",
        tasks_file=Path(options.tasks) if options.tasks else None,
        selection=Selection(frozenset(options.include), frozenset(options.exclude), options.limit),
        fresh=options.fresh,
        rerun=frozenset(options.rerun),
        adopt=options.adopt,
        dry_run=options.dry_run,
        fleeting=options.demo,
        save_results=not options.no_save,
        state_dir=state_dir,
        results_dir=Path(options.results_dir),
        lang=lang,
        secret_variables=("COZE_API_TOKEN", "FEISHU_APP_SECRET", *(k for k, v in os.environ.items() if v in secrets)),
        on_note=warn,
        log_dir=Path(options.log_dir),
        log_words=state_words(),
        accept_rebuilt=lambda told: options.yes or (ask is not None and ask(told)),
    )
    return settings, request


def open_log_file(options: argparse.Namespace, lang: Lang, mask: Callable[[str], str], *, days: int) -> LogFile:
    """Raises `UsageError` when the log file cannot be made."""
    try:
        delete_old_logs(Path(options.log_dir), days)
        return LogFile(Path(options.log_dir), mask=mask, lang=lang, verbose=options.verbose)
    except OSError as error:
        raise UsageError(
            Text(
                f"日志文件夹 {options.log_dir} 无法写入（{error.strerror}）：请换一个 --log-dir。",
                f"The log folder {options.log_dir} cannot be written ({error.strerror}): choose another --log-dir.",
            )
        ) from error


def delete_old_logs(folder: Path, days: int) -> None:
    """Delete log files of ours, and nothing else, that were last written more than `days` ago."""
    oldest = time.time() - days * 86400
    for path in folder.glob("workflow_????????_??????*.log"):
        with suppress(OSError):
            if path.is_file() and path.stat().st_mtime < oldest:
                path.unlink()


def state_words() -> dict[str, State]:
    """What states are called in log files of any language."""
    return {name: state for state, text in STATES.items() for name in (text.zh, text.en)}


def _scratch() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="cozebatch-demo-", ignore_cleanup_errors=True)
