"""The log file: one line per event, in local time, flushed at once (docs/contract.md §6).

It reads events in a thread of its own, so that a slow disk does not slow the batch.
"""

from __future__ import annotations

import io
import threading
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import IO

from cozebatch.disk.writing import PRIVATE, make_folder, open_new
from cozebatch.engine.event_bus import Subscription
from cozebatch.model.default_paths import log_file_name
from cozebatch.model.sanitize import clean
from cozebatch.model.text import Lang, Text
from cozebatch.model.timestamps import compact
from cozebatch_tui.presentation.describe import describe

_LEVELS = {"debug": "DEBUG", "info": "INFO", "warning": "WARNING", "error": "ERROR"}


class LogFile:
    """Writes the events of a subscription. `close` writes all events that have come by then."""

    def __init__(self, folder: Path, *, mask: Callable[[str], str], lang: Lang, verbose: bool) -> None:
        """Raises `OSError` if the file cannot be created."""
        make_folder(folder, folder, PRIVATE)
        self.path, self._file = _create(folder)
        self._mask = mask
        self._lang: Lang = lang
        self._verbose = verbose
        self._wake = threading.Event()
        self._closing = False
        self._subscription: Subscription | None = None
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self.on_failed: Callable[[Text], object] = lambda _: None
        """Called once, from any thread, if a line could not be written."""
        self._failed = False

    def wake(self) -> None:
        self._wake.set()

    def follow(self, subscription: Subscription) -> None:
        """Write this subscription's events, made with `wake`, until `close`."""
        self._subscription = subscription
        self._thread = threading.Thread(target=self._run, name="log_file", daemon=True)
        self._thread.start()

    def say(self, level: str, text: Text, task_id: str = "-") -> None:
        """Write one line now."""
        self._write(time.time(), level, task_id, text.in_(self._lang))

    def close(self) -> None:
        self._closing = True
        self._wake.set()
        if self._thread is not None:
            self._thread.join(timeout=5)
        with self._lock:
            self._file.close()

    def _run(self) -> None:
        assert self._subscription is not None
        while True:
            self._wake.wait()
            self._wake.clear()
            closing = self._closing
            for event in self._subscription.take():
                line = describe(event, self._lang)
                if line is not None and (self._verbose or line[0] != "debug"):
                    self._write(event.wall, *line)
            if closing:
                return

    def _write(self, wall: float, level: str, task_id: str, text: str) -> None:
        at = datetime.fromtimestamp(wall).strftime("%Y-%m-%d %H:%M:%S")
        line = f"{at} {_LEVELS[level]:<7} {clean(task_id, 120)} {clean(self._mask(text), 4000)}\n"
        with self._lock:
            try:
                self._file.write(line)
                self._file.flush()
                return
            except ValueError:  # it is closed
                return
            except OSError as error:
                failed, self._failed = self._failed, True
                if failed:
                    return
                reason = error.strerror or type(error).__name__
        self.on_failed(Text(f"日志文件无法写入：{reason}", f"The log file cannot be written: {reason}"))


def _create(folder: Path) -> tuple[Path, IO[str]]:
    stamp = compact(time.time())
    for number in range(1, 1000):
        path = folder / log_file_name(stamp, number)
        try:
            new = open_new(path, folder)
        except FileExistsError:
            continue
        return path, io.TextIOWrapper(new, encoding="utf-8", errors="replace", newline="\n")
    raise FileExistsError(str(folder / log_file_name(stamp, 1)))
