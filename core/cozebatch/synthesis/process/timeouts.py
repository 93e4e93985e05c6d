"""Time limits that a sleeping machine does not use up.

On Windows the monotonic clock goes on while the lid is closed: an ordinary time-out would be over at the moment of
waking, for a child process that slept as well.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

import anyio

STEP = 30.0
STALL = 15.0
"""Seconds by which a step may be late without being taken for a sleep."""

T = TypeVar("T")


async def wait_awake(wait: Callable[[], Awaitable[T]], seconds: float) -> T:
    """What `wait()` returns, within `seconds` of the time in which the machine is awake; a sleep counts as at most
    `STEP + STALL` seconds.

    `wait` is cancelled and called again every `STEP` seconds, and must bear that. Raises `TimeoutError`.
    """
    left = seconds
    while True:
        began = anyio.current_time()
        with anyio.move_on_after(min(left, STEP)):
            return await wait()
        left -= min(anyio.current_time() - began, STEP + STALL)
        if left <= 0:
            raise TimeoutError
