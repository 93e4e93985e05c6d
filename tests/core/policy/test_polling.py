"""When to look: never later than the operator allows, close where an end is likely."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from cozebatch.policy.polling import (
    ENOUGH,
    SHARE_OF_INTERVAL,
    SHORTEST_WAIT,
    FixedInterval,
    HistoryPacing,
    Pacing,
)

durations = st.lists(st.floats(0.01, 4000), max_size=60)


@given(st.floats(0.05, 600), durations, st.floats(0, 10_000))
def test_a_wait_is_never_longer_than_the_interval_and_never_nothing(
    interval: float, seen: list[float], age: float
) -> None:
    wait = HistoryPacing(interval, seen).next_wait(age)
    assert min(SHORTEST_WAIT, interval / SHARE_OF_INTERVAL) <= wait + 1e-6
    assert wait <= interval + 1e-6


@given(st.floats(2, 600), st.lists(st.floats(1, 4000), max_size=ENOUGH - 1), st.floats(0, 10_000))
def test_without_history_it_is_the_fixed_interval(interval: float, seen: list[float], age: float) -> None:
    assert HistoryPacing(interval, seen).next_wait(age) == FixedInterval(interval).next_wait(age)


def looks_and_lag(pacing: Pacing, seconds: float) -> tuple[int, float]:
    age, looks = 0.0, 0
    while True:
        age += pacing.next_wait(age)
        looks += 1
        if age >= seconds:
            return looks, age - seconds


def test_with_history_it_finds_an_end_sooner_than_a_fixed_interval_with_as_many_looks() -> None:
    rng = random.Random(5)
    draw = [rng.gauss(300, 20) for _ in range(400)]
    pacing = HistoryPacing(30, draw[:200])
    seen = [looks_and_lag(pacing, seconds) for seconds in draw[200:]]
    looks = sum(n for n, _ in seen) / len(seen)
    lag = sum(late for _, late in seen) / len(seen)
    equal = FixedInterval(300 / looks)
    fixed = sum(looks_and_lag(equal, seconds)[1] for seconds in draw[200:]) / 200
    assert lag < 0.5 * fixed


def test_short_executions_are_looked_at_as_closely_by_their_own_measure() -> None:
    rng = random.Random(7)
    draw = [rng.uniform(15, 25) for _ in range(60)]
    pacing = HistoryPacing(3, draw[:30])
    seen = [looks_and_lag(pacing, seconds) for seconds in draw[30:]]
    equal = FixedInterval(sum(draw[30:]) / sum(looks for looks, _ in seen))
    fixed = [looks_and_lag(equal, seconds)[1] for seconds in draw[30:]]
    assert sum(late for _, late in seen) < 0.6 * sum(fixed)


def test_only_the_latest_executions_are_remembered() -> None:
    pacing = HistoryPacing(30, [10.0] * 600)
    for _ in range(500):
        pacing.observe(1000.0)
    assert pacing.next_wait(10.0) > 25, "nothing is expected at the age of the forgotten ones"
