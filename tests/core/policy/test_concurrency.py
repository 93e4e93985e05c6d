"""The adaptive limit: never above what was set, never below one, and back up after a stretch of peace."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from cozebatch.policy.concurrency import FIRST_STRETCH, LONGEST_STRETCH, AdaptiveLimit
from cozebatch.policy.retry_after import MAX_RETRY_AFTER


class AnyUse(RuleBasedStateMachine):
    """Any sequence of answers, waits and changes of mind."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.limit = AdaptiveLimit(16)

    @rule(running=st.integers(0, 16), ago=st.floats(0, 30), after=st.none() | st.floats(-5, 10_000))
    def refused(self, running: int, ago: float, after: float | None) -> None:
        wait = self.limit.throttled(now=self.now, sent_at=self.now - ago, running=running, retry_after=after)
        assert 0 <= wait <= MAX_RETRY_AFTER + 1e-6

    @rule(running=st.integers(0, 16))
    def accepted(self, running: int) -> None:
        self.limit.accepted(running=running)

    @rule(seconds=st.floats(0, 300))
    def wait(self, seconds: float) -> None:
        self.now += seconds
        before = self.limit.limit
        changed = self.limit.probe(self.now)
        assert self.limit.limit == before + changed

    @rule(limit=st.integers(1, 32))
    def operator(self, limit: int) -> None:
        self.limit.user_limit = limit

    @invariant()
    def within_bounds(self) -> None:
        assert 1 <= self.limit.limit <= self.limit.user_limit


TestAnyUse = AnyUse.TestCase


def test_one_burst_of_refusals_shrinks_once() -> None:
    limit = AdaptiveLimit(16)
    for _ in range(10):
        limit.throttled(now=1.0, sent_at=0.5, running=0, retry_after=None)
    assert limit.limit == 8


def test_it_never_shrinks_below_what_is_running() -> None:
    limit = AdaptiveLimit(16)
    limit.throttled(now=1.0, sent_at=0.5, running=10, retry_after=None)
    assert limit.limit == 10


def test_retry_after_is_honoured_up_to_five_minutes() -> None:
    assert AdaptiveLimit(4).throttled(now=0, sent_at=0, running=0, retry_after=90) == 90
    assert AdaptiveLimit(4).throttled(now=0, sent_at=0, running=0, retry_after=9000) == MAX_RETRY_AFTER


@given(st.integers(2, 64))
def test_after_long_peace_the_whole_limit_is_back(user: int) -> None:
    limit = AdaptiveLimit(user)
    limit.throttled(now=0.0, sent_at=0.0, running=0, retry_after=None)
    assert limit.limit < user
    now = 0.0
    for _ in range(2 * user):
        now += LONGEST_STRETCH
        limit.probe(now)
    assert limit.limit == user
    assert limit.next_probe is None


def test_each_probe_that_fails_doubles_the_stretch_before_the_next_one() -> None:
    limit = AdaptiveLimit(16)
    now, stretches = 0.0, []
    for _ in range(6):
        limit.throttled(now=now, sent_at=now, running=1, retry_after=0.0)
        due = limit.next_probe
        assert due is not None
        stretches.append(due - now)
        now = due
        limit.probe(now)
    assert stretches == [10.0, 20.0, 40.0, 80.0, LONGEST_STRETCH, LONGEST_STRETCH]


def test_what_was_learned_a_short_while_ago_is_where_it_begins() -> None:
    limit = AdaptiveLimit(16, learned=6, now=100.0)
    assert (limit.limit, limit.allowed) == (6, 6)
    assert not limit.probe(100.0), "not knocked at in the same moment"
    assert limit.probe(100.0 + FIRST_STRETCH)
    assert limit.limit == 7
    limit.user_limit = 4
    assert limit.limit == 4, "never above what the operator set"


def test_what_was_learned_never_raises_the_operators_limit() -> None:
    limit = AdaptiveLimit(4, learned=9)
    assert (limit.limit, limit.allowed) == (4, None)


def test_probing_up_to_the_operators_limit_forgets_what_was_learned() -> None:
    limit = AdaptiveLimit(8, learned=7, now=0.0)
    assert limit.probe(FIRST_STRETCH)
    assert (limit.limit, limit.allowed) == (8, None)
