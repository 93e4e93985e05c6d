"""Decides what a failed step leads to: try again, fail, hold, or pause the batch. Pure.

A decision is a value; the engine acts on it. The step, not the error, says what costs money: repeating a download or a
synthesis is free, another execution is paid for.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from cozebatch.model.errors import Category, ErrorInfo

UNREACHABLE_PATIENCE = 900.0
"""Seconds a task keeps trying to connect before it fails: long enough for a router to restart at night. Polls that
Coze refuses are tried as long."""

REFUSED_LOOKS = 3
"""Polls refused in a row for what is wrong with the configuration or the account, after which the batch pauses."""

PAUSES_BATCH = frozenset({Category.AUTH, Category.QUOTA, Category.DISK_FULL})
"""Categories that stop every task: the batch pauses."""

FINAL_FOR_A_ROW = frozenset({Category.INVALID_REQUEST, Category.CONTENT_REJECTED, Category.WORKFLOW_INTERRUPTED})
"""Categories for which the same row, sent again, comes to the same end, or is not wanted."""

CANNOT_PASS = PAUSES_BATCH | FINAL_FOR_A_ROW
"""Categories for which trying the same again gives the same answer, or is not wanted."""

_FINAL_STEPS = frozenset({Category.MEDIA, Category.BAD_OUTPUT, Category.DRAFT_FOLDER, Category.INVALID_REQUEST})


class Step(StrEnum):
    SUBMIT = "submit"
    POLL = "poll"
    DOWNLOAD = "download"
    SYNTHESIS = "synthesis"


@dataclass(frozen=True, slots=True)
class Again:
    """Try again after `delay` seconds."""

    delay: float


@dataclass(frozen=True, slots=True)
class Fail:
    """This task ends as failed."""


@dataclass(frozen=True, slots=True)
class Hold:
    """A person must decide."""


@dataclass(frozen=True, slots=True)
class PauseBatch:
    """Stop submitting for the whole batch; the task itself is not to blame and goes back where it was."""

    reason: str


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """`max_retries` and `on_unknown_submit` as in docs/contract.md §2; delays are drawn from `rng` (full jitter)."""

    max_retries: int
    on_unknown_submit: Literal["hold", "resubmit"]
    rng: random.Random

    def submission_refused(self, error: ErrorInfo, tries: int, waited: float) -> Again | Fail | PauseBatch:
        """Nothing was started. `tries` refusals so far, this one included; `waited`: seconds since the first."""
        if concerns_all(error):
            return PauseBatch(error.category.value)
        if error.category in CANNOT_PASS:
            return Fail()
        if error.category is Category.NETWORK:
            return Again(self.backoff(tries)) if waited < UNREACHABLE_PATIENCE else Fail()
        return Again(self.backoff(tries, base=4.0)) if tries <= self.max_retries else Fail()

    def submission_unanswered(self, failures: int) -> Again | Hold:
        """Whether an execution was started is not known. `failures` so far, this included: each may have cost one."""
        if self.on_unknown_submit == "hold" or failures > self.max_retries:
            return Hold()
        return Again(self.growing_pause(failures))

    def execution_failed(self, error: ErrorInfo, failures: int) -> Again | Fail | PauseBatch:
        """Coze reported the execution as failed; again means another, paid one. `failures` so far, this included."""
        if concerns_all(error):
            return PauseBatch(error.category.value)
        if failures > self.max_retries or error.category in CANNOT_PASS:
            return Fail()
        return Again(self.backoff(failures))

    def poll_failed(self, error: ErrorInfo, in_a_row: int, waited: float) -> Again | Fail | PauseBatch:
        """A poll failed; the execution goes on, whatever the answer was. Only what concerns all tasks, and a refusal
        that stays, end the polling. `in_a_row`: failed polls so far, this one included; `waited`: seconds since the
        first."""
        if concerns_all(error):
            return Again(self.backoff(in_a_row)) if in_a_row < REFUSED_LOOKS else PauseBatch(error.category.value)
        if error.category in CANNOT_PASS and waited >= UNREACHABLE_PATIENCE:
            return Fail()
        return Again(self.backoff(in_a_row, cap=30.0))

    def step_failed(self, error: ErrorInfo, tries: int) -> Again | Fail | PauseBatch:
        """A download or synthesis went wrong; again is free. `tries` so far, this one included."""
        if concerns_all(error):
            return PauseBatch(error.category.value)
        if error.category in _FINAL_STEPS or tries > self.max_retries:
            return Fail()
        return Again(self.backoff(tries))

    def growing_pause(self, tries: int, *, base: float = 4.0, cap: float = 300.0) -> float:
        """Seconds: exponential in `tries` (from 1), at least half of that, at most `cap`. For what may cost money."""
        return self.rng.uniform(0.5, 1.0) * min(cap, base * 2.0 ** min(tries - 1, 16))

    def backoff(self, tries: int, *, base: float = 2.0, cap: float = 60.0) -> float:
        """Seconds: exponential in `tries` (from 1), full jitter, at most `cap`."""
        return self.rng.uniform(0.0, min(cap, base * 2.0 ** min(tries - 1, 16)))


def concerns_all(error: ErrorInfo) -> bool:
    """Whether every task would meet this error: the configuration, the account or this machine is at fault."""
    return error.scope == "batch" or error.category in PAUSES_BATCH
