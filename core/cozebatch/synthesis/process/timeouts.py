"""Suspend-aware time-outs: the time in which the machine is suspended hardly counts.

On Windows the monotonic clock goes on while the machine is suspended. An ordinary time-out would expire at the moment
of waking, although the child process was suspended as well.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

import anyio

STEP = 30.0
STALL = 15.0
"""Seconds by which a step may be late before a suspend is assumed."""

T = TypeVar("T")


async def wait_suspend_aware(wait: Callable[[], Awaitable[T]], seconds: float) -> T:
    """Return what `wait()` returns, within `seconds` in which the machine is not suspended.

    A suspend counts as at most `STEP + STALL` seconds. `wait` is cancelled and called again every `STEP` seconds, which
    must not lose anything. Raises `TimeoutError`.
    """
    left = seconds
    while True:
        began = anyio.current_time()
        with anyio.move_on_after(min(left, STEP)):
            return await wait()
        left -= min(anyio.current_time() - began, STEP + STALL)
        if left <= 0:
            raise TimeoutError
