"""Requests per second: slowed down when Coze says so, and recovering."""

from __future__ import annotations

import anyio
import pytest

from cozebatch.engine.rate_limiter import SLOWEST, RateLimiter

pytestmark = pytest.mark.anyio


async def seconds_for(limiter: RateLimiter, requests: int) -> float:
    began = anyio.current_time()
    async with anyio.create_task_group() as group:
        group.start_soon(limiter.serve)
        for _ in range(requests):
            await limiter.acquire(urgent=False)
        group.cancel_scope.cancel()
    return anyio.current_time() - began


async def test_each_complaint_halves_the_rate() -> None:
    limiter = RateLimiter(16.0)
    limiter.slow_down()
    assert limiter.rate == 8.0
    limiter.slow_down()
    assert limiter.rate == 4.0
    assert await seconds_for(limiter, 41) >= 9.0


async def test_what_rounding_leaves_of_a_token_is_not_waited_for_again_and_again() -> None:
    """Far along the clock a wait that short is no time at all: a virtual clock would stand still for ever."""
    await anyio.sleep(54_321.987)
    limiter = RateLimiter(45.0)
    assert 20.0 < await seconds_for(limiter, 1000) < 24.0


async def test_it_never_stops_altogether_and_recovers() -> None:
    limiter = RateLimiter(4.0)
    for _ in range(10):
        limiter.slow_down()
    assert limiter.rate == SLOWEST
    await anyio.sleep(600)
    await limiter.acquire(urgent=True)
    assert limiter.rate == 4.0


async def test_what_rounding_leaves_of_a_token_is_not_waited_for() -> None:
    limiter = RateLimiter(500.0)
    await anyio.sleep(80_000)  # the later it is, the coarser the clock
    with anyio.fail_after(60):
        assert 1.5 < await seconds_for(limiter, 1000) < 2.5
