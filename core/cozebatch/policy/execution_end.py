"""When an execution ended, and how late we noticed: Coze's `update_time`, as far as it fits what was seen. Pure.

Coze words `update_time` as the time of the last resume, and its clock is not ours. So it counts as the end only where
it lies between the last poll that showed the execution running (or its submission) and the poll that showed its end.
Where it does not, the end is taken to be when we noticed, and no delay is made up.
"""

from __future__ import annotations

from dataclasses import dataclass

SLACK = 2.0
"""Seconds by which `update_time` may miss: it has whole seconds, as the date of an answer has, and answers travel."""


@dataclass(frozen=True, slots=True)
class ExecutionEnd:
    """`at`: Unix seconds by our clock. `lag`: seconds from then until we noticed; None where the end is not known."""

    at: float
    lag: float | None


def execution_end(
    *,
    updated_at: float | None,
    answered_at: float | None,
    noticed_at: float,
    submitted_at: float | None,
    unseen: float,
) -> ExecutionEnd:
    """The end of an execution that a poll showed as ended at `noticed_at`.

    `updated_at`, `answered_at`: by Coze's clock, see `ports.PollResult`. `noticed_at`, `submitted_at`: Unix seconds by
    ours. `unseen`: seconds of our running time since it was last seen running, or was submitted.
    """
    if updated_at is not None:
        skew = noticed_at - answered_at if answered_at is not None else 0.0
        for ahead in (0.0, skew) if abs(skew) > SLACK else (0.0,):
            at = updated_at + ahead
            lag = noticed_at - at
            after_submission = submitted_at is None or at >= submitted_at - SLACK
            if after_submission and -SLACK <= lag <= unseen + SLACK:
                lag = min(max(lag, 0.0), unseen)
                return ExecutionEnd(noticed_at - lag, lag)
    return ExecutionEnd(noticed_at, None)
