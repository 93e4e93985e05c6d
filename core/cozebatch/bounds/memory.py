"""Bounds the memory of a child process of ours, from within: an allocation beyond it fails instead of filling the
machine.

Linux bounds the address space. Windows bounds what the process commits, through a job object that it puts itself into.
macOS takes the same calls as Linux but does not keep them, so there a child is only bounded by its caller's time.
"""

from __future__ import annotations

import sys
from contextlib import suppress


def bound_memory(limit: int) -> None:
    """Let this process have at most `limit` bytes. Where the system refuses, nothing changes."""
    if sys.platform == "win32":
        _put_into_a_job(limit)
        return
    import resource

    for kind in (resource.RLIMIT_AS, resource.RLIMIT_DATA):
        with suppress(OSError, ValueError):
            resource.setrlimit(kind, (limit, limit))
    with suppress(OSError, ValueError):  # a process that dies of it leaves no file as large as itself
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def bound_processor_time(seconds: int) -> None:
    """Let this process use at most `seconds` of processor time (POSIX)."""
    if sys.platform != "win32":
        import resource

        with suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))


if sys.platform == "win32":
    import ctypes
    from ctypes import wintypes

    _EXTENDED_LIMITS = 9  # JobObjectExtendedLimitInformation
    _PROCESS_MEMORY = 0x100  # JOB_OBJECT_LIMIT_PROCESS_MEMORY

    class _BasicLimits(ctypes.Structure):
        """JOBOBJECT_BASIC_LIMIT_INFORMATION:
        https://learn.microsoft.com/windows/win32/api/winnt/ns-winnt-jobobject_basic_limit_information"""

        _fields_ = (
            ("PerProcessUserTimeLimit", ctypes.c_int64),
            ("PerJobUserTimeLimit", ctypes.c_int64),
            ("LimitFlags", wintypes.DWORD),
            ("MinimumWorkingSetSize", ctypes.c_size_t),
            ("MaximumWorkingSetSize", ctypes.c_size_t),
            ("ActiveProcessLimit", wintypes.DWORD),
            ("Affinity", ctypes.c_size_t),
            ("PriorityClass", wintypes.DWORD),
            ("SchedulingClass", wintypes.DWORD),
        )

    class _ExtendedLimits(ctypes.Structure):
        """JOBOBJECT_EXTENDED_LIMIT_INFORMATION; `IoInfo` is six counters of 64 bits."""

        _fields_ = (
            ("BasicLimitInformation", _BasicLimits),
            ("IoInfo", ctypes.c_uint64 * 6),
            ("ProcessMemoryLimit", ctypes.c_size_t),
            ("JobMemoryLimit", ctypes.c_size_t),
            ("PeakProcessMemoryUsed", ctypes.c_size_t),
            ("PeakJobMemoryUsed", ctypes.c_size_t),
        )

    def _put_into_a_job(limit: int) -> None:
        """The handle stays open: it lives as long as the process."""
        kernel = ctypes.WinDLL("kernel32", use_last_error=True)
        kernel.CreateJobObjectW.restype = wintypes.HANDLE
        kernel.CreateJobObjectW.argtypes = (ctypes.c_void_p, wintypes.LPCWSTR)
        kernel.SetInformationJobObject.argtypes = (wintypes.HANDLE, ctypes.c_int, ctypes.c_void_p, wintypes.DWORD)
        kernel.AssignProcessToJobObject.argtypes = (wintypes.HANDLE, wintypes.HANDLE)
        kernel.GetCurrentProcess.restype = wintypes.HANDLE
        job = kernel.CreateJobObjectW(None, None)
        if not job:
            return
        limits = _ExtendedLimits()
        limits.BasicLimitInformation.LimitFlags = _PROCESS_MEMORY
        limits.ProcessMemoryLimit = limit
        if kernel.SetInformationJobObject(job, _EXTENDED_LIMITS, ctypes.byref(limits), ctypes.sizeof(limits)):
            kernel.AssignProcessToJobObject(job, kernel.GetCurrentProcess())
