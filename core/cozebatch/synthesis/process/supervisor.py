"""Runs one program and kills it when the engine goes away: a small process between the engine and its tools.

Run as a script (`python -I -S supervisor.py STDIN_FILE PROGRAM ARG…`), standard library only. Its own stdin is a pipe
that only the engine holds: when that ends, because the engine closed it or died however suddenly, the program
and everything it started are killed. This works the same on every system, where a death signal would not.
`STDIN_FILE` is what the program reads as its stdin (empty: nothing). The exit status is the program's own.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from typing import BinaryIO

CANNOT_START = 127


def main(arguments: list[str]) -> int:
    source_path, command = arguments[0] or os.devnull, arguments[1:]
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        if hasattr(signal, name):
            # Ctrl-C reaches the whole terminal; when to stop is the engine's decision, told by closing the pipe.
            signal.signal(getattr(signal, name), signal.SIG_IGN)
    try:
        with open(source_path, "rb") as source:
            child = _start(command, source)
    except OSError as error:
        sys.stderr.write(f"cannot start {command[0]}: {error.strerror}\n")
        return CANNOT_START
    threading.Thread(target=_watch, args=(child,), daemon=True).start()
    code = child.wait()
    if code < 0:
        _die_by(-code)
    return code


def _start(command: list[str], source: BinaryIO) -> subprocess.Popen[bytes]:
    if sys.platform == "win32":
        flags = subprocess.CREATE_NEW_PROCESS_GROUP | subprocess.CREATE_NO_WINDOW
        return subprocess.Popen(command, stdin=source, creationflags=flags)
    return subprocess.Popen(command, stdin=source, start_new_session=True, preexec_fn=_death_signal())


def _death_signal() -> Callable[[], object]:
    """On Linux the program dies even when this process itself is killed."""
    defaults = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP")]
    libc = None
    if sys.platform == "linux":
        import ctypes

        libc = ctypes.CDLL(None)

    def prepare() -> None:
        for number in defaults:
            signal.signal(number, signal.SIG_DFL)
        if libc is not None:
            libc.prctl(1, int(signal.SIGKILL))  # 1: PR_SET_PDEATHSIG

    return prepare


def _watch(child: subprocess.Popen[bytes]) -> None:
    while os.read(0, 4096):
        pass
    _kill_tree(child)


def _kill_tree(child: subprocess.Popen[bytes]) -> None:
    if sys.platform == "win32":
        subprocess.run(["taskkill", "/T", "/F", "/PID", str(child.pid)], capture_output=True, check=False)
        return
    try:
        os.killpg(child.pid, signal.SIGKILL)
    except ProcessLookupError:
        return


def _die_by(number: int) -> None:
    """End by the same signal, so that the engine sees the crash; without a core dump of this process."""
    if sys.platform == "win32":
        return
    import resource

    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if number != signal.SIGKILL:
        signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
