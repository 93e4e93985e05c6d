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
    job = _Job()
    try:
        with open(source_path, "rb") as source:
            child = _start(command, source)
    except OSError as error:
        sys.stderr.write(f"cannot start {command[0]}: {error.strerror}\n")
        return CANNOT_START
    threading.Thread(target=_watch, args=(child, job), daemon=True).start()
    code = child.wait()
    if code < 0:
        _die_by(-code)
    job.let_go()
    return code - (1 << 32) if code >= 1 << 31 else code  # an NTSTATUS of Windows as a C integer, which `exit` wants


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


class _Job:
    """On Windows a job object with this process in it, and with all that it starts: the system kills them when this
    process dies, however it dies. On other systems, and where Windows refuses, it is nothing.

    https://learn.microsoft.com/windows/win32/procthread/job-objects
    """

    _EXTENDED_LIMITS = 9  # JobObjectExtendedLimitInformation
    _KILL_ON_CLOSE = 0x2000  # JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE
    _FLAGS_AT = 16
    """Where LimitFlags stands in JOBOBJECT_EXTENDED_LIMIT_INFORMATION: behind two times of 64 bits."""

    def __init__(self) -> None:
        """The handle of the job stays open until this process ends."""
        self._handle: int | None = None
        if sys.platform == "win32":
            import ctypes
            from ctypes import wintypes

            self._kernel = kernel = ctypes.WinDLL("kernel32")
            kernel.CreateJobObjectW.restype = wintypes.HANDLE
            kernel.CreateJobObjectW.argtypes = (ctypes.c_void_p, wintypes.LPCWSTR)
            kernel.SetInformationJobObject.argtypes = (wintypes.HANDLE, ctypes.c_int, ctypes.c_void_p, wintypes.DWORD)
            kernel.AssignProcessToJobObject.argtypes = (wintypes.HANDLE, wintypes.HANDLE)
            kernel.TerminateJobObject.argtypes = (wintypes.HANDLE, wintypes.UINT)
            kernel.GetCurrentProcess.restype = wintypes.HANDLE
            self._size = 144 if ctypes.sizeof(ctypes.c_void_p) == 8 else 112
            self._handle = kernel.CreateJobObjectW(None, None)
            self._limit(self._KILL_ON_CLOSE)
            if self._handle and not kernel.AssignProcessToJobObject(self._handle, kernel.GetCurrentProcess()):
                self._handle = None

    def let_go(self) -> None:
        """From now on what the program has left running outlives this process, as on other systems."""
        self._limit(0)

    def kill(self) -> None:
        """End everything in the job, this process too."""
        if sys.platform == "win32" and self._handle:
            self._kernel.TerminateJobObject(self._handle, 1)

    def _limit(self, flags: int) -> None:
        if sys.platform == "win32" and self._handle:
            limits = bytearray(self._size)
            limits[self._FLAGS_AT : self._FLAGS_AT + 4] = flags.to_bytes(4, "little")
            self._kernel.SetInformationJobObject(self._handle, self._EXTENDED_LIMITS, bytes(limits), self._size)


def _watch(child: subprocess.Popen[bytes], job: _Job) -> None:
    while os.read(0, 4096):
        pass
    _kill_tree(child, job)


def _kill_tree(child: subprocess.Popen[bytes], job: _Job) -> None:
    if sys.platform == "win32":
        job.kill()
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
