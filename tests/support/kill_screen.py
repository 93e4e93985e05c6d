"""The command in a terminal of its own: started through a pseudo-terminal, given keys, and killed."""

from __future__ import annotations

import os
import re
import select
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

_CODES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|.)")
SIZE = (40, 120)
"""Lines and columns."""
LAST_WORDS = 5.0
"""Seconds that what a process wrote before its end is given to come through its terminal."""
LOOK = 0.05
"""Seconds between two looks whether the window is to be closed."""


_IN_ITS_WINDOW = """
import fcntl, runpy, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
runpy.run_module("cozebatch_tui.cli", run_name="__main__", alter_sys=True)
"""
"""The command, whose window is the controlling terminal of its session, as an ordinary one is: closing it is told."""
_COMMAND = ("-m", "cozebatch_tui.cli")


class Terminal:
    """A process with its screen."""

    def __init__(self, process: subprocess.Popen[bytes], master: int) -> None:
        self.process = process
        self._master = master
        self._shown = bytearray()
        self._is_closed = threading.Event()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def press(self, keys: str) -> None:
        """Type; a terminal whose process is gone takes nothing."""
        if self.process.poll() is None and not self._is_closed.is_set():
            os.write(self._master, keys.encode())

    def until(self, condition: Callable[[], bool], seconds: float) -> bool:
        """Wait for it, or for the process to end. Whether it came to hold."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and self.process.poll() is None:
            if condition():
                return True
            time.sleep(0.02)
        return False

    def ask(self, key: str, question: str, seconds: float = 20.0) -> bool:
        """Press a key and wait until its question can be read: what is typed ahead of one does not answer it. Whether
        it came."""
        self.forget()
        self.press(key)
        return self.until(lambda: question in self.text(), seconds)

    def forget(self) -> None:
        """From here on, only what is painted anew."""
        del self._shown[:]

    def text(self) -> str:
        """The words that were painted lately, without the terminal's codes."""
        return _CODES.sub("", self.codes())

    def codes(self) -> str:
        """What was written to it lately, the terminal's codes included; all of it where the process has ended."""
        if self.process.poll() is not None:
            self._reader.join(LAST_WORDS)
        return bytes(self._shown).decode("utf-8", "replace")

    def tail(self) -> str:
        return bytes(self._shown[-2000:]).decode("utf-8", "replace")

    def close(self) -> None:
        """Close the window: its process gets what a hung-up terminal gives it."""
        if not self._is_closed.is_set():
            self._is_closed.set()
            self._reader.join()  # a terminal that is being read is not closed before the read returns
            os.close(self._master)

    def reads_lines(self) -> bool:
        """Whether the terminal edits lines and echoes again, as a shell expects it."""
        if sys.platform == "win32":
            raise NotImplementedError
        import termios

        modes: int = termios.tcgetattr(self._master)[3]
        wanted = termios.ICANON | termios.ECHO | termios.ISIG
        return modes & wanted == wanted

    def _read(self) -> None:
        while not self._is_closed.is_set():
            try:
                if not select.select([self._master], [], [], LOOK)[0]:
                    continue
                some = os.read(self._master, 65536)
            except OSError:  # the other side is closed
                return
            if not some:
                return
            self._shown += some
            del self._shown[:-20000]


@contextmanager
def terminal(folder: Path, options: Sequence[str], *, is_its_own: bool = True) -> Iterator[Terminal]:
    """`cozebatch-tui` with its screen, in `folder`. It is killed at the end if it still runs. A terminal that is not
    its session's own sends it no signal when it is closed, as below `nohup`."""
    if sys.platform == "win32":
        raise NotImplementedError
    import fcntl
    import pty
    import termios

    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", *SIZE, 0, 0))
    environment = {**os.environ, "PYTHONUTF8": "1", "TERM": "xterm-256color"}
    environment["COZEBATCH_SETTINGS"] = str(folder / "settings.json")
    try:
        process = subprocess.Popen(
            [sys.executable, *(("-c", _IN_ITS_WINDOW) if is_its_own else _COMMAND), "--lang", "en", *options],
            cwd=folder,
            env=environment,
            stdin=slave,
            stdout=slave,
            stderr=slave,
            start_new_session=True,
        )
    finally:
        os.close(slave)
    opened = Terminal(process, master)
    try:
        yield opened
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()
        opened.close()
