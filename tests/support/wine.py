"""What Wine, under which the suite runs on Windows' Python, does not do as Windows does: the tests that need it say so.

The product itself runs on asyncio; trio is for tests in virtual time, and to prove that the engine runs on both.
"""

from __future__ import annotations

import sys
from functools import cache

NO_AFD = "Wine has no AFD driver, on which trio waits (WinError 10045)"
NO_JUNCTIONS = "Wine makes no junctions"


@cache
def is_wine() -> bool:
    """Whether this is Wine: its `ntdll.dll` exports a function that Windows has not."""
    if sys.platform != "win32":
        return False
    import ctypes

    return hasattr(ctypes.windll.ntdll, "wine_get_version")
