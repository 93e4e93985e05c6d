"""Tells whether a process lives, so that work which a killed one left can be told from work in progress.

On Windows this asks the process object: `os.kill(pid, 0)` would end the process there.
"""

from __future__ import annotations

import os
import sys

if sys.platform == "win32":
    import ctypes
    from ctypes import wintypes

    _SYNCHRONIZE = 0x00100000
    _INVALID_PARAMETER = 87  # what OpenProcess says of a pid that no process has
    _SIGNALED = 0  # WAIT_OBJECT_0: the process has ended, and only its handles are left

    def is_alive(pid: int) -> bool:
        """Whether a process has this id. True in doubt: for one of another user, too."""
        if not 0 < pid < 1 << 32:
            return False
        kernel = ctypes.WinDLL("kernel32", use_last_error=True)
        kernel.OpenProcess.restype = wintypes.HANDLE
        kernel.OpenProcess.argtypes = (wintypes.DWORD, wintypes.BOOL, wintypes.DWORD)
        kernel.WaitForSingleObject.argtypes = (wintypes.HANDLE, wintypes.DWORD)
        kernel.CloseHandle.argtypes = (wintypes.HANDLE,)
        handle = kernel.OpenProcess(_SYNCHRONIZE, False, pid)
        if not handle:
            return ctypes.get_last_error() != _INVALID_PARAMETER
        try:
            return bool(kernel.WaitForSingleObject(handle, 0) != _SIGNALED)
        finally:
            kernel.CloseHandle(handle)

else:

    def is_alive(pid: int) -> bool:
        """Whether a process has this id. True in doubt: for one of another user, too."""
        if pid <= 0:  # os.kill would ask a whole group
            return False
        try:
            os.kill(pid, 0)
        except (ProcessLookupError, OverflowError):
            return False
        except PermissionError:
            return True
        return True
