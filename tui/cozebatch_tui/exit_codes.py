"""The exit codes of the command (docs/contract.md §1), in one place."""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING

from cozebatch.model.allowance import SPENT
from cozebatch.model.errors import Category

if TYPE_CHECKING:
    from cozebatch.engine.engine import Outcome


_REFUSED = frozenset({Category.AUTH.value, Category.QUOTA.value})


class Exit(IntEnum):
    OK = 0
    FLAWED = 1
    """The batch ended; some tasks failed or are held, or the table is still owed an outcome."""
    USAGE = 2
    """Wrong usage or configuration, or a failed preflight; nothing was submitted."""
    STOPPED = 3
    """The batch stopped itself and left work undone."""
    INTERRUPTED = 130


def exit_of(outcome: Outcome) -> Exit:
    match outcome.status:
        case "interrupted":
            return Exit.INTERRUPTED
        case "stopped":
            if set(outcome.paused) <= SPENT:
                return _as_told(outcome)
            if _REFUSED & set(outcome.paused) and outcome.statistics.submissions:
                return Exit.STOPPED  # Coze refused what was sent; before that it is a preflight's finding
            return Exit.USAGE if outcome.nothing_started else Exit.STOPPED
        case "finished":
            return Exit.FLAWED if outcome.flawed else Exit.OK


def _as_told(outcome: Outcome) -> Exit:
    """It stopped because the operator had said when: at a time, which is no fault, or after a number of executions."""
    if "until" not in outcome.paused or outcome.broken_off:
        return Exit.STOPPED
    return Exit.FLAWED if outcome.flawed else Exit.OK
