"""The log file: one line per event, in local time, flushed as soon as no other event waits (docs/contract.md §6).

It reads events in a thread of its own, so that a slow disk does not slow the batch.
"""

from __future__ import annotations

import io
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import IO

from cozebatch.disk.writing import PRIVATE, make_folder, open_new
from cozebatch.engine.event_bus import Subscription
from cozebatch.model.events import Event
from cozebatch.model.os_reason import os_reason
from cozebatch.model.sanitize import clean
from cozebatch.model.stamped_files import LOG_FILES
from cozebatch.model.text import Lang, Text
from cozebatch.model.timestamps import compact
from cozebatch_tui.presentation.describe import describe

AT_ONCE = 500
"""Lines that are flushed together when so many events wait."""
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
        self._write([self._line(time.time(), level, task_id, text.in_(self._lang))])

    def close(self) -> None:
        """Never fails: the batch has ended, and its exit code stands."""
        self._closing = True
        self._wake.set()
        if self._thread is not None:
            self._thread.join(timeout=5)
        with self._lock:
            try:
                self._file.close()  # writes what an earlier failure left in the buffer
                return
            except OSError as error:
                reason = self._first_failure(error)
        self._tell(reason)

    def _run(self) -> None:
        assert self._subscription is not None
        while True:
            self._wake.wait()
            self._wake.clear()
            closing = self._closing
            waiting = deque(self._subscription.take())
            while waiting:
                some = [waiting.popleft() for _ in range(min(AT_ONCE, len(waiting)))]
                self._write([line for event in some if (line := self._line_of(event)) is not None])
            if closing:
                return

    def _line_of(self, event: Event) -> str | None:
        described = describe(event, self._lang)
        if described is None or (described[0] == "debug" and not self._verbose):
            return None
        return self._line(event.wall, *described)

    def _line(self, wall: float, level: str, task_id: str, text: str) -> str:
        at = datetime.fromtimestamp(wall).isoformat(" ", "seconds")
        return f"{at} {_LEVELS[level]:<7} {clean(task_id, 120)} {clean(self._mask(text), 4000)}\n"

    def _write(self, lines: Sequence[str]) -> None:
        with self._lock:
            try:
                self._file.writelines(lines)
                self._file.flush()
                return
            except ValueError:  # it is closed
                return
            except OSError as error:
                reason = self._first_failure(error)
        self._tell(reason)

    def _first_failure(self, error: OSError) -> Text | None:
        """Why, the first time; None afterwards."""
        failed, self._failed = self._failed, True
        return None if failed else os_reason(error)

    def _tell(self, why: Text | None) -> None:
        if why is not None:
            self.on_failed(Text("日志文件无法写入：{why}", "The log file cannot be written: {why}").filled(why=why))


def _create(folder: Path) -> tuple[Path, IO[str]]:
    stamp = compact(time.time())
    for name in LOG_FILES.names(stamp):
        path = folder / name
        try:
            new = open_new(path, folder)
        except FileExistsError:
            continue
        return path, io.TextIOWrapper(new, encoding="utf-8", errors="replace", newline="\n")
    raise FileExistsError(str(path))
