"""Exceptions that come in a group: one of them is what a person is told."""

from __future__ import annotations

import pytest

from cozebatch.model.errors import Category, ErrorInfo, StepError, UsageError, unwrap, unwrapped_groups
from cozebatch.model.text import Text

STEP = StepError(ErrorInfo(Category.NETWORK, Text.same("gone")))


def usage(*wordings: str) -> UsageError:
    return UsageError(*(Text.same(wording) for wording in wordings))


def test_an_exception_of_ours_is_found_at_any_depth() -> None:
    assert unwrap(ExceptionGroup("", [ValueError("x"), ExceptionGroup("", [STEP, usage("a")])])) is STEP


def test_all_complaints_are_told_together() -> None:
    found = unwrap(ExceptionGroup("", [usage("a", "b"), ExceptionGroup("", [usage("c")])]))
    assert isinstance(found, UsageError)
    assert [complaint.en for complaint in found.complaints] == ["a", "b", "c"]


def test_a_complaint_hides_nothing_worse() -> None:
    worse = ValueError("x")
    assert unwrap(ExceptionGroup("", [usage("a"), worse])) is worse


def test_the_block_raises_what_was_found_and_leaves_other_exceptions_alone() -> None:
    with pytest.raises(StepError), unwrapped_groups():
        raise ExceptionGroup("", [STEP])
    with pytest.raises(ValueError, match="plain"), unwrapped_groups():
        raise ValueError("plain")
