"""What a failed step leads to, decided in one place."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cozebatch.model.errors import Category, ErrorInfo
from cozebatch.model.text import Text
from cozebatch.policy.retry import PAUSES_BATCH, UNREACHABLE_PATIENCE, Again, Fail, Hold, PauseBatch, RetryPolicy


def policy(max_retries: int = 3, on_unknown: str = "hold") -> RetryPolicy:
    return RetryPolicy(max_retries, on_unknown, random.Random(1))  # type: ignore[arg-type]


def info(category: Category) -> ErrorInfo:
    return ErrorInfo(category, Text.same("x"))


categories = st.sampled_from(list(Category))


@given(categories, st.integers(1, 50), st.integers(0, 10))
def test_another_execution_is_never_started_more_often_than_allowed(
    category: Category, failures: int, most: int
) -> None:
    decision = policy(most).execution_failed(info(category), failures)
    if failures > most:
        assert not isinstance(decision, Again)


@pytest.mark.parametrize("category", [Category.AUTH, Category.QUOTA])
def test_without_retries_an_account_at_fault_still_blames_no_row(category: Category) -> None:
    assert policy(0).execution_failed(info(category), 1) == PauseBatch(category.value)


@given(categories, st.integers(1, 50), st.integers(0, 10))
def test_a_download_or_synthesis_ends_after_its_tries(category: Category, tries: int, most: int) -> None:
    decision = policy(most).step_failed(info(category), tries)
    assert isinstance(decision, PauseBatch) == (category in PAUSES_BATCH)
    if tries > most and category not in PAUSES_BATCH:
        assert isinstance(decision, Fail)


@pytest.mark.parametrize("category", sorted(PAUSES_BATCH))
def test_what_no_task_can_get_past_stops_the_batch(category: Category) -> None:
    assert policy().submission_refused(info(category), 1, 0.0) == PauseBatch(category.value)
    assert policy().execution_failed(info(category), 1) == PauseBatch(category.value)


@pytest.mark.parametrize("category", [Category.INVALID_REQUEST, Category.CONTENT_REJECTED])
def test_what_cannot_pass_is_not_tried_again(category: Category) -> None:
    assert policy().submission_refused(info(category), 1, 0.0) == Fail()
    assert policy().execution_failed(info(category), 1) == Fail()


def test_connecting_is_tried_for_as_long_as_a_night_needs() -> None:
    network = info(Category.NETWORK)
    assert isinstance(policy().submission_refused(network, 40, UNREACHABLE_PATIENCE - 1), Again)
    assert isinstance(policy().submission_refused(network, 40, UNREACHABLE_PATIENCE), Fail)


def test_an_unanswered_submission_is_held_unless_the_operator_chose_otherwise() -> None:
    assert isinstance(policy().submission_unanswered(1), Hold)
    assert isinstance(policy(on_unknown="resubmit").submission_unanswered(1), Again)


def test_resubmitting_is_bounded_and_its_pauses_grow() -> None:
    resubmit = policy(on_unknown="resubmit")
    answers = [resubmit.submission_unanswered(failures) for failures in range(1, 6)]
    delays = [answer.delay for answer in answers if isinstance(answer, Again)]
    assert len(delays) == resubmit.max_retries == 3
    assert isinstance(answers[3], Hold)
    assert delays == sorted(delays)
    assert delays[0] >= 2.0


@given(categories, st.integers(1, 4))
def test_a_look_that_failed_never_ends_an_execution_early(category: Category, in_a_row: int) -> None:
    decision = policy().poll_failed(info(category), in_a_row, 100.0)
    if category not in PAUSES_BATCH:
        assert isinstance(decision, Again)


@given(st.integers(1, 1000), st.floats(0.1, 10), st.floats(1, 300))
def test_back_off_grows_and_stays_within_its_cap(tries: int, base: float, cap: float) -> None:
    delay = policy().backoff(tries, base=base, cap=cap)
    assert 0 <= delay <= min(cap, base * 2.0 ** min(tries - 1, 16))


def test_back_off_waits_longer_from_one_try_to_the_next() -> None:
    retry = policy()
    waits = [sum(retry.backoff(tries, base=2.0, cap=60.0) for _ in range(1000)) / 1000 for tries in (1, 2, 3)]
    assert waits == pytest.approx([1.0, 2.0, 4.0], rel=0.1), "on average: half of the longest wait"
